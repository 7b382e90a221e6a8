use super::*;
use crate::oci::ImageBuilder;

fn builder() -> ImageBuilder {
    ImageBuilder::new("demo:1").bytes("/etc/greeting", "hello", 0o644).entrypoint(["/app"]).env("A", "b")
}

fn open(directory: &Path) -> OciImageStore {
    OciImageStore::open(OciStoreConfig::new(directory)).unwrap()
}

/// Packs a directory, as `tar -C directory -c .` would.
fn pack(directory: &Path, target: &Path) {
    let mut archive = tar::Builder::new(std::fs::File::create(target).unwrap());
    archive.append_dir_all("", directory).unwrap();
    archive.finish().unwrap();
}

#[tokio::test]
async fn a_layout_directory_and_its_tar_give_the_same_image() {
    let scratch = tempfile::tempdir().unwrap();
    let layout = scratch.path().join("layout");
    let id = builder().write(&layout).unwrap();
    let tar = scratch.path().join("image.tar");
    pack(&layout, &tar);
    for (archive, store) in [(&layout, "one"), (&tar, "two")] {
        let store = open(&scratch.path().join(store));
        let images = store.import(archive).await.unwrap();
        assert_eq!(images.len(), 1);
        assert_eq!(images[0].id, id);
        assert_eq!(images[0].references, ["docker.io/library/demo:1"]);
        assert_eq!(images[0].config.env, ["A=b"]);
        let layers = store.acquire(&id, "container").unwrap();
        assert_eq!(std::fs::read_to_string(layers[0].join("etc/greeting")).unwrap(), "hello");
        let digest = &images[0].digests[0];
        assert!(digest.starts_with("docker.io/library/demo@sha256:"));
        assert_eq!(store.get(digest).await.unwrap().unwrap().id, id);
    }
}

#[tokio::test]
async fn a_docker_save_archive_is_taken_in() {
    let scratch = tempfile::tempdir().unwrap();
    let layout = scratch.path().join("layout");
    let id = builder().write(&layout).unwrap();
    // What `docker save` writes: the configuration by its digest, the layer uncompressed, and a second image whose
    // layer is a link to it.
    let saved = scratch.path().join("saved");
    std::fs::create_dir_all(saved.join("aaaa")).unwrap();
    std::fs::create_dir_all(saved.join("bbbb")).unwrap();
    let blob = |digest: &str| layout.join("blobs/sha256").join(digest_hex(digest).unwrap());
    std::fs::copy(blob(&id), saved.join("config.json")).unwrap();
    let json = |path: &Path| serde_json::from_slice::<serde_json::Value>(&std::fs::read(path).unwrap()).unwrap();
    let index = json(&layout.join("index.json"));
    let manifest = json(&blob(index["manifests"][0]["digest"].as_str().unwrap()));
    let layer = std::fs::File::open(blob(manifest["layers"][0]["digest"].as_str().unwrap())).unwrap();
    let mut target = std::fs::File::create(saved.join("aaaa/layer.tar")).unwrap();
    std::io::copy(&mut flate2::read::GzDecoder::new(layer), &mut target).unwrap();
    std::os::unix::fs::symlink("../aaaa/layer.tar", saved.join("bbbb/layer.tar")).unwrap();
    let manifest = serde_json::json!([
        {"Config": "config.json", "RepoTags": ["demo:saved"], "Layers": ["bbbb/layer.tar"]},
    ]);
    std::fs::write(saved.join("manifest.json"), manifest.to_string()).unwrap();
    let tar = scratch.path().join("saved.tar");
    let mut archive = tar::Builder::new(std::fs::File::create(&tar).unwrap());
    archive.follow_symlinks(false);
    archive.append_dir_all("", &saved).unwrap();
    archive.finish().unwrap();

    let store = open(&scratch.path().join("store"));
    let images = store.import(&tar).await.unwrap();
    assert_eq!(
        (images[0].id.as_str(), &images[0].references[..]),
        (&*id, &["docker.io/library/demo:saved".into()][..])
    );
}

#[tokio::test]
async fn what_does_not_match_its_digest_is_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let layout = scratch.path().join("layout");
    builder().write(&layout).unwrap();
    let store = open(&scratch.path().join("store"));
    let blobs: Vec<_> =
        std::fs::read_dir(layout.join("blobs/sha256")).unwrap().map(|blob| blob.unwrap().path()).collect();
    assert_eq!(blobs.len(), 3);
    for blob in blobs {
        let good = std::fs::read(&blob).unwrap();
        let mut bad = good.clone();
        let middle = bad.len() / 2;
        bad[middle] ^= 1;
        std::fs::write(&blob, bad).unwrap();
        assert!(store.import(&layout).await.is_err(), "{}", blob.display());
        assert_eq!(store.list().await.unwrap(), []);
        std::fs::write(&blob, good).unwrap();
    }
    assert_eq!(store.import(&layout).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_tag_moves_to_the_newest_image() {
    let scratch = tempfile::tempdir().unwrap();
    let layout = scratch.path().join("layout");
    let old = builder().write(&layout).unwrap();
    let store = open(&scratch.path().join("store"));
    store.import(&layout).await.unwrap();
    let second = scratch.path().join("second");
    let new = builder().bytes("/etc/greeting", "hi", 0o644).write(&second).unwrap();
    store.import(&second).await.unwrap();
    assert_eq!(store.get("demo:1").await.unwrap().unwrap().id, new);
    assert_eq!(store.get(&old).await.unwrap().unwrap().references, Vec::<String>::new());
}

#[tokio::test]
async fn images_survive_a_restart_and_go_when_nobody_uses_them() {
    let scratch = tempfile::tempdir().unwrap();
    let layout = scratch.path().join("layout");
    let id = builder().write(&layout).unwrap();
    let directory = scratch.path().join("store");
    open(&directory).import(&layout).await.unwrap();
    let store = open(&directory);
    assert_eq!(store.get("demo:1").await.unwrap().unwrap().id, id);
    store.acquire(&id, "c1").unwrap();
    assert!(matches!(store.remove(&id).await, Err(RuntimeError::Invalid(_))));
    store.release(&id, "c1");
    store.remove(&id).await.unwrap();
    store.remove(&id).await.unwrap();
    assert_eq!(store.get("demo:1").await.unwrap(), None);
    assert_eq!(std::fs::read_dir(directory.join("layers")).unwrap().count(), 0);
}

#[tokio::test]
async fn pulling_says_that_there_is_no_registry() {
    let scratch = tempfile::tempdir().unwrap();
    let store = open(scratch.path());
    let error = store.pull("absent", None).await.unwrap_err();
    assert!(error.to_string().contains("no registry"), "{error}");
}
