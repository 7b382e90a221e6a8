//! Reads the struct and its attributes into plain data.
//!
//! In: the syntax tree. Out: [`Input`] and [`Kind`], or an error that points at
//! the attribute. Elsewhere: the code that is generated (`expand`).

use syn::meta::ParseNestedMeta;
use syn::{Attribute, Data, DeriveInput, Error, Expr, Fields, Ident, Lit, LitInt, LitStr, Meta, Result, Type, UnOp};

pub(crate) struct Input {
    pub(crate) ident: Ident,
    pub(crate) krate: syn::Path,
    pub(crate) doc: String,
    pub(crate) schema_name: String,
    pub(crate) atomic: bool,
    pub(crate) fields: Vec<Field>,
}

#[derive(Default)]
pub(crate) struct Attributes {
    pub(crate) name: Option<String>,
    pub(crate) tag: u32,
    pub(crate) within: u32,
    pub(crate) always: bool,
    pub(crate) value: bool,
    pub(crate) required: bool,
    pub(crate) atomic: bool,
    pub(crate) list: Option<String>,
    pub(crate) keys: Vec<String>,
    pub(crate) patch: Option<String>,
    pub(crate) merge_key: Option<String>,
    pub(crate) default: Option<String>,
    pub(crate) minimum: Option<f64>,
    pub(crate) maximum: Option<f64>,
    pub(crate) min_length: Option<i64>,
    pub(crate) max_length: Option<i64>,
    pub(crate) pattern: Option<String>,
    pub(crate) one_of: Vec<String>,
}

impl Attributes {
    /// Is anything said about the value?
    pub(crate) fn checks(&self) -> bool {
        self.minimum.is_some()
            || self.maximum.is_some()
            || self.min_length.is_some()
            || self.max_length.is_some()
            || self.pattern.is_some()
            || !self.one_of.is_empty()
    }
}

pub(crate) struct Field {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    pub(crate) doc: String,
    pub(crate) json_name: String,
    pub(crate) pointer: bool,
    pub(crate) attributes: Attributes,
}

pub(crate) struct Kind {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    pub(crate) plural: String,
    pub(crate) singular: String,
    pub(crate) namespaced: bool,
    pub(crate) short: Vec<String>,
    pub(crate) categories: Vec<String>,
    pub(crate) subresources: Vec<String>,
    pub(crate) rules: bool,
    pub(crate) columns: Vec<Column>,
    pub(crate) scale: Option<Scale>,
}

/// `column(...)`
#[derive(Default)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) ty: String,
    pub(crate) format: String,
    pub(crate) path: String,
    pub(crate) priority: i32,
    pub(crate) description: String,
}

/// `scale(...)`
#[derive(Default)]
pub(crate) struct Scale {
    pub(crate) spec: String,
    pub(crate) status: String,
    pub(crate) selector: String,
}

impl Input {
    pub(crate) fn parse(input: &DeriveInput) -> Result<Self> {
        let Data::Struct(data) = &input.data else {
            return Err(Error::new_spanned(&input.ident, "only structs describe API objects"));
        };
        let Fields::Named(named) = &data.fields else {
            return Err(Error::new_spanned(&input.ident, "the fields of an API object have names"));
        };
        let mut krate: syn::Path = syn::parse_quote!(::pintle_object_model);
        let mut schema_name = input.ident.to_string();
        let mut atomic = false;
        for attribute in input.attrs.iter().filter(|a| a.path().is_ident("reflect")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("crate") {
                    krate = meta.value()?.parse()?;
                } else if meta.path.is_ident("name") {
                    schema_name = string(&meta)?;
                } else if meta.path.is_ident("atomic") {
                    atomic = true;
                } else {
                    return Err(meta.error("expected `crate`, `name` or `atomic`"));
                }
                Ok(())
            })?;
        }
        let fields = named.named.iter().map(Field::parse).collect::<Result<_>>()?;
        Ok(Self { ident: input.ident.clone(), krate, doc: doc(&input.attrs), schema_name, atomic, fields })
    }
}

