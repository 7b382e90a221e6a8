//! Leader election: of all who hold the same Lease name, at most one leads.
//!
//! In: what a Lease says, and when it was seen. Out: what to write, and whether this candidate leads. Invariants: a
//! candidate takes over only after it has seen the Lease unchanged for its whole duration *by its own clock* (clocks are
//! never compared with each other); a leader that could not renew in time stops leading before anybody can take over.
//! Source: the `coordination.k8s.io/v1` Lease API; client-go's published leader election semantics.
//!
//! [`Election`] decides and does no I/O; [`LeaderElector`] drives it over a `Client`.

use std::sync::Arc;
use std::time::Duration;

use pintle_client::Client;
use pintle_object_model::api::coordination::v1::{Lease, LeaseSpec};
use pintle_object_model::clock::{Clock, Random};
use pintle_object_model::{MicroTime, Status};

use crate::{Shutdown, ShutdownTrigger};

/// Times of an election. `lease` > `renew_deadline` > `retry` must hold.
#[derive(Clone, Debug)]
pub struct ElectionConfig {
    /// Namespace of the Lease.
    pub namespace: String,
    /// Name of the Lease.
    pub name: String,
    /// Unique name of this candidate.
    pub identity: String,
    /// How long a silent leader is waited for. Default 15 s.
    pub lease: Duration,
    /// How long a leader tries to renew before it gives up. Default 10 s.
    pub renew_deadline: Duration,
    /// Between attempts. Default 2 s.
    pub retry: Duration,
}

impl ElectionConfig {
    /// With the default times.
    pub fn new(namespace: &str, name: &str, identity: &str) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.into(),
            identity: identity.into(),
            lease: Duration::from_secs(15),
            renew_deadline: Duration::from_secs(10),
            retry: Duration::from_secs(2),
        }
    }
}

/// What a candidate should do now.
#[derive(Debug, PartialEq)]
pub enum Step {
    /// Write this spec (create the Lease if there is none).
    Write(Box<LeaseSpec>),
    /// Somebody else leads: look again later.
    Wait,
}

/// What one candidate knows of an election.
#[derive(Debug)]
pub struct Election {
    config: ElectionConfig,
    /// The spec that was seen last, and when it was first seen so (monotonic).
    observed: Option<(LeaseSpec, Duration)>,
    /// When this candidate last wrote the Lease successfully (monotonic).
    renewed: Option<Duration>,
}

impl Election {
    /// A candidate that has seen nothing yet.
    pub fn new(config: ElectionConfig) -> Self {
        Self { config, observed: None, renewed: None }
    }

    /// What to do, given the Lease as it is now (`None`: there is none).
    pub fn step(&mut self, now: Duration, utc: MicroTime, lease: Option<&LeaseSpec>) -> Step {
        if let Some(spec) = lease
            && self.observed.as_ref().is_none_or(|(seen, _)| seen != spec)
        {
            self.observed = Some((spec.clone(), now));
        }
        let holder = lease.and_then(|spec| spec.holder_identity.as_deref()).unwrap_or_default();
        let mine = holder == self.config.identity;
        if !mine && !holder.is_empty() && !self.has_expired(now) {
            self.renewed = None;
            return Step::Wait;
        }
        let seconds = i32::try_from(self.config.lease.as_secs()).unwrap_or(i32::MAX);
        let mut spec = lease.cloned().unwrap_or_default();
        if !mine {
            let handovers = lease.map_or(0, |spec| spec.lease_transitions.unwrap_or_default() + 1);
            spec.lease_transitions = Some(handovers);
            spec.acquire_time = Some(utc);
        }
        spec.holder_identity = Some(self.config.identity.clone());
        spec.lease_duration_seconds = Some(seconds);
        spec.renew_time = Some(utc);
        Step::Write(Box::new(spec))
    }

    /// The write of the last step succeeded; it was decided at `started`.
    pub fn written(&mut self, started: Duration, spec: LeaseSpec) {
        self.renewed = Some(started);
        self.observed = Some((spec, started));
    }

    /// Does this candidate lead? False as soon as it could not renew for the renew deadline.
    pub fn is_leader(&self, now: Duration) -> bool {
        self.renewed.is_some_and(|at| now < at + self.config.renew_deadline)
    }

    fn has_expired(&self, now: Duration) -> bool {
        self.observed.as_ref().is_none_or(|(spec, since)| {
            let seconds = spec.lease_duration_seconds.unwrap_or_default().max(0).unsigned_abs();
            now >= *since + Duration::from_secs(u64::from(seconds))
        })
    }
}

/// Takes part in an election over a `Client`.
#[derive(Debug)]
pub struct LeaderElector {
    client: Client,
    clock: Arc<dyn Clock>,
    random: Random,
    config: ElectionConfig,
}

impl LeaderElector {
    /// A candidate.
    pub fn new(client: Client, clock: Arc<dyn Clock>, random: Random, config: ElectionConfig) -> Self {
        Self { client, clock, random, config }
    }

    /// Waits to become the leader, then runs `work` until it ends, leadership is lost, or `shutdown` fires; `work` is told
    /// through its own signal, and dropped if leadership is lost. Gives the Lease back at a regular end. Answers whether
    /// `work` ended by itself.
    pub async fn lead<F: Future<Output = ()>>(&self, shutdown: &Shutdown, work: impl FnOnce(Shutdown) -> F) -> bool {
        let mut election = Election::new(self.config.clone());
        if shutdown.unless(self.acquire(&mut election)).await.is_none() {
            return false;
        }
        tracing::info!(lease = %self.config.name, identity = %self.config.identity, "leading");
        let (trigger, signal) = Shutdown::channel();
        let finished = tokio::select! {
            biased;
            () = self.renew(&mut election) => false,
            () = stop_with(shutdown, trigger) => false,
            () = work(signal) => true,
        };
        if election.is_leader(self.clock.now()) {
            self.release().await;
        }
        finished
    }

