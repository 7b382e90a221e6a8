//! Generates the implementations: one static table, two `match`es, a few one-line methods.
//!
//! In: [`Input`] and [`Kind`]. Out: tokens. Invariant: nothing generated is generic and nothing
//! loops over fields at compile time, so that hundreds of kinds stay cheap to build.

use proc_macro2::TokenStream;
use quote::quote;

use crate::input::{Attributes, Column, Field, Input, Kind, Scale};

pub(crate) fn reflect(input: &Input) -> TokenStream {
    structure(input, &TokenStream::new())
}

/// `more` are further members of the `Struct` implementation.
fn structure(input: &Input, more: &TokenStream) -> TokenStream {
    let Input { ident, krate, doc, schema_name, atomic, fields } = input;
    let tables = fields.iter().map(|field| table_row(krate, field));
    let count = fields.len();
    let idents: Vec<_> = fields.iter().map(|field| &field.ident).collect();
    let indexes: Vec<_> = (0..fields.len()).collect();
    quote! {
        impl #krate::reflect::Typed for #ident {
            const TYPE: #krate::schema::Type =
                #krate::schema::Type::Struct(#krate::schema::StructRef::Static(<Self as #krate::reflect::StaticSchema>::static_schema));
        }
        impl #krate::reflect::StaticSchema for #ident {
            fn static_schema() -> &'static #krate::schema::StructSchema {
                static FIELDS: [#krate::schema::FieldSchema; #count] = [#(#tables),*];
                static SCHEMA: #krate::schema::StructSchema =
                    #krate::schema::StructSchema::fixed(#schema_name, ::core::module_path!(), #doc, #atomic, &FIELDS);
                &SCHEMA
            }
        }
        impl #krate::reflect::Struct for #ident {
            fn schema(&self) -> &'static #krate::schema::StructSchema {
                <Self as #krate::reflect::StaticSchema>::static_schema()
            }
            fn field(&self, index: usize) -> &dyn #krate::reflect::Field {
                match index {
                    #(#indexes => &self.#idents,)*
                    _ => panic!("{} has no field {index}", #schema_name),
                }
            }
            fn field_mut(&mut self, index: usize) -> &mut dyn #krate::reflect::Field {
                match index {
                    #(#indexes => &mut self.#idents,)*
                    _ => panic!("{} has no field {index}", #schema_name),
                }
            }
            #more
        }
        impl #krate::reflect::Field for #ident {
            fn get(&self) -> #krate::reflect::Ref<'_> {
                #krate::reflect::Ref::Struct(self)
            }
            fn get_mut(&mut self) -> #krate::reflect::Mut<'_> {
                #krate::reflect::Mut::Struct(self)
            }
            fn clear(&mut self) {
                *self = Self::default();
            }
            fn assign(&mut self, from: &dyn #krate::reflect::Field) {
                #krate::reflect::assign(self, from);
            }
            fn same(&self, other: &dyn #krate::reflect::Field) -> bool {
                #krate::reflect::same(self, other)
            }
        }
        impl #krate::serde::Serialize for #ident {
            fn serialize<S: #krate::serde::Serializer>(&self, serializer: S) -> ::core::result::Result<S::Ok, S::Error> {
                #krate::reflect::serialize_struct(self, serializer)
            }
        }
        impl<'de> #krate::serde::Deserialize<'de> for #ident {
            fn deserialize<D: #krate::serde::Deserializer<'de>>(deserializer: D) -> ::core::result::Result<Self, D::Error> {
                let mut value = Self::default();
                #krate::reflect::deserialize_struct(&mut value, deserializer)?;
                Ok(value)
            }
        }
    }
}

