//! Who we are to etcd: a user with a password, and the token that stands for them.
//!
//! In: name and password. Out: a token for each call, or none where no user is configured. Invariant: many calls that
//! need a token at once ask for it once.

use tokio::sync::Mutex;
use tonic::Status;

use super::EtcdUser;
use super::client::{Client, Repeat, Token};
use super::proto::{AuthenticateRequest, AuthenticateResponse};

#[derive(Debug)]
pub(super) struct Access {
    user: Option<EtcdUser>,
    token: std::sync::Mutex<Option<Token>>,
    /// Held while a token is asked for.
    asking: Mutex<()>,
}

impl Access {
    pub(super) fn new(user: Option<EtcdUser>) -> Self {
        Self { user, token: std::sync::Mutex::default(), asking: Mutex::default() }
    }

    /// The token, if there is a user.
    pub(super) async fn token(&self, client: &Client) -> Result<Option<Token>, Status> {
        let Some(user) = &self.user else { return Ok(None) };
        if let Some(token) = self.known() {
            return Ok(Some(token));
        }
        let _asking = self.asking.lock().await;
        if let Some(token) = self.known() {
            return Ok(Some(token));
        }
        let question = AuthenticateRequest { name: user.name.clone(), password: user.password.clone() };
        let path = "/etcdserverpb.Auth/Authenticate";
        let answer: AuthenticateResponse = client.call_as(None, path, Repeat::Always, question).await?;
        let token: Token = answer.token.parse().map_err(|_| Status::internal("etcd's token is no header"))?;
        *self.slot() = Some(token.clone());
        Ok(Some(token))
    }

    /// A new token, if there is a user.
    pub(super) async fn renew(&self, client: &Client) -> Result<Option<Token>, Status> {
        self.forget();
        self.token(client).await
    }

    pub(super) fn forget(&self) {
        *self.slot() = None;
    }

    fn known(&self) -> Option<Token> {
        self.slot().clone()
    }

    fn slot(&self) -> std::sync::MutexGuard<'_, Option<Token>> {
        self.token.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
