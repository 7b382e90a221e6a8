//! What providers do with bytes.
//!
//! In: plain bytes and their key. Out: `k8s:enc:PROVIDER:v1:KEY:`, then what the cipher makes. Invariants: every nonce
//! is the operating system's chance (a seeded generator would repeat them, which breaks the cipher), and a key stops
//! writing before chance repeats one.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::aead::{self, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::cipher::{
    self, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use bytes::Bytes;
use tracing::warn;

use crate::Key;

/// How everything that is encrypted begins.
pub(super) const PREFIX: &[u8] = b"k8s:enc:";
const GCM_PREFIX: &str = "k8s:enc:aesgcm:v1:";
const CBC_PREFIX: &str = "k8s:enc:aescbc:v1:";
const IV_LEN: usize = 16;
/// After how many writes Kubernetes wants an AES-GCM key replaced: told once.
const WRITES_ADVISED: u64 = 200_000;
/// Most writes with one AES-GCM key (NIST SP 800-38D, 8.3): two random nonces are alike with a chance of 2^-32 then.
/// Counted in this process only, so this is the last resort.
const WRITES_MAX: u64 = 1 << 32;

/// One entry of a list of providers.
#[derive(Debug)]
pub(super) enum Provider {
    /// Bytes as they are.
    Identity,
    /// AES in Galois/counter mode: encrypted, and bound to the key of the store.
    Gcm(Vec<GcmKey>),
    /// AES in cipher block chaining mode. It does not notice what was changed; for reading what is there.
    Cbc(Vec<CbcKey>),
}

pub(super) struct GcmKey {
    /// All that stands before the nonce.
    prefix: String,
    key: LessSafeKey,
    writes: AtomicU64,
    writes_max: u64,
}

pub(super) struct CbcKey {
    prefix: String,
    sealing: PaddedBlockEncryptingKey,
    opening: PaddedBlockDecryptingKey,
}

impl fmt::Debug for GcmKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.prefix.fmt(f)
    }
}

impl fmt::Debug for CbcKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.prefix.fmt(f)
    }
}

impl Provider {
    pub(super) fn seal(&self, key: &Key, plain: Bytes) -> Result<Bytes, String> {
        let none = || "the provider has no key".to_owned();
        match self {
            Self::Identity => Ok(plain),
            Self::Gcm(keys) => keys.first().ok_or_else(none)?.seal(key, &plain),
            Self::Cbc(keys) => keys.first().ok_or_else(none)?.seal(&plain),
        }
    }

    /// Plain bytes and the place of the key that they were encrypted with; `None` if it was none of these.
    pub(super) fn open(&self, key: &Key, kept: &Bytes) -> Option<Result<(Bytes, usize), String>> {
        match self {
            Self::Identity => None,
            Self::Gcm(keys) => first_that_opens(keys, kept, |with| &with.prefix, |with, sealed| with.open(key, sealed)),
            Self::Cbc(keys) => first_that_opens(keys, kept, |with| &with.prefix, CbcKey::open),
        }
    }
}

/// A key's name may begin with that of another one, so all that fit are tried.
fn first_that_opens<K>(
    keys: &[K],
    kept: &[u8],
    prefix: impl Fn(&K) -> &str,
    open: impl Fn(&K, &[u8]) -> Result<Vec<u8>, String>,
) -> Option<Result<(Bytes, usize), String>> {
    let mut refusal = None;
    for (place, key) in keys.iter().enumerate() {
        let Some(sealed) = kept.strip_prefix(prefix(key).as_bytes()) else { continue };
        match open(key, sealed) {
            Ok(plain) => return Some(Ok((plain.into(), place))),
            Err(why) => refusal = Some(Err(format!("{}: {why}", prefix(key)))),
        }
    }
    refusal
}

fn chance<const N: usize>() -> Result<[u8; N], String> {
    let mut bytes = [0; N];
    match aws_lc_rs::rand::fill(&mut bytes) {
        Ok(()) => Ok(bytes),
        Err(_) => Err("the operating system has no random numbers".into()),
    }
}

