//! How many replicas each ReplicaSet gets next.
//!
//! In: the sizes and availability of all sets. Out: one step. The numbers are pure functions; only [`Rollout::resize`]
//! writes.

use std::sync::Arc;

use pintle_client::{Params, Patch};
use pintle_object_model::api::apps::v1::{Deployment, ReplicaSet};
use pintle_object_model::{IntOrString, ObjectRef};

use super::World;
use super::revision::{desired, max_replicas, scale_marks};
use crate::ControllerError;

/// The bounds of a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rollout {
    wanted: i32,
    surge: i32,
    unavailable: i32,
}

/// A share or number of `total`, rounded up or down.
fn resolve(value: Option<&IntOrString>, total: i32, up: bool) -> i32 {
    match value {
        Some(IntOrString::Int(number)) => *number,
        Some(IntOrString::String(text)) => {
            let percent: i64 = text.trim_end_matches('%').parse().unwrap_or_default();
            let exact = i64::from(total) * percent;
            i32::try_from(if up { (exact + 99).div_euclid(100) } else { exact.div_euclid(100) }).unwrap_or(i32::MAX)
        }
        None => 0,
    }
}

fn bounds(deployment: &Deployment) -> (i32, i32) {
    if deployment.spec.strategy.type_ == "Recreate" {
        return (0, 0);
    }
    let wanted = deployment.spec.replicas.unwrap_or(1);
    let rolling = deployment.spec.strategy.rolling_update.as_deref();
    let surge = resolve(rolling.and_then(|r| r.max_surge.as_ref()), wanted, true);
    let unavailable = resolve(rolling.and_then(|r| r.max_unavailable.as_ref()), wanted, false);
    // Both zero would allow no step at all: small percentages round down to nothing.
    if surge == 0 && unavailable == 0 { (0, 1) } else { (surge, unavailable.min(wanted.max(1))) }
}

fn size(set: &ReplicaSet) -> i32 {
    set.spec.replicas.unwrap_or_default()
}

fn total<'a>(sets: impl IntoIterator<Item = &'a Arc<ReplicaSet>>) -> i32 {
    sets.into_iter().map(|set| size(set)).sum()
}

/// How large the ReplicaSet of a new template starts, and the surge that is allowed.
pub(super) fn first_size(world: &World<'_>) -> (i32, i32) {
    let rollout = Rollout::new(world);
    let start = if world.deployment.spec.strategy.type_ == "Recreate" {
        rollout.wanted
    } else {
        rollout.next_size_of_new(0, total(&world.old))
    };
    (start, rollout.surge)
}

impl Rollout {
    pub(super) fn new(world: &World<'_>) -> Self {
        let (surge, unavailable) = bounds(world.deployment);
        Self { wanted: world.wanted(), surge, unavailable }
    }

    /// How many of the wanted pods may be missing at a time.
    pub(super) fn unavailable(&self) -> i32 {
        self.unavailable
    }

    /// How large the new set may be, when the others have `others` pods.
    fn next_size_of_new(&self, current: i32, others: i32) -> i32 {
        if current >= self.wanted {
            return self.wanted;
        }
        let room = (self.wanted + self.surge - current - others).max(0);
        current + room.min(self.wanted - current)
    }

    /// How many pods the old sets may lose now.
    fn may_go(&self, new: &ReplicaSet, all: i32) -> i32 {
        let least = self.wanted - self.unavailable;
        let new_unavailable = size(new) - new.status.available_replicas;
        (all - least - new_unavailable).max(0)
    }

    /// One step of a rolling update.
    pub(super) async fn roll(&self, world: &World<'_>) -> Result<(), ControllerError> {
        let Some(new) = &world.new else { return Ok(()) };
        let old = total(&world.old);
        let next = self.next_size_of_new(size(new), old);
        if next != size(new) {
            return self.resize(world, new, next).await;
        }
        if old == 0 {
            return self.remember(world, new).await;
        }
        let mut may_go = self.may_go(new, old + size(new));
        if may_go == 0 {
            return Ok(());
        }
        let mut sizes: Vec<i32> = world.old.iter().map(|set| size(set)).collect();
        // Pods that serve nobody go first: that costs nothing.
        for (set, left) in world.old.iter().zip(&mut sizes) {
            let broken = (*left - set.status.available_replicas).max(0).min(may_go);
            *left -= broken;
            may_go -= broken;
        }
        // Of those that serve, only as many as leave enough available.
        let available: i32 = world.all().map(|set| set.status.available_replicas).sum();
        let mut spare = (available - (self.wanted - self.unavailable)).max(0);
        for left in &mut sizes {
            let going = (*left).min(spare);
            *left -= going;
            spare -= going;
        }
        for (set, left) in world.old.iter().zip(sizes) {
            self.resize(world, set, left).await?;
        }
        Ok(())
    }

    /// Takes all pods from the old sets. Answers whether there was anything to take.
    pub(super) async fn stop_old(&self, world: &World<'_>) -> Result<bool, ControllerError> {
        let mut stopped = false;
        for set in world.old.iter().filter(|set| size(set) > 0) {
            self.resize(world, set, 0).await?;
            stopped = true;
        }
        Ok(stopped)
    }

