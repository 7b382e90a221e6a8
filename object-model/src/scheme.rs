//! The scheme: which kinds exist at which versions, and how they convert through the stored one.
//!
//! In: registrations of the built-in kinds and of a host's own. Out: decoding by kind, conversion, and the
//! resource list that a server serves. Invariant: every kind of a family converts to and from the family's
//! hub, which is the version stored. Elsewhere: how resources are served (`apiserver`).

mod builtin;
mod legacy;
mod versions;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::custom::{self, CustomColumn, CustomKind, CustomObject};
use crate::json::{DecodeError, DecodeOptions, StrictIssue};
use crate::schema::StructSchema;
use crate::{AnyResource, GroupVersionKind, GroupVersionResource, KindInfo, Object, Resource};

type Boxed = Box<dyn AnyResource>;

/// Why a scheme could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SchemeError {
    /// No such kind is registered.
    #[error("no kind \"{}\" is registered for version \"{}\"", .0.kind, .0.api_version())]
    UnknownKind(GroupVersionKind),
    /// The object cannot be expressed in the other version.
    #[error("converting {from} to {to}: {why}")]
    Conversion {
        /// Kind of the object.
        from: GroupVersionKind,
        /// Kind that was asked for.
        to: GroupVersionKind,
        /// What stands in the way.
        why: String,
    },
    /// The body is no such object.
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

/// One kind at one version.
pub struct KindEntry {
    info: &'static KindInfo,
    hub: GroupVersionKind,
    of: Of,
}

/// What stands behind a kind.
enum Of {
    /// A Rust type.
    Rust {
        schema: &'static StructSchema,
        new: fn() -> Boxed,
        to_hub: fn(Boxed) -> Result<Boxed, String>,
        from_hub: fn(Boxed) -> Result<Boxed, String>,
        columns: Option<Arc<[CustomColumn]>>,
    },
    /// A definition.
    Definition(Arc<CustomKind>),
}

impl KindEntry {
    /// Names and scope.
    pub fn info(&self) -> &'static KindInfo {
        self.info
    }
    /// The table of the kind's struct.
    pub fn schema(&self) -> &StructSchema {
        match &self.of {
            Of::Rust { schema, .. } => schema,
            Of::Definition(kind) => kind.table(),
        }
    }
    /// An empty object.
    pub fn create(&self) -> Box<dyn AnyResource> {
        match &self.of {
            Of::Rust { new, .. } => new(),
            Of::Definition(kind) => kind.create(),
        }
    }
    /// The version of a definition that the kind is, if it has no Rust type.
    pub fn custom(&self) -> Option<&Arc<CustomKind>> {
        match &self.of {
            Of::Rust { .. } => None,
            Of::Definition(kind) => Some(kind),
        }
    }
    /// The columns of tables that the kind itself asks for.
    pub fn columns(&self) -> Option<&Arc<[CustomColumn]>> {
        match &self.of {
            Of::Rust { columns, .. } => columns.as_ref(),
            Of::Definition(kind) => Some(kind.columns()),
        }
    }
    /// The version that is stored.
    pub fn hub(&self) -> &GroupVersionKind {
        &self.hub
    }
    /// Is this the version that is stored?
    pub fn is_hub(&self) -> bool {
        self.info.gvk() == self.hub
    }
}

/// An object as it was decoded, with what strict decoding objects to.
#[derive(Debug)]
pub struct Decoded {
    /// The object, neither defaulted nor validated.
    pub object: Box<dyn AnyResource>,
    /// Unknown and duplicate fields, if they were asked for.
    pub issues: Vec<StrictIssue>,
}

/// The kinds that a program knows. Cheap to clone once built.
#[derive(Clone, Default)]
pub struct Scheme {
    kinds: Arc<BTreeMap<GroupVersionKind, KindEntry>>,
    resources: Arc<BTreeMap<GroupVersionResource, GroupVersionKind>>,
    /// Kinds without a Rust type, which come and go: each change makes another scheme.
    custom: Arc<Custom>,
}

#[derive(Default)]
struct Custom {
    kinds: BTreeMap<GroupVersionKind, KindEntry>,
    resources: BTreeMap<GroupVersionResource, GroupVersionKind>,
}

impl Scheme {
    /// No kinds at all.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Adds a kind that is stored as it is.
    ///
    /// # Panics
    /// If the scheme has been cloned: registration happens before sharing. If a column of the kind has a bad path.
    pub fn register<K: Resource>(&mut self) -> &mut Self {
        self.insert(KindEntry {
            info: K::INFO,
            hub: K::INFO.gvk(),
            of: Of::Rust {
                schema: K::static_schema(),
                new: || Box::new(K::default()),
                to_hub: Ok,
                from_hub: Ok,
                columns: custom::columns_of_rust(K::INFO),
            },
        })
    }

