//! Structural schemas: what a definition says about the fields of its objects.
//!
//! In: `openAPIV3Schema`. Out: a tree that pruning, defaulting and checking walk. Invariant: patterns are compiled once.
//! Elsewhere: whether a schema is structural at all (`rules`).

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde_json::Value;

use crate::api::apiextensions::v1::{JSONSchemaProps, ValidationRule};
use crate::json::DecodeOptions;
use crate::schema::ListType;
use crate::{Json, json};

/// Most bytes that a compiled pattern may take.
const PATTERN_SIZE_MAX: usize = 1 << 20;
/// Deepest nesting of schemas.
const DEPTH_MAX: usize = 500;

/// A JSON type as schemas name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonType {
    /// `object`
    Object,
    /// `array`
    Array,
    /// `string`
    String,
    /// `integer`
    Integer,
    /// `number`
    Number,
    /// `boolean`
    Boolean,
}

impl JsonType {
    /// From its name.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "object" => Self::Object,
            "array" => Self::Array,
            "string" => Self::String,
            "integer" => Self::Integer,
            "number" => Self::Number,
            "boolean" => Self::Boolean,
            _ => return None,
        })
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Object => "object",
            Self::Array => "array",
            Self::String => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
        }
    }
}

/// What is said about members that `properties` does not name.
#[derive(Clone, Debug, Default)]
pub enum Additional {
    /// Nothing: they are unknown.
    #[default]
    Unknown,
    /// They may be anything.
    Anything,
    /// They follow this schema: the object is a map.
    Schema(Box<Structural>),
}

/// One node of a schema.
#[derive(Clone, Debug, Default)]
pub struct Structural {
    /// The type; `None` where anything may stand.
    pub ty: Option<JsonType>,
    /// `null` is a value of its own.
    pub nullable: bool,
    /// `x-kubernetes-int-or-string`
    pub int_or_string: bool,
    /// `x-kubernetes-preserve-unknown-fields`
    pub preserve_unknown: bool,
    /// `x-kubernetes-embedded-resource`
    pub embedded: bool,
    /// The named members.
    pub properties: BTreeMap<String, Structural>,
    /// The other members.
    pub additional: Additional,
    /// The elements of an array.
    pub items: Option<Box<Structural>>,
    /// What stands for an absent value.
    pub default: Option<Value>,
    /// `x-kubernetes-list-type`
    pub list: Option<ListType>,
    /// `x-kubernetes-list-map-keys`
    pub keys: Vec<String>,
    /// `x-kubernetes-map-type: atomic`
    pub atomic: bool,
    /// What values must satisfy.
    pub checks: Checks,
    /// `x-kubernetes-validations`
    pub rules: Vec<ValidationRule>,
}

/// What a value must satisfy beyond its type.
#[derive(Clone, Debug, Default)]
pub struct Checks {
    /// Members that must be there.
    pub required: Vec<String>,
    /// The only values allowed; empty for any.
    pub one_of_values: Vec<Value>,
    /// A named form such as `date-time`.
    pub format: String,
    /// Least value.
    pub minimum: Option<f64>,
    /// The least value itself is not allowed.
    pub exclusive_minimum: bool,
    /// Greatest value.
    pub maximum: Option<f64>,
    /// The greatest value itself is not allowed.
    pub exclusive_maximum: bool,
    /// The value is a multiple of this.
    pub multiple_of: Option<f64>,
    /// Least length in characters.
    pub min_length: Option<i64>,
    /// Greatest length in characters.
    pub max_length: Option<i64>,
    /// A regular expression that matches somewhere.
    pub pattern: Option<Pattern>,
    /// Least number of elements.
    pub min_items: Option<i64>,
    /// Greatest number of elements.
    pub max_items: Option<i64>,
    /// No element stands twice.
    pub unique_items: bool,
    /// Least number of members.
    pub min_properties: Option<i64>,
    /// Greatest number of members.
    pub max_properties: Option<i64>,
    /// All of these hold.
    pub all_of: Vec<Structural>,
    /// At least one of these holds.
    pub any_of: Vec<Structural>,
    /// Exactly one of these holds.
    pub one_of: Vec<Structural>,
    /// This does not hold.
    pub not: Option<Box<Structural>>,
}

/// A pattern, compiled when it is first used.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// The expression.
    pub text: String,
    compiled: OnceLock<Option<regex::Regex>>,
}

impl Pattern {
    fn new(text: &str) -> Self {
        Self { text: text.to_owned(), compiled: OnceLock::new() }
    }

    /// Does the pattern match somewhere in the text? One that cannot be compiled matches nothing.
    pub fn matches(&self, text: &str) -> bool {
        let compiled = self.compiled.get_or_init(|| compile(&self.text).ok());
        compiled.as_ref().is_some_and(|regex| regex.is_match(text))
    }
}

/// Compiles a pattern within bounds.
fn compile(pattern: &str) -> Result<regex::Regex, regex::Error> {
    regex::RegexBuilder::new(pattern).size_limit(PATTERN_SIZE_MAX).build()
}

