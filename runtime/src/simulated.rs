//! Nodes without processes: for tests, for studying large clusters, for clusters in one process.
//!
//! [`SimulatedRuntime`] keeps containers as entries in a table: they start, get an address, and end when they are told
//! to. [`SimulatedImages`] has every image, [`SimulatedVolumes`] every volume, and neither touches a disk.
//! [`SimulatedNodes`] plays any number of nodes at once without an agent for each.
//!
//! Pods steer their simulated containers with annotations; `<key>.<container>` is for one container only:
//!
//! | annotation | meaning |
//! |---|---|
//! | `simulation.pintle.dev/exit-after` | ends by itself after so many seconds (init containers: 0 if not said) |
//! | `simulation.pintle.dev/exit-code` | with this code (0 if not said) |
//! | `simulation.pintle.dev/stop-after` | takes so many seconds to end when asked to |
//! | `simulation.pintle.dev/start-error` | cannot be started, for this reason |
//! | `simulation.pintle.dev/probe` | `fail`: all its probes fail |
//! | `simulation.pintle.dev/cpu-millis` | uses so much CPU |
//! | `simulation.pintle.dev/memory-bytes` | uses so much memory |

mod behavior;
mod images;
mod nodes;
mod runtime;

pub use images::{SimulatedImages, SimulatedVolumes};
pub use nodes::{SimulatedNodes, SimulatedNodesConfig};
pub use runtime::{SimulatedConfig, SimulatedRuntime};