pub(crate) fn resource(input: &Input, kind: &Kind) -> TokenStream {
    let Input { ident, krate, doc, .. } = input;
    let reflected = structure(
        input,
        &quote! {
            fn kind(&self) -> ::core::option::Option<&'static #krate::KindInfo> {
                ::core::option::Option::Some(<Self as #krate::Resource>::INFO)
            }
        },
    );
    let Kind { group, version, kind: name, plural, singular, namespaced, short, categories, subresources, .. } = kind;
    let rules = if kind.rules { quote!() } else { rules_of_table(input) };
    let columns = kind.columns.iter().map(|column| {
        let Column { name, ty, format, path, priority, description } = column;
        quote!(#krate::PrinterColumn {
            name: #name, kind: #ty, format: #format, path: #path, priority: #priority, description: #description,
        })
    });
    let scale = match &kind.scale {
        Some(Scale { spec, status, selector }) => quote!(::core::option::Option::Some(#krate::ScaleInfo {
            spec: #spec, status: #status, selector: #selector,
        })),
        None => quote!(::core::option::Option::None),
    };
    quote! {
        #reflected
        #rules
        impl #krate::Resource for #ident {
            const INFO: &'static #krate::KindInfo = &#krate::KindInfo {
                group: #group,
                version: #version,
                kind: #name,
                plural: #plural,
                singular: #singular,
                namespaced: #namespaced,
                short_names: &[#(#short),*],
                categories: &[#(#categories),*],
                subresources: &[#(#subresources),*],
                columns: &[#(#columns),*],
                scale: #scale,
                doc: #doc,
            };
            fn metadata(&self) -> &#krate::api::meta::v1::ObjectMeta {
                &self.metadata
            }
            fn metadata_mut(&mut self) -> &mut #krate::api::meta::v1::ObjectMeta {
                &mut self.metadata
            }
        }
    }
}

/// Defaults and checks are shared code over the tables.
fn rules_of_table(input: &Input) -> TokenStream {
    let Input { ident, krate, .. } = input;
    let errors = quote!(#krate::validation::FieldErrors);
    quote! {
        impl #krate::Rules for #ident {
            fn set_defaults(&mut self) {
                #krate::custom::fill_defaults(self);
            }
            fn validate(&self) -> #errors {
                #krate::custom::check_fields(self, ::core::option::Option::None)
            }
            fn validate_update(&self, old: &Self) -> #errors {
                #krate::custom::check_fields(self, ::core::option::Option::Some(old))
            }
            fn validate_status_update(&self, old: &Self) -> #errors {
                #krate::custom::check_status(self, old)
            }
        }
    }
}

fn optional<T: quote::ToTokens>(value: Option<&T>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}

fn checks(krate: &syn::Path, attributes: &Attributes) -> TokenStream {
    if !attributes.checks() {
        return quote!(::core::option::Option::None);
    }
    let (minimum, maximum) = (optional(attributes.minimum.as_ref()), optional(attributes.maximum.as_ref()));
    let (min_length, max_length) = (optional(attributes.min_length.as_ref()), optional(attributes.max_length.as_ref()));
    let pattern = attributes.pattern.clone().unwrap_or_default();
    let one_of = &attributes.one_of;
    quote! {
        ::core::option::Option::Some(&#krate::schema::FieldChecks {
            minimum: #minimum,
            maximum: #maximum,
            min_length: #min_length,
            max_length: #max_length,
            pattern: #pattern,
            one_of: &[#(#one_of),*],
        })
    }
}

fn table_row(krate: &syn::Path, field: &Field) -> TokenStream {
    let Field { ty, doc, json_name, pointer, attributes, .. } = field;
    let (tag, within) = (attributes.tag, attributes.within);
    let (always, value, required, atomic) =
        (attributes.always, attributes.value, attributes.required, attributes.atomic);
    let list = match attributes.list.as_deref() {
        Some("map") => quote!(#krate::schema::ListType::Map),
        Some("set") => quote!(#krate::schema::ListType::Set),
        Some(_) => quote!(#krate::schema::ListType::Atomic),
        None => quote!(#krate::schema::ListType::Unset),
    };
    let keys = attributes.keys.iter().map(|key| quote!(::std::borrow::Cow::Borrowed(#key)));
    let patch = attributes.patch.clone().unwrap_or_default();
    let merge_key = attributes.merge_key.clone().unwrap_or_default();
    let default = attributes.default.clone().unwrap_or_default();
    let checks = checks(krate, attributes);
    quote! {
        #krate::schema::FieldSchema {
            name: ::std::borrow::Cow::Borrowed(#json_name),
            doc: ::std::borrow::Cow::Borrowed(#doc),
            tag: #tag,
            within: #within,
            ty: <#ty as #krate::reflect::Typed>::TYPE,
            pointer: #pointer,
            always: #always,
            value: #value,
            required: #required,
            atomic: #atomic,
            list: #list,
            keys: ::std::borrow::Cow::Borrowed(&[#(#keys),*]),
            patch: ::std::borrow::Cow::Borrowed(#patch),
            merge_key: ::std::borrow::Cow::Borrowed(#merge_key),
            default: #default,
            checks: #checks,
        }
    }
}