/// Compiles a pattern; what is wrong with it is told in the words of Go's parser, as far as they are the same faults.
pub(crate) fn compile_pattern(pattern: &str) -> Result<(), String> {
    let Err(error) = compile(pattern) else { return Ok(()) };
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
    let rest = |start: char| pattern.find(start).map_or(pattern, |at| &pattern[at..]);
    let told = match last {
        "unclosed character class" => format!("missing closing ]: `{}`", rest('[')),
        "unclosed group" => format!("missing closing ): `{pattern}`"),
        "unopened group" => format!("unexpected ): `{pattern}`"),
        "repetition operator missing expression" => {
            let operator: String =
                pattern.chars().find(|letter| matches!(letter, '*' | '+' | '?')).into_iter().collect();
            format!("missing argument to repetition operator: `{operator}`")
        }
        other if other.starts_with("look-around") => {
            let at = ["(?=", "(?!", "(?<"].iter().find_map(|start| pattern.find(start)).unwrap_or(0);
            let end = (at + 3..=pattern.len()).find(|end| pattern.is_char_boundary(*end)).unwrap_or(pattern.len());
            format!("invalid or unsupported Perl syntax: `{}`", &pattern[at..end])
        }
        other => format!("{other}: `{pattern}`"),
    };
    Err(format!("error parsing regexp: {told}"))
}

/// The schema in a member that may hold one; `None` if it holds none or something else.
pub(crate) fn schema_in(json: &Json) -> Option<JSONSchemaProps> {
    if !json.text().starts_with(b"{") {
        return None;
    }
    let mut schema = JSONSchemaProps::default();
    json::decode(json.text(), &mut schema, &DecodeOptions::default()).ok()?;
    Some(schema)
}

impl Structural {
    /// The tree of a schema.
    pub fn new(schema: &JSONSchemaProps) -> Self {
        Self::at(schema, 0)
    }

    fn at(schema: &JSONSchemaProps, depth: usize) -> Self {
        if depth > DEPTH_MAX {
            return Self::default();
        }
        let below = |schema: &JSONSchemaProps| Self::at(schema, depth + 1);
        let all = |schemas: &[JSONSchemaProps]| schemas.iter().map(below).collect();
        let additional = match schema.additional_properties.text() {
            b"" | b"false" => Additional::Unknown,
            b"true" => Additional::Anything,
            _ => schema_in(&schema.additional_properties)
                .map_or(Additional::Unknown, |schema| Additional::Schema(Box::new(below(&schema)))),
        };
        Self {
            ty: JsonType::parse(&schema.type_),
            nullable: schema.nullable,
            int_or_string: schema.x_kubernetes_int_or_string,
            preserve_unknown: schema.x_kubernetes_preserve_unknown_fields == Some(true),
            embedded: schema.x_kubernetes_embedded_resource,
            properties: schema.properties.iter().map(|(name, schema)| (name.clone(), below(schema))).collect(),
            additional,
            items: schema_in(&schema.items).map(|schema| Box::new(below(&schema))),
            default: schema.default.as_ref().map(Json::to_value),
            list: schema.x_kubernetes_list_type.as_deref().map(|name| match name {
                "set" => ListType::Set,
                "map" => ListType::Map,
                _ => ListType::Atomic,
            }),
            keys: schema.x_kubernetes_list_map_keys.clone(),
            atomic: schema.x_kubernetes_map_type.as_deref() == Some("atomic"),
            checks: Checks {
                required: schema.required.clone(),
                one_of_values: schema.enum_.iter().map(Json::to_value).collect(),
                format: schema.format.clone(),
                minimum: schema.minimum,
                exclusive_minimum: schema.exclusive_minimum,
                maximum: schema.maximum,
                exclusive_maximum: schema.exclusive_maximum,
                multiple_of: schema.multiple_of,
                min_length: schema.min_length,
                max_length: schema.max_length,
                pattern: (!schema.pattern.is_empty()).then(|| Pattern::new(&schema.pattern)),
                min_items: schema.min_items,
                max_items: schema.max_items,
                unique_items: schema.unique_items,
                min_properties: schema.min_properties,
                max_properties: schema.max_properties,
                all_of: all(&schema.all_of),
                any_of: all(&schema.any_of),
                one_of: all(&schema.one_of),
                not: schema.not.as_deref().map(|schema| Box::new(below(schema))),
            },
            rules: schema.x_kubernetes_validations.clone(),
        }
    }

    /// What is said about the member of this name.
    pub fn member(&self, name: &str) -> Option<&Self> {
        self.properties.get(name).or(match &self.additional {
            Additional::Schema(schema) => Some(schema),
            _ => None,
        })
    }

    /// The element of an old list that has the same keys; only lists that merge by keys have one.
    pub fn counterpart<'a>(&self, element: &Value, old: &'a Value) -> Option<&'a Value> {
        if self.list != Some(ListType::Map) {
            return None;
        }
        old.as_array()?.iter().find(|old| self.keys.iter().all(|key| old.get(key) == element.get(key)))
    }

    /// Does the schema, or any below it, give defaults?
    pub fn has_defaults(&self) -> bool {
        self.default.is_some()
            || self.properties.values().any(Self::has_defaults)
            || self.items.as_ref().is_some_and(|items| items.has_defaults())
            || matches!(&self.additional, Additional::Schema(schema) if schema.has_defaults())
    }
}
