//! What can fail.

use std::net::SocketAddr;

/// Why the proxy could not do something.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// A program that is needed is not installed.
    #[error("the program {program} is not there: install the Debian package {package}")]
    ProgramMissing {
        /// Name of the program.
        program: &'static str,
        /// The package that has it.
        package: &'static str,
    },
    /// A program could not be run.
    #[error("running {program}")]
    Run {
        /// Name of the program.
        program: &'static str,
        /// What went wrong.
        source: std::io::Error,
    },
    /// The kernel refused a set of packet filter rules; none of it is in effect.
    #[error("nft refused a transaction of {commands} commands: {message}")]
    Rules {
        /// How many commands it had.
        commands: usize,
        /// What `nft` said.
        message: String,
    },
    /// A change of routes was refused.
    #[error("changing the local routes: {message}")]
    Routes {
        /// What the kernel said.
        message: String,
        /// Was it for lack of privileges?
        denied: bool,
    },
    /// An address cannot be listened on.
    #[error("listening on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What went wrong.
        source: std::io::Error,
    },
    /// The configuration contradicts itself.
    #[error("{0}")]
    Config(String),
}
