//! One probe of one container, asked again and again.

use std::time::Duration;

use pintle_object_model::api::core::v1::Probe;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::actions::Doer;
use super::part::Part;
use super::pod::ProbeKind;
use crate::ContainerId;
use crate::probe::{ProbeOutcome, ProbeRequest, ProbeState, check_of};

/// What a probe found, once it came often enough in a row.
#[derive(Debug)]
pub(crate) struct Probed {
    pub(crate) id: ContainerId,
    pub(crate) name: String,
    pub(crate) kind: ProbeKind,
    pub(crate) success: bool,
}

/// A running probe; dropping it ends it.
#[derive(Debug)]
pub(crate) struct Probing(AbortHandle);

impl Drop for Probing {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Probing {
    pub(crate) fn start(
        doer: Doer,
        part: Part,
        id: ContainerId,
        kind: ProbeKind,
        host: String,
        found: mpsc::Sender<Probed>,
    ) -> Self {
        Self(tokio::spawn(run(doer, part, id, kind, host, found)).abort_handle())
    }
}

fn seconds(number: i32) -> Duration {
    Duration::from_secs(u64::from(number.max(0).unsigned_abs()))
}

async fn run(doer: Doer, part: Part, id: ContainerId, kind: ProbeKind, host: String, found: mpsc::Sender<Probed>) {
    let container = &part.container;
    let probe = match kind {
        ProbeKind::Startup => &container.startup_probe,
        ProbeKind::Liveness => &container.liveness_probe,
        ProbeKind::Readiness => &container.readiness_probe,
    };
    let Some(probe) = probe.as_deref() else { return };
    let mut state = ProbeState::default();
    let mut told = None;
    tokio::time::sleep(seconds(probe.initial_delay_seconds)).await;
    loop {
        let outcome = ask(&doer, &part, &id, probe, &host).await;
        let success = outcome == ProbeOutcome::Success;
        complain(&doer, &part, kind, &outcome);
        // A probe that could not be asked says nothing about the container.
        let verdict = if matches!(outcome, ProbeOutcome::Error(_)) { None } else { state.take(success, probe) };
        if let Some(success) = verdict
            && (told != Some(success) || (!success && kind != ProbeKind::Readiness))
        {
            told = Some(success);
            let probed = Probed { id: id.clone(), name: part.name().to_owned(), kind, success };
            if found.send(probed).await.is_err() {
                return;
            }
        }
        tokio::time::sleep(seconds(probe.period_seconds.max(1))).await;
    }
}

async fn ask(doer: &Doer, part: &Part, id: &ContainerId, probe: &Probe, host: &str) -> ProbeOutcome {
    let check = match check_of(probe, &part.container, host) {
        Ok(check) => check,
        Err(why) => return ProbeOutcome::Error(why),
    };
    let timeout = seconds(probe.timeout_seconds.max(1));
    doer.shared.prober.probe(ProbeRequest { container: id.clone(), check, timeout }).await
}

fn complain(doer: &Doer, part: &Part, kind: ProbeKind, outcome: &ProbeOutcome) {
    let word = match kind {
        ProbeKind::Startup => "Startup",
        ProbeKind::Liveness => "Liveness",
        ProbeKind::Readiness => "Readiness",
    };
    match outcome {
        ProbeOutcome::Success => {}
        ProbeOutcome::Failure(why) => doer.warn(part, "Unhealthy", format!("{word} probe failed: {why}")),
        ProbeOutcome::Error(why) => doer.warn(part, "Unhealthy", format!("{word} probe errored: {why}")),
    }
}
