//! Bootstrap tokens: how a machine that is to become a node proves that somebody let it in.
//!
//! In: Secrets `bootstrap-token-ID` of `kube-system`. Out: the user `system:bootstrap:ID`. Source: Kubernetes
//! reference, "Authenticating with Bootstrap Tokens".

use std::sync::Arc;

use async_trait::async_trait;
use pintle_client::{Caller, Identity};
use pintle_object_model::api::core::v1::Secret;
use pintle_object_model::clock::Clock;
use pintle_object_model::{Status, Time};

use super::Authenticator;
use crate::storage::Storage;

/// See the module documentation.
#[derive(Debug)]
pub(crate) struct BootstrapTokens {
    secrets: Arc<Storage>,
    clock: Arc<dyn Clock>,
}

const GROUP: &str = "system:bootstrappers";

impl BootstrapTokens {
    pub(crate) fn new(secrets: Arc<Storage>, clock: Arc<dyn Clock>) -> Self {
        Self { secrets, clock }
    }
}

/// ID and secret of `abcdef.0123456789abcdef`; `None` for any other text.
fn split(token: &str) -> Option<(&str, &str)> {
    let (id, secret) = token.split_once('.')?;
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    (id.len() == 6 && secret.len() == 16 && plain(id) && plain(secret)).then_some((id, secret))
}

/// Compares without telling by the time it takes how much is right.
fn same(left: &str, right: &str) -> bool {
    left.len() == right.len() && left.bytes().zip(right.bytes()).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}

/// Whom the secret lets in with this token at this time.
fn identity(secret: &Secret, id: &str, proof: &str, now: i64) -> Option<Identity> {
    let value = |key: &str| secret.data.get(key).and_then(|bytes| std::str::from_utf8(bytes.as_ref()).ok());
    if secret.type_ != "bootstrap.kubernetes.io/token" || secret.metadata.deletion_timestamp.is_some() {
        return None;
    }
    if value("token-id") != Some(id) || !same(value("token-secret")?, proof) {
        return None;
    }
    if let Some(end) = value("expiration")
        && end.parse::<Time>().map_or(true, |end| end.unix() <= now)
    {
        return None;
    }
    if value("usage-bootstrap-authentication") != Some("true") {
        return None;
    }
    let groups: Vec<&str> = value("auth-extra-groups").unwrap_or_default().split(',').map(str::trim).collect();
    let mut groups: Vec<&str> = groups.into_iter().filter(|group| !group.is_empty()).collect();
    // A secret can only put its holder into groups that are meant for this.
    if groups.iter().any(|group| !group.starts_with("system:bootstrappers:")) {
        return None;
    }
    groups.sort_unstable();
    groups.insert(0, GROUP);
    Some(Identity::new(&format!("system:bootstrap:{id}"), groups))
}

#[async_trait]
impl Authenticator for BootstrapTokens {
    async fn authenticate(&self, caller: &Caller) -> Result<Option<Identity>, Status> {
        let Caller::Token(token) = caller else { return Ok(None) };
        let Some((id, proof)) = split(token) else { return Ok(None) };
        let found = self.secrets.get("kube-system", &format!("bootstrap-token-{id}")).await?;
        let secret = found.as_ref().and_then(|found| found.value.downcast::<Secret>());
        let now = self.clock.utc().to_time().unix();
        Ok(secret.and_then(|secret| identity(secret, id, proof, now)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(entries: &[(&str, &str)]) -> Secret {
        let mut secret = Secret { type_: "bootstrap.kubernetes.io/token".into(), ..Secret::default() };
        for (key, value) in entries {
            secret.data.insert((*key).into(), (*value).into());
        }
        secret
    }

    #[test]
    fn a_token_lets_in_until_it_ends() {
        let mut entries = vec![
            ("token-id", "abcdef"),
            ("token-secret", "0123456789abcdef"),
            ("usage-bootstrap-authentication", "true"),
            ("auth-extra-groups", "system:bootstrappers:b,system:bootstrappers:a"),
            ("expiration", "2023-11-14T22:13:20Z"),
        ];
        let end = 1_700_000_000;
        let (id, proof) = split("abcdef.0123456789abcdef").unwrap();
        let found = identity(&secret(&entries), id, proof, end - 1).unwrap();
        assert_eq!(found.user, "system:bootstrap:abcdef");
        assert_eq!(found.groups, [GROUP, "system:bootstrappers:a", "system:bootstrappers:b", "system:authenticated"]);
        assert_eq!(identity(&secret(&entries), id, proof, end), None);
        assert_eq!(identity(&secret(&entries), id, "0123456789abcdeX", end - 1), None);
        entries[3].1 = "system:masters";
        assert_eq!(identity(&secret(&entries), id, proof, end - 1), None);
        assert_eq!(split("ABCDEF.0123456789abcdef"), None);
    }
}
