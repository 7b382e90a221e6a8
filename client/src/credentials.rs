//! What a connection says about who asks, where that changes with time.
//!
//! In: files and programs. Out: a [`Caller`] for each request, and client certificates for new connections. Invariants:
//! nothing is read or run more often than needed; a failure to get credentials is an answer (401), not a crash.

mod exec;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use pintle_object_model::Status;
use pintle_object_model::clock::Clock;

use crate::Caller;
use crate::tls::CertificateSlot;

pub use exec::{ExecConfig, ExecCredentials};

/// How long a token file is believed before it is read again. Kubelets renew tokens long before they run out.
const TOKEN_FILE_FOR: Duration = Duration::from_secs(60);

/// Credentials of a connection. Called for every request, from any task.
#[async_trait]
pub trait Credentials: std::fmt::Debug + Send + Sync {
    /// Who asks, now.
    ///
    /// # Errors
    /// If that cannot be found out.
    async fn caller(&self) -> Result<Caller, Status>;

    /// The server does not know this caller (401). Answers whether asking again may give another one.
    async fn refused(&self, _caller: &Caller) -> bool {
        false
    }

    /// Where the client certificate for new connections is found, if these credentials may have one.
    fn certificates(&self) -> Option<Arc<CertificateSlot>> {
        None
    }
}

/// Credentials that never change.
#[async_trait]
impl Credentials for Caller {
    async fn caller(&self) -> Result<Caller, Status> {
        Ok(self.clone())
    }
}

/// A bearer token in a file that somebody keeps fresh, as kubelets do for service accounts.
#[derive(Debug)]
pub struct TokenFile {
    path: PathBuf,
    clock: Arc<dyn Clock>,
    known: Mutex<Option<(Caller, Duration)>>,
}

impl TokenFile {
    /// The token in this file.
    pub fn new(path: PathBuf, clock: Arc<dyn Clock>) -> Self {
        Self { path, clock, known: Mutex::default() }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Option<(Caller, Duration)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Credentials for TokenFile {
    async fn caller(&self) -> Result<Caller, Status> {
        let now = self.clock.now();
        if let Some((caller, read)) = &*self.known()
            && now < *read + TOKEN_FILE_FOR
        {
            return Ok(caller.clone());
        }
        match tokio::fs::read_to_string(&self.path).await {
            Ok(text) if !text.trim().is_empty() => {
                let caller = Caller::Token(text.trim().into());
                *self.known() = Some((caller.clone(), now));
                Ok(caller)
            }
            problem => {
                let why = problem.map_or_else(|error| error.to_string(), |_| "it is empty".into());
                // A file that is being replaced at this moment: the old token is likely still good.
                if let Some((caller, _)) = &*self.known() {
                    tracing::warn!(path = %self.path.display(), why, "the token file cannot be read, using the old token");
                    return Ok(caller.clone());
                }
                Err(Status::failure(401, "Unauthorized", format!("the token in {}: {why}", self.path.display())))
            }
        }
    }

    async fn refused(&self, caller: &Caller) -> bool {
        let token = |caller: &Caller| match caller {
            Caller::Token(token) => Some(Arc::clone(token)),
            _ => None,
        };
        let stale = self.known().take_if(|(known, _)| token(known) == token(caller));
        // Read again, and worth another attempt if it says something else.
        stale.is_some() && self.caller().await.is_ok_and(|fresh| token(&fresh) != token(caller))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pintle_object_model::clock::ManualClock;

    async fn token(credentials: &dyn Credentials) -> String {
        match credentials.caller().await {
            Ok(Caller::Token(token)) => token.to_string(),
            other => format!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_token_file_is_read_again_in_time_and_when_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let clock = ManualClock::at(0);
        let file = TokenFile::new(path.clone(), Arc::clone(&clock) as Arc<dyn Clock>);
        assert_eq!(file.caller().await.unwrap_err().code, 401);
        std::fs::write(&path, "one\n").unwrap();
        assert_eq!(token(&file).await, "one");
        std::fs::write(&path, "two\n").unwrap();
        assert_eq!(token(&file).await, "one", "believed for a while");
        clock.advance(TOKEN_FILE_FOR);
        assert_eq!(token(&file).await, "two");
        let two = Caller::Token("two".into());
        assert!(!file.refused(&two).await, "there is no other");
        std::fs::write(&path, "three\n").unwrap();
        assert!(file.refused(&two).await);
        assert_eq!(token(&file).await, "three");
        clock.advance(TOKEN_FILE_FOR);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(token(&file).await, "three");
    }
}
