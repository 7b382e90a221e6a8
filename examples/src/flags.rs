//! Values of command line flags that more than one binary takes.

use std::net::SocketAddr;
use std::str::FromStr;

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
    fn what_is_not_built_says_so() {
        for missing in ["docker", "cri:/run/containerd.sock"] {
            assert!(missing.parse::<RuntimeFlag>().unwrap_err().contains("not built yet"));
        }
        assert!("podman".parse::<RuntimeFlag>().is_err());
        assert_eq!("off".parse(), Ok(IngressFlag(None)));
        assert!("8080".parse::<IngressFlag>().is_err());
    }
}
