//! API group `apiregistration`, version `v1`.

mod types;

pub use types::{APIService, APIServiceCondition, APIServiceSpec, APIServiceStatus, ServiceReference};
