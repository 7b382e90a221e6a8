//! The image of the sample application, packed from this machine's files: no registry is needed.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use pintle_runtime::ImageStore;
use pintle_runtime::oci::{ImageBuilder, OciImageStore};

use crate::{Files, add_program};

/// Versions of the sample application that are packed: one to deploy, one to update to.
pub const VERSIONS: [&str; 2] = ["0.0.1-SNAPSHOT", "0.0.2-SNAPSHOT"];
/// Name of its images.
pub const IMAGE: &str = "k8s-demo";
/// Small programs for those who look into the container, if this machine has busybox.
const APPLETS: [&str; 16] = [
    "cat", "date", "echo", "env", "grep", "head", "hostname", "id", "ip", "kill", "ls", "nslookup", "ps", "sh", "tail",
    "wget",
];

/// Packs all versions and puts them into the store. `folder` is used for a while.
///
/// # Errors
/// If the application has not been built, or the disk refuses.
pub async fn pack(store: &OciImageStore, folder: &Path) -> Result<Vec<String>> {
    let program = sample_program()?;
    let mut packed = vec![];
    for version in VERSIONS {
        let reference = format!("{IMAGE}:{version}");
        let layout = folder.join(format!("{IMAGE}-{version}"));
        let _ = std::fs::remove_dir_all(&layout);
        let image = image(&reference, version, &program)?;
        image.write(&layout)?;
        store.import(&layout).await?;
        std::fs::remove_dir_all(&layout).with_context(|| format!("removing {}", layout.display()))?;
        packed.push(reference);
    }
    Ok(packed)
}

/// The sample application lies beside the program that runs.
fn sample_program() -> Result<PathBuf> {
    let own = std::env::current_exe().context("finding this program")?;
    let beside = own.with_file_name(IMAGE);
    if beside.is_file() {
        return Ok(beside);
    }
    anyhow::bail!("{} is missing: build it with `cargo build --package pintle-examples --bins`", beside.display())
}

fn image(reference: &str, version: &str, program: &Path) -> Result<ImageBuilder> {
    let mut files = Files::new();
    add_program(&mut files, "/k8s-demo", program)?;
    let mut image = ImageBuilder::new(reference)
        .entrypoint(["/k8s-demo"])
        .env("VERSION", version)
        .env("PATH", "/bin")
        .env("PORT", "8080")
        .bytes("/etc/passwd", "root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n", 0o644)
        .bytes("/etc/group", "root:x:0:\nnogroup:x:65534:\n", 0o644)
        .directory("/tmp", 0o1777);
    let busybox = Path::new("/bin/busybox");
    if busybox.is_file() {
        add_program(&mut files, "/bin/busybox", busybox)?;
        for applet in APPLETS {
            image = image.symlink(format!("/bin/{applet}"), "/bin/busybox");
        }
    }
    for (place, source) in files {
        // Libraries are reached through links on this machine; the image has the files themselves.
        let source = source.canonicalize().with_context(|| format!("finding {}", source.display()))?;
        image = image.file(place, source, 0o755);
    }
    Ok(image)
}
