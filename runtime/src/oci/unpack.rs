//! Unpacks one layer into a directory that overlayfs can use.
//!
//! In: an uncompressed tar stream from anywhere. Out: files below one directory. Invariants: no path, symbolic link or
//! hard link in the stream leads outside (every parent is resolved by the kernel with the directory as root);
//! size and number of files are bounded. Whiteouts (`.wh.`) become what overlayfs understands.
//! Source: OCI image specification, "layer"; kernel documentation, "overlayfs".

use std::ffi::OsStr;
use std::io::{Error, Read, Result};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Gid, Mode, OFlags, ResolveFlags, Timespec, Timestamps, Uid, XattrFlags};
use rustix::io::Errno;
use tar::EntryType;

/// What a layer may need at most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Bytes of all files together.
    pub(crate) bytes: u64,
    /// Number of entries.
    pub(crate) entries: u64,
}

/// Unpacks a layer into `root`, which exists and is empty.
pub(crate) fn unpack(stream: impl Read, root: &Path, limits: Limits) -> Result<()> {
    let root = rustix::fs::open(root, OFlags::DIRECTORY | OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
    let mut layer = Layer { root, bytes_left: limits.bytes };
    let mut archive = tar::Archive::new(stream);
    let mut count = 0;
    for entry in archive.entries()? {
        count += 1;
        if count > limits.entries {
            return Err(Error::other(format!("the layer has more than {} entries", limits.entries)));
        }
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        layer
            .add(&path, &mut entry)
            .map_err(|error| Error::new(error.kind(), format!("{}: {error}", path.display())))?;
    }
    Ok(())
}

/// The path without leading `/` and `.`; refuses `..`, which no honest layer contains.
pub(crate) fn plain(path: &Path) -> Result<PathBuf> {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => plain.push(name),
            Component::RootDir | Component::CurDir => {}
            Component::ParentDir | Component::Prefix(_) => return Err(Error::other("the path contains `..`")),
        }
    }
    Ok(plain)
}

struct Layer {
    root: OwnedFd,
    bytes_left: u64,
}

impl Layer {
    fn add<R: Read>(&mut self, path: &Path, entry: &mut tar::Entry<'_, R>) -> Result<()> {
        let path = plain(path)?;
        let Some(name) = path.file_name() else {
            // The root directory itself: its owner and mode do matter.
            let root = self.open_dir(Path::new("."))?;
            return apply_owner(&root, entry).and_then(|()| apply_mode(&root, entry));
        };
        let parent = self.parent(path.parent().unwrap_or(Path::new("")))?;
        if let Some(hidden) = name.as_bytes().strip_prefix(b".wh.") {
            return whiteout(&parent, hidden);
        }
        self.bytes_left = (self.bytes_left.checked_sub(entry.size()))
            .ok_or_else(|| Error::other("the layer is larger than allowed"))?;
        match entry.header().entry_type() {
            EntryType::Directory => make_directory(&parent, name, entry),
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => make_file(&parent, name, entry),
            EntryType::Symlink => make_symlink(&parent, name, entry),
            EntryType::Link => self.make_link(&parent, name, entry),
            EntryType::Fifo => make_node(&parent, name, entry, FileType::Fifo),
            EntryType::Char => make_node(&parent, name, entry, FileType::CharacterDevice),
            EntryType::Block => make_node(&parent, name, entry, FileType::BlockDevice),
            // Headers that apply to all of the archive say nothing about files.
            _ => Ok(()),
        }
    }

    /// Opens a directory of the layer; symbolic links on the way are followed as if the layer were the root.
    fn open_dir(&self, path: &Path) -> Result<OwnedFd> {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
        let within = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        Ok(rustix::fs::openat2(&self.root, path, flags, Mode::empty(), within)?)
    }

