//! Root file systems: layers of an image below, a directory of the container's own on top.
//!
//! In: layer directories. Out: an overlayfs mount. Source: kernel documentation, "overlayfs".

use std::ffi::CString;
use std::io::{Error, Result};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::mount::{MountFlags, UnmountFlags};

/// The kernel takes one page of options.
const OPTIONS_BYTES_MAX: usize = 4095;

/// Mounts `layers` (the lowest first) with `upper` on top at `target`; `work` is scratch space beside `upper`.
/// Done already: done.
pub(super) fn overlay(layers: &[PathBuf], upper: &Path, work: &Path, target: &Path) -> Result<()> {
    for directory in [upper, work, target] {
        std::fs::create_dir_all(directory)?;
    }
    if is_mounted(target)? {
        return Ok(());
    }
    let mut lower: Vec<&[u8]> = layers.iter().rev().map(|layer| layer.as_os_str().as_bytes()).collect();
    // An image without layers is legal, overlayfs without a lower directory is not: `target` itself is empty.
    if lower.is_empty() {
        lower.push(target.as_os_str().as_bytes());
    }
    let mut options = b"lowerdir=".to_vec();
    options.extend(lower.join(&b':'));
    for (name, path) in [(",upperdir=", upper), (",workdir=", work)] {
        options.extend(name.as_bytes());
        options.extend(path.as_os_str().as_bytes());
    }
    if options.len() > OPTIONS_BYTES_MAX {
        return Err(Error::other(format!("the image has too many layers ({}) for one overlay mount", layers.len())));
    }
    let options = CString::new(options)?;
    rustix::mount::mount("overlay", target, "overlay", MountFlags::empty(), options.as_c_str()).map_err(|error| {
        Error::other(format!(
            "mounting an overlay at {}: {error} (is the data directory itself on one?)",
            target.display()
        ))
    })
}

/// Mounts a small file system in memory.
pub(super) fn memory(target: &Path, options: &std::ffi::CStr) -> Result<()> {
    std::fs::create_dir_all(target)?;
    if is_mounted(target)? {
        return Ok(());
    }
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    Ok(rustix::mount::mount("shm", target, "tmpfs", flags, options)?)
}

/// Unmounts everything at and below a directory.
pub(super) fn unmount_below(directory: &Path) -> Result<()> {
    // The deepest first. Detached: what is still busy goes when its last user does.
    for mount in mounts()?.into_iter().rev().filter(|mount| mount.starts_with(directory)) {
        match rustix::mount::unmount(&mount, UnmountFlags::DETACH | UnmountFlags::NOFOLLOW) {
            Ok(()) | Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOENT) => {}
            Err(error) => return Err(Error::other(format!("unmounting {}: {error}", mount.display()))),
        }
    }
    Ok(())
}

fn is_mounted(target: &Path) -> Result<bool> {
    Ok(mounts()?.iter().any(|mount| mount == target))
}

/// All mount points, in the order of mounting.
fn mounts() -> Result<Vec<PathBuf>> {
    let table = std::fs::read("/proc/self/mountinfo")?;
    let lines = table.split(|byte| *byte == b'\n');
    Ok(lines.filter_map(|line| line.split(|byte| *byte == b' ').nth(4)).map(unescape).collect())
}

/// Spaces and the like are written as octal escapes there.
pub(super) fn unescape(text: &[u8]) -> PathBuf {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, tail)) = rest.split_first() {
        let code = tail.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) if *first == b'\\' => {
                plain.push(byte);
                rest = &tail[3..];
            }
            _ => {
                plain.push(*first);
                rest = tail;
            }
        }
    }
    PathBuf::from(std::ffi::OsStr::from_bytes(&plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_of_the_mount_table_are_read() {
        assert_eq!(unescape(b"/a\\040b\\134c"), Path::new("/a b\\c"));
        assert_eq!(unescape(b"/12345\\"), Path::new("/12345\\"));
    }
}