impl Field {
    fn parse(field: &syn::Field) -> Result<Self> {
        let ident = field.ident.clone().expect("named fields have identifiers");
        let mut found = Attributes::default();
        for attribute in field.attrs.iter().filter(|a| a.path().is_ident("field")) {
            attribute.parse_nested_meta(|meta| {
                let key = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
                match key.as_str() {
                    "tag" => found.tag = meta.value()?.parse::<LitInt>()?.base10_parse()?,
                    "within" => found.within = meta.value()?.parse::<LitInt>()?.base10_parse()?,
                    "name" => found.name = Some(string(&meta)?),
                    "always" => found.always = true,
                    "value" => found.value = true,
                    "required" => found.required = true,
                    "atomic" => found.atomic = true,
                    "list" => found.list = Some(string(&meta)?),
                    "keys" => found.keys = words(&string(&meta)?),
                    "patch" => found.patch = Some(string(&meta)?),
                    "merge_key" => found.merge_key = Some(string(&meta)?),
                    "default" => found.default = Some(string(&meta)?),
                    "minimum" => found.minimum = Some(number(&meta)?),
                    "maximum" => found.maximum = Some(number(&meta)?),
                    "min_length" => found.min_length = Some(meta.value()?.parse::<LitInt>()?.base10_parse()?),
                    "max_length" => found.max_length = Some(meta.value()?.parse::<LitInt>()?.base10_parse()?),
                    "pattern" => found.pattern = Some(string(&meta)?),
                    "one_of" => found.one_of = words(&string(&meta)?),
                    _ => return Err(meta.error("unknown field attribute")),
                }
                Ok(())
            })?;
        }
        if let Some(list) = &found.list
            && !["map", "set", "atomic"].contains(&list.as_str())
        {
            return Err(Error::new_spanned(&ident, "`list` is `map`, `set` or `atomic`"));
        }
        if found.list.as_deref() == Some("map") && found.keys.is_empty() {
            return Err(Error::new_spanned(&ident, "`list = \"map\"` needs `keys`"));
        }
        let json_name = found.name.clone().unwrap_or_else(|| camel_case(&ident.to_string()));
        Ok(Self {
            pointer: is_option(&field.ty) && !found.value,
            ty: field.ty.clone(),
            doc: doc(&field.attrs),
            json_name,
            ident,
            attributes: found,
        })
    }
}

impl Kind {
    pub(crate) fn parse(input: &DeriveInput) -> Result<Self> {
        let mut kind = Self {
            group: String::new(),
            version: String::new(),
            kind: input.ident.to_string(),
            plural: String::new(),
            singular: String::new(),
            namespaced: true,
            short: vec![],
            categories: vec![],
            subresources: vec![],
            rules: false,
            columns: vec![],
            scale: None,
        };
        for attribute in input.attrs.iter().filter(|a| a.path().is_ident("resource")) {
            attribute.parse_nested_meta(|meta| {
                let key = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
                match key.as_str() {
                    "group" => kind.group = string(&meta)?,
                    "version" => kind.version = string(&meta)?,
                    "kind" => kind.kind = string(&meta)?,
                    "plural" => kind.plural = string(&meta)?,
                    "singular" => kind.singular = string(&meta)?,
                    "short" => kind.short = words(&string(&meta)?),
                    "categories" => kind.categories = words(&string(&meta)?),
                    "subresources" => kind.subresources = words(&string(&meta)?),
                    "rules" => kind.rules = true,
                    "column" => kind.columns.push(Column::parse(&meta)?),
                    "scale" => kind.scale = Some(Scale::parse(&meta)?),
                    "scope" => {
                        kind.namespaced = match string(&meta)?.as_str() {
                            "Namespaced" => true,
                            "Cluster" => false,
                            _ => return Err(meta.error("`scope` is `Namespaced` or `Cluster`")),
                        }
                    }
                    _ => return Err(meta.error("unknown resource attribute")),
                }
                Ok(())
            })?;
        }
        if kind.version.is_empty() {
            return Err(Error::new_spanned(&input.ident, "#[resource(version = \"...\")] is needed"));
        }
        if kind.scale.is_some() && !kind.subresources.iter().any(|name| name == "scale") {
            kind.subresources.push("scale".into());
        }
        if kind.singular.is_empty() {
            kind.singular = kind.kind.to_lowercase();
        }
        if kind.plural.is_empty() {
            kind.plural = format!("{}s", kind.singular);
        }
        Ok(kind)
    }
}