impl GcmKey {
    /// From its name and its 16, 24 or 32 bytes.
    pub(super) fn new(name: &str, secret: &[u8]) -> Option<Self> {
        let algorithm = match secret.len() {
            16 => &aead::AES_128_GCM,
            24 => &aead::AES_192_GCM,
            32 => &aead::AES_256_GCM,
            _ => return None,
        };
        let key = LessSafeKey::new(UnboundKey::new(algorithm, secret).ok()?);
        Some(Self { prefix: format!("{GCM_PREFIX}{name}:"), key, writes: AtomicU64::new(0), writes_max: WRITES_MAX })
    }

    fn seal(&self, key: &Key, plain: &[u8]) -> Result<Bytes, String> {
        match self.writes.fetch_add(1, Ordering::Relaxed) {
            WRITES_ADVISED => {
                warn!(key = %self.prefix, writes = WRITES_ADVISED, "this encryption key has been used often: replace it");
            }
            writes if writes >= self.writes_max => {
                return Err(format!("{}: the key has encrypted {writes} values and must be replaced", self.prefix));
            }
            _ => {}
        }
        let nonce: [u8; NONCE_LEN] = chance()?;
        let mut out = Vec::with_capacity(self.prefix.len() + NONCE_LEN + plain.len() + self.key.algorithm().tag_len());
        out.extend_from_slice(self.prefix.as_bytes());
        out.extend_from_slice(&nonce);
        let head = out.len();
        out.extend_from_slice(plain);
        let bound = Aad::from(key.as_str().as_bytes());
        let tag = self
            .key
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), bound, &mut out[head..])
            .map_err(|_| "encrypting failed".to_owned())?;
        out.extend_from_slice(tag.as_ref());
        Ok(out.into())
    }

    fn open(&self, key: &Key, sealed: &[u8]) -> Result<Vec<u8>, String> {
        let (nonce, sealed) = sealed.split_first_chunk().ok_or("the value is cut short")?;
        let mut out = sealed.to_vec();
        let bound = Aad::from(key.as_str().as_bytes());
        let length = self
            .key
            .open_in_place(Nonce::assume_unique_for_key(*nonce), bound, &mut out)
            .map_err(|_| "the value was changed, is another key's, or was encrypted with another secret")?
            .len();
        out.truncate(length);
        Ok(out)
    }

    #[cfg(test)]
    pub(super) fn limited(self, writes_max: u64) -> Self {
        Self { writes_max, ..self }
    }
}

impl CbcKey {
    /// From its name and its 16, 24 or 32 bytes.
    pub(super) fn new(name: &str, secret: &[u8]) -> Option<Self> {
        let algorithm = match secret.len() {
            16 => &cipher::AES_128,
            24 => &cipher::AES_192,
            32 => &cipher::AES_256,
            _ => return None,
        };
        let key = || UnboundCipherKey::new(algorithm, secret);
        Some(Self {
            prefix: format!("{CBC_PREFIX}{name}:"),
            sealing: PaddedBlockEncryptingKey::cbc_pkcs7(key().ok()?).ok()?,
            opening: PaddedBlockDecryptingKey::cbc_pkcs7(key().ok()?).ok()?,
        })
    }

    fn seal(&self, plain: &[u8]) -> Result<Bytes, String> {
        let iv: [u8; IV_LEN] = chance()?;
        let mut body = plain.to_vec();
        self.sealing
            .less_safe_encrypt(&mut body, EncryptionContext::Iv128(FixedLength::from(iv)))
            .map_err(|_| "encrypting failed".to_owned())?;
        Ok([self.prefix.as_bytes(), &iv, &body].concat().into())
    }

    fn open(&self, sealed: &[u8]) -> Result<Vec<u8>, String> {
        let (iv, sealed) = sealed.split_first_chunk::<IV_LEN>().ok_or("the value is cut short")?;
        let mut out = sealed.to_vec();
        let length = self
            .opening
            .decrypt(&mut out, DecryptionContext::Iv128(FixedLength::from(*iv)))
            .map_err(|_| "the value was changed or encrypted with another secret")?
            .len();
        out.truncate(length);
        Ok(out)
    }
}
