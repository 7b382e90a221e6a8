//! `--store` and what belongs to it: where objects are kept, and whether encrypted.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use pintle_object_model::clock::Clock;
use pintle_object_model::{Object, Scheme, yaml};
use pintle_store::{
    BytesCodec, Codec, EncryptedCodec, Encryption, EtcdConfig, EtcdStore, EtcdTls, EtcdUser, FileConfig, FileStore,
    MemoryConfig, MemoryStore, ObjectCodec, Store,
};

/// `--store`: where objects are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreFlag {
    /// `memory`
    Memory,
    /// `file:DIR`
    File(PathBuf),
    /// `etcd:URL[,URL]`
    Etcd(Vec<String>),
}

impl FromStr for StoreFlag {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "memory" => Ok(Self::Memory),
            Some(("file", folder)) if !folder.is_empty() => Ok(Self::File(folder.into())),
            Some(("etcd", urls)) if !urls.is_empty() => Ok(Self::Etcd(urls.split(',').map(str::to_owned).collect())),
            _ => Err("it is `memory`, `file:DIR` or `etcd:URL[,URL]`".into()),
        }
    }
}

/// Flags about the store.
#[derive(Clone, Debug, clap::Args)]
pub struct StoreArguments {
    /// Where objects are kept: `memory`, `file:DIR` or `etcd:URL[,URL]`.
    #[arg(long, default_value = "memory", global = true)]
    pub store: StoreFlag,
    /// Certificates of the authorities of etcd's members, for `https` URLs.
    #[arg(long, global = true)]
    pub etcd_cafile: Option<PathBuf>,
    /// Certificate that etcd is shown.
    #[arg(long, global = true, requires = "etcd_keyfile")]
    pub etcd_certfile: Option<PathBuf>,
    /// Private key of that certificate.
    #[arg(long, global = true, requires = "etcd_certfile")]
    pub etcd_keyfile: Option<PathBuf>,
    /// Who to be in an etcd that has users.
    #[arg(long, global = true, requires = "etcd_password_file")]
    pub etcd_user: Option<String>,
    /// The file that holds that user's password.
    #[arg(long, global = true, requires = "etcd_user")]
    pub etcd_password_file: Option<PathBuf>,
    /// How many seconds of history an etcd keeps at least; 0 leaves compaction to others.
    #[arg(long, default_value_t = 300, global = true)]
    pub etcd_compaction_interval: u64,
    /// Which resources are encrypted how: an `EncryptionConfiguration`.
    #[arg(long, global = true)]
    pub encryption_provider_config: Option<PathBuf>,
    /// At the start, writes everything anew that is not encrypted with the first key.
    #[arg(long, global = true, requires = "encryption_provider_config")]
    pub encryption_rewrite: bool,
}

impl StoreArguments {
    /// Opens the store.
    ///
    /// # Errors
    /// If a file cannot be used or no etcd member answers.
    pub async fn open(&self, scheme: &Scheme, clock: &Arc<dyn Clock>) -> Result<Arc<dyn Store<Object>>> {
        let mut codec: Arc<dyn Codec<Object>> = Arc::new(ObjectCodec::new(scheme.clone()));
        if let Some(path) = &self.encryption_provider_config {
            let encryption = encryption(path, scheme).with_context(|| format!("reading {}", path.display()))?;
            self.rewrite(&encryption, clock).await.context("encrypting anew")?;
            codec = Arc::new(EncryptedCodec::new(codec, Arc::new(encryption)));
        }
        Ok(match &self.store {
            StoreFlag::Memory => Arc::new(MemoryStore::new(MemoryConfig::default(), Arc::clone(clock))),
            StoreFlag::File(folder) => Arc::new(open_file(folder, codec, clock).await?),
            StoreFlag::Etcd(urls) => {
                let store = self.connect(urls, codec, clock).await?;
                if self.etcd_compaction_interval > 0 {
                    let (store, interval) = (store.clone(), Duration::from_secs(self.etcd_compaction_interval));
                    tokio::spawn(async move { store.keep_compacted(interval).await });
                }
                Arc::new(store)
            }
        })
    }

    /// Before anybody reads objects, so that a file is not open twice.
    async fn rewrite(&self, encryption: &Encryption, clock: &Arc<dyn Clock>) -> Result<()> {
        let codec = || Arc::new(BytesCodec);
        match &self.store {
            StoreFlag::Memory => bail!("a store in memory keeps nothing that could be encrypted"),
            _ if !self.encryption_rewrite => {}
            StoreFlag::File(folder) => {
                let store: FileStore<Bytes> = open_file(folder, codec(), clock).await?;
                let rewritten = encryption.rewrite(&store).await;
                store.close().await;
                rewritten?;
            }
            StoreFlag::Etcd(urls) => {
                encryption.rewrite(&self.connect::<Bytes>(urls, codec(), clock).await?).await?;
            }
        }
        Ok(())
    }

