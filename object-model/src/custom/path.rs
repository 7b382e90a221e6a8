//! The simple paths of definitions: `.spec.replicas`, `.metadata.annotations['a/b']`, `.status.conditions[0].type`.
//!
//! Source: Kubernetes documentation, "JSONPath Support", the subset that definitions may use.

use serde_json::Value;

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Member(String),
    Index(i64),
    /// All elements.
    Each,
    /// The elements in which a member has this value: `[?(@.type=="Ready")]`.
    Where(Vec<String>, String, bool),
}

/// A path into an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldPath {
    steps: Vec<Step>,
}

impl FieldPath {
    /// Parses a path.
    ///
    /// # Errors
    /// What is not understood of it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut steps = vec![];
        let mut rest = text.trim();
        rest = rest.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(rest);
        rest = rest.strip_prefix('$').unwrap_or(rest);
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix('[') {
                let end = closing(after).ok_or_else(|| format!("unterminated array: {text}"))?;
                steps.push(Self::bracket(&after[..end])?);
                rest = &after[end + 1..];
                continue;
            }
            let after = rest.strip_prefix('.').unwrap_or(rest);
            let mut name = String::new();
            let mut used = 0;
            let mut letters = after.char_indices();
            while let Some((at, letter)) = letters.next() {
                match letter {
                    '.' | '[' => break,
                    '\\' => {
                        if let Some((next, escaped)) = letters.next() {
                            name.push(escaped);
                            used = next + escaped.len_utf8();
                        }
                    }
                    _ => {
                        name.push(letter);
                        used = at + letter.len_utf8();
                    }
                }
            }
            if name.is_empty() {
                if after.is_empty() && steps.is_empty() {
                    break;
                }
                if !after.starts_with('[') {
                    return Err(format!("empty member name in path {text:?}"));
                }
            } else {
                steps.push(if name == "*" { Step::Each } else { Step::Member(name) });
            }
            rest = &after[used..];
        }
        Ok(Self { steps })
    }

    fn bracket(inside: &str) -> Result<Step, String> {
        let inside = inside.trim();
        if inside == "*" || inside == ":" {
            return Ok(Step::Each);
        }
        for quote in ['\'', '"'] {
            if let Some(name) = inside.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
                return Ok(Step::Member(name.replace('\\', "")));
            }
        }
        if let Some(filter) = inside.strip_prefix("?(").and_then(|rest| rest.strip_suffix(')')) {
            let (left, right, equal) = match (filter.split_once("=="), filter.split_once("!=")) {
                (Some((left, right)), _) => (left, right, true),
                (None, Some((left, right))) => (left, right, false),
                (None, None) => return Err(format!("unrecognized filter {filter:?}")),
            };
            let names = left.trim().strip_prefix("@.").ok_or_else(|| format!("unrecognized filter {filter:?}"))?;
            let value = right.trim().trim_matches(['\'', '"']);
            return Ok(Step::Where(names.split('.').map(str::to_owned).collect(), value.to_owned(), equal));
        }
        inside.parse().map(Step::Index).map_err(|_| format!("invalid array index {inside}"))
    }

    /// The names of the members it goes through, if it goes through nothing else.
    pub fn names(&self) -> Option<Vec<&str>> {
        self.steps
            .iter()
            .map(|step| match step {
                Step::Member(name) => Some(name.as_str()),
                _ => None,
            })
            .collect()
    }

    /// All values that the path leads to.
    pub fn find<'a>(&self, root: &'a Value) -> Vec<&'a Value> {
        let mut found = vec![root];
        for step in &self.steps {
            found = found.into_iter().flat_map(|value| step.from(value)).collect();
        }
        found
    }

    /// The first value that the path leads to.
    pub fn get<'a>(&self, root: &'a Value) -> Option<&'a Value> {
        self.find(root).into_iter().next()
    }

    /// Sets the value at the end of a path of member names, with the objects on the way.
    ///
    /// # Errors
    /// If something else than an object stands in the way.
    pub fn set(&self, root: &mut Value, value: Value) -> Result<(), String> {
        let mut at = root;
        for step in &self.steps {
            let Step::Member(name) = step else { return Err("the path is not made of member names".into()) };
            if at.is_null() {
                *at = Value::Object(serde_json::Map::new());
            }
            let Some(members) = at.as_object_mut() else {
                return Err(format!("value cannot be set because {name} is not in a map"));
            };
            at = members.entry(name.clone()).or_insert(Value::Null);
        }
        *at = value;
        Ok(())
    }
}

/// Where the bracket ends that was just opened; quoted ones do not count.
fn closing(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            (None, ']') => return Some(at),
            (None, '\'' | '"') => quote = Some(letter),
            (Some(open), letter) if open == letter => quote = None,
            _ => {}
        }
    }
    None
}

impl Step {
    fn from<'a>(&self, value: &'a Value) -> Vec<&'a Value> {
        match (self, value) {
            (Self::Member(name), Value::Object(members)) => members.get(name).into_iter().collect(),
            (Self::Index(index), Value::Array(elements)) => {
                let length = i64::try_from(elements.len()).unwrap_or(i64::MAX);
                let at = if *index < 0 { length + index } else { *index };
                usize::try_from(at).ok().and_then(|at| elements.get(at)).into_iter().collect()
            }
            (Self::Each, Value::Array(elements)) => elements.iter().collect(),
            (Self::Each, Value::Object(members)) => members.values().collect(),
            (Self::Where(names, wanted, equal), Value::Array(elements)) => elements
                .iter()
                .filter(|element| {
                    let member = names.iter().try_fold(*element, |value, name| value.get(name));
                    let is = match member {
                        Some(Value::String(text)) => text == wanted,
                        Some(Value::Null) | None => false,
                        Some(other) => other.to_string().as_str() == wanted,
                    };
                    member.is_some() && is == *equal
                })
                .collect(),
            _ => vec![],
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_lead_where_they_say() {
        let object =
            json!({"spec": {"a": 1, "l": [{"t": "x", "v": 2}, {"t": "y", "v": 3}]}, "m": {"a/b": "q", "c.d": 4}});
        for (path, expected) in [
            (".spec.a", json!([1])),
            ("spec.a", json!([1])),
            (".spec.l[1].v", json!([3])),
            (".spec.l[-1].v", json!([3])),
            (".spec.l[*].v", json!([2, 3])),
            (".spec.l[?(@.t==\"x\")].v", json!([2])),
            (".spec.l[?(@.t!='x')].v", json!([3])),
            (".m['a/b']", json!(["q"])),
            (".m.c\\.d", json!([4])),
            (".nothing.at.all", json!([])),
        ] {
            assert_eq!(json!(FieldPath::parse(path).unwrap().find(&object)), expected, "{path}");
        }
        for bad in [".spec[", ".spec[x]", ".a..b", ".a[?(@.b>1)]"] {
            FieldPath::parse(bad).unwrap_err();
        }
    }

    #[test]
    fn setting_makes_the_objects_on_the_way() {
        let mut object = json!({});
        FieldPath::parse(".spec.replicas").unwrap().set(&mut object, json!(3)).unwrap();
        assert_eq!(object, json!({"spec": {"replicas": 3}}));
        FieldPath::parse(".spec.replicas.x").unwrap().set(&mut object, json!(3)).unwrap_err();
    }
}
