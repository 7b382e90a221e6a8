//! Which fields a kind can be selected by, and where they are stored.
//!
//! Source: Kubernetes concepts, "Field Selectors", list of supported fields.

use pintle_object_model::KindInfo;

/// The stored path of a field of the kind that was asked for.
///
/// # Errors
/// What is wrong, as the API server words it.
pub(super) fn stored_path(info: &KindInfo, path: &str) -> Result<String, String> {
    let fields = match (info.group, info.kind) {
        ("", "Pod") => &[
            "metadata.name",
            "metadata.namespace",
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.podIPs",
            "status.nominatedNodeName",
        ][..],
        ("", "Event") => &[
            "metadata.name",
            "metadata.namespace",
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
        ("events.k8s.io", "Event") => &[
            "metadata.name",
            "metadata.namespace",
            "regarding.kind",
            "regarding.namespace",
            "regarding.name",
            "regarding.uid",
            "regarding.apiVersion",
            "regarding.resourceVersion",
            "regarding.fieldPath",
            "reason",
            "reportingController",
            "type",
        ],
        ("", "Secret") => &["metadata.name", "metadata.namespace", "type"],
        ("", "Namespace") => &["metadata.name", "status.phase"],
        ("", "Node") => &["metadata.name", "spec.unschedulable"],
        ("", "Service") => &["metadata.name", "metadata.namespace", "spec.clusterIP", "spec.type"],
        ("", "ReplicationController") | ("apps" | "extensions", "ReplicaSet") => {
            &["metadata.name", "metadata.namespace", "status.replicas"]
        }
        ("apps", "StatefulSet") => &["metadata.name", "metadata.namespace", "status.successful"],
        ("apps" | "extensions", "Deployment") | ("apps", "DaemonSet") => &["metadata.name", "metadata.namespace"],
        ("batch", "Job") => &["metadata.name", "metadata.namespace", "status.successful"],
        ("certificates.k8s.io", "CertificateSigningRequest") => &["metadata.name", "spec.signerName"],
        ("resource.k8s.io", "ResourceSlice") => &["metadata.name", "spec.driver", "spec.nodeName"],
        _ => {
            return match path {
                "metadata.name" | "metadata.namespace" => Ok(path.to_owned()),
                _ => Err(format!(
                    "{path:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
                )),
            };
        }
    };
    let path = if (info.group, info.kind, path) == ("", "Pod", "spec.host") { "spec.nodeName" } else { path };
    if !fields.contains(&path) {
        return Err(format!("field label not supported: {path}"));
    }
    Ok(match (info.group, path) {
        // Events are stored as those of the core group.
        ("events.k8s.io", "reportingController") => "reportingComponent".to_owned(),
        ("events.k8s.io", _) => path.replacen("regarding.", "involvedObject.", 1),
        ("batch", "status.successful") => "status.succeeded".to_owned(),
        _ => path.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use pintle_object_model::{Resource, api};

    #[test]
    fn fields_are_translated_to_where_they_are_stored() {
        let event = api::events::v1::Event::INFO;
        assert_eq!(stored_path(event, "regarding.name"), Ok("involvedObject.name".into()));
        assert!(stored_path(event, "involvedObject.name").is_err());
        assert_eq!(stored_path(api::core::v1::Pod::INFO, "spec.host"), Ok("spec.nodeName".into()));
        assert_eq!(stored_path(api::batch::v1::Job::INFO, "status.successful"), Ok("status.succeeded".into()));
        let config = stored_path(api::core::v1::ConfigMap::INFO, "data.x").unwrap_err();
        assert_eq!(config, "\"data.x\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"");
        let node = stored_path(api::core::v1::Node::INFO, "metadata.namespace").unwrap_err();
        assert_eq!(node, "field label not supported: metadata.namespace");
    }
}
