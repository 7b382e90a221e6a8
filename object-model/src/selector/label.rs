//! Label selectors.

use std::collections::BTreeMap;
use std::fmt;

use crate::api::meta::v1::LabelSelector;
use crate::names;

/// A parsed label selector: all requirements must hold. The default selects everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Selector {
    requirements: Vec<Requirement>,
    /// Set for the selector that matches no labels whatever.
    nothing: bool,
}

/// One requirement on a label.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Requirement {
    /// Label key.
    pub key: String,
    /// Comparison.
    pub operator: Operator,
    /// Right-hand side, in order.
    pub values: Vec<String>,
}

/// How a requirement compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// The label has one of the values.
    In,
    /// The label is missing or has none of the values.
    NotIn,
    /// The label is there.
    Exists,
    /// The label is missing.
    DoesNotExist,
    /// The label is a number greater than the value.
    GreaterThan,
    /// The label is a number less than the value.
    LessThan,
}

impl Requirement {
    /// A checked requirement.
    ///
    /// # Errors
    /// What is wrong with key or values, as the API server words it.
    pub fn new(key: &str, operator: Operator, mut values: Vec<String>) -> Result<Self, String> {
        if let Some(problem) = names::qualified_name(key).first() {
            return Err(format!("<nil>: Invalid value: {key:?}: {problem}"));
        }
        match operator {
            Operator::In | Operator::NotIn if values.is_empty() => {
                return Err("values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty".into());
            }
            Operator::GreaterThan | Operator::LessThan => {
                let [value] = values.as_slice() else {
                    return Err("values: Invalid value: for 'Gt', 'Lt' operators, exactly one value is required".into());
                };
                if value.parse::<i64>().is_err() {
                    return Err(format!(
                        "values[0]: Invalid value: {value:?}: for 'Gt', 'Lt' operators, the value must be an integer"
                    ));
                }
            }
            Operator::Exists | Operator::DoesNotExist if !values.is_empty() => {
                return Err("values: Invalid value: values set must be empty for exists and does not exist".into());
            }
            _ => {}
        }
        for (index, value) in values.iter().enumerate() {
            if let Some(problem) = names::label_value(value).first() {
                return Err(format!("values[{index}][{key}]: Invalid value: {value:?}: {problem}"));
            }
        }
        values.sort();
        values.dedup();
        Ok(Self { key: key.to_owned(), operator, values })
    }

    fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        let found = labels.get(&self.key);
        match self.operator {
            Operator::In => found.is_some_and(|value| self.values.contains(value)),
            Operator::NotIn => found.is_none_or(|value| !self.values.contains(value)),
            Operator::Exists => found.is_some(),
            Operator::DoesNotExist => found.is_none(),
            Operator::GreaterThan | Operator::LessThan => {
                let parse = |text: &String| text.parse::<i64>().ok();
                match (found.and_then(parse), self.values.first().and_then(parse)) {
                    (Some(label), Some(bound)) if self.operator == Operator::GreaterThan => label > bound,
                    (Some(label), Some(bound)) => label < bound,
                    _ => false,
                }
            }
        }
    }
}

impl Selector {
    /// Parses `a=b,c!=d,e in (f,g),!h,i>1`.
    ///
    /// # Errors
    /// What is wrong, as the API server words it.
    pub fn parse(text: &str) -> Result<Self, String> {
        Ok(Self::new(super::parse::requirements(text)?))
    }

    /// Every label equal to the given ones.
    pub fn equals(labels: &BTreeMap<String, String>) -> Self {
        let equal = |(key, value): (&String, &String)| Requirement {
            key: key.clone(),
            operator: Operator::In,
            values: vec![value.clone()],
        };
        Self::new(labels.iter().map(equal).collect())
    }

