//! Reads image archives: what images are in there, and where their parts are.
//!
//! In: an OCI image layout or the directory form of a `docker save` archive. Out: descriptions whose small parts (index,
//! manifests, configurations) match their digests. Elsewhere: checking and unpacking layers (`store`).
//! Source: OCI image specification, "image layout"; Docker image specification 1.2.

use std::collections::HashMap;
use std::io::{Error, Read as _, Result};
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use super::builder::architecture;
use super::unpack::plain;
use super::{digest, digest_hex};

/// Longest index, manifest or configuration, in bytes.
const DOCUMENT_BYTES_MAX: u64 = 4 << 20;
/// Most images, and most layers of one, that an archive may name.
const COUNT_MAX: usize = 512;

/// An image in an archive.
#[derive(Debug)]
pub(super) struct Found {
    /// References it is tagged with, as written there.
    pub(super) tags: Vec<String>,
    /// Digest of its manifest; empty in a `docker save` archive.
    pub(super) manifest_digest: String,
    /// Digest of its configuration, which is the image's id.
    pub(super) id: String,
    /// The configuration, as bytes.
    pub(super) config: Vec<u8>,
    /// Where its layers are, the lowest first.
    pub(super) layers: Vec<LayerFile>,
}

/// A layer in an archive: a tar file, compressed or not.
#[derive(Debug)]
pub(super) struct LayerFile {
    /// Where it is.
    pub(super) path: PathBuf,
    /// What the file's digest must be, if the archive says so.
    pub(super) digest: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Index {
    #[serde(default)]
    manifests: Vec<Descriptor>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    #[serde(default)]
    media_type: String,
    digest: String,
    #[serde(default)]
    annotations: HashMap<String, String>,
    platform: Option<Platform>,
}

#[derive(Debug, Deserialize)]
struct Platform {
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    os: String,
}

#[derive(Debug, Deserialize)]
struct Manifest {
    config: Descriptor,
    layers: Vec<Descriptor>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    config: String,
    repo_tags: Option<Vec<String>>,
    layers: Vec<String>,
}

/// The images of an archive directory.
pub(super) fn read(directory: &Path) -> Result<Vec<Found>> {
    // Newer versions of `docker save` write both forms; only its own has all tags.
    if directory.join("manifest.json").exists() {
        return read_saved(directory);
    }
    if directory.join("index.json").exists() {
        return read_layout(directory);
    }
    Err(Error::other("it has neither index.json (OCI image layout) nor manifest.json (docker save)"))
}

fn read_saved(directory: &Path) -> Result<Vec<Found>> {
    let saved: Vec<Saved> = parse(&document(&directory.join("manifest.json"))?)?;
    let inside = |path: &str| plain(Path::new(path)).map(|path| directory.join(path));
    bounded(saved.len())?;
    (saved.into_iter())
        .map(|image| {
            bounded(image.layers.len())?;
            let config = document(&inside(&image.config)?)?;
            let layer = |path: &String| Ok(LayerFile { path: inside(path)?, digest: None });
            Ok(Found {
                tags: image.repo_tags.unwrap_or_default(),
                manifest_digest: String::new(),
                id: digest(&config),
                config,
                layers: image.layers.iter().map(layer).collect::<Result<_>>()?,
            })
        })
        .collect()
}

fn read_layout(directory: &Path) -> Result<Vec<Found>> {
    let index: Index = parse(&document(&directory.join("index.json"))?)?;
    bounded(index.manifests.len())?;
    let mut found: Vec<Found> = Vec::new();
    for descriptor in index.manifests {
        let tag = (descriptor.annotations.get("io.containerd.image.name"))
            .or_else(|| descriptor.annotations.get("org.opencontainers.image.ref.name"))
            .cloned();
        let Some(image) = read_manifest(directory, &descriptor, 0)? else { continue };
        match found.iter_mut().find(|known| known.manifest_digest == image.manifest_digest) {
            Some(known) => known.tags.extend(tag),
            None => found.push(Found { tags: tag.into_iter().collect(), ..image }),
        }
    }
    Ok(found)
}

/// The image behind a descriptor; of several platforms, this machine's. `None` if there is none for this machine.
fn read_manifest(directory: &Path, descriptor: &Descriptor, depth: u8) -> Result<Option<Found>> {
    let bytes = blob(directory, &descriptor.digest)?;
    if descriptor.media_type.contains("index") || descriptor.media_type.contains("manifest.list") {
        if depth > 2 {
            return Err(Error::other("indexes within indexes within indexes"));
        }
        let index: Index = parse(&bytes)?;
        let fits = |candidate: &&Descriptor| match &candidate.platform {
            Some(platform) => platform.os == "linux" && platform.architecture == architecture(),
            None => true,
        };
        return match index.manifests.iter().find(fits) {
            Some(manifest) => read_manifest(directory, manifest, depth + 1),
            None => Ok(None),
        };
    }
    let manifest: Manifest = parse(&bytes)?;
    bounded(manifest.layers.len())?;
    let layer =
        |layer: Descriptor| Ok(LayerFile { path: blob_path(directory, &layer.digest)?, digest: Some(layer.digest) });
    Ok(Some(Found {
        tags: Vec::new(),
        manifest_digest: descriptor.digest.clone(),
        config: blob(directory, &manifest.config.digest)?,
        id: manifest.config.digest,
        layers: manifest.layers.into_iter().map(layer).collect::<Result<_>>()?,
    }))
}

fn bounded(count: usize) -> Result<()> {
    if count > COUNT_MAX { Err(Error::other(format!("it lists more than {COUNT_MAX} parts"))) } else { Ok(()) }
}

fn parse<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|error| Error::other(format!("malformed JSON: {error}")))
}