    async fn acquire(&self, election: &mut Election) {
        loop {
            if let Err(status) = self.attempt(election).await {
                tracing::debug!(lease = %self.config.name, %status, "no lead yet");
            }
            if election.is_leader(self.clock.now()) {
                return;
            }
            tokio::time::sleep(self.random.jitter(self.config.retry, 0.2)).await;
        }
    }

    /// Renews until leadership is lost.
    async fn renew(&self, election: &mut Election) {
        loop {
            tokio::time::sleep(self.config.retry).await;
            // An attempt that hangs must not outlive the leadership.
            match tokio::time::timeout(self.config.retry, self.attempt(election)).await {
                Ok(Ok(())) => {}
                Ok(Err(status)) => tracing::warn!(lease = %self.config.name, %status, "cannot renew"),
                Err(_) => tracing::warn!(lease = %self.config.name, "renewing takes too long"),
            }
            if !election.is_leader(self.clock.now()) {
                tracing::warn!(lease = %self.config.name, "leadership is lost");
                return;
            }
        }
    }

    async fn attempt(&self, election: &mut Election) -> Result<(), Status> {
        let started = self.clock.now();
        let api = self.client.namespaced::<Lease>(&self.config.namespace);
        let current = api.get_opt(&self.config.name).await?;
        let step = election.step(started, self.clock.utc(), current.as_ref().map(|lease| &lease.spec));
        let Step::Write(spec) = step else { return Ok(()) };
        let mut lease = current.as_deref().cloned().unwrap_or_default();
        lease.metadata.name.clone_from(&self.config.name);
        lease.metadata.namespace.clone_from(&self.config.namespace);
        lease.spec = *spec;
        let written = if current.is_some() { api.replace(&lease).await? } else { api.create(&lease).await? };
        election.written(started, written.spec.clone());
        Ok(())
    }

    /// Lets the next candidate in at once.
    async fn release(&self) {
        let api = self.client.namespaced::<Lease>(&self.config.namespace);
        let mine = |lease: &Lease| lease.spec.holder_identity.as_deref() == Some(self.config.identity.as_str());
        let given_back = api.edit(&self.config.name, |lease| {
            let held = mine(lease);
            if held {
                lease.spec.holder_identity = Some(String::new());
                lease.spec.lease_duration_seconds = Some(1);
            }
            held
        });
        if let Ok(Err(status)) = tokio::time::timeout(self.config.retry, given_back).await {
            tracing::debug!(lease = %self.config.name, %status, "the lease could not be given back");
        }
    }
}

/// Passes a shutdown on and then never ends: the work ends by itself once it is told.
async fn stop_with(shutdown: &Shutdown, trigger: ShutdownTrigger) {
    shutdown.wait().await;
    trigger.fire();
    std::future::pending::<()>().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(identity: &str) -> Election {
        Election::new(ElectionConfig::new("kube-system", "test", identity))
    }
    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }
    fn step(election: &mut Election, now: u64, lease: Option<&LeaseSpec>) -> Step {
        election.step(at(now), MicroTime::from_unix_micros(0), lease)
    }
    fn write(step: Step) -> LeaseSpec {
        match step {
            Step::Write(spec) => *spec,
            Step::Wait => panic!("expected a write"),
        }
    }

    #[test]
    fn the_first_candidate_leads_and_the_second_waits_for_its_silence() {
        let (mut a, mut b) = (candidate("a"), candidate("b"));
        let mut spec = write(step(&mut a, 0, None));
        a.written(at(0), spec.clone());
        assert!(a.is_leader(at(9)));
        assert!(!a.is_leader(at(10)), "could not renew for the whole deadline");

        assert_eq!(step(&mut b, 100, Some(&spec)), Step::Wait, "b has only just seen it");
        spec.renew_time = Some(MicroTime::from_unix_micros(7));
        assert_eq!(step(&mut b, 110, Some(&spec)), Step::Wait, "renewed meanwhile");
        assert_eq!(step(&mut b, 124, Some(&spec)), Step::Wait);
        let taken = write(step(&mut b, 125, Some(&spec)));
        assert_eq!((taken.holder_identity.as_deref(), taken.lease_transitions), (Some("b"), Some(1)));
    }

    #[test]
    fn a_lease_that_was_given_back_is_free_at_once() {
        let mut b = candidate("b");
        let spec = LeaseSpec { holder_identity: Some(String::new()), ..LeaseSpec::default() };
        assert_eq!(write(step(&mut b, 0, Some(&spec))).holder_identity.as_deref(), Some("b"));
    }

    #[test]
    fn a_leader_that_lost_the_lease_does_not_lead() {
        let mut a = candidate("a");
        let mine = write(step(&mut a, 0, None));
        a.written(at(0), mine.clone());
        let other = LeaseSpec { holder_identity: Some("b".into()), lease_duration_seconds: Some(15), ..mine };
        assert_eq!(step(&mut a, 2, Some(&other)), Step::Wait);
        assert!(!a.is_leader(at(2)));
    }
}
