//! Which names a definition gets, and what its conditions say.
//!
//! Invariant: a name that one definition of a group has been given is not given to another; the first to ask has it.

use std::collections::BTreeSet;

use pintle_object_model::Time;
use pintle_object_model::api::apiextensions::v1::{
    CustomResourceDefinition, CustomResourceDefinitionCondition, CustomResourceDefinitionNames,
};

/// The definitions with the names and conditions that they are due.
pub(super) fn judge(definitions: &[&CustomResourceDefinition], now: Time) -> Vec<CustomResourceDefinition> {
    let mut judged: Vec<CustomResourceDefinition> = definitions.iter().copied().cloned().collect();
    for index in 0..judged.len() {
        let definition = &judged[index];
        let taken = Taken::by_others(&judged, index);
        let (accepted, conflict) = taken.accept(&definition.spec.names, &definition.status.accepted_names);
        let definition = &mut judged[index];
        definition.status.accepted_names = accepted;
        let conditions = &mut definition.status.conditions;
        match &conflict {
            Some((reason, message)) => {
                set_condition(conditions, "NamesAccepted", false, reason, message, now);
                if !is_true(conditions, "Established") {
                    set_condition(conditions, "Established", false, "NotAccepted", "not all names are accepted", now);
                }
            }
            None => {
                set_condition(conditions, "NamesAccepted", true, "NoConflicts", "no conflicts found", now);
                let message = "the initial names have been accepted";
                if !is_true(conditions, "Established") {
                    set_condition(conditions, "Established", true, "InitialNamesAccepted", message, now);
                }
            }
        }
    }
    judged
}

/// May the definition be served?
pub(super) fn is_established(definition: &CustomResourceDefinition) -> bool {
    is_true(&definition.status.conditions, "Established")
}

fn is_true(conditions: &[CustomResourceDefinitionCondition], name: &str) -> bool {
    conditions.iter().any(|condition| condition.type_ == name && condition.status == "True")
}

/// Sets a condition; its time moves only when its status does.
pub(crate) fn set_condition(
    conditions: &mut Vec<CustomResourceDefinitionCondition>,
    name: &str,
    status: bool,
    reason: &str,
    message: &str,
    now: Time,
) {
    let status = if status { "True" } else { "False" };
    let index = conditions.iter().position(|condition| condition.type_ == name).unwrap_or_else(|| {
        conditions.push(CustomResourceDefinitionCondition { type_: name.into(), ..Default::default() });
        conditions.len() - 1
    });
    let condition = &mut conditions[index];
    if condition.status != status {
        condition.status = status.into();
        condition.last_transition_time = Some(now);
    }
    condition.reason = reason.into();
    condition.message = message.into();
}

/// The names that the other definitions of a group have.
#[derive(Default)]
struct Taken<'a> {
    resources: BTreeSet<&'a str>,
    kinds: BTreeSet<&'a str>,
}

impl<'a> Taken<'a> {
    fn by_others(definitions: &'a [CustomResourceDefinition], index: usize) -> Self {
        let own = &definitions[index];
        let mut taken = Self::default();
        let others = definitions.iter().enumerate();
        for (_, other) in others.filter(|(at, other)| *at != index && other.spec.group == own.spec.group) {
            let names = &other.status.accepted_names;
            taken
                .resources
                .extend([names.plural.as_str(), names.singular.as_str()].iter().filter(|name| !name.is_empty()));
            taken.resources.extend(names.short_names.iter().map(String::as_str));
            taken.kinds.extend([names.kind.as_str(), names.list_kind.as_str()].iter().filter(|name| !name.is_empty()));
        }
        taken
    }

    /// The names of those wanted that are free, and the conflict if there is one. What was accepted before stays where
    /// the wanted name is taken.
    fn accept(
        &self,
        wanted: &CustomResourceDefinitionNames,
        before: &CustomResourceDefinitionNames,
    ) -> (CustomResourceDefinitionNames, Option<(String, String)>) {
        let mut accepted = before.clone();
        let mut conflict = None;
        let mut take = |free: bool, name: &str, reason: &str| {
            if !free {
                conflict.get_or_insert_with(|| (reason.to_owned(), format!("{name:?} is already in use")));
            }
            free
        };
        let resource_free = |name: &str| !self.resources.contains(name);
        let kind_free = |name: &str| !self.kinds.contains(name);
        if take(resource_free(&wanted.plural), &wanted.plural, "PluralConflict") {
            accepted.plural.clone_from(&wanted.plural);
        }
        if take(resource_free(&wanted.singular), &wanted.singular, "SingularConflict") {
            accepted.singular.clone_from(&wanted.singular);
        }
        let taken_short: Vec<&String> = wanted.short_names.iter().filter(|name| !resource_free(name)).collect();
        match taken_short.first() {
            Some(name) => drop(take(false, name, "ShortNamesConflict")),
            None => accepted.short_names.clone_from(&wanted.short_names),
        }
        if take(kind_free(&wanted.kind), &wanted.kind, "KindConflict") {
            accepted.kind.clone_from(&wanted.kind);
        }
        if take(kind_free(&wanted.list_kind), &wanted.list_kind, "ListKindConflict") {
            accepted.list_kind.clone_from(&wanted.list_kind);
        }
        accepted.categories.clone_from(&wanted.categories);
        (accepted, conflict)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(plural: &str, kind: &str, short: &[&str]) -> CustomResourceDefinition {
        let mut definition = CustomResourceDefinition::default();
        definition.spec.group = "example.com".into();
        definition.spec.names = CustomResourceDefinitionNames {
            plural: plural.into(),
            singular: kind.to_lowercase(),
            kind: kind.into(),
            list_kind: format!("{kind}List"),
            short_names: short.iter().map(|name| (*name).to_owned()).collect(),
            categories: vec![],
        };
        definition
    }

    #[test]
    fn the_first_has_the_name_and_the_second_says_why_not() {
        let (first, second) = (definition("widgets", "Widget", &["w"]), definition("wheels", "Wheel", &["w"]));
        let judged = judge(&[&first, &second], Time::from_unix(7));
        assert!(is_established(&judged[0]) && !is_established(&judged[1]));
        assert_eq!(judged[0].status.accepted_names.plural, "widgets");
        let conditions = &judged[1].status.conditions;
        assert_eq!(conditions[0].reason, "ShortNamesConflict");
        assert_eq!(conditions[0].message, "\"w\" is already in use");
        assert_eq!(conditions[1].reason, "NotAccepted");
        assert_eq!(judged[1].status.accepted_names.short_names, Vec::<String>::new());
        let again: Vec<&CustomResourceDefinition> = judged.iter().collect();
        assert_eq!(judge(&again, Time::from_unix(9)), judged, "judging settles");
    }
}
