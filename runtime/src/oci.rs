//! Images on disk: a store that the native runtime starts containers from, and a builder of small images.
//!
//! In: OCI image layouts and `docker save` archives. Out: directories with unpacked layers, ready for overlayfs.
//! Invariants: content is what its digests say; nothing in an archive can touch a path outside the store.
//! Elsewhere: mounting the layers (`native`). Source: OCI image specification 1.1.

mod archive;
mod builder;
mod import;
mod root_fs;
mod store;
mod unpack;

pub use builder::ImageBuilder;
pub use store::{OciImageStore, OciStoreConfig};

use std::io::Read;

use sha2::{Digest as _, Sha256};

/// `sha256:<hex>` of some bytes.
pub(crate) fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex(&Sha256::digest(bytes)))
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The hexadecimal part of a `sha256:...` digest, if it is one: safe to use as a file name.
pub(crate) fn digest_hex(digest: &str) -> Option<&str> {
    digest.strip_prefix("sha256:").filter(|hex| hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Computes the digest and the length of what is read through it.
pub(crate) struct HashingReader<R> {
    inner: R,
    hash: Sha256,
    length: u64,
}

impl<R: Read> HashingReader<R> {
    pub(crate) fn new(inner: R) -> Self {
        Self { inner, hash: Sha256::new(), length: 0 }
    }

    /// Reads the rest and answers with digest and length of all of it. `limit` bounds the length.
    pub(crate) fn finish(mut self, limit: u64) -> std::io::Result<(String, u64)> {
        let mut buffer = [0; 16 * 1024];
        while self.read(&mut buffer)? > 0 {
            if self.length > limit {
                return Err(std::io::Error::other(format!("it is larger than {limit} bytes")));
            }
        }
        Ok((format!("sha256:{}", hex(&self.hash.finalize())), self.length))
    }
}

impl<R: Read> Read for HashingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hash.update(&buffer[..count]);
        self.length += count as u64;
        Ok(count)
    }
}