    /// Adds another version `V` of the kind that is stored as `Hub`, with the conversions both ways.
    /// The converters are reached through [`Converts`], so that the table holds plain functions.
    ///
    /// # Panics
    /// If the scheme has been cloned: registration happens before sharing.
    pub fn register_version<V: Converts>(&mut self) -> &mut Self {
        self.insert(KindEntry {
            info: V::INFO,
            hub: V::Hub::INFO.gvk(),
            of: Of::Rust {
                schema: V::static_schema(),
                new: || Box::new(V::default()),
                to_hub: |boxed| Ok(Box::new(unbox::<V>(boxed)?.into_hub()?)),
                from_hub: |boxed| Ok(Box::new(V::from_hub(unbox::<V::Hub>(boxed)?)?)),
                columns: custom::columns_of_rust(V::INFO),
            },
        })
    }

    fn insert(&mut self, entry: KindEntry) -> &mut Self {
        let gvk = entry.info.gvk();
        Arc::get_mut(&mut self.resources)
            .expect("kinds are registered before the scheme is shared")
            .insert(entry.info.gvr(), gvk.clone());
        Arc::get_mut(&mut self.kinds).expect("kinds are registered before the scheme is shared").insert(gvk, entry);
        self
    }

    /// The same kinds with Rust types, and these versions of definitions instead of those before. A kind that has a
    /// Rust type keeps it.
    #[must_use]
    pub fn with_custom(&self, kinds: impl IntoIterator<Item = Arc<CustomKind>>) -> Self {
        let mut custom = Custom::default();
        for kind in kinds {
            let (gvk, gvr) = (kind.info().gvk(), kind.info().gvr());
            if self.kinds.contains_key(&gvk) || self.resources.contains_key(&gvr) {
                continue;
            }
            custom.resources.insert(gvr, gvk.clone());
            custom
                .kinds
                .insert(gvk, KindEntry { info: kind.info(), hub: kind.hub().clone(), of: Of::Definition(kind) });
        }
        Self { kinds: Arc::clone(&self.kinds), resources: Arc::clone(&self.resources), custom: Arc::new(custom) }
    }

    /// The entry of a kind.
    pub fn kind(&self, gvk: &GroupVersionKind) -> Option<&KindEntry> {
        self.kinds.get(gvk).or_else(|| self.custom.kinds.get(gvk))
    }

    /// The entry of the kind that a resource holds.
    pub fn resource(&self, gvr: &GroupVersionResource) -> Option<&KindEntry> {
        match self.resources.get(gvr) {
            Some(gvk) => self.kinds.get(gvk),
            None => self.custom.kinds.get(self.custom.resources.get(gvr)?),
        }
    }

    /// All kinds, those with a Rust type first, by group, version and kind.
    pub fn kinds(&self) -> impl Iterator<Item = &KindEntry> {
        self.kinds.values().chain(self.custom.kinds.values())
    }

    /// The versions in which the kind stored as `hub` is known.
    pub fn versions_of<'a>(&'a self, hub: &'a GroupVersionKind) -> impl Iterator<Item = &'a KindEntry> {
        self.kinds().filter(move |entry| entry.hub == *hub)
    }

    /// Decodes JSON text as this kind; `apiVersion` and `kind` members are ignored.
    ///
    /// # Errors
    /// An unknown kind or a malformed body.
    pub fn decode_json(
        &self,
        gvk: &GroupVersionKind,
        text: &[u8],
        options: &DecodeOptions,
    ) -> Result<Decoded, SchemeError> {
        let entry = self.kind(gvk).ok_or_else(|| SchemeError::UnknownKind(gvk.clone()))?;
        if let Of::Definition(kind) = &entry.of {
            let (object, issues) = CustomObject::decode(kind, text, options)?;
            return Ok(Decoded { object: Box::new(object), issues });
        }
        let mut object = entry.create();
        let issues = crate::json::decode_kind(text, object.as_struct_mut(), options)?;
        Ok(Decoded { object, issues })
    }

    /// Decodes the body of a protobuf message (without envelope) as this kind.
    ///
    /// # Errors
    /// An unknown kind or a malformed body.
    pub fn decode_protobuf(&self, gvk: &GroupVersionKind, body: &[u8]) -> Result<Box<dyn AnyResource>, SchemeError> {
        let entry = self.kind(gvk).ok_or_else(|| SchemeError::UnknownKind(gvk.clone()))?;
        let mut object = entry.create();
        crate::protobuf::decode(body, object.as_struct_mut())?;
        Ok(object)
    }

