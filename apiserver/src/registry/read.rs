//! Reading objects, one or many.
//!
//! Invariant: a list is the state at exactly the resource version it carries. Source: Kubernetes API concepts,
//! "Resource versions" and "Retrieving large results sets in chunks".

use pintle_client::{Content, ObjectList, Params, Response};
use pintle_object_model::api::meta::v1::ListMeta;
use pintle_object_model::selector::{FieldSelector, Selector};
use pintle_object_model::validation::{FieldErrors, Path};
use pintle_object_model::{Object, Status};
use pintle_watch::{Expired, Filter, Snapshot};

use super::{Call, FRESH_TIMEOUT, Registry};
use crate::storage::Storage;

impl Registry {
    pub(super) async fn get(&self, call: &Call<'_>, params: &Params) -> Result<Response, Status> {
        let cached = match parse_revision(&params.resource_version).map_err(malformed_revision)? {
            // Any version will do: the cache has one.
            Some(0) => call.storage.cache.get(call.namespace, call.name),
            Some(revision) => {
                call.storage.wait_revision(revision, FRESH_TIMEOUT).await?;
                call.storage.cache.get(call.namespace, call.name)
            }
            None => None,
        };
        // What the cache does not have may have been made a moment ago: only the newest state can say that it is not there.
        let found = match cached {
            Some(object) => Some(object),
            None => call.storage.get(call.namespace, call.name).await?.map(|versioned| versioned.value),
        };
        match found {
            Some(object) => Ok(Response::object(self.present(call, &object)?)),
            None => Err(Status::not_found(&call.group_resource(), call.name)),
        }
    }

    pub(super) async fn list(&self, call: &Call<'_>, params: &Params) -> Result<Response, Status> {
        let filter = self.filter(call, params)?;
        // Whoever takes any version takes all of it: such lists are not cut into pages.
        let limit = if params.resource_version == "0" { 0 } else { params.limit };
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
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
                metadata.continue_ = Continue::after(snapshot.revision(), last).to_token();
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
        check_list(params)?;
        let storage = call.storage;
        if !params.continue_.is_empty() {
            let token = Continue::parse(&params.continue_)?;
            if !params.resource_version.is_empty() && params.resource_version != "0" {
                return Err(Status::bad_request("specifying resource version is not allowed when using continue"));
            }
            let snapshot = match token.revision {
                // The rest of a list whose state is gone: what there is now.
                None => {
                    storage.wait_fresh(FRESH_TIMEOUT).await?;
                    Some(storage.cache.snapshot())
                }
                Some(revision) => self.state_at(storage, revision).ok(),
            };
            return match snapshot {
                Some(snapshot) => Ok((snapshot, Some(token.after))),
                None => Err(continue_expired(token)),
            };
        }
        let revision = parse_revision(&params.resource_version)
            .map_err(|why| Status::bad_request(format!("invalid resource version: {why}")))?;
        // The first page of a list that names a version, and not how it is meant, is of exactly that version.
        let exact =
            params.resource_version_match == "Exact" || (params.resource_version_match.is_empty() && params.limit > 0);
        let snapshot = match revision {
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
                if exact {
                    self.state_at(storage, revision)
                        .map_err(|_| Status::expired("The resourceVersion for the provided list is too old."))?
                } else {
                    storage.cache.snapshot()
                }
            }
        };
        Ok((snapshot, None))
    }

    /// The state at a revision.
    fn state_at(&self, storage: &Storage, revision: u64) -> Result<Snapshot, Expired> {
        self.reaches_back(revision)?;
        storage.cache.snapshot_at(revision)
    }

    /// Changes from before the server was complete are nobody's business: no client can have seen their state.
    pub(super) fn reaches_back(&self, asked: u64) -> Result<(), Expired> {
        let oldest = self.parts.complete_at.get().copied().unwrap_or(0);
        if asked < oldest { Err(Expired { asked, oldest }) } else { Ok(()) }
    }

    /// What the request selects.
    pub(super) fn filter(&self, call: &Call<'_>, params: &Params) -> Result<Filter, Status> {
        let labels = if params.label_selector.is_empty() {
            Selector::default()
        } else {
            Selector::parse(&params.label_selector).map_err(|error| {
                let text = error.to_string();
                let plain = text.contains("end of string") || text.contains("identifier after");
                Status::bad_request(if plain { text } else { format!("unable to parse requirement: {text}") })
            })?
        };
        let mut fields = if params.field_selector.is_empty() {
            FieldSelector::default()
        } else {
            FieldSelector::parse(&params.field_selector).map_err(Status::bad_request)?
        };
        for term in &mut fields.terms {
            if let Some(kind) = call.entry.custom() {
                let own = matches!(term.path.as_str(), "metadata.name" | "metadata.namespace");
                if !own && !kind.selectable().any(|field| field == term.path) {
                    return Err(Status::bad_request(format!("field label not supported: {}", term.path)));
                }
                continue;
            }
            term.path = super::selectable::stored_path(call.entry.info(), &term.path).map_err(|why| {
                Status::bad_request(format!(
                    "Unable to find {:?} that match label selector {:?}, field selector {:?}: {why}",
                    call.resource.to_string(),
                    params.label_selector,
                    params.field_selector,
                ))
            })?;
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

/// `None` for no preference, `0` for any.
///
/// # Errors
/// What is wrong with it; how it is answered depends on the verb.
pub(super) fn parse_revision(text: &str) -> Result<Option<u64>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| {
        format!("resourceVersion: Invalid value: {text:?}: strconv.ParseUint: parsing {text:?}: invalid syntax")
    })
}

