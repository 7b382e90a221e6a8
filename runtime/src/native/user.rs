//! Who a container's program runs as.
//!
//! In: the pod's wishes, the image's `USER`, and the account files of the root file system. Out: numbers.
//! Invariant: the account files are read with the root file system as root, so that links in it lead nowhere else.

use std::io::Read as _;
use std::path::Path;

use rustix::fs::{Mode, OFlags, ResolveFlags};

use crate::{RuntimeError, SecurityConfig};

/// Longest account file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// User, group and further groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct User {
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) groups: Vec<u32>,
    pub(super) home: String,
}

/// Finds the user for a container whose root file system is at `root`.
pub(super) fn resolve(root: &Path, image_user: &str, security: &SecurityConfig) -> Result<User, RuntimeError> {
    let passwd = read(root, "etc/passwd");
    let group = read(root, "etc/group");
    choose(&passwd, &group, image_user, security)
}

fn choose(passwd: &str, group: &str, image_user: &str, security: &SecurityConfig) -> Result<User, RuntimeError> {
    let number = |id: i64| {
        u32::try_from(id)
            .ok()
            .filter(|id| *id != u32::MAX)
            .ok_or_else(|| RuntimeError::Invalid(format!("user or group {id} is out of range")))
    };
    let (image_user, image_group) = match image_user.split_once(':') {
        Some((user, group)) => (user, Some(group).filter(|group| !group.is_empty())),
        None => (image_user, None),
    };
    let wanted = match security.run_as_user {
        Some(uid) => number(uid)?.to_string(),
        None if image_user.is_empty() => "0".to_owned(),
        None => image_user.to_owned(),
    };
    let account = accounts(passwd).find(|account| account[0] == wanted || account[2] == wanted);
    let uid = match (&account, wanted.parse()) {
        (_, Ok(uid)) => uid,
        (Some(account), Err(_)) => account[2].parse().unwrap_or_default(),
        (None, Err(_)) => {
            return Err(RuntimeError::Invalid(format!(
                "unable to find user {wanted}: no matching entries in passwd file"
            )));
        }
    };
    let name = account.as_ref().map_or("", |account| account[0]);
    let gid = match (security.run_as_group, image_group) {
        (Some(gid), _) => number(gid)?,
        // The image's group goes with the image's user.
        (None, Some(wanted)) if security.run_as_user.is_none() => find_group(group, wanted)?,
        _ => account.as_ref().and_then(|account| account.get(3)?.parse().ok()).unwrap_or(0),
    };
    let mut groups = security.supplemental_groups.iter().map(|id| number(*id)).collect::<Result<Vec<_>, _>>()?;
    let member = |entry: &Vec<&str>| entry.get(3).is_some_and(|list| list.split(',').any(|member| member == name));
    if !name.is_empty() {
        groups.extend(accounts(group).filter(member).filter_map(|entry| entry[2].parse::<u32>().ok()));
    }
    groups.sort_unstable();
    groups.dedup();
    let home = account.and_then(|account| account.get(5).map(|home| (*home).to_owned())).unwrap_or_default();
    Ok(User { uid, gid, groups, home })
}

fn find_group(group: &str, wanted: &str) -> Result<u32, RuntimeError> {
    if let Ok(gid) = wanted.parse() {
        return Ok(gid);
    }
    let entry = accounts(group).find(|entry| entry[0] == wanted);
    entry.and_then(|entry| entry[2].parse().ok()).ok_or_else(|| {
        RuntimeError::Invalid(format!("unable to find group {wanted}: no matching entries in group file"))
    })
}

/// Lines of an account file as fields; those with a name and a number.
fn accounts(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines().map(|line| line.split(':').collect::<Vec<_>>()).filter(|fields| fields.len() >= 3)
}

fn read(root: &Path, file: &str) -> String {
    let open = || -> std::io::Result<String> {
        let root = rustix::fs::open(root, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let within = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        let file = std::fs::File::from(rustix::fs::openat2(root, file, flags, Mode::empty(), within)?);
        let mut text = Vec::new();
        file.take(FILE_BYTES_MAX).read_to_end(&mut text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    };
    // Images without accounts are common; numbers need none.
    open().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001::/home/app:/bin/sh\n";
    const GROUP: &str = "root:x:0:\nwheel:x:10:root,app\napp:x:1001:\nlogs:x:20:app\n";

    fn user(image_user: &str, security: &SecurityConfig) -> (u32, u32, Vec<u32>) {
        let user = choose(PASSWD, GROUP, image_user, security).unwrap();
        (user.uid, user.gid, user.groups)
    }

    #[test]
    fn names_and_numbers_are_found() {
        let none = SecurityConfig::default();
        assert_eq!(user("", &none), (0, 0, vec![10]));
        assert_eq!(user("app", &none), (1000, 1001, vec![10, 20]));
        assert_eq!(user("1000", &none), (1000, 1001, vec![10, 20]));
        assert_eq!(user("app:logs", &none), (1000, 20, vec![10, 20]));
        assert_eq!(user("77:88", &none), (77, 88, vec![]));
        assert_eq!(user("77", &none), (77, 0, vec![]));
        assert!(choose(PASSWD, GROUP, "nobody", &none).is_err());
        assert!(choose(PASSWD, GROUP, "app:none", &none).is_err());
    }

    #[test]
    fn the_pod_overrides_the_image() {
        let security =
            SecurityConfig { run_as_user: Some(77), supplemental_groups: vec![5], ..SecurityConfig::default() };
        assert_eq!(user("app:logs", &security), (77, 0, vec![5]));
        let security = SecurityConfig { run_as_group: Some(9), ..SecurityConfig::default() };
        assert_eq!(user("app", &security), (1000, 9, vec![10, 20]));
        let security = SecurityConfig { run_as_user: Some(-1), ..SecurityConfig::default() };
        assert!(choose(PASSWD, GROUP, "", &security).is_err());
    }
}
