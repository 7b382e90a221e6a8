//! Names of kinds, resources and objects as values.

use std::fmt;

macro_rules! group_version_name {
    ($(#[$doc:meta])* $name:ident, $last:ident, $lastdoc:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name {
            /// API group; empty for the core group.
            pub group: String,
            /// API version.
            pub version: String,
            #[doc = $lastdoc]
            pub $last: String,
        }
        impl $name {
            /// From its parts.
            pub fn new(group: impl Into<String>, version: impl Into<String>, $last: impl Into<String>) -> Self {
                Self { group: group.into(), version: version.into(), $last: $last.into() }
            }
            /// `apiVersion` as it stands in a manifest: `v1`, `apps/v1`.
            pub fn api_version(&self) -> String {
                crate::resource::api_version(&self.group, &self.version)
            }
            /// The group and version alone.
            pub fn group_version(&self) -> GroupVersion {
                GroupVersion { group: self.group.clone(), version: self.version.clone() }
            }
        }
        impl fmt::Display for $name {
            /// As Go prints it: `apps/v1, Kind=Deployment`.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let word = if stringify!($last) == "kind" { "Kind" } else { "Resource" };
                write!(f, "{}, {word}={}", self.api_version(), self.$last)
            }
        }
    };
}

group_version_name!(
    /// A kind at a version: what `apiVersion` and `kind` say.
    GroupVersionKind, kind, "Kind, in CamelCase."
);
group_version_name!(
    /// A resource at a version: what a URL says.
    GroupVersionResource, resource, "Plural resource name."
);

impl GroupVersionKind {
    /// From the two fields of a manifest.
    pub fn parse(api_version: &str, kind: &str) -> Self {
        let GroupVersion { group, version } = GroupVersion::parse(api_version);
        Self { group, version, kind: kind.to_owned() }
    }
    /// The kind regardless of version.
    pub fn group_kind(&self) -> GroupKind {
        GroupKind { group: self.group.clone(), kind: self.kind.clone() }
    }
}

impl GroupVersionResource {
    /// The resource regardless of version.
    pub fn group_resource(&self) -> GroupResource {
        GroupResource { group: self.group.clone(), resource: self.resource.clone() }
    }
}

/// An API group at a version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupVersion {
    /// API group; empty for the core group.
    pub group: String,
    /// API version.
    pub version: String,
}

impl GroupVersion {
    /// From its parts.
    pub fn new(group: impl Into<String>, version: impl Into<String>) -> Self {
        Self { group: group.into(), version: version.into() }
    }
    /// From `v1` or `apps/v1`.
    pub fn parse(api_version: &str) -> Self {
        match api_version.split_once('/') {
            Some((group, version)) => Self::new(group, version),
            None => Self::new("", api_version),
        }
    }
}

impl fmt::Display for GroupVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::resource::api_version(&self.group, &self.version))
    }
}

/// A kind regardless of version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupKind {
    /// API group; empty for the core group.
    pub group: String,
    /// Kind, in CamelCase.
    pub kind: String,
}

impl fmt::Display for GroupKind {
    /// As Go prints it: `Deployment.apps`, `Pod`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.group.is_empty() { f.write_str(&self.kind) } else { write!(f, "{}.{}", self.kind, self.group) }
    }
}

/// A resource regardless of version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupResource {
    /// API group; empty for the core group.
    pub group: String,
    /// Plural resource name.
    pub resource: String,
}

impl GroupResource {
    /// From its parts.
    pub fn new(group: impl Into<String>, resource: impl Into<String>) -> Self {
        Self { group: group.into(), resource: resource.into() }
    }
}

impl fmt::Display for GroupResource {
    /// As Go prints it: `deployments.apps`, `pods`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.group.is_empty() { f.write_str(&self.resource) } else { write!(f, "{}.{}", self.resource, self.group) }
    }
}

/// The name of one object within its kind: what a work queue holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectRef {
    /// Namespace; empty for cluster-scoped objects.
    pub namespace: String,
    /// Name.
    pub name: String,
}

impl ObjectRef {
    /// From its parts; `namespace` is empty for cluster-scoped objects.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }
    /// The name of this object.
    pub fn of<K: crate::Resource>(object: &K) -> Self {
        let metadata = object.metadata();
        Self::new(metadata.namespace.as_str(), metadata.name.as_str())
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() { f.write_str(&self.name) } else { write!(f, "{}/{}", self.namespace, self.name) }
    }
}
