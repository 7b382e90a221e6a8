//! Our etcd backend beside a bare client of the same etcd: at most 5 % slower is the aim.

use bytes::Bytes;
use criterion::Criterion;
use pintle_store::{At, Range, Store};

use crate::bare::Bare;
use crate::{KEYS, callers, group, key, put, runtime, start_etcd, value};

const BARE: &str = "bare client";
const STORE: &str = "etcd store";

pub(crate) fn run(criterion: &mut Criterion) {
    let value = value();
    let runtime = runtime();
    let Some((etcd, store)) = start_etcd(&runtime, &[]) else { return };
    let _entered = runtime.enter();
    let bare = Bare::connect(&etcd.url());
    for number in 0..KEYS {
        runtime.block_on(bare.put(key(number).as_str(), value.clone()));
    }
    for count in [1, 16] {
        let mut puts = group(criterion, format!("etcd put, {count} callers"));
        callers(&mut puts, BARE, &runtime, count, |number| bare.put_owned(key(number), value.clone()));
        callers(&mut puts, STORE, &runtime, count, |number| {
            let (store, txn) = (&store, put(number, &value));
            async move { drop(store.commit(txn).await.expect("committing")) }
        });
        drop(puts);
        let mut gets = group(criterion, format!("etcd get, {count} callers"));
        callers(&mut gets, BARE, &runtime, count, |number| bare.get_owned(key(number)));
        callers(&mut gets, STORE, &runtime, count, |number| {
            let store = &store;
            async move { assert!(store.get(&key(number), At::Now).await.expect("reading").is_some()) }
        });
    }
    let mut lists = group(criterion, "etcd list of 10,000");
    callers(&mut lists, BARE, &runtime, 1, |_| async {
        assert_eq!(bare.list("/registry/", Bytes::from_static(b"/registry0")).await, 10_000);
    });
    let range = Range::prefix("/registry/");
    callers(&mut lists, STORE, &runtime, 1, |_| async {
        assert_eq!(store.list(&range, At::Now, None).await.expect("listing").items.len(), 10_000);
    });
}
