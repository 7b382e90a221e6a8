//! Which sandbox has which address.
//!
//! In: sandboxes that come and go. Out: an address each. Invariant: what was given is on disk before it is used, so that
//! a restart neither gives it twice nor loses it. Addresses are given in turn: one just freed comes last.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};

use crate::{PortMapping, RuntimeError, SandboxId};

#[derive(Debug)]
pub(super) struct Addresses {
    path: PathBuf,
    range: Ipv4Net,
    gateway: Ipv4Addr,
    table: Table,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Table {
    last: Option<Ipv4Addr>,
    leases: BTreeMap<String, Lease>,
}

/// An address and the node's ports that lead to it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Lease {
    pub(super) address: Ipv4Addr,
    #[serde(default)]
    pub(super) ports: Vec<Port>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Port {
    pub(super) udp: bool,
    pub(super) container: u16,
    pub(super) host: u16,
    pub(super) ip: Option<Ipv4Addr>,
}

impl Port {
    fn parse(mapping: &PortMapping) -> Result<Self, RuntimeError> {
        let unsupported = |what: String| RuntimeError::Unsupported { backend: "native", what };
        let udp = match &*mapping.protocol {
            "UDP" => true,
            "TCP" | "" => false,
            other => return Err(unsupported(format!("map host ports with protocol {other:?}"))),
        };
        let ip = match mapping.host_ip {
            Some(IpAddr::V4(ip)) => Some(ip).filter(|ip| !ip.is_unspecified()),
            Some(IpAddr::V6(ip)) if !ip.is_unspecified() => return Err(unsupported(format!("map ports of {ip}"))),
            Some(IpAddr::V6(_)) | None => None,
        };
        Ok(Self { udp, container: mapping.container_port, host: mapping.host_port, ip })
    }

    fn collides(&self, other: &Self) -> bool {
        let same_ip = self.ip.is_none() || other.ip.is_none() || self.ip == other.ip;
        self.udp == other.udp && self.host == other.host && same_ip
    }
}

impl Addresses {
    pub(super) fn open(directory: &Path, range: Ipv4Net, gateway: Ipv4Addr) -> Result<Self, RuntimeError> {
        let path = directory.join("addresses.json");
        let doing = || RuntimeError::io(format!("reading {}", path.display()));
        std::fs::create_dir_all(directory).map_err(doing())?;
        let table = match std::fs::read(&path) {
            // What a crash of the machine may leave.
            Ok(bytes) if bytes.is_empty() => Table::default(),
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| doing()(std::io::Error::other(error)))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Table::default(),
            Err(error) => return Err(doing()(error)),
        };
        Ok(Self { path, range, gateway, table })
    }

    /// The sandbox's address: the one it has, or a free one.
    pub(super) fn take(&mut self, sandbox: &SandboxId, ports: &[PortMapping]) -> Result<Ipv4Addr, RuntimeError> {
        let ports = ports.iter().map(Port::parse).collect::<Result<Vec<_>, _>>()?;
        for (other, lease) in self.table.leases.iter().filter(|(other, _)| **other != sandbox.0) {
            if let Some(port) = ports.iter().find(|port| lease.ports.iter().any(|taken| taken.collides(port))) {
                return Err(RuntimeError::Invalid(format!("host port {} is used by sandbox {other}", port.host)));
            }
        }
        let mut table = self.table.clone();
        let address = match table.leases.get(&sandbox.0) {
            Some(lease) => lease.address,
            None => self.next()?,
        };
        table.last = Some(address);
        table.leases.insert(sandbox.0.clone(), Lease { address, ports });
        self.save(table)?;
        Ok(address)
    }

    /// Frees a sandbox's address; answers whether ports of the node led to it.
    pub(super) fn free(&mut self, sandbox: &SandboxId) -> Result<bool, RuntimeError> {
        let mut table = self.table.clone();
        let Some(lease) = table.leases.remove(&sandbox.0) else { return Ok(false) };
        self.save(table)?;
        Ok(!lease.ports.is_empty())
    }