    /// Opens the directory that an entry goes into, made as needed.
    fn parent(&self, path: &Path) -> Result<OwnedFd> {
        match self.open_dir(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            other => return other,
        }
        let mut reached = PathBuf::new();
        let mut directory = self.open_dir(&reached)?;
        for name in path {
            reached.push(name);
            match rustix::fs::mkdirat(&directory, name, Mode::from_raw_mode(0o755)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
            directory = self.open_dir(&reached)?;
        }
        Ok(directory)
    }

    fn make_link<R: Read>(&self, parent: &OwnedFd, name: &OsStr, entry: &tar::Entry<'_, R>) -> Result<()> {
        let target = entry.link_name()?.ok_or_else(|| Error::other("a hard link without target"))?;
        let target = plain(&target)?;
        let target_name = target.file_name().ok_or_else(|| Error::other("a hard link to the root"))?;
        let target_parent = self.open_dir(target.parent().unwrap_or(Path::new("")))?;
        make_room(parent, name)?;
        // Without following: a link to a symbolic link is a second name of that symbolic link.
        Ok(rustix::fs::linkat(&target_parent, target_name, parent, name, AtFlags::empty())?)
    }
}

/// `.wh.name` hides `name` of lower layers; `.wh..wh..opq` hides all that lower layers have in this directory.
fn whiteout(parent: &OwnedFd, hidden: &[u8]) -> Result<()> {
    if hidden == b".wh..opq" {
        return Ok(rustix::fs::fsetxattr(parent, "trusted.overlay.opaque", b"y", XattrFlags::empty())?);
    }
    if hidden.starts_with(b".wh.") || hidden.is_empty() || hidden == b"." || hidden == b".." {
        return Ok(()); // Bookkeeping of aufs.
    }
    let name = OsStr::from_bytes(hidden);
    make_room(parent, name)?;
    Ok(rustix::fs::mknodat(parent, name, FileType::CharacterDevice, Mode::empty(), 0)?)
}

/// Removes what an earlier entry of this name has left.
fn make_room(parent: &OwnedFd, name: &OsStr) -> Result<()> {
    match rustix::fs::unlinkat(parent, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(Errno::ISDIR) => Ok(rustix::fs::unlinkat(parent, name, AtFlags::REMOVEDIR)?),
        Err(error) => Err(error.into()),
    }
}

fn make_directory<R: Read>(parent: &OwnedFd, name: &OsStr, entry: &mut tar::Entry<'_, R>) -> Result<()> {
    match rustix::fs::mkdirat(parent, name, Mode::from_raw_mode(0o755)) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(error) => return Err(error.into()),
    }
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::RDONLY | OFlags::CLOEXEC;
    let directory = match rustix::fs::openat(parent, name, flags, Mode::empty()) {
        Ok(directory) => directory,
        Err(Errno::NOTDIR | Errno::LOOP) => {
            make_room(parent, name)?;
            rustix::fs::mkdirat(parent, name, Mode::from_raw_mode(0o755))?;
            rustix::fs::openat(parent, name, flags, Mode::empty())?
        }
        Err(error) => return Err(error.into()),
    };
    apply_owner(&directory, entry)?;
    apply_mode(&directory, entry)?;
    apply_attributes(&directory, entry)
}

fn make_file<R: Read>(parent: &OwnedFd, name: &OsStr, entry: &mut tar::Entry<'_, R>) -> Result<()> {
    make_room(parent, name)?;
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::openat(parent, name, flags, Mode::from_raw_mode(0o600))?;
    let mut file = std::fs::File::from(file);
    std::io::copy(entry, &mut file)?;
    let file = OwnedFd::from(file);
    // The owner first: changing it takes away set-user-ID bits and file capabilities.
    apply_owner(&file, entry)?;
    apply_mode(&file, entry)?;
    apply_attributes(&file, entry)?;
    apply_time(parent, name, entry)
}

fn make_symlink<R: Read>(parent: &OwnedFd, name: &OsStr, entry: &tar::Entry<'_, R>) -> Result<()> {
    let target = entry.link_name_bytes().ok_or_else(|| Error::other("a symbolic link without target"))?;
    make_room(parent, name)?;
    rustix::fs::symlinkat(OsStr::from_bytes(&target), parent, name)?;
    let (uid, gid) = owner(entry)?;
    rustix::fs::chownat(parent, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)?;
    apply_time(parent, name, entry)
}