/// How a read of one object and a watch answer a malformed resource version: as an error that has no reason.
pub(super) fn malformed_revision(why: String) -> Status {
    let mut status = Status::failure(500, "", why);
    status.details = None;
    status
}

/// What the options of a list may not say together.
fn check_list(params: &Params) -> Result<(), Status> {
    let mut errors = FieldErrors::default();
    let path = Path::new("resourceVersionMatch");
    let matching = params.resource_version_match.as_str();
    if !matching.is_empty() {
        if params.resource_version.is_empty() {
            errors.forbidden(&path, "resourceVersionMatch is forbidden unless resourceVersion is provided");
        }
        if !params.continue_.is_empty() {
            errors.forbidden(&path, "resourceVersionMatch is forbidden when continue is provided");
        }
        if !matches!(matching, "Exact" | "NotOlderThan") {
            errors.not_supported(&path, matching, &["Exact", "NotOlderThan", ""]);
        }
        if matching == "Exact" && params.resource_version == "0" {
            errors.forbidden(&path, "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
        }
    }
    if params.send_initial_events.is_some() {
        errors.forbidden(&Path::new("sendInitialEvents"), "sendInitialEvents is forbidden for list");
    }
    list_options(&errors)
}

/// Refuses list options that are wrong.
pub(super) fn list_options(errors: &FieldErrors) -> Result<(), Status> {
    if errors.is_empty() { Ok(()) } else { Err(Status::invalid("meta.k8s.io", "ListOptions", "", errors)) }
}

pub(super) fn too_old(expired: &Expired) -> Status {
    Status::expired(expired.to_string())
}

/// The state of the list is gone; the answer carries a token for what follows in the state of then.
fn continue_expired(token: Continue) -> Status {
    let mut status = Status::expired(
        "The provided continue parameter is too old to display a consistent list result. You can start a new list \
         without the continue parameter, or use the continue token in this response to retrieve the remainder of the \
         results. Continuing with the provided token results in an inconsistent list - objects that were created, \
         modified, or deleted between the time the first chunk was returned and now may show up in the list.",
    );
    status.metadata.continue_ = Continue { revision: None, ..token }.to_token();
    status
}

/// Where a page ended: the revision of the list (`None` for whatever is there) and the last key.
struct Continue {
    revision: Option<u64>,
    after: String,
}

impl Continue {
    fn after(revision: u64, key: &str) -> Self {
        Self { revision: Some(revision), after: key.to_owned() }
    }

    fn to_token(&self) -> String {
        use base64::Engine as _;
        let revision = self.revision.map_or(-1, |revision| i64::try_from(revision).unwrap_or(i64::MAX));
        let text = serde_json::json!({"v": "meta.k8s.io/v1", "rv": revision, "start": self.after}).to_string();
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text)
    }

    fn parse(token: &str) -> Result<Self, Status> {
        use base64::Engine as _;
        let invalid = || Status::bad_request("continue key is not valid: invalid continue token");
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
            .decode(token.trim_end_matches('='))
            .map_err(|_| invalid())?;
        let tree: serde_json::Value = serde_json::from_slice(&bytes).map_err(|_| invalid())?;
        let revision = match tree["rv"].as_i64() {
            Some(-1) => None,
            Some(revision) if revision > 0 => u64::try_from(revision).ok(),
            _ => return Err(invalid()),
        };
        match (tree["v"].as_str(), tree["start"].as_str()) {
            (Some("meta.k8s.io/v1"), Some(after)) => Ok(Self { revision, after: after.to_owned() }),
            _ => Err(invalid()),
        }
    }
}

/// All current objects of a storage, converted for nobody: for code inside the server.
pub(crate) fn current(storage: &Storage) -> Vec<Object> {
    storage.cache.snapshot().iter("", None).map(|(_, object)| object.clone()).collect()
}
