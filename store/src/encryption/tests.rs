use pintle_object_model::clock::SystemClock;
use serde_json::json;

use super::cipher::GcmKey;
use super::*;
use crate::{BytesCodec, MemoryConfig, MemoryStore, Op};

/// The bytes 0 to 31, and as many ones.
const COUNTING: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const ONES: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

fn configured(resources: &Tree) -> Result<Encryption, StoreError> {
    let tree = json!({
        "apiVersion": "apiserver.config.k8s.io/v1", "kind": "EncryptionConfiguration", "resources": resources,
    });
    Encryption::from_configuration(&tree, &Scheme::builtin())
}

/// Secrets, with these providers.
fn secrets(providers: &Tree) -> Arc<Encryption> {
    Arc::new(configured(&json!([{ "resources": ["secrets"], "providers": providers }])).unwrap())
}

fn gcm(name: &str, secret: &str) -> Tree {
    json!({ "aesgcm": { "keys": [{ "name": name, "secret": secret }] } })
}

fn key() -> Key {
    Key::new("/registry/secrets/default/s")
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn plain(encryption: &Encryption, kept: &Bytes) -> Result<Bytes, String> {
    encryption.open(&key(), kept).map(|opened| opened.plain)
}

/// Made with another library: nonce or vector count from 0.
#[test]
fn what_another_program_encrypted_is_read() {
    let encryption = secrets(&json!([
        gcm("k", COUNTING),
        { "aescbc": { "keys": [{ "name": "k", "secret": COUNTING }] } },
    ]));
    let (count, sealed) = ("000102030405060708090a0b", "2f67ba77aa42972bd8850320c2c40f481af3f0bf6a");
    let kept = [b"k8s:enc:aesgcm:v1:k:".to_vec(), hex(count), hex(sealed)].concat();
    assert_eq!(plain(&encryption, &kept.into()).unwrap(), "hello");
    let (count, sealed) = ("000102030405060708090a0b0c0d0e0f", "7fd12dafb7e9599d0b849ad8c2e3c21f");
    let kept = [b"k8s:enc:aescbc:v1:k:".to_vec(), hex(count), hex(sealed)].concat();
    assert_eq!(plain(&encryption, &kept.into()).unwrap(), "hello");
}

#[test]
fn the_first_key_writes_and_all_read() {
    let old = secrets(&json!([gcm("old", ONES), { "identity": {} }]));
    let new = secrets(&json!([
        { "aesgcm": { "keys": [{ "name": "new", "secret": COUNTING }, { "name": "old", "secret": ONES }] } },
        { "identity": {} },
    ]));
    let value = Bytes::from("value");
    let by_old = old.seal(&key(), value.clone()).unwrap();
    let by_new = new.seal(&key(), value.clone()).unwrap();
    assert!(by_old.starts_with(b"k8s:enc:aesgcm:v1:old:") && by_new.starts_with(b"k8s:enc:aesgcm:v1:new:"));
    assert_ne!(new.seal(&key(), value.clone()).unwrap(), by_new, "every write has its own nonce");
    for (kept, stale) in [(&by_new, false), (&by_old, true), (&value, true)] {
        let opened = new.open(&key(), kept).unwrap();
        assert_eq!((opened.plain, opened.stale), (value.clone(), stale));
    }
    assert!(plain(&old, &by_new).unwrap_err().contains("not configured"));
    let strict = secrets(&json!([gcm("old", ONES)]));
    assert!(plain(&strict, &value).unwrap_err().contains("not encrypted"));
    let off = secrets(&json!([{ "identity": {} }]));
    assert!(plain(&off, &by_old).is_err(), "what is encrypted is never taken for plain");
}

#[test]
fn values_are_bound_to_their_keys_and_changes_noticed() {
    let encryption = secrets(&json!([gcm("k", COUNTING)]));
    let kept = encryption.seal(&key(), Bytes::from("value")).unwrap();
    assert!(encryption.open(&Key::new("/registry/secrets/default/other"), &kept).is_err());
    assert!(plain(&secrets(&json!([gcm("k", ONES)])), &kept).is_err(), "another secret of the same name");
    for at in 0..kept.len() {
        let mut damaged = kept.to_vec();
        damaged[at] ^= 1;
        assert!(plain(&encryption, &damaged.into()).is_err(), "byte {at}");
        assert!(plain(&encryption, &kept.slice(..at)).is_err(), "cut at {at}");
    }
    let chained = secrets(&json!([{ "aescbc": { "keys": [{ "name": "k", "secret": ONES }] } }]));
    for text in ["", "value", "exactly 16 bytes"] {
        let kept = chained.seal(&key(), Bytes::from(text)).unwrap();
        assert_eq!(plain(&chained, &kept).unwrap(), text);
    }
}

#[test]
fn resources_are_found_by_their_keys() {
    let encryption = configured(&json!([
        { "resources": ["secrets", "deployments.apps", "widgets.example.com"], "providers": [gcm("one", ONES)] },
        { "resources": ["*.apps", "*."], "providers": [gcm("group", ONES)] },
        { "resources": ["*.*"], "providers": [gcm("all", ONES)] },
    ]))
    .unwrap();
    for (key, expected) in [
        ("/registry/secrets/default/s", Some("one")),
        ("/registry/deployments/default/d", Some("one")),
        ("/registry/example.com/widgets/default/w", Some("one")),
        ("/registry/daemonsets/default/d", Some("group")),
        ("/registry/services/specs/default/s", Some("group")),
        ("/registry/minions/n", Some("group")),
        ("/registry/events/default/e", Some("group")),
        ("/registry/ingress/default/i", Some("all")),
        ("/registry/example.com/others/w", Some("all")),
        ("/registry/apiregistration.k8s.io/apiservices/v1.", Some("all")),
        ("/registry/ranges/serviceips", None),
        ("compact_rev_key", None),
    ] {
        let sealed = encryption.seal(&Key::new(key), Bytes::from("value")).unwrap();
        let name = expected.map_or("value".into(), |name| format!("k8s:enc:aesgcm:v1:{name}:"));
        assert!(sealed.starts_with(name.as_bytes()), "{key}: {sealed:?}");
    }
}

#[test]
fn what_is_wrong_with_a_configuration_is_named() {
    let entry = |providers: Tree| json!([{ "resources": ["secrets"], "providers": providers }]);
    let of = |resource: &str| json!([{ "resources": [resource], "providers": [{ "identity": {} }] }]);
    for (resources, why) in [
        (json!([]), "resources: there has to be one"),
        (entry(json!([])), "resources[0].providers: there has to be one"),
        (entry(json!([{}])), "resources[0].providers[0]: there has to be one provider"),
        (entry(json!([{ "identity": {}, "kms": {} }])), "one provider in each"),
        (entry(json!([{ "kms": { "name": "x" } }])), "providers[0].kms: keys that another service holds"),
        (entry(json!([{ "secretbox": { "keys": [] } }])), "providers[0].secretbox: this provider is not supported"),
        (entry(json!([{ "aesgmc": {} }])), "nobody knows aesgmc"),
        (entry(json!([{ "aesgcm": { "keys": [] } }])), "aesgcm.keys: there has to be one"),
        (entry(json!([gcm("", ONES)])), "keys[0].name: this is missing"),
        (entry(json!([gcm("k", "AQEB")])), "keys[0].secret: 3 bytes"),
        (entry(json!([gcm("k", "#")])), "keys[0].secret: this is no base64"),
        (of("pods/status"), "subresource"),
        (of("Pods"), "capital"),
        (of("*"), "say `*.`"),
        (of("deployments.extensions"), "extensions"),
        (json!([of("secrets")[0], of("secrets")[0]]), "stands here twice"),
    ] {
        let error = configured(&resources).unwrap_err().to_string();
        assert!(error.contains(why), "{error} should say {why}");
    }
    let other = Encryption::from_configuration(&json!({ "apiVersion": "v1", "kind": "Pod" }), &Scheme::builtin());
    assert!(other.unwrap_err().to_string().contains("apiVersion: this is v1"));
}

#[test]
fn a_key_stops_before_chance_repeats_a_nonce() {
    let provider = Provider::Gcm(vec![GcmKey::new("k", &[1; 32]).unwrap().limited(2)]);
    for _ in 0..2 {
        provider.seal(&key(), Bytes::new()).unwrap();
    }
    assert!(provider.seal(&key(), Bytes::new()).unwrap_err().contains("must be replaced"));
}

#[test]
fn secrets_stay_out_of_debug_output() {
    let shown = format!("{:?}", secrets(&json!([gcm("k", COUNTING)])));
    assert!(shown.contains("aesgcm:v1:k:") && !shown.contains(COUNTING), "{shown}");
}

#[tokio::test]
async fn rewriting_moves_everything_to_the_first_key() {
    let store: MemoryStore<Bytes> = MemoryStore::new(MemoryConfig::default(), SystemClock::shared());
    let (old, new) = (secrets(&json!([gcm("old", ONES)])), json!([gcm("new", COUNTING), gcm("old", ONES)]));
    let new = secrets(&new);
    let codec = EncryptedCodec::new(Arc::new(BytesCodec), Arc::clone(&old));
    let name = |number: usize| Key::new(format!("/registry/secrets/default/{number:04}"));
    let put = async |key: Key, value: Bytes| {
        let ops = vec![Op::Put { key, value, ttl: None }];
        store.commit(Txn { compares: vec![], ops }).await.unwrap();
    };
    // More than one page, and what is not its business.
    for number in 0..PAGE_KEYS + 10 {
        let kept = codec.encode(&name(number), &Bytes::from(number.to_string())).unwrap();
        put(name(number), kept).await;
    }
    put(Key::new("/registry/configmaps/default/c"), Bytes::from("plain")).await;
    assert_eq!(new.rewrite(&store).await.unwrap(), PAGE_KEYS as u64 + 10);
    assert_eq!(new.rewrite(&store).await.unwrap(), 0, "the second time there is nothing to do");
    let only_new = EncryptedCodec::new(Arc::new(BytesCodec), secrets(&json!([gcm("new", COUNTING)])));
    for number in [0, PAGE_KEYS, PAGE_KEYS + 9] {
        let kept = store.get(&name(number), At::Now).await.unwrap().unwrap().value;
        assert_eq!(only_new.decode(&name(number), &kept).unwrap(), number.to_string());
    }
    put(name(0), old.seal(&name(1), Bytes::new()).unwrap()).await;
    let refused = new.rewrite(&store).await;
    assert!(matches!(refused, Err(StoreError::Corrupt { key, .. }) if key == name(0)));
}
