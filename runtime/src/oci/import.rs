//! Takes images of an archive into the store.
//!
//! In: what [`super::archive`] has found. Out: layers that are unpacked and match their digests, and an index that names
//! the image. An import that fails half-way leaves complete layers at most, which the next one uses.

use std::io::{BufRead as _, BufReader, Error};
use std::path::Path;
use std::sync::PoisonError;

use super::archive::{self, Found, LayerFile};
use super::store::{Document, Inner, replace};
use super::unpack::{Limits, unpack};
use super::{HashingReader, digest_hex};
use crate::{Image, RuntimeError, normalize_reference};

impl Inner {
    pub(super) fn import(&self, archive: &Path) -> std::io::Result<Vec<Image>> {
        let _one = self.import.lock().unwrap_or_else(PoisonError::into_inner);
        let scratch = self.config.directory.join("tmp/import");
        let _ = std::fs::remove_dir_all(&scratch);
        std::fs::create_dir_all(&scratch)?;
        let result = self.import_with(archive, &scratch);
        let _ = std::fs::remove_dir_all(&scratch);
        result
    }

    fn import_with(&self, archive: &Path, scratch: &Path) -> std::io::Result<Vec<Image>> {
        let spread = scratch.join("archive");
        let directory = if archive.is_dir() {
            archive
        } else {
            std::fs::create_dir(&spread)?;
            archive::spread(archive, &spread, self.config.layer_bytes_max)?;
            &spread
        };
        let mut images = Vec::new();
        for found in archive::read(directory)? {
            images.push(self.take_in(found, scratch)?);
        }
        if images.is_empty() { Err(Error::other("it has no image for this machine")) } else { Ok(images) }
    }

    fn take_in(&self, found: Found, scratch: &Path) -> std::io::Result<Image> {
        let document: Document = serde_json::from_slice(&found.config).map_err(Error::other)?;
        let diff_ids = document.rootfs.diff_ids;
        if diff_ids.len() != found.layers.len() {
            let text = format!("{} layers, but the configuration names {}", found.layers.len(), diff_ids.len());
            return Err(Error::other(text));
        }
        let mut size = found.config.len() as u64;
        for (layer, diff_id) in found.layers.iter().zip(&diff_ids) {
            size += self.take_in_layer(layer, diff_id, scratch)?;
        }
        let blob = self.config.directory.join("blobs/sha256").join(digest_hex(&found.id).unwrap_or("malformed"));
        replace(&blob, &found.config)?;

        let invalid = |error: RuntimeError| Error::other(error.to_string());
        let references: Vec<String> =
            found.tags.iter().map(|tag| normalize_reference(tag)).collect::<Result<_, _>>().map_err(invalid)?;
        let mut state = self.state();
        let mut images = state.images.clone();
        // A tag belongs to one image: the newest.
        for record in images.values_mut() {
            record.references.retain(|known| !references.contains(known));
        }
        let record = images.entry(found.id.clone()).or_default();
        for reference in references {
            if !found.manifest_digest.is_empty() {
                let name = reference.split_once('@').map_or(reference.as_str(), |(name, _)| name);
                let slash = name.rfind('/').unwrap_or(0);
                let name = name[slash..].find(':').map_or(name, |colon| &name[..slash + colon]);
                let digest = format!("{name}@{}", found.manifest_digest);
                if !record.digests.contains(&digest) {
                    record.digests.push(digest);
                }
            }
            if !reference.contains('@') {
                record.references.push(reference);
            }
        }
        record.size = size;
        record.layers = diff_ids;
        record.config = document.config.unwrap_or_default();
        let image = record.image(&found.id);
        self.save(&images)?;
        state.images = images;
        Ok(image)
    }

    /// Makes a layer present; answers with the size of its file.
    fn take_in_layer(&self, layer: &LayerFile, diff_id: &str, scratch: &Path) -> std::io::Result<u64> {
        let named = |error: Error| Error::new(error.kind(), format!("layer {diff_id}: {error}"));
        digest_hex(diff_id).ok_or_else(|| Error::other(format!("{diff_id:?} is not a SHA-256 digest")))?;
        let file = archive::open(&layer.path).map_err(named)?;
        let size = file.metadata()?.len();
        let place = self.layer(diff_id);
        if place.exists() {
            return Ok(size);
        }
        let fresh = scratch.join("layer");
        let _ = std::fs::remove_dir_all(&fresh);
        std::fs::create_dir(&fresh)?;
        self.unpack_checked(file, layer.digest.as_deref(), diff_id, &fresh).map_err(named)?;
        std::fs::rename(&fresh, &place)?;
        Ok(size)
    }

    fn unpack_checked(
        &self,
        file: std::fs::File,
        digest: Option<&str>,
        diff_id: &str,
        target: &Path,
    ) -> std::io::Result<()> {
        let limit = self.config.layer_bytes_max;
        let limits = Limits { bytes: limit, entries: self.config.layer_entries_max };
        let mut packed = BufReader::with_capacity(64 * 1024, HashingReader::new(file));
        let start = packed.fill_buf()?;
        let (is_gzip, is_zstd) = (start.starts_with(&[0x1f, 0x8b]), start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]));
        if is_zstd {
            return Err(Error::other("zstd compression is not supported: use gzip"));
        }
        let stream: Box<dyn std::io::Read + '_> =
            if is_gzip { Box::new(flate2::bufread::MultiGzDecoder::new(&mut packed)) } else { Box::new(&mut packed) };
        let mut plain = HashingReader::new(stream);
        unpack(&mut plain, target, limits)?;
        // Headers and padding come on top of the content: hence the slack.
        let (found, _) = plain.finish(limit.saturating_mul(2).saturating_add(1 << 20))?;
        if found != diff_id {
            return Err(Error::other(format!("its uncompressed content has digest {found}")));
        }
        let (found, _) = packed.into_inner().finish(limit)?;
        match digest {
            Some(expected) if expected != found => Err(Error::other(format!("expected {expected}, found {found}"))),
            _ => Ok(()),
        }
    }
}
