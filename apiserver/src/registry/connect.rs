//! Connections to nodes and pods: logs, exec, attach, port-forward and proxies.
//!
//! In: options of the query. Out: the node's own answer, or the refusal of what can be refused here. Elsewhere: the way
//! to the node (`kubelet`).

use std::sync::Arc;

use pintle_client::{Content, Document, Params, Request, Response};
use pintle_object_model::api::core::v1::{Node, Service};
use pintle_object_model::api::discovery::v1::EndpointSlice;
use pintle_object_model::validation::{FieldErrors, Path};
use pintle_object_model::{GroupResource, Object, Resource, Status};

use super::{Call, FRESH_TIMEOUT, Registry, no_such_resource};
use crate::admission::{Attributes, Operation};
use crate::kubelet::{Address, PodTarget, container_of};

impl Registry {
    pub(super) async fn log(&self, call: &Call<'_>, request: Request) -> Result<Response, Status> {
        check_log_options(call.name, &request.params)?;
        let (_, pod) = self.pod(call).await?;
        let container = container_of(&pod, request.params.other("container"))?;
        if pod.spec.node_name.is_empty() {
            // Nothing has run yet, so nothing was said.
            let nothing = Document { code: 204, content_type: String::new(), body: vec![].into(), headers: vec![] };
            return Ok(Response::new(Content::Document(nothing)));
        }
        let node = self.node(call, &pod.spec.node_name).await?;
        let target = PodTarget { pod: &pod, container: Some(&container), subresource: call.subresource };
        self.parts.nodes.connect_pod(&node, target, request).await
    }

    /// Hands exec, attach and port-forward on to the node that runs the pod.
    pub(super) async fn connect_pod(&self, call: &Call<'_>, request: Request) -> Result<Response, Status> {
        for port in request.params.others("ports").filter(|_| call.subresource == "portforward") {
            parse_int(port).map_err(Status::bad_request)?;
        }
        let (object, pod) = self.pod(call).await?;
        self.admit_connection(call, &object).await?;
        let container = match call.subresource {
            "portforward" => None,
            _ => Some(container_of(&pod, request.params.other("container"))?),
        };
        if pod.spec.node_name.is_empty() {
            return Err(Status::bad_request(format!("pod {} does not have a host assigned", call.name)));
        }
        let node = self.node(call, &pod.spec.node_name).await?;
        let target = PodTarget { pod: &pod, container: container.as_deref(), subresource: call.subresource };
        self.parts.nodes.connect_pod(&node, target, request).await
    }

    /// Hands a request on to what a node, a pod or a service serves.
    pub(super) async fn proxy(&self, call: &Call<'_>, request: Request) -> Result<Response, Status> {
        let wanted = Named::parse(call.name).ok_or_else(|| {
            let what = call.storage.info.kind.to_lowercase();
            Status::bad_request(format!("invalid {what} request {:?}", call.name))
        })?;
        let one = Call { name: wanted.name, ..*call };
        match call.storage.info.kind {
            "Node" => {
                let Some(current) = call.storage.get("", wanted.name).await? else {
                    return Err(Status::not_found(&call.group_resource(), wanted.name));
                };
                self.admit_connection(&one, &current.value).await?;
                let node = current.value.downcast_arc::<Node>().ok_or_else(no_such_resource)?;
                self.parts.nodes.connect_node(&node, call.tail, request).await
            }
            "Pod" => {
                let (object, pod) = self.pod(&one).await?;
                self.admit_connection(&one, &object).await?;
                let mut ports = pod.spec.containers.iter().flat_map(|container| &container.ports);
                let port = match (wanted.port, wanted.tls) {
                    ("", tls) => ports.next().and_then(|port| port.container_port.try_into().ok()).unwrap_or(if tls {
                        443
                    } else {
                        80
                    }),
                    (port, _) => {
                        port.parse().map_err(|_| Status::bad_request(format!("invalid pod request {:?}", call.name)))?
                    }
                };
                self.reach(&one, &pod.status.pod_ip, port, &wanted, request).await
            }
            _ => self.proxy_service(&one, &wanted, request).await,
        }
    }

