//! Cluster IPs and node ports of Services.
//!
//! In: Services about to be written. Out: addresses and ports that nobody else has, and an `IPAddress` object for
//! each address. Invariant: what a stored Service holds is never given to another; what a failed write took goes
//! back. The pools are rebuilt from what is stored at the start. Source: Kubernetes concepts, "Service ClusterIP
//! allocation".

mod families;
mod ports;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ipnet::Ipv4Net;
use pintle_object_model::api::core::v1::Service;
use pintle_object_model::api::networking::v1::{IPAddress, IPAddressSpec, ParentReference};
use pintle_object_model::clock::{Clock, Random};
use pintle_object_model::validation::{FieldErrors, Path};
use pintle_object_model::{AnyResource, Object, Status};

use crate::storage::Storage;

/// Hands out cluster IPs and node ports.
#[derive(Clone, Debug)]
pub(crate) struct ServiceAllocator {
    range: Ipv4Net,
    random: Random,
    clock: Arc<dyn Clock>,
    pools: Arc<Mutex<Pools>>,
    stored: Stored,
}

/// Where Services and their addresses are kept, as far as the server knows these kinds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stored {
    pub(crate) services: Option<Arc<Storage>>,
    pub(crate) addresses: Option<Arc<Storage>>,
}

#[derive(Debug, Default)]
struct Pools {
    filled: bool,
    /// Address to the Service (namespace/name) that has it.
    addresses: BTreeMap<Ipv4Addr, String>,
    /// Node ports. A number is given to one Service only, whatever the protocol.
    ports: BTreeSet<i32>,
}

/// What one write took. Dropped without [`keep`](Self::keep), everything goes back.
#[must_use]
pub(crate) struct Allocation {
    pools: Option<Arc<Mutex<Pools>>>,
    addresses: Vec<Ipv4Addr>,
    ports: Vec<i32>,
    /// Given back once the write is done.
    obsolete_addresses: Vec<Ipv4Addr>,
    obsolete_ports: Vec<i32>,
    storage: Option<Arc<Storage>>,
    objects: Vec<IPAddress>,
}

impl Allocation {
    pub(crate) fn none() -> Self {
        Self {
            pools: None,
            addresses: vec![],
            ports: vec![],
            obsolete_addresses: vec![],
            obsolete_ports: vec![],
            storage: None,
            objects: vec![],
        }
    }

    /// Stores an object for each address that was taken; to be called right before the Service is written.
    pub(crate) async fn record(&mut self) -> Result<(), Status> {
        let Some(storage) = self.storage.clone() else { return Ok(()) };
        for object in std::mem::take(&mut self.objects) {
            let name = object.metadata.name.clone();
            storage.create(Object::new(object), None).await.map_err(|error| {
                if error.is_already_exists() {
                    let path = Path::new("spec").child("clusterIPs");
                    let why = format!("failed to allocate IP {name}: provided IP is already allocated");
                    return refused("", &path, &serde_json::json!([name]), &why);
                }
                error
            })?;
        }
        Ok(())
    }

    /// The write failed after [`record`](Self::record): its objects go as well.
    pub(crate) async fn undo(self) {
        let (storage, addresses) = (self.storage.clone(), self.addresses.clone());
        drop(self);
        forget(storage.as_deref(), &addresses).await;
    }

    /// The write is done: what it took stays taken, what it replaced goes back.
    pub(crate) async fn keep(mut self) {
        let obsolete = std::mem::take(&mut self.obsolete_addresses);
        if let Some(pools) = self.pools.take() {
            let mut pools = lock(&pools);
            for address in &obsolete {
                pools.addresses.remove(address);
            }
            for port in self.obsolete_ports.drain(..) {
                pools.ports.remove(&port);
            }
        }
        forget(self.storage.as_deref(), &obsolete).await;
    }
}

