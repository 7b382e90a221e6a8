//! The containers of a pod under one shape, whichever list of the spec they stand in.

use pintle_object_model::api::core::v1::{Container, EphemeralContainer, Pod};

/// What a container is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// Runs to its end before the next one starts.
    Init,
    /// An init container that keeps running beside the others (`restartPolicy: Always`; KEP-753).
    Sidecar,
    /// What the pod is for.
    Main,
    /// Added to a running pod, never started again.
    Ephemeral,
}

/// One container of a pod.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) role: Role,
    pub(crate) container: Container,
}

impl Part {
    pub(crate) fn name(&self) -> &str {
        &self.container.name
    }

    /// The field of the pod that this container is, as events name it.
    pub(crate) fn field_path(&self) -> String {
        let list = match self.role {
            Role::Init | Role::Sidecar => "initContainers",
            Role::Main => "containers",
            Role::Ephemeral => "ephemeralContainers",
        };
        format!("spec.{list}{{{}}}", self.name())
    }
}

/// All containers of a pod: init containers, then main ones, then ephemeral ones, each in the order of the spec.
pub(crate) fn parts(pod: &Pod) -> Vec<Part> {
    let init = pod.spec.init_containers.iter().map(|container| Part {
        role: if container.restart_policy.as_deref() == Some("Always") { Role::Sidecar } else { Role::Init },
        container: container.clone(),
    });
    let main = pod.spec.containers.iter().map(|c| Part { role: Role::Main, container: c.clone() });
    let ephemeral = pod.spec.ephemeral_containers.iter().map(|c| Part { role: Role::Ephemeral, container: plain(c) });
    init.chain(main).chain(ephemeral).collect()
}

/// An ephemeral container has the fields of a container, and one more that only says whose processes it sees.
fn plain(from: &EphemeralContainer) -> Container {
    Container {
        name: from.name.clone(),
        image: from.image.clone(),
        command: from.command.clone(),
        args: from.args.clone(),
        working_dir: from.working_dir.clone(),
        env: from.env.clone(),
        env_from: from.env_from.clone(),
        resources: from.resources.clone(),
        volume_mounts: from.volume_mounts.clone(),
        termination_message_path: from.termination_message_path.clone(),
        termination_message_policy: from.termination_message_policy.clone(),
        image_pull_policy: from.image_pull_policy.clone(),
        security_context: from.security_context.clone(),
        stdin: from.stdin,
        stdin_once: from.stdin_once,
        tty: from.tty,
        ..Container::default()
    }
}
