//! Conditions in status, of all the structs that look alike.

use pintle_object_model::Time;

/// A condition as every kind has them.
pub(crate) trait Condition: Default {
    fn type_(&self) -> &str;
    fn status(&self) -> &str;
    fn reason(&self) -> &str;
    fn message(&self) -> &str;
    fn transition(&self) -> Option<Time>;
    fn fill(&mut self, type_: &str, status: &str, reason: &str, message: &str, transition: Time);
}

macro_rules! conditions {
    ($($kind:path),* $(,)?) => {$(
        impl Condition for $kind {
            fn type_(&self) -> &str { &self.type_ }
            fn status(&self) -> &str { &self.status }
            fn reason(&self) -> &str { &self.reason }
            fn message(&self) -> &str { &self.message }
            fn transition(&self) -> Option<Time> { self.last_transition_time }
            fn fill(&mut self, type_: &str, status: &str, reason: &str, message: &str, transition: Time) {
                self.type_ = type_.to_owned();
                self.status = status.to_owned();
                self.reason = reason.to_owned();
                self.message = message.to_owned();
                self.last_transition_time = Some(transition);
            }
        }
    )*};
}
conditions!(
    pintle_object_model::api::apps::v1::ReplicaSetCondition,
    pintle_object_model::api::apps::v1::DeploymentCondition,
    pintle_object_model::api::apps::v1::StatefulSetCondition,
    pintle_object_model::api::core::v1::ReplicationControllerCondition,
    pintle_object_model::api::core::v1::NamespaceCondition,
    pintle_object_model::api::core::v1::NodeCondition,
    pintle_object_model::api::core::v1::PodCondition,
    pintle_object_model::api::batch::v1::JobCondition,
    pintle_object_model::api::meta::v1::Condition,
);

/// The condition of a type.
pub(crate) fn find<'a, C: Condition>(all: &'a [C], type_: &str) -> Option<&'a C> {
    all.iter().find(|condition| condition.type_() == type_)
}

/// Sets a condition; its transition time changes only with its status. Answers whether anything is new.
pub(crate) fn set<C: Condition>(
    all: &mut Vec<C>,
    type_: &str,
    status: &str,
    reason: &str,
    message: &str,
    now: Time,
) -> bool {
    let Some(current) = all.iter_mut().find(|condition| condition.type_() == type_) else {
        let mut condition = C::default();
        condition.fill(type_, status, reason, message, now);
        all.push(condition);
        return true;
    };
    if current.status() == status && current.reason() == reason && current.message() == message {
        return false;
    }
    let transition = current.transition().filter(|_| current.status() == status).unwrap_or(now);
    current.fill(type_, status, reason, message, transition);
    true
}

/// Removes a condition.
pub(crate) fn remove<C: Condition>(all: &mut Vec<C>, type_: &str) {
    all.retain(|condition| condition.type_() != type_);
}
