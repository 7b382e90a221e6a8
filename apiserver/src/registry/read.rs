//! Reading objects, one or many.
//!
//! Invariant: a list is the state at exactly the resource version it carries. Source: Kubernetes API concepts,
//! "Resource versions" and "Retrieving large results sets in chunks".

use pintle_client::{Content, ObjectList, Params, Response};
use pintle_object_model::api::meta::v1::ListMeta;
use pintle_object_model::selector::{FieldSelector, Selector};
use pintle_object_model::{Object, Status};
use pintle_watch::{Expired, Filter, Snapshot};

use super::{Call, FRESH_TIMEOUT, Registry};

impl Registry {
    pub(super) async fn get(&self, call: &Call<'_>, params: &Params) -> Result<Response, Status> {
        let found = match parse_revision(&params.resource_version)? {
            // Any version will do: the cache has one.
            Some(0) => call.storage.cache.get(call.namespace, call.name),
            Some(revision) => {
                call.storage.wait_revision(revision, FRESH_TIMEOUT).await?;
                call.storage.cache.get(call.namespace, call.name)
            }
            None => call.storage.get(call.namespace, call.name).await?.map(|versioned| versioned.value),
        };
        match found {
            Some(object) => Ok(Response::object(self.present(call, &object)?)),
            None => Err(Status::not_found(&call.group_resource(), call.name)),
        }
    }

    pub(super) async fn list(&self, call: &Call<'_>, params: &Params) -> Result<Response, Status> {
        let filter = self.filter(call, params)?;
        let limit = usize::try_from(params.limit).unwrap_or(usize::MAX);
        let (snapshot, after) = self.snapshot_for(call, params).await?;
        let mut items = Vec::new();
        let mut matching =
            snapshot.iter(&filter.namespace, after.as_deref()).filter(|(_, object)| filter.matches(object));
        let mut last = None;
        for (key, object) in matching.by_ref() {
            items.push(self.present(call, object)?);
            last = Some(key);
            if limit > 0 && items.len() == limit {
                break;
            }
        }
        let mut metadata = ListMeta { resource_version: snapshot.revision().to_string(), ..ListMeta::default() };
        if limit > 0 && items.len() == limit {
            let remaining = matching.count();
            if remaining > 0 {
                let last = last.unwrap_or_default();
                metadata.continue_ = Continue { revision: snapshot.revision(), after: last.to_owned() }.to_token();
                // With a selector the count would promise what the next pages may not hold.
                let selects = !params.label_selector.is_empty() || !params.field_selector.is_empty();
                metadata.remaining_item_count = (!selects).then(|| i64::try_from(remaining).unwrap_or(i64::MAX));
            }
        }
        let list = ObjectList { gvk: call.entry.info().gvk(), metadata, items };
        Ok(Response::new(Content::List(list)))
    }

    /// The state that the parameters ask for, and the key after which the page starts.
    async fn snapshot_for(&self, call: &Call<'_>, params: &Params) -> Result<(Snapshot, Option<String>), Status> {
        check_match(params)?;
        let storage = call.storage;
        if !params.continue_.is_empty() {
            let token = Continue::parse(&params.continue_)?;
            if !params.resource_version.is_empty() && params.resource_version != "0" {
                return Err(Status::bad_request("specifying resource version is not allowed when using continue"));
            }
            let snapshot = storage.cache.snapshot_at(token.revision).map_err(|_| continue_expired())?;
            return Ok((snapshot, Some(token.after)));
        }
        let snapshot = match parse_revision(&params.resource_version)? {
            None => {
                storage.wait_fresh(FRESH_TIMEOUT).await?;
                storage.cache.snapshot()
            }
            Some(0) => {
                storage.advance();
                storage.cache.snapshot()
            }
            Some(revision) => {
                storage.wait_revision(revision, FRESH_TIMEOUT).await?;
                if params.resource_version_match == "Exact" {
                    storage.cache.snapshot_at(revision).map_err(|expired| too_old(&expired))?
                } else {
                    storage.cache.snapshot()
                }
            }
        };
        Ok((snapshot, None))
    }