fn make_node<R: Read>(parent: &OwnedFd, name: &OsStr, entry: &tar::Entry<'_, R>, kind: FileType) -> Result<()> {
    let header = entry.header();
    let (major, minor) = (header.device_major()?.unwrap_or(0), header.device_minor()?.unwrap_or(0));
    if kind == FileType::CharacterDevice && (major, minor) == (0, 0) {
        return Ok(()); // It would be taken for a whiteout.
    }
    make_room(parent, name)?;
    let mode = Mode::from_raw_mode(header.mode()? & 0o777);
    rustix::fs::mknodat(parent, name, kind, mode, rustix::fs::makedev(major, minor))?;
    let (uid, gid) = owner(entry)?;
    Ok(rustix::fs::chownat(parent, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)?)
}

fn owner<R: Read>(entry: &tar::Entry<'_, R>) -> Result<(Uid, Gid)> {
    let id = |id: u64| u32::try_from(id).ok().filter(|id| *id != u32::MAX);
    let bad = || Error::other("an owner out of range");
    let uid = id(entry.header().uid()?).ok_or_else(bad)?;
    let gid = id(entry.header().gid()?).ok_or_else(bad)?;
    Ok((Uid::from_raw(uid), Gid::from_raw(gid)))
}

fn apply_owner<R: Read>(file: &OwnedFd, entry: &tar::Entry<'_, R>) -> Result<()> {
    let (uid, gid) = owner(entry)?;
    Ok(rustix::fs::fchown(file, Some(uid), Some(gid))?)
}

fn apply_mode<R: Read>(file: &OwnedFd, entry: &tar::Entry<'_, R>) -> Result<()> {
    Ok(rustix::fs::fchmod(file, Mode::from_raw_mode(entry.header().mode()? & 0o7777))?)
}

