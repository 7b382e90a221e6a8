//! API group `resource`, version `v1beta1`.

mod device_class;
mod resource_claim;
mod resource_claim_template;
mod resource_slice;
mod shared;

pub use device_class::{DeviceClass, DeviceClassConfiguration, DeviceClassSpec};
pub use resource_claim::{
    AllocatedDeviceStatus, AllocationResult, DeviceAllocationConfiguration, DeviceAllocationResult,
    DeviceRequestAllocationResult, NetworkDeviceData, ResourceClaim, ResourceClaimConsumerReference,
    ResourceClaimStatus,
};
pub use resource_claim_template::{ResourceClaimTemplate, ResourceClaimTemplateSpec};
pub use resource_slice::{
    BasicDevice, CapacityRequestPolicy, CapacityRequestPolicyRange, Counter, CounterSet, Device, DeviceAttribute,
    DeviceCapacity, DeviceCounterConsumption, DeviceTaint, NodeAllocatableResourceMapping, ResourcePool, ResourceSlice,
    ResourceSliceSpec,
};
pub use shared::{
    CELDeviceSelector, CapacityRequirements, DeviceClaim, DeviceClaimConfiguration, DeviceConstraint, DeviceRequest,
    DeviceSelector, DeviceSubRequest, DeviceToleration, OpaqueDeviceConfiguration, ResourceClaimSpec,
};
