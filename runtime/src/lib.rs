//! The node: what runs pods.
//!
//! Four traits meet here. [`ContainerRuntime`] runs sandboxes and containers (the shape of the CRI), [`ImageStore`] has
//! their root file systems, [`PodNetwork`] gives each pod its address, [`VolumeDriver`] its volumes. The node agent
//! drives them: it follows the pods that are bound to its node and makes them real.
//!
//! Absent here: scheduling, Services, and the API server; the agent sees a `Client`.

mod agent;
mod bridge;
mod container;
mod error;
mod image;
mod logs;
mod native;
mod network;
pub mod oci;
mod probe;
mod process;
mod server;
mod simulated;
mod volume;
mod volumes;

pub use agent::{NodeAgent, NodeAgentBuilder, machine_capacity, machine_info};
pub use bridge::{BridgeConfig, BridgeNetwork};
pub use container::{
    ContainerConfig, ContainerId, ContainerInfo, ContainerRuntime, ContainerState, ContainerStats, DnsSettings, ExecIo,
    ExecRequest, ExecSession, Identity, IdentitySource, MountConfig, PortMapping, Resources, RuntimeEvent, RuntimeInfo,
    SandboxConfig, SandboxId, SandboxInfo, SecurityConfig, TerminalSize,
};
pub use error::RuntimeError;
pub use image::{Image, ImageConfig, ImageStore, PullAuth, normalize_reference};
pub use logs::LogOptions;
pub use native::{NativeConfig, NativeRuntime, NativeWarning};
pub use network::{PodAddresses, PodNetwork};
pub use probe::{Check, NetworkProber, ProbeOutcome, ProbeRequest, Prober};
pub use process::{ProcessConfig, ProcessRuntime, RootFs};
pub use server::NodeServer;
pub use simulated::{
    SimulatedConfig, SimulatedImages, SimulatedNodes, SimulatedNodesConfig, SimulatedRuntime, SimulatedVolumes,
};
pub use volume::{MountedVolume, VolumeContext, VolumeDriver};
pub use volumes::{ClaimVolumes, ContentVolumes, EmptyDirVolumes, HostPathVolumes, default_volume_drivers};
