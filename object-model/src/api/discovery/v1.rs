//! API group `discovery`, version `v1`.

mod types;

pub use types::{Endpoint, EndpointConditions, EndpointHints, EndpointPort, EndpointSlice, ForNode, ForZone};
