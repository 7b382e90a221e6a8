//! The versions of a kind, as server-side apply asks for them, from a [`Scheme`].

use serde_json::Value;

use super::apply::Versions;
use super::fieldset::FieldSet;
use super::node::Whole;
use crate::json::DecodeOptions;
use crate::schema::StructSchema;
use crate::{GroupVersionKind, KindEntry, KindInfo, Scheme};

/// The versions of a kind with Rust types.
#[derive(Clone, Copy)]
pub struct SchemeVersions<'a> {
    /// Knows the kind.
    pub scheme: &'a Scheme,
    /// The kind at the version of the write.
    pub entry: &'a KindEntry,
    /// The fields that the write cannot change.
    pub ignored: &'a (dyn Fn(&KindInfo) -> FieldSet + Sync),
}

impl SchemeVersions<'_> {
    fn gvk(&self, api_version: &str) -> GroupVersionKind {
        GroupVersionKind::parse(api_version, self.entry.info().kind)
    }

    fn at(&self, api_version: &str) -> Option<&KindEntry> {
        self.scheme.kind(&self.gvk(api_version)).filter(|entry| entry.hub() == self.entry.hub())
    }
}

impl Versions for SchemeVersions<'_> {
    fn schema(&self, api_version: &str) -> Option<&StructSchema> {
        self.at(api_version).map(KindEntry::schema)
    }

    fn ignored(&self, api_version: &str) -> FieldSet {
        self.at(api_version).map(|entry| (self.ignored)(entry.info())).unwrap_or_default()
    }

    fn convert(&self, object: &Value, from: &str, to: &str) -> Result<Value, String> {
        let text = serde_json::to_vec(object).map_err(|error| error.to_string())?;
        let options = DecodeOptions::default();
        let decoded = self.scheme.decode_json(&self.gvk(from), &text, &options).map_err(|error| error.to_string())?;
        let hub = self.scheme.to_hub(decoded.object).map_err(|error| error.to_string())?;
        let there = self.scheme.from_hub(hub, &self.gvk(to)).map_err(|error| error.to_string())?;
        Ok(Whole::of(&*there).to_tree())
    }

    fn zero(&self, api_version: &str) -> Value {
        let entry = self.at(api_version).unwrap_or(self.entry);
        Whole::of(&*entry.create()).to_tree()
    }
}