    async fn reach(
        &self,
        call: &Call<'_>,
        host: &str,
        port: u16,
        wanted: &Named<'_>,
        request: Request,
    ) -> Result<Response, Status> {
        if !host.parse().is_ok_and(|address| is_reachable(&address)) {
            return Err(Status::bad_request("address not allowed"));
        }
        let address = Address { host: host.to_owned(), port, tls: wanted.tls };
        self.parts.nodes.connect_address(&address, call.tail, request).await
    }

    async fn proxy_service(&self, call: &Call<'_>, wanted: &Named<'_>, request: Request) -> Result<Response, Status> {
        let found = call.storage.get(call.namespace, call.name).await?;
        let service = found.as_ref().and_then(|found| found.value.downcast::<Service>());
        let Some((found, service)) = found.as_ref().zip(service) else {
            return Err(Status::not_found(&call.group_resource(), call.name));
        };
        self.admit_connection(call, &found.value).await?;
        let mut port = wanted.port;
        if let Ok(number) = port.parse::<i32>() {
            let same = service.spec.ports.iter().find(|candidate| candidate.port == number);
            port = match same {
                Some(same) => &same.name,
                None => {
                    let why = format!("no service port {number} found for service {:?}", call.name);
                    return Err(Status::unavailable(why));
                }
            };
        }
        match self.endpoint_of(call, port).await? {
            Some((address, port)) => self.reach(call, &address, port, wanted, request).await,
            None => Err(Status::unavailable(format!("no endpoints available for service {:?}", call.name))),
        }
    }

    /// An address behind a service that is ready, and the port of this name.
    async fn endpoint_of(&self, call: &Call<'_>, port: &str) -> Result<Option<(String, u16)>, Status> {
        let Some(storage) = self.parts.storages.get(&EndpointSlice::INFO.gvk()) else { return Ok(None) };
        storage.wait_fresh(FRESH_TIMEOUT).await?;
        let snapshot = storage.cache.snapshot();
        let slices =
            snapshot.iter(call.namespace, None).filter_map(|(_, object)| object.downcast_arc::<EndpointSlice>());
        for slice in slices {
            let label = slice.metadata.labels.get("kubernetes.io/service-name");
            let named = slice.ports.iter().find(|candidate| candidate.name.as_deref().unwrap_or_default() == port);
            let number = named.and_then(|port| u16::try_from(port.port?).ok());
            let ready = slice.endpoints.iter().find(|endpoint| endpoint.conditions.ready != Some(false));
            let address = ready.and_then(|endpoint| endpoint.addresses.first());
            if let (true, Some(number), Some(address)) = (label.is_some_and(|name| name == call.name), number, address)
            {
                return Ok(Some((address.clone(), number)));
            }
        }
        Ok(None)
    }

    /// A node that a pod is on. Who asked for the pod is told of the pod's kind.
    async fn node(&self, call: &Call<'_>, name: &str) -> Result<Arc<Node>, Status> {
        let found = self.node_named(name).await?;
        found.ok_or_else(|| Status::not_found(&GroupResource::new("", call.storage.info.plural), name))
    }

    pub(super) async fn node_named(&self, name: &str) -> Result<Option<Arc<Node>>, Status> {
        let storage = self.parts.storages.get(&Node::INFO.gvk()).ok_or_else(no_such_resource)?;
        Ok(storage.get("", name).await?.and_then(|found| found.value.downcast_arc::<Node>()))
    }

    async fn admit_connection(&self, call: &Call<'_>, object: &Object) -> Result<(), Status> {
        let attributes = Attributes {
            operation: Operation::Connect,
            resource: call.resource,
            kind: call.storage.info.gvk(),
            subresource: call.subresource,
            namespace: call.namespace,
            name: call.name,
            identity: call.identity,
            old: Some(object),
            dry_run: false,
            warnings: call.warnings,
        };
        self.parts.admission.validate(&attributes, None).await
    }
}

/// Not loopback, link-local or multicast.
fn is_reachable(address: &std::net::IpAddr) -> bool {
    let local = match address {
        std::net::IpAddr::V4(address) => address.is_link_local() || address.is_broadcast(),
        std::net::IpAddr::V6(address) => address.is_unicast_link_local(),
    };
    !(local || address.is_loopback() || address.is_multicast() || address.is_unspecified())
}

/// `[scheme:]name[:port]`, as proxies name what they mean.
#[derive(Debug, PartialEq, Eq)]
struct Named<'a> {
    tls: bool,
    name: &'a str,
    port: &'a str,
}

