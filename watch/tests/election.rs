//! Elections over a Lease, with slow and lost requests and a candidate that hangs. Time is virtual, chance has a seed.
//!
//! Aim: never two leaders, and always one again. Method: a score of worlds of three candidates; whoever leads says so at
//! every moment of its work.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pintle_client::{Body, Client, Content, Request, Response, Verb};
use pintle_object_model::api::coordination::v1::Lease;
use pintle_object_model::clock::{Clock, Random};
use pintle_object_model::{GroupResource, MicroTime, Object, Scheme, Status};
use pintle_watch::{ElectionConfig, LeaderElector, Shutdown};

/// The virtual time of tokio.
#[derive(Debug)]
struct Paused(tokio::time::Instant);

impl Clock for Paused {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }
    fn utc(&self) -> MicroTime {
        MicroTime::from_unix_micros(self.0.elapsed().as_micros() as i64)
    }
}

/// The Lease, and the revision of its last write.
type Stored = Arc<Mutex<(Option<Lease>, u64)>>;

fn answer(stored: &Stored, request: &Request) -> Result<Response, Status> {
    let resource = GroupResource { group: "coordination.k8s.io".into(), resource: "leases".into() };
    let mut stored = stored.lock().unwrap();
    let (lease, revision) = &mut *stored;
    if request.verb == Verb::Get {
        let found = lease.clone().ok_or_else(|| Status::not_found(&resource, "test"))?;
        return Ok(Response::object(Object::new(found)));
    }
    let Body::Object(object) = &request.body else { panic!("a lease is written") };
    let mut written = object.downcast::<Lease>().unwrap().clone();
    match (request.verb, &*lease) {
        (Verb::Create, Some(_)) => return Err(Status::already_exists(&resource, "test")),
        (Verb::Update, Some(known)) if known.metadata.resource_version != written.metadata.resource_version => {
            return Err(Status::modified(&resource, "test"));
        }
        _ => {}
    }
    *revision += 1;
    written.metadata.resource_version = revision.to_string();
    *lease = Some(written.clone());
    Ok(Response::new(Content::Object { code: 200, object: Object::new(written) }))
}

/// A client whose requests and answers take up to three seconds each, or get lost.
fn client(stored: &Stored, random: &Random) -> Client {
    let (stored, random) = (Arc::clone(stored), random.clone());
    let service = tower::service_fn(move |request: Request| {
        let (stored, random) = (Arc::clone(&stored), random.clone());
        async move {
            let trouble = || async {
                tokio::time::sleep(Duration::from_millis(random.below(60).pow(2))).await;
                if random.below(12) == 0 { Err(Status::unavailable("lost")) } else { Ok(()) }
            };
            trouble().await?;
            let answer = answer(&stored, &request);
            trouble().await?;
            answer
        }
    });
    Client::new(service, Scheme::builtin())
}

#[tokio::test(start_paused = true)]
async fn there_are_never_two_leaders_and_always_one_again() {
    for seed in 0..20 {
        let (random, stored) = (Random::seeded(seed), Stored::default());
        let clock: Arc<dyn Clock> = Arc::new(Paused(tokio::time::Instant::now()));
        let (trigger, shutdown) = Shutdown::channel();
        let (leading, terms) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let candidates: Vec<_> = ["a", "b", "c"]
            .into_iter()
            .map(|identity| {
                let config = ElectionConfig::new("kube-system", "test", identity);
                let elector = LeaderElector::new(client(&stored, &random), Arc::clone(&clock), random.clone(), config);
                let (leading, terms) = (Arc::clone(&leading), Arc::clone(&terms));
                let (shutdown, random) = (shutdown.clone(), random.clone());
                tokio::spawn(async move {
                    while !shutdown.is_fired() {
                        let work = |stop: Shutdown| async {
                            let stop = stop;
                            let _term = Term::begin(&leading, seed);
                            terms.fetch_add(1, Ordering::Relaxed);
                            let end = tokio::time::sleep(Duration::from_secs(random.below(90)));
                            stop.unless(end).await;
                        };
                        elector.lead(&shutdown, work).await;
                    }
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_secs(900)).await;
        let terms = terms.load(Ordering::Relaxed);
        assert!(terms > 8, "seed {seed}: only {terms} terms in a quarter of an hour");
        trigger.fire();
        for candidate in candidates {
            candidate.await.unwrap();
        }
    }
}

/// Being the leader, until it is dropped.
struct Term<'a>(&'a AtomicUsize);

impl<'a> Term<'a> {
    fn begin(leading: &'a AtomicUsize, seed: u64) -> Self {
        assert_eq!(leading.fetch_add(1, Ordering::Relaxed), 0, "seed {seed}: somebody else leads");
        Self(leading)
    }
}

impl Drop for Term<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
