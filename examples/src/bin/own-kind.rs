//! A kind of one's own: a Rust struct that an embedded cluster serves like a built-in one, and a controller for it.
//!
//! Run: `cargo run -p pintle-examples --bin own-kind`. Shows defaults, checks and the scale from attributes, and prints the
//! definition with which any other cluster would serve the same kind.

use std::time::Duration;

use anyhow::{Context as _, Result};
use async_trait::async_trait;
use pintle::{Cluster, Toggle};
use pintle_controllers::{Action, Context, Controller, ControllerError, ControllerSet, Reconciler};
use pintle_object_model::api::core::v1::ConfigMap;
use pintle_object_model::api::meta::v1::ObjectMeta;
use pintle_object_model::clock::Random;
use pintle_object_model::{Object, ObjectRef, Reflect, Resource, Scheme, custom};
use pintle_watch::{Informer, InformerConfig, Shutdown};

/// People who work together.
#[allow(clippy::duplicated_attributes, reason = "columns may have the same type")]
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(group = "example.com", version = "v1", kind = "Team", short = "tm", subresources = "status")]
#[resource(column(name = "Size", type = "integer", path = ".spec.size"))]
#[resource(column(name = "Members", type = "integer", path = ".status.members"))]
#[resource(scale(spec = ".spec.size", status = ".status.members"))]
struct Team {
    /// Standard metadata.
    metadata: ObjectMeta,
    /// What is wanted.
    spec: TeamSpec,
    /// What is there.
    status: TeamStatus,
}

/// What is wanted of a team.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
struct TeamSpec {
    /// How many members.
    #[field(default = "3", minimum = 1, maximum = 9)]
    size: Option<i32>,
}

/// What is there of a team.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
struct TeamStatus {
    /// How many members there are.
    members: i32,
}

/// Keeps a ConfigMap that says how large each team is.
struct Roster;

#[async_trait]
impl Reconciler for Roster {
    async fn reconcile(&self, key: &ObjectRef, ctx: &Context) -> Result<Action, ControllerError> {
        let Some(team) = ctx.cached::<Team>().get(&key.namespace, &key.name) else { return Ok(Action::done()) };
        let size = team.spec.size.unwrap_or_default();
        if team.status.members != size {
            let mut roster = ConfigMap::default();
            roster.metadata.name = format!("{}-roster", key.name);
            roster.metadata.namespace.clone_from(&key.namespace);
            roster.data.insert("size".into(), size.to_string());
            ctx.api::<ConfigMap>(&key.namespace).apply(&roster, "roster", true).await?;
            let mut team = Team::clone(&team);
            team.status.members = size;
            ctx.api::<Team>(&key.namespace).replace_status(&team).await?;
        }
        Ok(Action::done())
    }
}

/// Answers how many members the team has before and after it is scaled.
pub(crate) async fn run() -> Result<(i32, i32)> {
    let mut scheme = Scheme::builtin();
    scheme.register::<Team>();
    let cluster = Cluster::builder()
        .scheme(scheme)
        .nodes(0)
        .scheduler(Toggle::Off)
        .controllers(ControllerSet::none())
        .manager(|manager| manager.register(|| Controller::new("roster").for_::<Team>().build(Roster)))
        .start()
        .await?;
    let client = cluster.client();
    let teams = client.namespaced::<Team>("default");
    let (stop, signal) = Shutdown::channel();
    let seen = Informer::<Team>::start(&client, "default", InformerConfig::new(Random::from_os()), signal);
    let until = |size| {
        let found = seen.wait_for(move |seen: &Informer<Team>| {
            seen.get("default", "crew").filter(|team| team.status.members == size).map(|team| team.status.members)
        });
        tokio::time::timeout(Duration::from_secs(30), found)
    };

    let mut team = Team::default();
    team.metadata.name = "crew".into();
    teams.create(&team).await?;
    let first = until(3).await.context("nobody filled in the status")?;
    println!("made without a size, it has {first} members");
    teams.set_scale("crew", 5).await?;
    let second = until(5).await.context("the team did not grow")?;
    println!("scaled, it has {second}");
    team.metadata.name = "crowd".into();
    team.spec.size = Some(10);
    let refused = teams.create(&team).await.err().context("a team of ten was taken")?;
    println!("refused: {}", refused.message);
    stop.fire();
    cluster.stop().await;
    Ok((first, second))
}

#[tokio::main]
async fn main() -> Result<()> {
    run().await?;
    println!("{}", Object::new(custom::definition_of::<Team>()).to_value());
    Ok(())
}
