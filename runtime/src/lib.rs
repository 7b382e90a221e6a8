//! The node: what runs pods.
//!
//! Four traits meet here. [`ContainerRuntime`] runs sandboxes and containers (the shape of the CRI), [`ImageStore`] has
//! their root file systems, [`PodNetwork`] gives each pod its address, [`VolumeDriver`] its volumes. The node agent
//! drives them: it follows the pods that are bound to its node and makes them real.
//!
//! Absent here: scheduling, Services, and the API server; the agent sees a `Client`.

mod bridge;
mod container;
mod error;
mod image;
mod native;
mod network;
pub mod oci;
mod volume;

pub use bridge::{BridgeConfig, BridgeNetwork};
pub use container::{
    ContainerConfig, ContainerId, ContainerInfo, ContainerRuntime, ContainerState, ContainerStats, DnsSettings, ExecIo,
    ExecRequest, ExecSession, Identity, IdentitySource, MountConfig, PortMapping, Resources, RuntimeEvent, RuntimeInfo,
    SandboxConfig, SandboxId, SandboxInfo, SecurityConfig, TerminalSize,
};
pub use error::RuntimeError;
pub use image::{Image, ImageConfig, ImageStore, PullAuth, normalize_reference};
pub use native::{NativeConfig, NativeRuntime, NativeWarning};
pub use network::{PodAddresses, PodNetwork};
pub use volume::{MountedVolume, VolumeContext, VolumeDriver};