    pub(super) fn sandboxes(&self) -> Vec<SandboxId> {
        self.table.leases.keys().cloned().map(SandboxId).collect()
    }

    pub(super) fn leases(&self) -> impl Iterator<Item = &Lease> {
        self.table.leases.values()
    }

    fn next(&self) -> Result<Ipv4Addr, RuntimeError> {
        let usable = |address: &Ipv4Addr| {
            *address != self.gateway && !self.table.leases.values().any(|lease| lease.address == *address)
        };
        let after = self.table.last.filter(|last| self.range.contains(last));
        let later = self.range.hosts().skip_while(|address| after.is_some_and(|last| *address <= last));
        later
            .chain(self.range.hosts())
            .find(usable)
            .ok_or_else(|| RuntimeError::Invalid(format!("no address of {} is free", self.range)))
    }

    fn save(&mut self, table: Table) -> Result<(), RuntimeError> {
        let doing = || RuntimeError::io(format!("writing {}", self.path.display()));
        let bytes = serde_json::to_vec(&table).map_err(|error| doing()(std::io::Error::other(error)))?;
        // Not forced to the disk: a crash of the machine takes the sandboxes along.
        let fresh = self.path.with_extension("new");
        std::fs::write(&fresh, &bytes).and_then(|()| std::fs::rename(&fresh, &self.path)).map_err(doing())?;
        self.table = table;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> SandboxId {
        SandboxId(name.into())
    }

    fn open(directory: &Path) -> Addresses {
        Addresses::open(directory, "10.9.0.0/29".parse().unwrap(), Ipv4Addr::new(10, 9, 0, 1)).unwrap()
    }

    #[test]
    fn addresses_are_given_in_turn_and_survive_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let mut addresses = open(directory.path());
        assert_eq!(addresses.take(&id("a"), &[]).unwrap(), Ipv4Addr::new(10, 9, 0, 2));
        assert_eq!(addresses.take(&id("b"), &[]).unwrap(), Ipv4Addr::new(10, 9, 0, 3));
        addresses.free(&id("a")).unwrap();
        let mut addresses = open(directory.path());
        assert_eq!(addresses.take(&id("b"), &[]).unwrap(), Ipv4Addr::new(10, 9, 0, 3));
        assert_eq!(addresses.take(&id("c"), &[]).unwrap(), Ipv4Addr::new(10, 9, 0, 4));
        for name in ["d", "e"] {
            addresses.take(&id(name), &[]).unwrap();
        }
        assert_eq!(addresses.take(&id("f"), &[]).unwrap(), Ipv4Addr::new(10, 9, 0, 2));
        let error = addresses.take(&id("g"), &[]).unwrap_err();
        assert_eq!(error.to_string(), "no address of 10.9.0.0/29 is free");
    }

    #[test]
    fn a_host_port_has_one_owner() {
        let directory = tempfile::tempdir().unwrap();
        let mut addresses = open(directory.path());
        let port = |protocol: &str, host_ip: Option<&str>| PortMapping {
            protocol: protocol.into(),
            container_port: 80,
            host_port: 8080,
            host_ip: host_ip.map(|ip| ip.parse().unwrap()),
        };
        addresses.take(&id("a"), &[port("TCP", Some("127.0.0.1"))]).unwrap();
        addresses.take(&id("b"), &[port("TCP", Some("127.0.0.2")), port("UDP", None)]).unwrap();
        assert!(addresses.take(&id("c"), &[port("TCP", None)]).is_err());
        assert!(addresses.take(&id("c"), &[port("SCTP", None)]).is_err());
        assert!(addresses.free(&id("a")).unwrap());
        assert!(addresses.free(&id("b")).unwrap());
        assert!(!addresses.free(&id("b")).unwrap());
        addresses.take(&id("c"), &[port("TCP", None)]).unwrap();
    }
}
