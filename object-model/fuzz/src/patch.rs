//! Patches of all kinds, and server-side apply with its managed fields.

use pintle_object_model::api::meta::v1::ManagedFieldsEntry;
use pintle_object_model::json::{self, DecodeOptions};
use pintle_object_model::patch::{self, Application, FieldSet, ManagedFields, PatchKind, SchemeVersions, Writer};
use pintle_object_model::{FieldsV1, KindInfo, Time};
use serde_json::Value;

use crate::codec::{SCHEME, kind_of};
use crate::{bounded, parts};

/// Most that a patch may make of an object: what it may copy, and what is given.
const RESULT_BYTES_MAX: usize = 8 << 20;

/// Object, patch: the patch in every kind.
pub(crate) fn patch(data: &[u8]) {
    let [live, text] = parts::<2>(data);
    let gvk = kind_of(json::type_meta(live));
    let Some(entry) = SCHEME.kind(&gvk) else { return };
    let Ok(live) = serde_json::from_slice::<Value>(live) else { return };
    for kind in [PatchKind::Json, PatchKind::Merge, PatchKind::Strategic] {
        let _ = patch::issues(kind, text);
        let mut patched = live.clone();
        if patch::apply_any(&mut patched, kind, text, entry.schema()).is_err() {
            continue;
        }
        let Ok(after) = serde_json::to_vec(&patched) else { continue };
        assert!(after.len() <= RESULT_BYTES_MAX + data.len() * 8, "{} bytes became {}", data.len(), after.len());
        let _ = patch::mistyped(&patched, entry.schema());
        bounded(after.len(), patch::text_of(&patched, &live, entry.schema()).len());
        let _ = SCHEME.decode_json(&gvk, &after, &DecodeOptions { strict: true });
        if kind == PatchKind::Merge {
            let mut twice = patched.clone();
            assert!(patch::apply_any(&mut twice, kind, text, entry.schema()).is_ok());
            assert_eq!(twice, patched, "a merge patch that is applied twice does more than once");
        }
    }
}

/// Object, configuration, fields of another manager.
pub(crate) fn apply(data: &[u8]) {
    let [live, config, fields] = parts::<3>(data);
    let gvk = kind_of(json::type_meta(config));
    let Some(entry) = SCHEME.kind(&gvk) else { return };
    let managed = [entry_of(fields, &gvk.api_version())];
    fields_of(&managed);
    let (Ok(live), Ok(config)) = (serde_json::from_slice::<Value>(live), serde_json::from_slice::<Value>(config))
    else {
        return;
    };
    let ignored = |_: &KindInfo| FieldSet::default();
    let versions = SchemeVersions { scheme: &SCHEME, entry, ignored: &ignored };
    let api_version = gvk.api_version();
    let writer = Writer { manager: "fuzz", api_version: &api_version, subresource: "", now: Time::default() };
    for (force, managed) in [(false, &managed[..]), (true, &managed[..]), (false, &[])] {
        let application = Application {
            live: &live,
            exists: true,
            config: &config,
            managed,
            writer,
            schema: entry.schema(),
            force,
            versions: &versions,
        };
        let Ok(applied) = patch::apply(&application) else { continue };
        for entry in &applied.managed {
            bounded(data.len(), entry.fields_v1.as_ref().map_or(0, |fields| fields.text().len()));
        }
        assert!(ManagedFields::decode(&applied.managed).is_ok(), "our own managed fields are not understood");
        if let Some(object) = &applied.object {
            bounded(data.len(), serde_json::to_vec(object).map_or(0, |text| text.len()));
        }
    }
    let _ = patch::merge_configuration(&live, &config, entry.schema());
}

fn entry_of(fields: &[u8], api_version: &str) -> ManagedFieldsEntry {
    let mut entry = ManagedFieldsEntry::default();
    entry.manager = "other".to_owned();
    entry.operation = "Update".to_owned();
    entry.api_version = api_version.to_owned();
    entry.fields_type = "FieldsV1".to_owned();
    entry.fields_v1 = Some(FieldsV1::from_text(fields.to_vec()));
    entry
}

/// Fields are written in one form: what was read and written is written alike from then on.
fn fields_of(given: &[ManagedFieldsEntry]) {
    let once = ManagedFields::of_update(given, &[], "").encode();
    if once.is_empty() {
        return;
    }
    let twice = ManagedFields::of_update(&once, &[], "").encode();
    assert_eq!(once, twice);
}