    async fn connect<V: pintle_store::Value>(
        &self,
        urls: &[String],
        codec: Arc<dyn Codec<V>>,
        clock: &Arc<dyn Clock>,
    ) -> Result<EtcdStore<V>> {
        let mut config = EtcdConfig::new(urls.iter().cloned());
        if let Some(path) = &self.etcd_cafile {
            let identity = self.etcd_certfile.as_ref().zip(self.etcd_keyfile.as_ref());
            config.tls = Some(EtcdTls {
                ca_pem: read(path)?,
                identity_pem: identity
                    .map(|(chain, key)| Ok::<_, anyhow::Error>((read(chain)?, read(key)?)))
                    .transpose()?,
                server_name: None,
            });
        }
        if let (Some(name), Some(path)) = (&self.etcd_user, &self.etcd_password_file) {
            let password = String::from_utf8(read(path)?).context("the password is no text")?;
            config.user = Some(EtcdUser { name: name.clone(), password: password.trim_end().to_owned() });
        }
        let connected = EtcdStore::connect(config, codec, Arc::clone(clock)).await;
        connected.with_context(|| format!("connecting to etcd at {}", urls.join(", ")))
    }
}

async fn open_file<V: pintle_store::Value>(
    folder: &Path,
    codec: Arc<dyn Codec<V>>,
    clock: &Arc<dyn Clock>,
) -> Result<FileStore<V>> {
    std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    let opened = FileStore::open(FileConfig::new(folder.join("store.redb")), codec, Arc::clone(clock)).await;
    opened.with_context(|| format!("opening the store in {}", folder.display()))
}

fn encryption(path: &Path, scheme: &Scheme) -> Result<Encryption> {
    let documents = yaml::to_json(&read(path)?).map_err(anyhow::Error::msg)?;
    let [configuration] = &documents[..] else { bail!("there has to be one document") };
    Ok(Encryption::from_configuration(configuration, scheme)?)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("reading {}", path.display()))
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use pintle_object_model::api::core::v1::Secret;
    use pintle_object_model::clock::SystemClock;
    use pintle_store::{At, Key, Txn};

    use super::*;

    #[derive(Parser)]
    struct Flags {
        #[command(flatten)]
        store: StoreArguments,
    }

    fn flags(text: &[String]) -> StoreArguments {
        Flags::parse_from([String::new()].iter().chain(text)).store
    }

    #[test]
    fn stores_are_named_by_kind_and_place() {
        assert_eq!("memory".parse(), Ok(StoreFlag::Memory));
        assert_eq!("file:/var/lib/x".parse(), Ok(StoreFlag::File("/var/lib/x".into())));
        let urls = vec!["http://127.0.0.1:2379".to_owned(), "http://127.0.0.2:2379".to_owned()];
        assert_eq!("etcd:http://127.0.0.1:2379,http://127.0.0.2:2379".parse(), Ok(StoreFlag::Etcd(urls)));
        for wrong in ["", "file:", "etcd:", "sqlite:x", "memory:1"] {
            assert!(wrong.parse::<StoreFlag>().is_err(), "{wrong:?}");
        }
    }

    #[tokio::test]
    async fn secrets_are_encrypted_and_move_to_the_first_key() {
        let folder = tempfile::tempdir().unwrap();
        let (place, config) = (folder.path().join("data"), folder.path().join("encryption.yaml"));
        let (scheme, clock) = (Scheme::builtin(), SystemClock::shared());
        let flags = |more: &[&str]| {
            let mut all = vec![format!("--store=file:{}", place.display())];
            all.extend(more.iter().map(|flag| (*flag).to_owned()));
            flags(&all)
        };
        let given = format!("--encryption-provider-config={}", config.display());
        let providers = |names: &[&str]| {
            let keys = names.iter().map(|name| {
                let secret = [name.as_bytes()[0]; 32];
                format!(
                    "{{name: {name}, secret: {}}}",
                    base64::Engine::encode(&base64::prelude::BASE64_STANDARD, secret)
                )
            });
            let text = format!(
                "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n\
                 - resources: [secrets]\n  providers:\n  - aesgcm: {{keys: [{}]}}\n",
                keys.collect::<Vec<_>>().join(", ")
            );
            std::fs::write(&config, text).unwrap();
        };
        let key = Key::new("/registry/secrets/default/s");
        providers(&["old"]);
        let store = flags(&[&given]).open(&scheme, &clock).await.unwrap();
        let mut secret = Secret::default();
        secret.metadata.name = "s".into();
        store.commit(Txn::create(key.clone(), Object::new(secret))).await.unwrap();
        drop(store);
        let kept = async || {
            // The file is free once the writer of the store before has ended.
            let store: FileStore<Bytes> = loop {
                match open_file(&place, Arc::new(BytesCodec), &clock).await {
                    Ok(store) => break store,
                    Err(_) => tokio::task::yield_now().await,
                }
            };
            let kept = store.get(&key, At::Now).await.unwrap().unwrap().value;
            store.close().await;
            kept
        };
        assert!(kept().await.starts_with(b"k8s:enc:aesgcm:v1:old:"));
        providers(&["new", "old"]);
        let store = flags(&[&given, "--encryption-rewrite"]).open(&scheme, &clock).await.unwrap();
        let found = store.get(&key, At::Now).await.unwrap().unwrap();
        assert_eq!(found.value.metadata().name, "s");
        drop(store);
        assert!(kept().await.starts_with(b"k8s:enc:aesgcm:v1:new:"));
        let memory = Flags::parse_from(["", &given]).store.open(&scheme, &clock).await;
        assert!(memory.is_err(), "memory has nothing to encrypt");
    }
}
