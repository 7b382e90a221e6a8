//! Health: checks by name, asked one by one or together.
//!
//! In: the caches' state, the signal that the server drains. Out: documents. Invariant: an answer tells what was
//! checked, never what is hoped. Source: Kubernetes docs, "Kubernetes API health endpoints".

use pintle_client::{Content, Document, Params, Response};
use pintle_watch::Shutdown;

use crate::storage::Storages;

/// Answers `/healthz`, `/livez` and `/readyz`.
#[derive(Clone, Debug)]
pub(crate) struct Health {
    storages: Storages,
    draining: Shutdown,
}

impl Health {
    pub(crate) fn new(storages: Storages, draining: Shutdown) -> Self {
        Self { storages, draining }
    }

    /// The checks of an endpoint and how they turned out.
    fn checks(&self, endpoint: &str) -> Vec<(&'static str, bool)> {
        let ready = self.storages.is_ready();
        let mut checks = vec![("ping", true), ("log", true), ("etcd", ready)];
        if endpoint == "readyz" {
            checks.extend([("etcd-readiness", ready), ("informer-sync", ready)]);
        }
        checks.push(("poststarthook/bootstrap-system-objects", true));
        if endpoint == "readyz" {
            checks.push(("shutdown", !self.draining.is_fired()));
        }
        checks
    }

    /// The names of an endpoint's checks.
    pub(crate) fn names(&self, endpoint: &str) -> impl Iterator<Item = &'static str> + use<> {
        self.checks(endpoint).into_iter().map(|(name, _)| name)
    }

    /// All checks of the endpoint, or the one that `rest` names; `None` if there is none of that name.
    pub(crate) fn answer(&self, endpoint: &str, rest: &[&str], params: &Params) -> Option<Response> {
        let checks = self.checks(endpoint);
        if !rest.is_empty() {
            let name = rest.join("/");
            let (_, fine) = checks.into_iter().find(|(known, _)| *known == name)?;
            return Some(if fine {
                text(200, "ok".into())
            } else {
                text(500, "internal server error: reason withheld\n".into())
            });
        }
        let excluded: Vec<&str> = params.others("exclude").filter(|name| !name.is_empty()).collect();
        let mut report = String::new();
        let mut all_fine = true;
        for (name, fine) in &checks {
            let line = match (excluded.contains(name), fine) {
                (true, _) => format!("[+]{name} excluded: ok\n"),
                (false, true) => format!("[+]{name} ok\n"),
                (false, false) => format!("[-]{name} failed: reason withheld\n"),
            };
            all_fine &= *fine || excluded.contains(name);
            report.push_str(&line);
        }
        let unmatched: Vec<String> = excluded
            .iter()
            .filter(|name| checks.iter().all(|(known, _)| known != *name))
            .map(|name| format!("{name:?}"))
            .collect();
        if !unmatched.is_empty() {
            report.push_str(&format!(
                "warn: some health checks cannot be excluded: no matches for {}\n",
                unmatched.join(", ")
            ));
        }
        Some(match (all_fine, params.other("verbose").is_some()) {
            (true, false) => text(200, "ok".into()),
            (true, true) => text(200, format!("{report}{endpoint} check passed\n")),
            (false, _) => text(500, format!("{report}{endpoint} check failed\n")),
        })
    }
}

fn text(code: u16, body: String) -> Response {
    Response::new(Content::Document(Document {
        code,
        content_type: "text/plain; charset=utf-8".into(),
        body: body.into(),
        headers: vec![
            ("x-content-type-options".into(), "nosniff".into()),
            ("cache-control".into(), "no-cache, private".into()),
        ],
    }))
}
