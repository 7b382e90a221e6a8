//! The file backend on a disk that fills up. Needs the right to mount a small one, and says so where that is missing.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use bytes::Bytes;
use pintle_object_model::clock::SystemClock;
use pintle_store::testing::{Workload, check_history};
use pintle_store::{At, BytesCodec, CommitError, FileConfig, FileStore, Key, Op, Range, Store, StoreError, Txn};

/// A file system in memory, of so many MiB.
struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    fn mount(mib: u32) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        mount(&["-t", "tmpfs", "-o", &format!("size={mib}m"), "pintle-test"], folder.path()).then_some(Self { folder })
    }

    fn grow(&self, mib: u32) {
        assert!(mount(&["-o", &format!("remount,size={mib}m")], self.folder.path()), "a mounted disk can grow");
    }
}

fn mount(arguments: &[&str], at: &Path) -> bool {
    let done = Command::new("mount").args(arguments).arg(at).stderr(Stdio::null()).status();
    done.is_ok_and(|status| status.success())
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily, since after a failure the store may still have its file open.
        let _ = Command::new("umount").arg("--lazy").arg(self.folder.path()).status();
    }
}

async fn open(path: &Path) -> FileStore<Bytes> {
    let config = FileConfig::new(path);
    FileStore::open(config, Arc::new(BytesCodec), SystemClock::shared()).await.expect("opening the file")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_full_disk_refuses_commits_and_loses_none() {
    let Some(disk) = SmallDisk::mount(4) else {
        eprintln!("skipped: this needs the right to mount a file system");
        return;
    };
    let path = disk.folder.path().join("store");
    let store = open(&path).await;
    let workload = Workload { operations: 60, value_bytes: 64 << 10, ..Workload::default() };
    let judged = check_history(Arc::new(store.clone()), &workload).await.unwrap();
    assert!(judged.commits > 0 && judged.refused > 0, "the disk fills up: {judged:?}");

    let large = |text: &str| {
        let op = Op::Put { key: Key::new("/late"), value: text.repeat(256 << 10).into(), ttl: None };
        Txn { compares: vec![], ops: vec![op] }
    };
    let refused = store.commit(large("x")).await;
    assert!(matches!(refused, Err(CommitError::Store(StoreError::NoSpace))), "{refused:?}");
    let before = store.list(&Range::prefix("/"), At::Now, None).await.expect("reading goes on");
    store.close().await;

    // What was acknowledged is there, whether there is space again or not.
    let store = open(&path).await;
    assert_eq!(store.list(&Range::prefix("/"), At::Now, None).await.unwrap(), before);
    disk.grow(32);
    let done = store.commit(large("y")).await.expect("there is space again").revision;
    assert!(done > before.revision);
    store.close().await;
    let store = open(&path).await;
    assert_eq!(store.revision().await.unwrap(), done);
    store.close().await;
}
