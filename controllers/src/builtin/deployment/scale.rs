//! Changing how many pods there are, without changing what they are.

use pintle_object_model::api::apps::v1::ReplicaSet;

use super::history::{desired_of, max_of, note_sizes};
use super::{Work, rolling, wanted, wanted_of};
use crate::ControllerError;
use crate::error::Doing;

/// Which of the ReplicaSets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Which {
    New,
    Old(usize),
}

impl Work<'_> {
    pub(super) fn set(&self, which: Which) -> Option<&ReplicaSet> {
        match which {
            Which::New => self.new.as_ref(),
            Which::Old(index) => self.old.get(index),
        }
    }

    fn each(&self) -> Vec<Which> {
        let old = (0..self.old.len()).map(Which::Old);
        old.chain(self.new.as_ref().map(|_| Which::New)).collect()
    }

    /// Has the wish changed since the sets were last scaled?
    pub(super) fn is_scaling(&self) -> bool {
        let wanted = wanted(&self.deployment);
        self.all().filter(|set| wanted_of(set) > 0).any(|set| desired_of(set).is_some_and(|desired| desired != wanted))
    }

    /// Scales a set, and notes the sizes in it.
    pub(super) async fn scale_to(&mut self, which: Which, size: i32) -> Result<bool, ControllerError> {
        let desired = wanted(&self.deployment);
        let max = desired + self.max_surge();
        let Some(set) = self.set(which) else { return Ok(false) };
        let before = wanted_of(set);
        let mut changed = set.clone();
        changed.spec.replicas = Some(size);
        let noted = note_sizes(&mut changed, desired, max);
        if before == size && !noted {
            return Ok(false);
        }
        let name = changed.metadata.name.clone();
        let api = self.ctx.api::<ReplicaSet>(&changed.metadata.namespace);
        let written = (*api.replace(&changed).await.doing(|| format!("scaling {name} to {size}"))?).clone();
        match which {
            Which::New => self.new = Some(written),
            Which::Old(index) => self.old[index] = written,
        }
        if before != size {
            let way = if before < size { "up" } else { "down" };
            let message = format!("Scaled {way} replica set {name} from {before} to {size}");
            self.ctx.events.normal(&self.deployment, "ScalingReplicaSet", message);
        }
        Ok(before != size)
    }

    /// Follows a changed wish: one set takes all of it; in the middle of a rollout all grow or shrink in proportion.
    pub(super) async fn scale(&mut self) -> Result<(), ControllerError> {
        let desired = wanted(&self.deployment);
        let active: Vec<Which> =
            self.each().into_iter().filter(|which| self.set(*which).is_some_and(|set| wanted_of(set) > 0)).collect();
        let latest = match active.as_slice() {
            [] if self.new.is_some() => Some(Which::New),
            [] => self.each().pop(),
            [one] => Some(*one),
            _ => None,
        };
        if let Some(which) = latest {
            self.scale_to(which, desired).await?;
            return Ok(());
        }
        let saturated = self.new.as_ref().is_some_and(|set| {
            wanted_of(set) == desired && set.status.available_replicas == desired && desired_of(set) == Some(desired)
        });
        if saturated {
            for index in 0..self.old.len() {
                if wanted_of(&self.old[index]) > 0 {
                    self.scale_to(Which::Old(index), 0).await?;
                }
            }
        } else if rolling(&self.deployment).is_some() {
            let allowed = if desired > 0 { desired + self.max_surge() } else { 0 };
            let sets: Vec<(Which, Size)> =
                active.into_iter().filter_map(|which| Some((which, Size::of(self.set(which)?)))).collect();
            let sizes: Vec<Size> = sets.iter().map(|(_, size)| *size).collect();
            for ((which, _), size) in sets.iter().zip(proportional(&sizes, desired, allowed)) {
                self.scale_to(*which, size).await?;
            }
        }
        Ok(())
    }
}

/// What proportional scaling needs to know of a set.
#[derive(Clone, Copy, Debug)]
struct Size {
    replicas: i32,
    max: Option<i32>,
}

impl Size {
    fn of(set: &ReplicaSet) -> Self {
        Self { replicas: wanted_of(set), max: max_of(set) }
    }
}

/// Sizes (oldest set first) that add up to `allowed`, each changed by its share. What rounding leaves over goes to the
/// largest set; among equals growth favours the newest and shrinking the oldest.
fn proportional(sizes: &[Size], desired: i32, allowed: i32) -> Vec<i32> {
    let total: i32 = sizes.iter().map(|size| size.replicas).sum();
    let to_add = allowed - total;
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    if to_add > 0 {
        order.reverse();
    }
    order.sort_by_key(|index| std::cmp::Reverse(sizes[*index].replicas));
    let mut result: Vec<i32> = sizes.iter().map(|size| size.replicas).collect();
    let mut added = 0;
    for index in &order {
        if to_add == 0 {
            break;
        }
        let Size { replicas, max } = sizes[*index];
        let before = f64::from(max.unwrap_or(desired).max(1));
        let fair = if desired == 0 {
            -replicas
        } else {
            (f64::from(replicas) * f64::from(allowed) / before).round() as i32 - replicas
        };
        let left = to_add - added;
        let share = if to_add > 0 { fair.clamp(0, left.max(0)) } else { fair.clamp(left.min(0), 0) };
        result[*index] += share;
        added += share;
    }
    if let Some(first) = order.first() {
        result[*first] = (result[*first] + to_add - added).max(0);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(of: &[i32], max: i32) -> Vec<Size> {
        of.iter().map(|replicas| Size { replicas: *replicas, max: Some(max) }).collect()
    }

    #[test]
    fn sets_in_the_middle_of_a_rollout_grow_and_shrink_in_proportion() {
        // The example of the Kubernetes documentation: 10 wanted, 3 surge; 8 old and 5 new; scaled to 15.
        assert_eq!(proportional(&sizes(&[8, 5], 13), 15, 18), [11, 7]);
        assert_eq!(proportional(&sizes(&[5, 5], 10), 6, 6), [3, 3]);
        assert_eq!(proportional(&sizes(&[5, 5], 10), 0, 0), [0, 0]);
        assert_eq!(proportional(&sizes(&[5, 5], 10), 11, 11), [5, 6], "the newest gets what is left");
    }
}
