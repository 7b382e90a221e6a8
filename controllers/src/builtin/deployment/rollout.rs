//! One step of a rollout.

use pintle_object_model::api::core::v1::Pod;

use super::scale::Which;
use super::{Work, wanted, wanted_of};
use crate::ControllerError;
use crate::owner::BY_OWNER;

impl Work<'_> {
    /// How large the new set may be now, given its present size.
    pub(super) fn size_of_new(&self, present: i32) -> i32 {
        let desired = wanted(&self.deployment);
        if self.deployment.spec.strategy.type_ == "Recreate" {
            return desired;
        }
        let others: i32 = self.old.iter().map(wanted_of).sum();
        let room = desired + self.max_surge() - others - present;
        if room <= 0 { present } else { present + room.min(desired - present) }
    }

    /// RollingUpdate: more of the new within the surge, fewer of the old within what may be missing.
    pub(super) async fn roll(&mut self) -> Result<(), ControllerError> {
        self.ensure_new_set().await?;
        let Some(new) = &self.new else { return Ok(()) };
        let (size, desired) = (wanted_of(new), wanted(&self.deployment));
        let target = if size > desired { desired } else { self.size_of_new(size) };
        if self.scale_to(Which::New, target).await? {
            return Ok(());
        }
        self.shrink_old().await?;
        if self.is_complete() {
            self.clean_up().await?;
        }
        Ok(())
    }

    async fn shrink_old(&mut self) -> Result<(), ControllerError> {
        let Some(new) = &self.new else { return Ok(()) };
        let all: i32 = self.all().map(wanted_of).sum();
        let minimum = wanted(&self.deployment) - self.max_unavailable();
        let not_yet = wanted_of(new) - new.status.available_replicas;
        let mut budget = all - minimum - not_yet;
        if budget <= 0 {
            return Ok(());
        }
        // Old pods that do not work go first: they help nobody, and could block the rollout for good.
        for index in 0..self.old.len() {
            let (size, available) = (wanted_of(&self.old[index]), self.old[index].status.available_replicas);
            let broken = (size - available).min(budget);
            if size > 0 && broken > 0 {
                self.scale_to(Which::Old(index), size - broken).await?;
                budget -= broken;
            }
        }
        // The status of a set that was just made smaller still counts the pods that are on their way out.
        let available: i32 = self.all().map(|set| set.status.available_replicas.min(wanted_of(set))).sum();
        let mut spare = (available - minimum).min(budget);
        for index in 0..self.old.len() {
            let size = wanted_of(&self.old[index]);
            let fewer = size.min(spare);
            if fewer > 0 {
                self.scale_to(Which::Old(index), size - fewer).await?;
                spare -= fewer;
            }
        }
        Ok(())
    }

    /// Recreate: all of the old first, then all of the new.
    pub(super) async fn roll_recreate(&mut self) -> Result<(), ControllerError> {
        if self.new.is_some() {
            self.number_new_set().await?;
        }
        let mut shrunk = false;
        for index in 0..self.old.len() {
            if wanted_of(&self.old[index]) > 0 {
                shrunk |= self.scale_to(Which::Old(index), 0).await?;
            }
        }
        if shrunk || self.old_pods_run() {
            return Ok(());
        }
        self.ensure_new_set().await?;
        self.scale_to(Which::New, wanted(&self.deployment)).await?;
        if self.is_complete() {
            self.clean_up().await?;
        }
        Ok(())
    }

    fn old_pods_run(&self) -> bool {
        self.old.iter().any(|set| {
            let pods = self.ctx.cached::<Pod>().indexed(BY_OWNER, &set.metadata.uid);
            set.status.replicas > 0 || pods.iter().any(|pod| !crate::pods::is_finished(pod))
        })
    }
}
