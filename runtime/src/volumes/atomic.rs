//! Directories whose content changes all at once.
//!
//! The files stand in a directory of their own; `..data` is a link to it, and what containers see are links through
//! `..data`. A change makes a new directory and moves one link. Source: the behaviour documented for ConfigMap volumes.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _, symlink};
use std::path::{Component, Path};

/// One file.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct File {
    pub(super) content: Vec<u8>,
    pub(super) mode: u32,
    /// Owner, if not the agent's own user.
    pub(super) user: Option<u32>,
}

/// Files by relative path.
pub(super) type Files = BTreeMap<String, File>;

/// May a file of a volume be called this?
pub(super) fn check_path(path: &str) -> Result<(), String> {
    let relative = Path::new(path);
    let plain = relative.components().all(|part| matches!(part, Component::Normal(_)));
    if path.is_empty() || !plain || path.starts_with("..") {
        return Err(format!("invalid path {path:?}: it must be relative, without '..' and must not start with '..'"));
    }
    Ok(())
}

/// Makes `directory` show exactly these files. `unique` names the new version; answers whether anything changed.
pub(super) fn write(directory: &Path, files: &Files, group: Option<u32>, unique: &str) -> std::io::Result<bool> {
    std::fs::create_dir_all(directory)?;
    std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o777))?;
    let data = directory.join("..data");
    let current = std::fs::read_link(&data).ok();
    if let Some(current) = &current
        && holds(&directory.join(current), files)
        && links_are_complete(directory, files)
    {
        return Ok(false);
    }
    let version = format!("..{unique}");
    let target = directory.join(&version);
    super::remove(&target)?;
    std::fs::create_dir(&target)?;
    std::fs::set_permissions(&target, std::fs::Permissions::from_mode(0o755))?;
    for (path, file) in files {
        write_file(&target, path, file, group)?;
    }
    let next = directory.join("..data_tmp");
    let _ = std::fs::remove_file(&next);
    symlink(&version, &next)?;
    std::fs::rename(&next, &data)?;
    let wanted = top_names(files);
    for name in &wanted {
        let link = directory.join(name);
        let through = Path::new("..data").join(name);
        if std::fs::read_link(&link).ok().as_deref() != Some(&through) {
            let _ = std::fs::remove_file(&link);
            symlink(&through, &link)?;
        }
    }
    sweep(directory, &wanted, &version)?;
    Ok(true)
}

fn top_names(files: &Files) -> BTreeSet<String> {
    files.keys().filter_map(|path| path.split('/').next()).map(str::to_owned).collect()
}

/// Removes links to files that are no more, and older versions (also those that an interrupted change left).
fn sweep(directory: &Path, wanted: &BTreeSet<String>, version: &str) -> std::io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name == "..data" || name == version || wanted.contains(&name) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            super::remove(&entry.path())?;
        } else {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn links_are_complete(directory: &Path, files: &Files) -> bool {
    top_names(files).iter().all(|name| directory.join(name).symlink_metadata().is_ok())
}

fn holds(version: &Path, files: &Files) -> bool {
    let same = |(path, file): (&String, &File)| std::fs::read(version.join(path)).is_ok_and(|old| old == file.content);
    files.iter().all(same) && count(version) == files.len()
}

fn count(directory: &Path) -> usize {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| if entry.path().is_dir() { count(&entry.path()) } else { 1 }).sum()
}

fn write_file(target: &Path, path: &str, file: &File, group: Option<u32>) -> std::io::Result<()> {
    let at = target.join(path);
    if let Some(parent) = at.parent() {
        std::fs::create_dir_all(parent)?;
    }
    // Secrets are never readable by others, not even for a moment.
    let mut out = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&at)?;
    out.write_all(&file.content)?;
    let mut mode = file.mode & 0o7777;
    if let Some(group) = group {
        rustix::fs::chown(&at, None, Some(rustix::fs::Gid::from_raw(group)))?;
        mode |= (mode & 0o400) >> 3;
    }
    if let Some(user) = file.user {
        rustix::fs::chown(&at, Some(rustix::fs::Uid::from_raw(user)), None)?;
    }
    std::fs::set_permissions(&at, std::fs::Permissions::from_mode(mode))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(list: &[(&str, &str)]) -> Files {
        let file = |text: &str| File { content: text.into(), mode: 0o640, user: None };
        list.iter().map(|(path, text)| ((*path).to_owned(), file(text))).collect()
    }

    #[test]
    fn a_change_moves_one_link() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let read = |name: &str| std::fs::read_to_string(path.join(name)).unwrap();
        assert!(write(path, &files(&[("a", "1"), ("d/b", "2")]), None, "v1").unwrap());
        assert_eq!((read("a"), read("d/b")), ("1".into(), "2".into()));
        assert_eq!(std::fs::read_link(path.join("a")).unwrap(), Path::new("..data/a"));
        assert_eq!(std::fs::metadata(path.join("a")).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(!write(path, &files(&[("a", "1"), ("d/b", "2")]), None, "v2").unwrap(), "nothing has changed");
        assert!(write(path, &files(&[("a", "3")]), None, "v2").unwrap());
        assert_eq!(read("a"), "3");
        assert!(!path.join("d").exists() && !path.join("..v1").exists(), "what is no more is removed");
    }

    #[test]
    fn an_interrupted_change_is_finished() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        write(path, &files(&[("a", "1")]), None, "v1").unwrap();
        std::fs::create_dir(path.join("..v2")).unwrap();
        std::fs::remove_file(path.join("a")).unwrap();
        assert!(write(path, &files(&[("a", "1")]), None, "v3").unwrap());
        assert!(path.join("a").exists() && !path.join("..v2").exists());
    }

    #[test]
    fn paths_stay_inside() {
        assert!(check_path("a/b").is_ok());
        for path in ["", "/a", "../a", "a/../b", "..data"] {
            assert!(check_path(path).is_err(), "{path}");
        }
    }
}