    /// From the object form; an empty one selects everything.
    ///
    /// # Errors
    /// What is wrong.
    pub fn from_object(selector: &LabelSelector) -> Result<Self, String> {
        let mut parsed = Self::equals(&selector.match_labels);
        for expression in &selector.match_expressions {
            let operator = match expression.operator.as_str() {
                "In" => Operator::In,
                "NotIn" => Operator::NotIn,
                "Exists" => Operator::Exists,
                "DoesNotExist" => Operator::DoesNotExist,
                other => return Err(format!("{other:?} is not a valid label selector operator")),
            };
            parsed.requirements.push(Requirement::new(&expression.key, operator, expression.values.clone())?);
        }
        Ok(parsed)
    }

    /// From a selector field of an object: none selects nothing, an empty one everything; a malformed one nothing.
    pub fn from_field(selector: Option<&LabelSelector>) -> Self {
        selector.and_then(|selector| Self::from_object(selector).ok()).unwrap_or_else(Self::nothing)
    }

    /// From explicit requirements, which are kept in the order of their keys, as Kubernetes does.
    pub fn new(mut requirements: Vec<Requirement>) -> Self {
        requirements.sort_by(|a, b| a.key.cmp(&b.key));
        Self { requirements, nothing: false }
    }

    /// Selects nothing.
    pub fn nothing() -> Self {
        Self { requirements: vec![], nothing: true }
    }

    /// Do these labels meet all requirements?
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        !self.nothing && self.requirements.iter().all(|requirement| requirement.matches(labels))
    }

    /// Selects everything?
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty() && !self.nothing
    }

    /// The requirements.
    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }
}

impl fmt::Display for Selector {
    /// In the order of the keys, as Kubernetes prints selectors.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, requirement) in self.requirements.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            let Requirement { key, operator, values } = requirement;
            match (operator, values.as_slice()) {
                (Operator::Exists, _) => write!(f, "{key}")?,
                (Operator::DoesNotExist, _) => write!(f, "!{key}")?,
                (Operator::In, [one]) => write!(f, "{key}={one}")?,
                (Operator::NotIn, [one]) => write!(f, "{key}!={one}")?,
                (Operator::In, many) => write!(f, "{key} in ({})", many.join(","))?,
                (Operator::NotIn, many) => write!(f, "{key} notin ({})", many.join(","))?,
                (Operator::GreaterThan, many) => write!(f, "{key}>{}", many.join(","))?,
                (Operator::LessThan, many) => write!(f, "{key}<{}", many.join(","))?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn text_and_matching_agree() {
        type Case = (&'static str, &'static [(&'static str, &'static str)], bool);
        let cases: [Case; 10] = [
            ("a=b", &[("a", "b")], true),
            ("a==b", &[("a", "c")], false),
            ("a!=b", &[], true),
            ("a in (b,c)", &[("a", "c")], true),
            ("a notin (b,c)", &[("a", "c")], false),
            ("a", &[("a", "")], true),
            ("!a", &[("a", "")], false),
            ("a>1", &[("a", "2")], true),
            ("a<1", &[("a", "2")], false),
            ("a=,x in ()", &[("a", ""), ("x", "")], true),
        ];
        for (text, of, expected) in cases {
            let selector = Selector::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(selector.matches(&labels(of)), expected, "{text}");
            assert_eq!(Selector::parse(&selector.to_string()).unwrap(), selector, "{text}");
        }
    }

    #[test]
    fn the_order_of_requirements_does_not_matter() {
        assert_eq!(Selector::parse("nu,l=,b").unwrap(), Selector::parse("b,nu,l=").unwrap());
    }

    #[test]
    fn errors_are_worded_as_clients_know_them() {
        let error = |text| Selector::parse(text).unwrap_err();
        assert_eq!(error("a b"), "found 'b', expected: in, notin, =, ==, !=, gt, lt");
        assert_eq!(error("a in (b"), "found '', expected: ',' or ')'");
        assert_eq!(error("a in"), "found '' expected: '('");
        assert_eq!(
            error("a>x"),
            "values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer"
        );
    }
}