impl<'a> Named<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let parts: Vec<&str> = text.split(':').collect();
        let (scheme, name, port) = match parts.as_slice() {
            [name] => ("", *name, ""),
            [name, port] => ("", *name, *port),
            [scheme, name, port] => (*scheme, *name, *port),
            _ => return None,
        };
        (matches!(scheme, "" | "http" | "https") && !name.is_empty()).then_some(Self {
            tls: scheme == "https",
            name,
            port,
        })
    }
}

/// A whole number of the query.
pub(super) fn parse_int(text: &str) -> Result<i64, String> {
    text.parse().map_err(|error: std::num::ParseIntError| {
        let why = match error.kind() {
            std::num::IntErrorKind::PosOverflow | std::num::IntErrorKind::NegOverflow => "value out of range",
            _ => "invalid syntax",
        };
        format!("strconv.ParseInt: parsing {text:?}: {why}")
    })
}

/// Everything but `false` and `0` is true.
pub(super) fn is_true(text: &str) -> bool {
    !text.eq_ignore_ascii_case("false") && text != "0"
}

fn check_log_options(name: &str, params: &Params) -> Result<(), Status> {
    let number = |key: &str| params.other(key).map(parse_int).transpose().map_err(Status::bad_request);
    let (tail, limit, since) = (number("tailLines")?, number("limitBytes")?, number("sinceSeconds")?);
    let since_time = params.other("sinceTime").filter(|text| !text.is_empty());
    if let Some(text) = since_time {
        let mut time = pintle_object_model::Time::from_unix(0);
        let quoted = serde_json::Value::from(text).to_string();
        pintle_object_model::reflect::Scalar::read_json(&mut time, quoted.as_bytes()).map_err(Status::bad_request)?;
    }
    let mut errors = FieldErrors::default();
    if let Some(lines) = tail.filter(|lines| *lines < 0) {
        errors.invalid(&Path::new("tailLines"), lines, "must be greater than or equal to 0");
    }
    if let Some(bytes) = limit.filter(|bytes| *bytes < 1) {
        errors.invalid(&Path::new("limitBytes"), bytes, "must be greater than 0");
    }
    match since {
        Some(_) if since_time.is_some() => {
            errors.forbidden(&Path::new("[]"), "at most one of `sinceTime` or `sinceSeconds` may be specified");
        }
        Some(seconds) if seconds < 1 => {
            errors.invalid(&Path::new("sinceSeconds"), seconds, "must be greater than 0");
        }
        _ => {}
    }
    if params.other("stream").is_some() {
        errors.forbidden(&Path::new("stream"), "may not be specified");
    }
    if errors.is_empty() { Ok(()) } else { Err(Status::invalid("", "PodLogOptions", name, &errors)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_proxied_is_named_with_scheme_and_port() {
        assert_eq!(Named::parse("a"), Some(Named { tls: false, name: "a", port: "" }));
        assert_eq!(Named::parse("https:a:web"), Some(Named { tls: true, name: "a", port: "web" }));
        assert_eq!(Named::parse("a:8080"), Some(Named { tls: false, name: "a", port: "8080" }));
        for wrong in ["", "ftp:a:1", "a:b:c:d", ":1"] {
            assert_eq!(Named::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn options_of_logs_are_checked() {
        let check = |options: &[(&str, &str)]| {
            let other = options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
            check_log_options("p", &Params { other, ..Params::default() })
                .map_err(|status| (status.code, status.message))
        };
        assert_eq!(check(&[("tailLines", "0"), ("limitBytes", "1"), ("follow", "true")]), Ok(()));
        let (code, message) = check(&[("tailLines", "x")]).unwrap_err();
        assert_eq!((code, message.as_str()), (400, "strconv.ParseInt: parsing \"x\": invalid syntax"));
        for wrong in [("tailLines", "-1"), ("limitBytes", "0"), ("sinceSeconds", "0"), ("stream", "Stdout")] {
            assert_eq!(check(&[wrong]).unwrap_err().0, 422, "{wrong:?}");
        }
        assert_eq!(check(&[("sinceSeconds", "1"), ("sinceTime", "2020-01-02T03:04:05Z")]).unwrap_err().0, 422);
    }
}