    /// Gives the new set all that is wanted.
    pub(super) async fn fill_new(&self, world: &World<'_>) -> Result<(), ControllerError> {
        match &world.new {
            Some(new) if size(new) != self.wanted => self.resize(world, new, self.wanted).await,
            Some(new) => self.remember(world, new).await,
            None => Ok(()),
        }
    }

    /// Follows a change of the number of replicas: all to the only active set, or in proportion in the middle of a rollout.
    pub(super) async fn scale(&self, world: &World<'_>) -> Result<(), ControllerError> {
        let active: Vec<&Arc<ReplicaSet>> = world.all().filter(|set| size(set) > 0).collect();
        let only = match active.as_slice() {
            [] => world.new.as_ref().or_else(|| world.old.last()),
            [one] => Some(*one),
            _ => None,
        };
        if let Some(one) = only {
            return if size(one) == self.wanted {
                self.remember(world, one).await
            } else {
                self.resize(world, one, self.wanted).await
            };
        }
        let allowed = if self.wanted > 0 { self.wanted + self.surge } else { 0 };
        for (set, size) in active.iter().zip(self.proportions(&active, allowed)) {
            self.resize(world, set, size).await?;
        }
        Ok(())
    }

    /// New sizes in proportion to the present ones, `allowed` in all; the largest set takes what rounding leaves.
    fn proportions(&self, active: &[&Arc<ReplicaSet>], allowed: i32) -> Vec<i32> {
        let before = active.iter().map(|set| size(set)).sum::<i32>();
        let change = allowed - before;
        let mut sizes: Vec<i32> = active.iter().map(|set| size(set)).collect();
        let mut left = change;
        for (at, set) in active.iter().enumerate() {
            let whole = max_replicas(set).filter(|max| *max > 0).unwrap_or(before.max(1));
            let share = f64::from(size(set)) * f64::from(self.wanted + self.surge) / f64::from(whole);
            let part = (share.round() as i32 - size(set)).clamp(left.min(0), left.max(0));
            sizes[at] = (sizes[at] + part).max(0);
            left -= part;
        }
        if let Some(largest) = (0..sizes.len()).max_by_key(|at| sizes[*at]) {
            sizes[largest] = (sizes[largest] + left).max(0);
        }
        sizes
    }

    /// Notes for how many replicas the set has been scaled, without changing its size.
    async fn remember(&self, world: &World<'_>, set: &ReplicaSet) -> Result<(), ControllerError> {
        if desired(set) == Some(self.wanted) && max_replicas(set) == Some(self.wanted + self.surge) {
            return Ok(());
        }
        self.write(world, set, size(set)).await
    }

    async fn resize(&self, world: &World<'_>, set: &ReplicaSet, to: i32) -> Result<(), ControllerError> {
        let from = size(set);
        if from == to && desired(set) == Some(self.wanted) {
            return Ok(());
        }
        self.write(world, set, to).await?;
        if from != to {
            let direction = if to > from { "up" } else { "down" };
            let name = &set.metadata.name;
            let text = format!("Scaled {direction} replica set {name} from {from} to {to}");
            world.context.events().normal(world.deployment, "ScalingReplicaSet", text);
        }
        Ok(())
    }

    async fn write(&self, world: &World<'_>, set: &ReplicaSet, to: i32) -> Result<(), ControllerError> {
        let mut annotations = serde_json::Map::new();
        for (key, value) in scale_marks(self.wanted, self.surge) {
            annotations.insert(key.into(), value.into());
        }
        // The resource version makes sure that this was decided on what is there now.
        let patch = serde_json::json!({
            "metadata": {"resourceVersion": set.metadata.resource_version, "annotations": annotations},
            "spec": {"replicas": to},
        });
        let api = world.context.client().namespaced::<ReplicaSet>(&set.metadata.namespace);
        let patched = api.patch(&set.metadata.name, Patch::merge(&patch), Params::default()).await;
        patched.map(drop).map_err(ControllerError::api(format!("scaling {}", ObjectRef::of(set))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_round_surge_up_and_unavailable_down() {
        let percent = |text: &str| Some(IntOrString::String(text.into()));
        assert_eq!(resolve(percent("25%").as_ref(), 3, true), 1);
        assert_eq!(resolve(percent("25%").as_ref(), 3, false), 0);
        assert_eq!(resolve(percent("100%").as_ref(), 3, false), 3);
        assert_eq!(resolve(Some(&IntOrString::Int(2)), 3, false), 2);
    }

    #[test]
    fn the_new_set_grows_into_the_room_that_the_surge_leaves() {
        let rollout = Rollout { wanted: 3, surge: 1, unavailable: 0 };
        assert_eq!(rollout.next_size_of_new(0, 3), 1);
        assert_eq!(rollout.next_size_of_new(1, 3), 1);
        assert_eq!(rollout.next_size_of_new(1, 2), 2);
        assert_eq!(rollout.next_size_of_new(0, 0), 3);
    }

    #[test]
    fn old_pods_go_only_when_enough_are_available() {
        let rollout = Rollout { wanted: 3, surge: 1, unavailable: 0 };
        let mut new = ReplicaSet::default();
        new.spec.replicas = Some(1);
        assert_eq!(rollout.may_go(&new, 4), 0, "the new pod is not available yet");
        new.status.available_replicas = 1;
        assert_eq!(rollout.may_go(&new, 4), 1);
    }
}