/// Sets the attributes that an image may carry; above all not those that steer overlayfs.
fn apply_attributes<R: Read>(file: &OwnedFd, entry: &mut tar::Entry<'_, R>) -> Result<()> {
    let Some(extensions) = entry.pax_extensions()? else { return Ok(()) };
    for extension in extensions {
        let extension = extension?;
        let Some(name) = extension.key_bytes().strip_prefix(b"SCHILY.xattr.") else { continue };
        if name == b"security.capability" || name.starts_with(b"user.") {
            match rustix::fs::fsetxattr(file, OsStr::from_bytes(name), extension.value_bytes(), XattrFlags::empty()) {
                Ok(()) | Err(Errno::OPNOTSUPP) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}

fn apply_time<R: Read>(parent: &OwnedFd, name: &OsStr, entry: &tar::Entry<'_, R>) -> Result<()> {
    let seconds = i64::try_from(entry.header().mtime()?).unwrap_or(i64::MAX);
    let time = Timespec { tv_sec: seconds, tv_nsec: 0 };
    let times = Timestamps { last_access: time, last_modification: time };
    Ok(rustix::fs::utimensat(parent, name, &times, AtFlags::SYMLINK_NOFOLLOW)?)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};

    use super::*;

    const LIMITS: Limits = Limits { bytes: 1 << 20, entries: 100 };

    fn header(kind: EntryType, size: u64) -> tar::Header {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(kind);
        header.set_mode(0o755);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(size);
        header
    }

    /// `tar` refuses to write what attackers write: the name goes into the header as it is.
    fn add(archive: &mut tar::Builder<Vec<u8>>, kind: EntryType, name: &str, content: &str) {
        let is_link = matches!(kind, EntryType::Symlink | EntryType::Link);
        let mut header = header(kind, if is_link { 0 } else { content.len() as u64 });
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        if is_link {
            header.as_old_mut().linkname[..content.len()].copy_from_slice(content.as_bytes());
        }
        header.set_cksum();
        archive.append(&header, if is_link { &[] } else { content.as_bytes() }).unwrap();
    }

    fn layer(entries: &[(EntryType, &str, &str)]) -> Vec<u8> {
        let mut archive = tar::Builder::new(Vec::new());
        for (kind, name, content) in entries {
            add(&mut archive, *kind, name, content);
        }
        archive.into_inner().unwrap()
    }

    #[test]
    fn links_cannot_lead_outside() {
        let outside = tempfile::tempdir().unwrap();
        let victim = outside.path().join("victim");
        std::fs::write(&victim, "before").unwrap();
        let root = tempfile::tempdir().unwrap();
        let target = outside.path().to_str().unwrap();
        let bytes = layer(&[
            (EntryType::Symlink, "way", target),
            (EntryType::Regular, "way/victim", "after"),
            (EntryType::Symlink, "up", "../../../../../../../../.."),
            (EntryType::Directory, "up/made", ""),
        ]);
        // The link points to a directory that is not in the layer.
        assert!(unpack(&bytes[..], root.path(), LIMITS).is_err());
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "before");

        let root = tempfile::tempdir().unwrap();
        let bytes =
            layer(&[(EntryType::Symlink, "up", "../../../../../../../../.."), (EntryType::Directory, "up/made", "")]);
        unpack(&bytes[..], root.path(), LIMITS).unwrap();
        assert!(root.path().join("made").is_dir());
    }

    #[test]
    fn a_hard_link_cannot_reach_outside() {
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("secret"), "secret").unwrap();
        let root = tempfile::tempdir().unwrap();
        let link = format!("{}/secret", outside.path().display());
        assert!(unpack(&layer(&[(EntryType::Link, "got", &link)])[..], root.path(), LIMITS).is_err());
        assert!(!root.path().join("got").exists());
    }

    #[test]
    fn parent_components_are_refused() {
        let root = tempfile::tempdir().unwrap();
        let bytes = layer(&[(EntryType::Regular, "a/../../escaped", "x")]);
        assert!(unpack(&bytes[..], root.path(), LIMITS).unwrap_err().to_string().contains("`..`"));
    }

    #[test]
    fn absolute_names_stay_inside_and_the_last_entry_wins() {
        let root = tempfile::tempdir().unwrap();
        let bytes = layer(&[(EntryType::Regular, "/etc/name", "one"), (EntryType::Regular, "etc/name", "two")]);
        unpack(&bytes[..], root.path(), LIMITS).unwrap();
        assert_eq!(std::fs::read_to_string(root.path().join("etc/name")).unwrap(), "two");
    }

    #[test]
    fn whiteouts_become_what_overlayfs_understands() {
        if !rustix::process::geteuid().is_root() {
            return; // Only root may make them; the integration tests of the runtime need root and say so.
        }
        let root = tempfile::tempdir().unwrap();
        let bytes = layer(&[(EntryType::Regular, "dir/.wh.gone", ""), (EntryType::Regular, "all/.wh..wh..opq", "")]);
        unpack(&bytes[..], root.path(), LIMITS).unwrap();
        let gone = std::fs::symlink_metadata(root.path().join("dir/gone")).unwrap();
        assert!(gone.file_type().is_char_device());
        assert_eq!(gone.rdev(), 0);
        let mut value = [0; 4];
        let got = rustix::fs::getxattr(root.path().join("all"), "trusted.overlay.opaque", &mut value[..]).unwrap();
        assert_eq!(&value[..got], b"y");
        assert!(!root.path().join("all/.wh..wh..opq").exists());
    }

    #[test]
    fn limits_hold() {
        let root = tempfile::tempdir().unwrap();
        let bytes = layer(&[(EntryType::Regular, "a", "12345"), (EntryType::Regular, "b", "12345")]);
        let small = Limits { bytes: 9, entries: 100 };
        assert!(unpack(&bytes[..], root.path(), small).unwrap_err().to_string().contains("larger than allowed"));
        let few = Limits { bytes: 100, entries: 1 };
        assert!(unpack(&bytes[..], root.path(), few).unwrap_err().to_string().contains("more than 1 entries"));
    }
}
