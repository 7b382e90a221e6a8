//! What the example binaries share: flags, logs, signals, and the demonstration.

mod access;
mod connect;
mod demo;
mod fetch;
mod files;
mod flags;
mod image;
mod logs;
mod network;
mod node_tls;
mod nodes;
mod observe;
mod progress;
mod signals;
mod stores;
mod tls;

pub use access::AccessFlags;
pub use connect::{ElectionFlags, ServerFlags};
pub use demo::{Places, demonstrate};
pub use fetch::get;
pub use files::{Files, add_program};
pub use flags::{IngressFlag, ProxyFlag, RuntimeFlag, Switch};
pub use image::{IMAGE, VERSIONS, pack};
pub use logs::start_logs;
pub use network::ServiceNetwork;
pub use node_tls::node_tls;
pub use nodes::{NodePlan, Nodes, common, inside};
pub use observe::AuditFlags;
pub use progress::{Progress, resident_mib};
pub use signals::{until_stopped, wait_for_stop};
pub use stores::{StoreArguments, StoreFlag};
pub use tls::TlsFlags;

/// A server allocates for each request on whichever thread it lands, and glibc's arenas pay for that in locks and
/// `mprotect`. Libraries leave the choice to their host; the example binaries make it here.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