    /// What the request selects.
    pub(super) fn filter(&self, call: &Call<'_>, params: &Params) -> Result<Filter, Status> {
        let labels = if params.label_selector.is_empty() {
            Selector::default()
        } else {
            Selector::parse(&params.label_selector).map_err(|error| {
                let text = error.to_string();
                let plain = text.contains("end of string");
                Status::bad_request(if plain { text } else { format!("unable to parse requirement: {text}") })
            })?
        };
        let fields = if params.field_selector.is_empty() {
            FieldSelector::default()
        } else {
            FieldSelector::parse(&params.field_selector).map_err(Status::bad_request)?
        };
        for term in &fields.terms {
            if !selectable(call.storage.info.group, call.storage.info.kind, &term.path) {
                return Err(Status::bad_request(format!(
                    "Unable to find {:?} that match label selector {:?}, field selector {:?}: field label not supported: {}",
                    call.resource.to_string(),
                    params.label_selector,
                    params.field_selector,
                    term.path
                )));
            }
        }
        let mut filter = Filter { namespace: call.namespace.to_owned(), name: call.name.to_owned(), labels, fields };
        // `metadata.name=x` selects one object, which caches find without a scan.
        if filter.name.is_empty()
            && let Some(term) = filter.fields.terms.iter().find(|term| term.equal && term.path == "metadata.name")
        {
            filter.name.clone_from(&term.value);
        }
        Ok(filter)
    }
}

/// The fields by which a kind can be selected, beyond its name and namespace.
/// Source: Kubernetes concepts, "Field Selectors", list of supported fields.
fn selectable(group: &str, kind: &str, path: &str) -> bool {
    if matches!(path, "metadata.name" | "metadata.namespace") {
        return true;
    }
    let fields: &[&str] = match (group, kind) {
        ("", "Pod") => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
        ("", "Event") => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        ("", "Secret") => &["type"],
        ("", "Namespace") => &["status.phase"],
        ("", "Node") => &["spec.unschedulable"],
        ("", "Service") => &["spec.clusterIP", "spec.type"],
        ("", "ReplicationController") | ("apps", "ReplicaSet") => &["status.replicas"],
        ("batch", "Job") => &["status.successful"],
        ("certificates.k8s.io", "CertificateSigningRequest") => &["spec.signerName"],
        _ => &[],
    };
    fields.contains(&path)
}

/// `None` for no preference, `0` for any.
pub(super) fn parse_revision(text: &str) -> Result<Option<u64>, Status> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| {
        Status::bad_request(format!("Invalid value: {text:?}: strconv.ParseUint: parsing {text:?}: invalid syntax"))
    })
}

fn check_match(params: &Params) -> Result<(), Status> {
    let why = match params.resource_version_match.as_str() {
        "" => return Ok(()),
        _ if !params.continue_.is_empty() => "resourceVersionMatch is forbidden when continue is provided",
        _ if params.resource_version.is_empty() => {
            "resourceVersionMatch is forbidden unless resourceVersion is provided"
        }
        "Exact" if params.resource_version == "0" => {
            "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""
        }
        "Exact" | "NotOlderThan" => return Ok(()),
        other => {
            let mut errors = pintle_object_model::validation::FieldErrors::default();
            let path = pintle_object_model::validation::Path::new("resourceVersionMatch");
            errors.not_supported(&path, other, &["Exact", "NotOlderThan", ""]);
            return Err(Status::invalid("meta.k8s.io", "ListOptions", "", &errors));
        }
    };
    let mut errors = pintle_object_model::validation::FieldErrors::default();
    errors.forbidden(&pintle_object_model::validation::Path::new("resourceVersionMatch"), why);
    Err(Status::invalid("meta.k8s.io", "ListOptions", "", &errors))
}

pub(super) fn too_old(expired: &Expired) -> Status {
    Status::expired(expired.to_string())
}

fn continue_expired() -> Status {
    Status::expired(
        "The provided continue parameter is too old to display a consistent list result. You can start a new list \
         without the continue parameter.",
    )
}

/// Where a page ended: the revision of the list and the last key.
struct Continue {
    revision: u64,
    after: String,
}

impl Continue {
    fn to_token(&self) -> String {
        use base64::Engine as _;
        let text = serde_json::json!({"v": "meta.k8s.io/v1", "rv": self.revision, "start": self.after}).to_string();
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text)
    }

    fn parse(token: &str) -> Result<Self, Status> {
        use base64::Engine as _;
        let invalid = || Status::bad_request("continue key is not valid: invalid continue token");
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
            .decode(token.trim_end_matches('='))
            .map_err(|_| invalid())?;
        let tree: serde_json::Value = serde_json::from_slice(&bytes).map_err(|_| invalid())?;
        match (tree["v"].as_str(), tree["rv"].as_u64(), tree["start"].as_str()) {
            (Some("meta.k8s.io/v1"), Some(revision), Some(after)) if revision > 0 => {
                Ok(Self { revision, after: after.to_owned() })
            }
            _ => Err(invalid()),
        }
    }
}

/// All current objects of a storage, converted for nobody: for code inside the server.
pub(crate) fn current(storage: &crate::storage::Storage) -> Vec<Object> {
    storage.cache.snapshot().iter("", None).map(|(_, object)| object.clone()).collect()
}
