//! Applying manifests, as `kubectl apply --server-side` does.

use anyhow::{Context, Result, bail};
use pintle_client::{Body, Client, Params, Patch, PatchKind, Request, Target, Verb};
use pintle_object_model::{GroupVersionKind, yaml};

/// Applies every object of a YAML text and says what was applied, as `kind/name`.
///
/// # Errors
/// If the text is no manifest, or the server refuses an object.
pub async fn apply(client: &Client, text: &str) -> Result<Vec<String>> {
    let mut applied = vec![];
    for document in yaml::to_json(text.as_bytes()).map_err(anyhow::Error::msg)? {
        let field = |path: &str| document.pointer(path).and_then(|value| value.as_str()).unwrap_or_default();
        let gvk = GroupVersionKind::parse(field("/apiVersion"), field("/kind"));
        let (namespace, name) = (field("/metadata/namespace"), field("/metadata/name"));
        let Some(entry) = client.scheme().kind(&gvk) else { bail!("there is no kind {gvk}") };
        let info = entry.info();
        let namespace = if info.namespaced && namespace.is_empty() { "default" } else { namespace };
        let patch = Patch { kind: PatchKind::Apply, text: document.to_string().into() };
        let params = Params { field_manager: "pintle-demo".into(), force: Some(true), ..Params::default() };
        let request = Request::new(Verb::Patch, Target::resource(info.gvr(), namespace, name, ""))
            .with_params(params)
            .with_body(Body::Patch(patch));
        let what = format!("{}/{name}", info.kind.to_lowercase());
        client.send(request).await.with_context(|| format!("applying {what}"))?;
        applied.push(what);
    }
    Ok(applied)
}
