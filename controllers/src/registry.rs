//! The built-in controllers by name, and sets of them.

use crate::builtin;
use crate::{ControllerError, ControllerOptions, Runnable};

/// A built-in controller.
struct Entry {
    name: &'static str,
    make: fn(&ControllerOptions) -> Box<dyn Runnable>,
}

macro_rules! entries {
    ($($name:literal => $make:expr),* $(,)?) => {
        const ENTRIES: &[Entry] = &[$(Entry { name: $name, make: $make }),*];
    };
}
entries! {
    "deployment" => |_| Box::new(builtin::deployment::controller()),
    "replicaset" => |_| Box::new(builtin::replicas::replica_set_controller()),
    "daemonset" => |_| Box::new(builtin::daemon_set::controller()),
    "statefulset" => |_| Box::new(builtin::stateful_set::controller()),
    "job" => |_| Box::new(builtin::job::controller()),
    "cronjob" => |_| Box::new(builtin::cron_job::controller()),
    "ttl-after-finished" => |_| Box::new(builtin::ttl::controller()),
    "disruption" => |_| Box::new(builtin::disruption::controller()),
    "resourcequota" => |_| Box::new(builtin::quota::controller()),
    "endpointslice" => |_| Box::new(builtin::endpoints::endpointslice_controller()),
    "endpoints" => |_| Box::new(builtin::endpoints::endpoints_controller()),
    "serviceaccount" => |_| Box::new(builtin::namespaced::service_account_controller()),
    "root-ca-certificate-publisher" => |options| Box::new(builtin::namespaced::root_ca_controller(options)),
    "namespace" => |_| Box::new(builtin::namespace::controller()),
    "garbagecollector" => |_| Box::new(builtin::garbage::GarbageCollector),
    "nodelifecycle" => |options| Box::new(builtin::nodes::lifecycle_controller(options)),
    "taint-eviction" => |_| Box::new(builtin::nodes::eviction_controller()),
    "node-ipam" => |options| Box::new(builtin::nodes::ipam_controller(options)),
    "pod-garbage-collector" => |options| Box::new(builtin::nodes::PodCollector::new(options)),
    "clusterrole-aggregation" => |_| Box::new(builtin::aggregation::controller()),
    "replicationcontroller" => |_| Box::new(builtin::replicas::replication_controller_controller()),
}

/// Names of all built-in controllers.
pub fn names() -> Vec<&'static str> {
    ENTRIES.iter().map(|entry| entry.name).collect()
}

/// A set of built-in controllers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControllerSet {
    names: Vec<&'static str>,
}

impl ControllerSet {
    /// All of them.
    pub fn all() -> Self {
        Self { names: names() }
    }

    /// None of them.
    pub fn none() -> Self {
        Self { names: vec![] }
    }

    /// Reads `all`, `none`, `NAME,NAME` or `all,-NAME`; `*` is `all`, a name may end in `-controller`. A list of
    /// exclusions alone excludes from all. Later words win.
    ///
    /// # Errors
    /// [`ControllerError::UnknownController`], which lists the names.
    pub fn parse(text: &str) -> Result<Self, ControllerError> {
        let words: Vec<&str> = text.split(',').map(str::trim).filter(|word| !word.is_empty()).collect();
        let only_exclusions = !words.is_empty() && words.iter().all(|word| word.starts_with('-'));
        let mut set = if only_exclusions { Self::all() } else { Self::none() };
        for word in words {
            match word {
                "all" | "*" => set = Self::all(),
                "none" => set = Self::none(),
                word => match word.strip_prefix('-') {
                    Some(name) => {
                        let name = known(name)?;
                        set.names.retain(|other| *other != name);
                    }
                    None => {
                        let name = known(word)?;
                        if !set.names.contains(&name) {
                            set.names.push(name);
                        }
                    }
                },
            }
        }
        Ok(set)
    }

    /// The names in it.
    pub fn names(&self) -> &[&'static str] {
        &self.names
    }

    pub(crate) fn make(&self, options: &ControllerOptions) -> Vec<Box<dyn Runnable>> {
        let chosen = ENTRIES.iter().filter(|entry| self.names.contains(&entry.name));
        chosen.map(|entry| (entry.make)(options)).collect()
    }
}

fn known(name: &str) -> Result<&'static str, ControllerError> {
    let same = |entry: &&Entry| entry.name == name || name.strip_suffix("-controller") == Some(entry.name);
    ENTRIES
        .iter()
        .find(same)
        .map(|entry| entry.name)
        .ok_or_else(|| ControllerError::UnknownController { name: name.to_owned(), known: names().join(", ") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_read_from_lists_with_exclusions() {
        let parse = |text| ControllerSet::parse(text).unwrap();
        assert_eq!(parse("all"), ControllerSet::all());
        assert_eq!(parse("none").names(), [""; 0]);
        assert_eq!(parse("deployment,replicaset-controller").names(), ["deployment", "replicaset"]);
        assert!(!parse("*,-deployment").names().contains(&"deployment"));
        assert_eq!(parse("-deployment").names().len(), names().len() - 1);
        let error = ControllerSet::parse("deploy").unwrap_err().to_string();
        assert!(error.starts_with("\"deploy\" is not in the list of known controllers: deployment, "), "{error}");
    }
}
