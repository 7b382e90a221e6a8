//! Having a container's image: pull policies and credentials.
//!
//! Source: Kubernetes concepts, "Images" (pull policy, imagePullSecrets).

use base64::Engine as _;
use pintle_object_model::api::core::v1::{Pod, Secret};
use tracing::debug;

use super::Shared;
use super::part::Part;
use super::pod::{Failure, FailureKind};
use crate::probe::describe;
use crate::{Image, PullAuth, normalize_reference};

/// The image of a container, pulled if its policy says so.
pub(crate) async fn ensure(shared: &Shared, pod: &Pod, part: &Part) -> Result<Image, Failure> {
    let reference = &part.container.image;
    let fail = |kind, reason: &str, message: String| Failure { kind, reason: reason.to_owned(), message };
    let path = part.field_path();
    let full = normalize_reference(reference).map_err(|_| {
        let text = format!(
            "Failed to apply default image tag \"{reference}\": couldn't parse image name \"{reference}\": \
             invalid reference format"
        );
        shared.events.warning_in(pod, path.clone(), "InspectFailed", text.clone());
        fail(FailureKind::Create, "InvalidImageName", text)
    })?;
    let present = shared.images.get(&full).await.unwrap_or_else(|error| {
        debug!(%error, image = reference, "an image could not be looked up");
        None
    });
    match (present, part.container.image_pull_policy.as_str()) {
        (Some(image), "IfNotPresent" | "Never" | "") => {
            let text = format!("Container image \"{reference}\" already present on machine");
            shared.events.normal_in(pod, path, "Pulled", text);
            return Ok(image);
        }
        (None, "Never") => {
            let text = format!("Container image \"{reference}\" is not present with pull policy of Never");
            shared.events.warning_in(pod, path.clone(), "ErrImageNeverPull", text.clone());
            shared.events.warning_in(pod, path, "Failed", "Error: ErrImageNeverPull");
            return Err(fail(FailureKind::Create, "ErrImageNeverPull", text));
        }
        _ => {}
    }
    shared.events.normal_in(pod, path.clone(), "Pulling", format!("Pulling image \"{reference}\""));
    let started = shared.clock.now();
    let auth = credentials(shared, pod, &full).await;
    match shared.images.pull(&full, auth.as_ref()).await {
        Ok(image) => {
            let took = shared.clock.now().saturating_sub(started);
            let took = pintle_object_model::GoDuration::from_nanos(took.as_millis() as i64 * 1_000_000);
            let text = format!(
                "Successfully pulled image \"{reference}\" in {took} ({took} including waiting). Image size: {} bytes.",
                image.size
            );
            shared.events.normal_in(pod, path, "Pulled", text);
            Ok(image)
        }
        Err(error) => {
            let text = describe(&error);
            shared.events.warning_in(
                pod,
                path.clone(),
                "Failed",
                format!("Failed to pull image \"{reference}\": {text}"),
            );
            shared.events.warning_in(pod, path, "Failed", "Error: ErrImagePull");
            Err(fail(FailureKind::Pull, "ErrImagePull", text))
        }
    }
}

/// The credentials that the pod's secrets hold for the image's registry.
async fn credentials(shared: &Shared, pod: &Pod, full: &str) -> Option<PullAuth> {
    let registry = full.split('/').next()?;
    let api = shared.client.namespaced::<Secret>(&pod.metadata.namespace);
    for reference in &pod.spec.image_pull_secrets {
        // A secret that is missing is no failure: the image may be public.
        let Ok(Some(secret)) = api.get_opt(&reference.name).await else { continue };
        let text = secret.data.get(".dockerconfigjson").map(|text| (text, true));
        let Some((text, nested)) = text.or_else(|| secret.data.get(".dockercfg").map(|text| (text, false))) else {
            continue;
        };
        let Ok(tree) = serde_json::from_slice::<serde_json::Value>(text.as_ref()) else { continue };
        let entries = if nested { tree.get("auths").cloned().unwrap_or_default() } else { tree };
        let entries = entries.as_object().into_iter().flatten();
        if let Some(found) = entries.filter(|(server, _)| same_registry(server, registry)).find_map(|(_, e)| auth(e)) {
            return Some(found);
        }
    }
    None
}

fn same_registry(server: &str, registry: &str) -> bool {
    let bare = server.trim_start_matches("https://").trim_start_matches("http://");
    let host = bare.split('/').next().unwrap_or_default();
    host == registry || (registry == "docker.io" && matches!(host, "index.docker.io" | "registry-1.docker.io"))
}

fn auth(entry: &serde_json::Value) -> Option<PullAuth> {
    let text = |name: &str| entry.get(name).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
    let (username, password) = (text("username"), text("password"));
    if !username.is_empty() {
        return Some(PullAuth { username, password });
    }
    let decoded = base64::engine::general_purpose::STANDARD.decode(text("auth")).ok()?;
    let pair = String::from_utf8(decoded).ok()?;
    let (username, password) = pair.split_once(':')?;
    Some(PullAuth { username: username.to_owned(), password: password.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_read_in_both_forms() {
        let plain = serde_json::json!({"username": "u", "password": "p"});
        assert_eq!(auth(&plain), Some(PullAuth { username: "u".into(), password: "p".into() }));
        let encoded = serde_json::json!({"auth": "dTpwOnE="});
        assert_eq!(auth(&encoded), Some(PullAuth { username: "u".into(), password: "p:q".into() }));
        assert!(same_registry("https://index.docker.io/v1/", "docker.io"));
        assert!(!same_registry("quay.io", "docker.io"));
    }
}
