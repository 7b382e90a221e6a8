//! Applying manifests, as `kubectl apply --server-side` does.

use pintle_client::{Body, Client, Params, Patch, PatchKind, Request, Target, Verb};
use pintle_object_model::{GroupVersionKind, Status, yaml};

/// Applies every object of a YAML text (server-side, taking over fields that others own) and says what was applied, as
/// `kind/name`. Objects without a namespace go into `default`.
///
/// # Errors
/// 400 if the text is no manifest of kinds that the client knows, or whatever the server refuses with.
pub async fn apply(client: &Client, manager: &str, text: &str) -> Result<Vec<String>, Status> {
    let mut applied = vec![];
    for document in yaml::to_json(text.as_bytes()).map_err(Status::bad_request)? {
        let field = |path: &str| document.pointer(path).and_then(|value| value.as_str()).unwrap_or_default();
        let gvk = GroupVersionKind::parse(field("/apiVersion"), field("/kind"));
        let (namespace, name) = (field("/metadata/namespace"), field("/metadata/name"));
        let Some(entry) = client.scheme().kind(&gvk) else {
            return Err(Status::bad_request(format!("there is no kind {gvk}")));
        };
        let info = entry.info();
        let namespace = match (info.namespaced, namespace) {
            (true, "") => "default",
            (_, given) => given,
        };
        let patch = Patch { kind: PatchKind::Apply, text: document.to_string().into() };
        let params = Params { field_manager: manager.to_owned(), force: Some(true), ..Params::default() };
        let request = Request::new(Verb::Patch, Target::resource(info.gvr(), namespace, name, ""))
            .with_params(params)
            .with_body(Body::Patch(patch));
        client.send(request).await?;
        applied.push(format!("{}/{name}", info.kind.to_lowercase()));
    }
    Ok(applied)
}