/// Removes the objects of addresses that are free again. One that stays behind is only an address less.
async fn forget(storage: Option<&Storage>, addresses: &[Ipv4Addr]) {
    let Some(storage) = storage else { return };
    for address in addresses {
        let name = address.to_string();
        let gone = match storage.get("", &name).await {
            Ok(Some(found)) => storage.remove("", &name, found.revision).await.map(drop),
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = gone {
            tracing::warn!(%address, error = %error.message, "an address could not be given back");
        }
    }
}

impl Drop for Allocation {
    fn drop(&mut self) {
        if let Some(pools) = self.pools.take() {
            let mut pools = lock(&pools);
            for address in &self.addresses {
                pools.addresses.remove(address);
            }
            for port in &self.ports {
                pools.ports.remove(port);
            }
        }
    }
}

impl ServiceAllocator {
    pub(crate) fn new(range: Ipv4Net, random: Random, clock: Arc<dyn Clock>, stored: Stored) -> Self {
        Self { range, random, clock, pools: Arc::default(), stored }
    }

    /// The first address of the range: that of the `kubernetes` Service.
    pub(crate) fn first(&self) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(self.range.network()) + 1)
    }

    /// Fills in what a Service leaves to the system. `old` is the stored version of an update. A dry run shows
    /// what would be taken without taking it, and does not ask whether others have it.
    pub(crate) fn allocate(
        &self,
        object: &mut dyn AnyResource,
        old: Option<&dyn AnyResource>,
        dry: bool,
    ) -> Result<Allocation, Status> {
        let Some(service) = object.as_any_mut().downcast_mut::<Service>() else { return Ok(Allocation::none()) };
        let old = old.and_then(|old| old.as_any().downcast_ref::<Service>());
        families::fill_in(service, old)?;
        let mut pools = lock(&self.pools);
        self.fill(&mut pools);
        let mut taken = Allocation::none();
        if !dry {
            taken.pools = Some(Arc::clone(&self.pools));
            taken.storage.clone_from(&self.stored.addresses);
        }
        let result = self.take_address(service, old, &mut pools, &mut taken, dry).and_then(|()| {
            ports::Ports { pools: &mut pools, taken: &mut taken, random: &self.random, dry }.take(service, old)
        });
        drop(pools);
        result?;
        Ok(if dry { Allocation::none() } else { taken })
    }

    /// Gives back what a deleted Service had.
    pub(crate) async fn release(&self, object: &dyn AnyResource) {
        let Some(service) = object.as_any().downcast_ref::<Service>() else { return };
        let addresses: Vec<Ipv4Addr> = address_of(service).into_iter().collect();
        {
            let mut pools = lock(&self.pools);
            for address in &addresses {
                pools.addresses.remove(address);
            }
            for port in ports::numbers(service) {
                pools.ports.remove(&port);
            }
        }
        forget(self.stored.addresses.as_deref(), &addresses).await;
    }

    fn fill(&self, pools: &mut Pools) {
        if std::mem::replace(&mut pools.filled, true) {
            return;
        }
        let stored = |storage: &Option<Arc<Storage>>| storage.as_ref().map(|storage| crate::registry_current(storage));
        for object in stored(&self.stored.services).into_iter().flatten() {
            let Some(service) = object.downcast::<Service>() else { continue };
            pools.addresses.extend(address_of(service).map(|address| (address, name_of(service))));
            pools.ports.extend(ports::numbers(service));
        }
        for object in stored(&self.stored.addresses).into_iter().flatten() {
            let Some(address) = object.downcast::<IPAddress>() else { continue };
            if let Ok(IpAddr::V4(ip)) = address.metadata.name.parse() {
                let parent = &address.spec.parent_ref;
                pools.addresses.entry(ip).or_insert_with(|| format!("{}/{}", parent.namespace, parent.name));
            }
        }
    }

    fn take_address(
        &self,
        service: &mut Service,
        old: Option<&Service>,
        pools: &mut Pools,
        taken: &mut Allocation,
        dry: bool,
    ) -> Result<(), Status> {
        let had = old.and_then(address_of);
        if service.spec.type_ == "ExternalName" {
            taken.obsolete_addresses.extend(had);
            return Ok(());
        }
        // An address that was given stays; what a client would rather have is for validation to refuse.
        if service.spec.is_headless() || had.is_some() {
            return Ok(());
        }
        let wanted = service.spec.cluster_ips.first().and_then(|address| address.parse::<Ipv4Addr>().ok());
        let address = match wanted {
            Some(address) => self.claim(service, address, pools, dry)?,
            None => self.pick(pools).ok_or_else(|| {
                Status::internal(format!("failed to allocate a serviceIP: range {} is full", self.range))
            })?,
        };
        if !dry {
            pools.addresses.insert(address, name_of(service));
            taken.addresses.push(address);
            taken.objects.push(self.object_of(service, address));
        }
        service.spec.cluster_ip = address.to_string();
        service.spec.cluster_ips = vec![address.to_string()];
        Ok(())
    }

    /// The object that says who has the address.
    fn object_of(&self, service: &Service, address: Ipv4Addr) -> IPAddress {
        let mut object = IPAddress {
            spec: IPAddressSpec {
                parent_ref: ParentReference {
                    group: String::new(),
                    resource: "services".into(),
                    namespace: service.metadata.namespace.clone(),
                    name: service.metadata.name.clone(),
                },
            },
            ..IPAddress::default()
        };
        let metadata = &mut object.metadata;
        metadata.name = address.to_string();
        metadata.uid = self.random.uuid();
        metadata.creation_timestamp = Some(self.clock.utc().to_time());
        for (label, value) in [("ip-family", "IPv4"), ("managed-by", "ipallocator.k8s.io")] {
            metadata.labels.insert(format!("ipaddress.kubernetes.io/{label}"), value.into());
        }
        object
    }

    fn claim(&self, service: &Service, address: Ipv4Addr, pools: &Pools, dry: bool) -> Result<Ipv4Addr, Status> {
        let inside =
            self.range.contains(&address) && address != self.range.network() && address != self.range.broadcast();
        let why = if !inside {
            let range = self.range;
            format!("the provided IP ({address}) is not in the valid range. The range of valid IPs is {range}")
        } else if !dry && pools.addresses.contains_key(&address) {
            "provided IP is already allocated".to_owned()
        } else {
            return Ok(address);
        };
        let path = Path::new("spec").child("clusterIPs");
        let value = serde_json::json!([address.to_string()]);
        let why = format!("failed to allocate IP {address}: {why}");
        Err(refused(&service.metadata.name, &path, &value, &why))
    }

    /// A free address, at random, so that addresses are not soon reused. The first one is reserved.
    fn pick(&self, pools: &Pools) -> Option<Ipv4Addr> {
        let size = u64::from(u32::from(self.range.broadcast()) - u32::from(self.range.network()));
        let base = u32::from(self.range.network());
        let usable = size.saturating_sub(2);
        let start = self.random.below(usable);
        (0..usable)
            .map(|step| Ipv4Addr::from(base + 2 + u32::try_from((start + step) % usable).unwrap_or_default()))
            .find(|address| !pools.addresses.contains_key(address))
    }
}

/// 422 for one field.
fn refused(name: &str, path: &Path, value: &serde_json::Value, why: &str) -> Status {
    let mut errors = FieldErrors::default();
    errors.invalid(path, value, why);
    Status::invalid("", "Service", name, &errors)
}

fn address_of(service: &Service) -> Option<Ipv4Addr> {
    service.spec.cluster_ip.parse().ok()
}

fn name_of(service: &Service) -> String {
    format!("{}/{}", service.metadata.namespace, service.metadata.name)
}

fn lock(pools: &Mutex<Pools>) -> MutexGuard<'_, Pools> {
    pools.lock().unwrap_or_else(PoisonError::into_inner)
}