fn blob_path(directory: &Path, digest: &str) -> Result<PathBuf> {
    let hex = digest_hex(digest).ok_or_else(|| Error::other(format!("{digest:?} is not a SHA-256 digest")))?;
    Ok(directory.join("blobs/sha256").join(hex))
}

fn blob(directory: &Path, expected: &str) -> Result<Vec<u8>> {
    let bytes = document(&blob_path(directory, expected)?)?;
    let found = digest(&bytes);
    if found == expected { Ok(bytes) } else { Err(Error::other(format!("blob {expected} has digest {found}"))) }
}

/// Reads a small file of an archive. Links are refused: a layout directory may come from anywhere.
fn document(path: &Path) -> Result<Vec<u8>> {
    let named = |error: Error| Error::new(error.kind(), format!("{}: {error}", path.display()));
    let mut bytes = Vec::new();
    open(path).map_err(named)?.take(DOCUMENT_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(named)?;
    if bytes.len() as u64 > DOCUMENT_BYTES_MAX {
        return Err(Error::other(format!("{} is larger than {DOCUMENT_BYTES_MAX} bytes", path.display())));
    }
    Ok(bytes)
}

/// Opens a regular file of an archive, without following a link.
pub(super) fn open(path: &Path) -> Result<std::fs::File> {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = std::fs::File::from(rustix::fs::open(path, flags, Mode::empty())?);
    if file.metadata()?.is_file() { Ok(file) } else { Err(Error::other("it is not a regular file")) }
}

/// Spreads an archive file over an empty directory: its regular files, and links among them as copies.
pub(super) fn spread(archive: &Path, directory: &Path, bytes_max: u64) -> Result<()> {
    let mut file = std::io::BufReader::new(std::fs::File::open(archive)?);
    let is_gzip = std::io::BufRead::fill_buf(&mut file)?.starts_with(&[0x1f, 0x8b]);
    let stream: Box<dyn std::io::Read> =
        if is_gzip { Box::new(flate2::read::MultiGzDecoder::new(file)) } else { Box::new(file) };
    let mut archive = tar::Archive::new(stream);
    let mut links = Vec::new();
    let mut left = bytes_max;
    for (count, entry) in archive.entries()?.enumerate() {
        if count > COUNT_MAX * COUNT_MAX {
            return Err(Error::other("the archive has too many entries"));
        }
        let mut entry = entry?;
        let path = plain(&entry.path()?)?;
        left = left.checked_sub(entry.size()).ok_or_else(|| Error::other("the archive is larger than allowed"))?;
        match entry.header().entry_type() {
            tar::EntryType::Regular => {
                let target = directory.join(&path);
                std::fs::create_dir_all(target.parent().unwrap_or(directory))?;
                std::io::copy(&mut entry, &mut std::fs::File::create(target)?)?;
            }
            // Older versions of `docker save` write a layer that several images share only once.
            tar::EntryType::Symlink => {
                let target = entry.link_name()?.unwrap_or_default().into_owned();
                links.push((resolve(path.parent().unwrap_or(Path::new("")), &target)?, path));
            }
            tar::EntryType::Link => links.push((plain(&entry.link_name()?.unwrap_or_default())?, path)),
            _ => {}
        }
    }
    for (target, path) in links {
        let path = directory.join(path);
        std::fs::create_dir_all(path.parent().unwrap_or(directory))?;
        std::fs::hard_link(directory.join(target), path)?;
    }
    Ok(())
}

/// Where a link in `base` leads, within the archive.
fn resolve(base: &Path, target: &Path) -> Result<PathBuf> {
    let mut resolved = base.to_path_buf();
    for component in target.components() {
        match component {
            Component::Normal(name) => resolved.push(name),
            Component::CurDir => {}
            Component::ParentDir if resolved.pop() => {}
            _ => return Err(Error::other("a link leads out of the archive")),
        }
    }
    Ok(resolved)
}
