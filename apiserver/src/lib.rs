//! The API server: the only door to the store.
//!
//! [`ApiServer`] answers [`Request`](pintle_client::Request)s as a tower service; [`ApiServer::service`] is the whole
//! stack (metrics, authentication, audit, impersonation, priority and fairness, authorization, registry), and
//! [`HttpServer`] serves it over HTTPS. Each layer can be used without the others.
//!
//! Invariants: nothing reaches the store that was not authorized, defaulted, admitted and validated; every write is a
//! compare-and-swap; every failure a client can cause is a `Status`.
//!
//! Absent here: controllers, scheduling, and anything that acts on its own.

pub mod admission;
mod allocator;
mod audit;
mod authn;
mod authz;
mod bootstrap;
mod definitions;
mod discovery;
mod documents;
mod expressions;
mod flowcontrol;
mod health;
mod http;
mod kinds;
mod kubelet;
mod layers;
mod metrics;
mod pki;
mod policy;
mod registry;
mod reviews;
mod server;
mod storage;
mod strategy;
mod tls;
mod tokens;
mod webhook;

pub use admission::ADMISSION_PLUGINS;
pub use audit::{AuditBatches, AuditLog, AuditPolicy, AuditPolicyError, AuditWebhook};
pub use authn::{
    Authentication, Authenticator, Certificates, ClaimMapping, JwtAuthenticator, JwtIssuer, KeySource, Reviewed,
    StaticKeys, StaticTokens, WebhookAuthenticator,
};
pub use authz::{
    Action, AlwaysAllow, AlwaysDeny, AuthorizationMode, Authorizer, AuthorizerChain, Decision, Masters, NodeAuthorizer,
    Rbac, ResourceAction, RuleList, WebhookAuthorizer, WebhookFailure,
};
pub use http::{HttpServer, HttpService};
pub use kubelet::{Address, HttpNodeConnector, NodeConnector, NodeDial, NodePath, TlsNodeDial};
pub use layers::{AuthenticateLayer, AuthorizeLayer, ImpersonateLayer};
pub use metrics::{ProcessFacts, ProcessProbe};
pub use pki::{Authority, Issued, PkiError, rsa_signing_keys, signing_keys};
pub use policy::{MutatingPolicies, ValidatingPolicies};
pub use server::{ApiServer, ApiServerConfig, SetupError};
pub use tls::{NamedIdentity, TlsMaterial, TlsServer, TlsVersion};
pub use tokens::ServiceAccountTokens;
pub use webhook::{MutatingWebhooks, ValidatingWebhooks, WebhookCalls};

pub(crate) use registry::current as registry_current;