    /// The object at the version that is stored.
    ///
    /// # Errors
    /// An unknown kind, or content that the stored version cannot express.
    pub fn to_hub(&self, object: Box<dyn AnyResource>) -> Result<Box<dyn AnyResource>, SchemeError> {
        let from = object.info().gvk();
        let entry = self.kind(&from).ok_or_else(|| SchemeError::UnknownKind(from.clone()))?;
        match &entry.of {
            Of::Rust { to_hub, .. } => {
                to_hub(object).map_err(|why| SchemeError::Conversion { from, to: entry.hub.clone(), why })
            }
            Of::Definition(_) => self.convert_custom(object, &entry.hub),
        }
    }

    /// A custom resource at another version of its definition: only its `apiVersion` changes.
    fn convert_custom(&self, object: Boxed, to: &GroupVersionKind) -> Result<Boxed, SchemeError> {
        let kind = self.kind(to).and_then(KindEntry::custom).ok_or_else(|| SchemeError::UnknownKind(to.clone()))?;
        match object.as_any().downcast_ref::<CustomObject>() {
            Some(custom) => Ok(Box::new(custom.clone().at(kind))),
            None => Err(SchemeError::Conversion {
                from: object.info().gvk(),
                to: to.clone(),
                why: "the object is not of a definition".into(),
            }),
        }
    }

    /// The fields of an object: as they are if it has a Rust type, decoded if it is a custom resource.
    ///
    /// # Errors
    /// An unknown kind, or damaged bytes.
    pub fn open<'a>(&self, object: &'a Object) -> Result<Opened<'a>, SchemeError> {
        if let Some(typed) = object.typed() {
            return Ok(Opened::Typed(typed));
        }
        let gvk = object.gvk();
        let kind = self.kind(&gvk).and_then(KindEntry::custom).ok_or(SchemeError::UnknownKind(gvk))?;
        Ok(Opened::Decoded(Box::new(CustomObject::from_object(kind, object)?)))
    }

    /// A stored object at another version of its kind.
    ///
    /// # Errors
    /// An unknown kind, or content that the version cannot express.
    pub fn from_hub(
        &self,
        object: Box<dyn AnyResource>,
        to: &GroupVersionKind,
    ) -> Result<Box<dyn AnyResource>, SchemeError> {
        let from = object.info().gvk();
        let entry = self.kind(to).ok_or_else(|| SchemeError::UnknownKind(to.clone()))?;
        match &entry.of {
            Of::Rust { from_hub, .. } => {
                from_hub(object).map_err(|why| SchemeError::Conversion { from, to: to.clone(), why })
            }
            Of::Definition(_) => self.convert_custom(object, to),
        }
    }

    /// A shared object at another version of its kind; the same object if it is at that version already.
    /// Objects of kinds that nobody knows come back unchanged.
    ///
    /// # Errors
    /// An unknown kind, or content that the version cannot express.
    pub fn convert(&self, object: &Object, to: &GroupVersionKind) -> Result<Object, SchemeError> {
        match object.typed() {
            Some(typed) if typed.info().gvk() != *to => {
                let hub = self.to_hub(typed.clone_box())?;
                Ok(Object::from_box(self.from_hub(hub, to)?))
            }
            None if object.gvk() != *to => match self.kind(to).and_then(KindEntry::custom) {
                Some(kind) => Ok(CustomObject::from_object(kind, object)?.into_object()),
                None => Ok(object.clone()),
            },
            _ => Ok(object.clone()),
        }
    }
}

/// An object with its fields at hand.
pub enum Opened<'a> {
    /// It has a Rust type.
    Typed(&'a dyn AnyResource),
    /// It was decoded for this.
    Decoded(Box<dyn AnyResource>),
}

impl std::ops::Deref for Opened<'_> {
    type Target = dyn AnyResource;
    fn deref(&self) -> &Self::Target {
        match self {
            Self::Typed(typed) => *typed,
            Self::Decoded(decoded) => &**decoded,
        }
    }
}

impl std::fmt::Debug for Scheme {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.kinds().map(|entry| entry.info.gvk())).finish()
    }
}

/// A version of a kind that is stored as another.
pub trait Converts: Resource {
    /// The version that is stored.
    type Hub: Resource;
    /// To the stored version.
    ///
    /// # Errors
    /// What the stored version cannot express.
    fn into_hub(self) -> Result<Self::Hub, String>;
    /// From the stored version.
    ///
    /// # Errors
    /// What this version cannot express.
    fn from_hub(hub: Self::Hub) -> Result<Self, String>;
}

fn unbox<K: Resource>(boxed: Boxed) -> Result<K, String> {
    boxed
        .as_any()
        .downcast_ref::<K>()
        .cloned()
        .ok_or_else(|| format!("the object is a {}, not a {}", boxed.info().kind, K::INFO.kind))
}
