//! Our etcd backend beside a bare client of the same etcd: at most 5 % slower is the aim.

use bytes::Bytes;
use criterion::Criterion;
use pintle_store::{At, Range, Store};

use crate::bare::Bare;
use crate::{KEYS, TURNS, group, key, put, runtime, side_by_side, start_etcd, value};

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
    for callers in [1, 16] {
        let mut puts = group(criterion, format!("etcd put, {callers} callers"));
        let bare_put = |number| bare.put_owned(key(number), value.clone());
        let store_put = |number| {
            let (store, txn) = (&store, put(number, &value));
            async move { drop(store.commit(txn).await.expect("committing")) }
        };
        side_by_side(&mut puts, &runtime, (TURNS, callers), (BARE, bare_put), (STORE, store_put));
        drop(puts);
        let mut gets = group(criterion, format!("etcd get, {callers} callers"));
        let bare_get = |number| bare.get_owned(key(number));
        let store_get = |number| {
            let store = &store;
            async move { assert!(store.get(&key(number), At::Now).await.expect("reading").is_some()) }
        };
        side_by_side(&mut gets, &runtime, (TURNS, callers), (BARE, bare_get), (STORE, store_get));
    }
    let mut lists = group(criterion, "etcd list of 10,000");
    let bare_list = |_| async {
        assert_eq!(bare.list("/registry/", Bytes::from_static(b"/registry0")).await, 10_000);
    };
    let range = Range::prefix("/registry/");
    let store_list = |_| async {
        assert_eq!(store.list(&range, At::Now, None).await.expect("listing").items.len(), 10_000);
    };
    side_by_side(&mut lists, &runtime, (TURNS / 20, 1), (BARE, bare_list), (STORE, store_list));
}
