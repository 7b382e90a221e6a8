//! The values of Kubernetes' own libraries.

use std::net::IpAddr;
use std::sync::Arc;

use pintle_object_model::Quantity;

use super::authorizer::{Access, Decision};
use super::formats::Format;
use super::network::Cidr;
use super::semver::Semver;
use super::url::Url;

/// A value of one of Kubernetes' own libraries. Made and read by expressions only.
#[derive(Clone, Debug)]
pub struct Opaque<'a>(pub(crate) Kind<'a>);

#[derive(Clone, Debug)]
pub(crate) enum Kind<'a> {
    Quantity(Quantity),
    Url(Arc<Url>),
    Ip(IpAddr),
    Cidr(Cidr),
    Semver(Arc<Semver>),
    Format(Format),
    Access(Arc<Access<'a>>),
    Decision(Arc<Decision>),
}

impl Opaque<'_> {
    /// The full name of the value's type.
    pub fn type_name(&self) -> &'static str {
        match &self.0 {
            Kind::Quantity(_) => "kubernetes.Quantity",
            Kind::Url(_) => "kubernetes.URL",
            Kind::Ip(_) => "net.IP",
            Kind::Cidr(_) => "net.CIDR",
            Kind::Semver(_) => "kubernetes.Semver",
            Kind::Format(_) => "kubernetes.NamedFormat",
            Kind::Access(access) => access.type_name(),
            Kind::Decision(_) => "kubernetes.authorization.Decision",
        }
    }

    /// What `string(x)` gives, for those that have it.
    pub(crate) fn text(&self) -> Option<String> {
        match &self.0 {
            Kind::Ip(ip) => Some(ip.to_string()),
            Kind::Cidr(cidr) => Some(cidr.to_string()),
            _ => None,
        }
    }
}

impl PartialEq for Opaque<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Kind::Quantity(a), Kind::Quantity(b)) => a == b,
            (Kind::Url(a), Kind::Url(b)) => a == b,
            (Kind::Ip(a), Kind::Ip(b)) => a == b,
            (Kind::Cidr(a), Kind::Cidr(b)) => a == b,
            (Kind::Semver(a), Kind::Semver(b)) => a == b,
            (Kind::Format(a), Kind::Format(b)) => a.name == b.name,
            _ => false,
        }
    }
}
