//! Asking a program outside: one HTTPS request, one answer.
//!
//! Invariant: a Service is reached at one of its ready endpoints, whatever carries the cluster's own traffic.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use pintle_client::TlsOptions;
use pintle_object_model::api::core::v1::Service;
use pintle_object_model::api::discovery::v1::EndpointSlice;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::storage::Storage;

/// Most bytes of an answer.
const ANSWER_BYTES_MAX: usize = 3 * 1024 * 1024;

/// Where a program is reached.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Target<'a> {
    pub(crate) url: Option<&'a str>,
    /// Namespace, name, port and path.
    pub(crate) service: Option<(&'a str, &'a str, i32, &'a str)>,
    /// Authorities to trust, PEM; those of the system if empty.
    pub(crate) ca: &'a [u8],
}

/// Reaches programs outside.
#[derive(Clone)]
pub(crate) struct Outbound {
    services: Option<Arc<Storage>>,
    slices: Option<Arc<Storage>>,
}

impl std::fmt::Debug for Outbound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Outbound")
    }
}

/// An address to connect to, and the name that its certificate is to have.
struct Address {
    host: String,
    port: u16,
    name: String,
}

impl Outbound {
    pub(crate) fn new(services: Option<Arc<Storage>>, slices: Option<Arc<Storage>>) -> Self {
        Self { services, slices }
    }

    /// Posts JSON and answers with what came back.
    ///
    /// # Errors
    /// In words, the URL first, if there was no answer of success in time.
    pub(crate) async fn post(&self, target: &Target<'_>, body: Vec<u8>, timeout: Duration) -> Result<Bytes, String> {
        let url = url_of(target, timeout)?;
        let failed = |why: String| format!("Post {url:?}: {why}");
        match tokio::time::timeout(timeout, self.exchange(target, &url, body)).await {
            Ok(answer) => answer.map_err(failed),
            Err(_) => Err(failed("context deadline exceeded".into())),
        }
    }

    async fn exchange(&self, target: &Target<'_>, url: &str, body: Vec<u8>) -> Result<Bytes, String> {
        let words = |error: &dyn std::fmt::Display| error.to_string();
        let uri: http::Uri = url.parse().map_err(|error: http::uri::InvalidUri| words(&error))?;
        let address = self.address(target, &uri)?;
        let dialed = TcpStream::connect((address.host.as_str(), address.port)).await;
        let stream = dialed.map_err(|error| format!("dial tcp {}:{}: connect: {error}", address.host, address.port))?;
        let ca = (!target.ca.is_empty()).then(|| String::from_utf8_lossy(target.ca).into_owned());
        let options = TlsOptions { ca: ca.map(Into::into), ..TlsOptions::default() };
        let config = options.config(false).map_err(|error| words(&error))?;
        let name = ServerName::try_from(address.name).map_err(|error| words(&error))?;
        let secured = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
        let secured = secured.map_err(|error| format!("tls: failed to verify certificate: {error}"))?;
        let shaken = hyper::client::conn::http1::handshake(TokioIo::new(secured)).await;
        let (mut sender, connection) = shaken.map_err(|error| words(&error))?;
        // Ends with the answer, for the request asks for that.
        let driver = tokio::spawn(connection);
        let path = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        let request = http::Request::post(path)
            .header(http::header::HOST, uri.authority().map_or("", http::uri::Authority::as_str))
            .header(http::header::CONTENT_TYPE, "application/json")
            .header(http::header::ACCEPT, "application/json")
            .header(http::header::CONNECTION, "close")
            .header(http::header::USER_AGENT, "pintle-apiserver-admission")
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| words(&error))?;
        let answer = sender.send_request(request).await;
        let answer = answer.map_err(|error| words(&error))?;
        let code = answer.status();
        let collected = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
        driver.abort();
        let bytes = collected.map_err(|error| words(&error))?.to_bytes();
        if !code.is_success() {
            let text = String::from_utf8_lossy(&bytes[..bytes.len().min(256)]).trim().to_owned();
            return Err(if text.is_empty() { format!("the server answered {code}") } else { text });
        }
        Ok(bytes)
    }

    fn address(&self, target: &Target<'_>, uri: &http::Uri) -> Result<Address, String> {
        let Some((namespace, name, port, _)) = target.service else {
            let host = uri.host().ok_or("the URL names no host")?;
            return Ok(Address { host: host.to_owned(), port: uri.port_u16().unwrap_or(443), name: host.to_owned() });
        };
        let missing = || format!("service {name:?} not found");
        let service = self.services.as_ref().and_then(|services| services.cache.get(namespace, name));
        let service = service.and_then(|service| service.downcast_arc::<Service>()).ok_or_else(missing)?;
        let verified = format!("{name}.{namespace}.svc");
        let wrong_port = || format!("no service port {port} found for service {name:?}");
        if service.spec.type_ == "ExternalName" {
            let port = u16::try_from(port).map_err(|_| wrong_port())?;
            return Ok(Address { host: service.spec.external_name.clone(), port, name: verified });
        }
        let wanted = service.spec.ports.iter().find(|one| one.port == port).ok_or_else(wrong_port)?;
        let none = || format!("no endpoints available for service {name:?}");
        let (host, port) = self.endpoint(namespace, name, &wanted.name).ok_or_else(none)?;
        Ok(Address { host, port, name: verified })
    }

    fn endpoint(&self, namespace: &str, service: &str, port: &str) -> Option<(String, u16)> {
        let snapshot = self.slices.as_ref()?.cache.snapshot();
        let slices = snapshot.iter(namespace, None).filter_map(|(_, object)| object.downcast::<EndpointSlice>());
        let of_service = slices.filter(|slice| {
            slice.metadata.labels.get("kubernetes.io/service-name").is_some_and(|name| name == service)
        });
        for slice in of_service {
            let number = slice.ports.iter().find(|one| one.name.as_deref().unwrap_or_default() == port);
            let Some(number) = number.and_then(|one| u16::try_from(one.port?).ok()) else { continue };
            let ready = slice.endpoints.iter().find(|endpoint| endpoint.conditions.ready != Some(false));
            if let Some(address) = ready.and_then(|endpoint| endpoint.addresses.first()) {
                return Some((address.clone(), number));
            }
        }
        None
    }
}

fn url_of(target: &Target<'_>, timeout: Duration) -> Result<String, String> {
    let timeout = format!("timeout={}s", timeout.as_secs());
    match (target.url, target.service) {
        (Some(url), _) => {
            let separator = if url.contains('?') { '&' } else { '?' };
            Ok(format!("{url}{separator}{timeout}"))
        }
        (None, Some((namespace, name, port, path))) => {
            let slash = if path.starts_with('/') { "" } else { "/" };
            Ok(format!("https://{name}.{namespace}.svc:{port}{slash}{path}?{timeout}"))
        }
        (None, None) => Err("the webhook names neither a URL nor a service".into()),
    }
}
