//! Values of command line flags that more than one binary takes.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use anyhow::{Context, Result};
use pintle_object_model::clock::Clock;
use pintle_object_model::{Object, Scheme};
use pintle_store::{EtcdConfig, EtcdStore, FileConfig, FileStore, MemoryConfig, MemoryStore, ObjectCodec, Store};

/// `--store`: where objects are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreFlag {
    /// `memory`
    Memory,
    /// `file:DIR`
    File(PathBuf),
    /// `etcd:URL[,URL]`
    Etcd(Vec<String>),
}

impl FromStr for StoreFlag {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "memory" => Ok(Self::Memory),
            Some(("file", folder)) if !folder.is_empty() => Ok(Self::File(folder.into())),
            Some(("etcd", urls)) if !urls.is_empty() => Ok(Self::Etcd(urls.split(',').map(str::to_owned).collect())),
            _ => Err("it is `memory`, `file:DIR` or `etcd:URL[,URL]`".into()),
        }
    }
}

impl StoreFlag {
    /// Opens the store.
    ///
    /// # Errors
    /// If the folder cannot be used or no etcd member answers.
    pub async fn open(&self, scheme: &Scheme, clock: &Arc<dyn Clock>) -> Result<Arc<dyn Store<Object>>> {
        let codec = || Arc::new(ObjectCodec::new(scheme.clone()));
        Ok(match self {
            Self::Memory => Arc::new(MemoryStore::new(MemoryConfig::default(), Arc::clone(clock))),
            Self::File(folder) => {
                std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
                let config = FileConfig::new(folder.join("store.redb"));
                let opened = FileStore::open(config, codec(), Arc::clone(clock)).await;
                Arc::new(opened.with_context(|| format!("opening the store in {}", folder.display()))?)
            }
            Self::Etcd(urls) => {
                let connected = EtcdStore::connect(EtcdConfig::new(urls.clone()), codec(), Arc::clone(clock)).await;
                Arc::new(connected.with_context(|| format!("connecting to etcd at {}", urls.join(", ")))?)
            }
        })
    }
}

/// `--runtime`: what runs the pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuntimeFlag {
    /// `native`: Linux containers.
    Native,
    /// `process`: plain processes.
    Process,
    /// `simulated`: nothing.
    Simulated,
}

impl FromStr for RuntimeFlag {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "native" => Ok(Self::Native),
            "process" => Ok(Self::Process),
            "simulated" => Ok(Self::Simulated),
            "docker" => {
                Err("the Docker runtime is not built yet; there are `native`, `process` and `simulated`".into())
            }
            other if other.starts_with("cri:") => {
                Err("CRI runtimes are not built yet; there are `native`, `process` and `simulated`".into())
            }
            _ => Err("it is `native`, `process`, `simulated`, `cri:SOCKET` or `docker`".into()),
        }
    }
}

/// `--proxy`: how Services are carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyFlag {
    /// `userspace`: connections are copied by this process.
    Userspace,
    /// `nftables`: packets are rewritten by the kernel.
    Nftables,
    /// `off`
    Off,
}

impl FromStr for ProxyFlag {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "userspace" => Ok(Self::Userspace),
            "nftables" => Ok(Self::Nftables),
            "off" => Ok(Self::Off),
            _ => Err("it is `userspace`, `nftables` or `off`".into()),
        }
    }
}

/// `--ingress`: where the ingress listens, if it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IngressFlag(pub Option<SocketAddr>);

impl FromStr for IngressFlag {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(Self(None)),
            address => {
                address.parse().map(|address| Self(Some(address))).map_err(|_| "it is ADDRESS:PORT or `off`".into())
            }
        }
    }
}

/// `on` or `off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Switch(pub bool);

impl FromStr for Switch {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "on" => Ok(Self(true)),
            "off" => Ok(Self(false)),
            _ => Err("it is `on` or `off`".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stores_are_named_by_kind_and_place() {
        assert_eq!("memory".parse(), Ok(StoreFlag::Memory));
        assert_eq!("file:/var/lib/x".parse(), Ok(StoreFlag::File("/var/lib/x".into())));
        let urls = vec!["http://127.0.0.1:2379".to_owned(), "http://127.0.0.2:2379".to_owned()];
        assert_eq!("etcd:http://127.0.0.1:2379,http://127.0.0.2:2379".parse(), Ok(StoreFlag::Etcd(urls)));
        for wrong in ["", "file:", "etcd:", "sqlite:x", "memory:1"] {
            assert!(wrong.parse::<StoreFlag>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn what_is_not_built_says_so() {
        for missing in ["docker", "cri:/run/containerd.sock"] {
            assert!(missing.parse::<RuntimeFlag>().unwrap_err().contains("not built yet"));
        }
        assert!("podman".parse::<RuntimeFlag>().is_err());
        assert_eq!("off".parse(), Ok(IngressFlag(None)));
        assert!("8080".parse::<IngressFlag>().is_err());
    }
}
