//! The types of what admission hands to expressions: `request` and `namespaceObject`.
//!
//! In: nothing. Out: declarations for an [`Env`](crate::Env). Elsewhere: the values (`apiserver`).

use crate::ty::Type;

fn named(name: &str, fields: impl IntoIterator<Item = (&'static str, Type)>) -> Type {
    Type::object(name, fields.into_iter().map(|(field, ty)| (field.to_owned(), ty)))
}

fn texts<const N: usize>(name: &str, fields: [&'static str; N]) -> Type {
    named(name, fields.map(|field| (field, Type::String)))
}

/// The type of the variable `request`.
pub fn request_type() -> Type {
    let kind = || texts("kubernetes.GroupVersionKind", ["group", "version", "kind"]);
    let resource = || texts("kubernetes.GroupVersionResource", ["group", "version", "resource"]);
    let user = named(
        "kubernetes.UserInfo",
        [
            ("username", Type::String),
            ("uid", Type::String),
            ("groups", Type::list(Type::String)),
            ("extra", Type::map(Type::String, Type::list(Type::String))),
        ],
    );
    named(
        "kubernetes.AdmissionRequest",
        [
            ("kind", kind()),
            ("resource", resource()),
            ("subResource", Type::String),
            ("requestKind", kind()),
            ("requestResource", resource()),
            ("requestSubResource", Type::String),
            ("name", Type::String),
            ("namespace", Type::String),
            ("operation", Type::String),
            ("userInfo", user),
            ("dryRun", Type::Bool),
            ("options", Type::Dyn),
        ],
    )
}

/// The type of the variable `namespaceObject`. Owners and managed fields are not shown to expressions.
pub fn namespace_type() -> Type {
    let labels = || Type::map(Type::String, Type::String);
    let metadata = named(
        "kubernetes.NamespaceMetadata",
        [
            ("name", Type::String),
            ("generateName", Type::String),
            ("namespace", Type::String),
            ("labels", labels()),
            ("annotations", labels()),
            ("UID", Type::String),
            ("creationTimestamp", Type::Timestamp),
            ("deletionGracePeriodSeconds", Type::Int),
            ("deletionTimestamp", Type::Timestamp),
            ("generation", Type::Int),
            ("resourceVersion", Type::String),
            ("finalizers", Type::list(Type::String)),
        ],
    );
    let spec = named("kubernetes.NamespaceSpec", [("finalizers", Type::list(Type::String))]);
    let status = texts("kubernetes.NamespaceStatus", ["phase"]);
    named("kubernetes.Namespace", [("metadata", metadata), ("spec", spec), ("status", status)])
}
