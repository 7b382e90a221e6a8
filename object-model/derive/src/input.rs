//! Reads the struct and its attributes into plain data.
//!
//! In: the syntax tree. Out: [`Input`] and [`Kind`], or an error that points at
//! the attribute. Elsewhere: the code that is generated (`expand`).

use syn::{Attribute, Data, DeriveInput, Error, Expr, Fields, Ident, Lit, LitInt, LitStr, Meta, Result, Type};

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
        if kind.singular.is_empty() {
            kind.singular = kind.kind.to_lowercase();
        }
        if kind.plural.is_empty() {
            kind.plural = format!("{}s", kind.singular);
        }
        Ok(kind)
    }
}

fn string(meta: &syn::meta::ParseNestedMeta<'_>) -> Result<String> {
    Ok(meta.value()?.parse::<LitStr>()?.value())
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