impl Column {
    fn parse(outer: &ParseNestedMeta<'_>) -> Result<Self> {
        const TYPES: [&str; 5] = ["string", "integer", "number", "boolean", "date"];
        let mut column = Self::default();
        outer.parse_nested_meta(|meta| {
            let key = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
            match key.as_str() {
                "name" => column.name = string(&meta)?,
                "type" => column.ty = string(&meta)?,
                "format" => column.format = string(&meta)?,
                "path" => column.path = path(&meta)?,
                "priority" => column.priority = meta.value()?.parse::<LitInt>()?.base10_parse()?,
                "description" => column.description = string(&meta)?,
                _ => return Err(meta.error("unknown column attribute")),
            }
            Ok(())
        })?;
        if column.name.is_empty() || column.path.is_empty() {
            return Err(outer.error("a column has a `name` and a `path`"));
        }
        if !TYPES.contains(&column.ty.as_str()) {
            return Err(outer.error("the `type` of a column is `string`, `integer`, `number`, `boolean` or `date`"));
        }
        Ok(column)
    }
}

impl Scale {
    fn parse(outer: &ParseNestedMeta<'_>) -> Result<Self> {
        let mut scale = Self::default();
        outer.parse_nested_meta(|meta| {
            let key = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
            match key.as_str() {
                "spec" => scale.spec = path(&meta)?,
                "status" => scale.status = path(&meta)?,
                "selector" => scale.selector = path(&meta)?,
                _ => return Err(meta.error("expected `spec`, `status` or `selector`")),
            }
            Ok(())
        })?;
        if scale.spec.is_empty() || scale.status.is_empty() {
            return Err(outer.error("a scale has a path in `spec` and one in `status`"));
        }
        Ok(scale)
    }
}

fn string(meta: &ParseNestedMeta<'_>) -> Result<String> {
    Ok(meta.value()?.parse::<LitStr>()?.value())
}

/// A path into the object, which starts with a dot.
fn path(meta: &ParseNestedMeta<'_>) -> Result<String> {
    let text = string(meta)?;
    if text.len() > 1 && text.starts_with('.') { Ok(text) } else { Err(meta.error("a path starts with a dot")) }
}

/// A number with or without a sign and a point.
fn number(meta: &ParseNestedMeta<'_>) -> Result<f64> {
    let (sign, value) = match meta.value()?.parse::<Expr>()? {
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => (-1.0, *unary.expr),
        other => (1.0, other),
    };
    match value {
        Expr::Lit(literal) => match literal.lit {
            Lit::Int(whole) => Ok(sign * whole.base10_parse::<f64>()?),
            Lit::Float(float) => Ok(sign * float.base10_parse::<f64>()?),
            other => Err(Error::new_spanned(other, "expected a number")),
        },
        other => Err(Error::new_spanned(other, "expected a number")),
    }
}

fn words(list: &str) -> Vec<String> {
    list.split(',').map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect()
}

fn doc(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter(|a| a.path().is_ident("doc")).filter_map(|attribute| {
        let Meta::NameValue(pair) = &attribute.meta else {
            return None;
        };
        let Expr::Lit(literal) = &pair.value else {
            return None;
        };
        let Lit::Str(text) = &literal.lit else {
            return None;
        };
        Some(text.value().trim().to_owned())
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn is_option(ty: &Type) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "Option"))
}

fn camel_case(snake: &str) -> String {
    let mut parts = snake.trim_end_matches('_').trim_start_matches("r#").split('_');
    let mut camel = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut letters = part.chars();
        if let Some(first) = letters.next() {
            camel.extend(first.to_uppercase());
            camel.push_str(letters.as_str());
        }
    }
    camel
}
