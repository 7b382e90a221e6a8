//! Which files a program needs to run somewhere else.
//!
//! In: a program on this machine. Out: the program, its dynamic loader and its shared libraries, with their places. The
//! dynamic loader itself is asked (`ld.so --list`), so that what it would load is what is packed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// Where dynamic loaders are found on Linux.
const LOADERS: [&str; 3] = ["/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1", "/lib/ld-linux-armhf.so.3"];

/// Files by their place in the image, each with its place on this machine.
pub type Files = BTreeMap<PathBuf, PathBuf>;

/// Adds a program under a name, and all that it loads.
///
/// # Errors
/// If the program is missing, or needs a library that is not on this machine.
pub fn add_program(files: &mut Files, place: &str, program: &Path) -> Result<()> {
    if !program.is_file() {
        bail!("{} is missing", program.display());
    }
    files.insert(place.into(), program.to_owned());
    let Some(loader) = LOADERS.iter().find(|loader| Path::new(loader).exists()) else {
        // Without a dynamic loader on this machine, every program on it is static.
        return Ok(());
    };
    let listed =
        Command::new(loader).arg("--list").arg(program).output().with_context(|| format!("running {loader}"))?;
    if !listed.status.success() {
        // The loader refuses what it would not load: a static program needs nothing else.
        return Ok(());
    }
    for library in libraries(&String::from_utf8_lossy(&listed.stdout))? {
        files.insert(library.clone(), library);
    }
    files.insert(loader.into(), loader.into());
    Ok(())
}

/// The paths in `name => /path (0x...)` and `/path (0x...)`.
fn libraries(listing: &str) -> Result<Vec<PathBuf>> {
    let mut found = vec![];
    for line in listing.lines() {
        let (name, place) = line.trim().split_once("=>").unwrap_or((line, line));
        let place = place.trim().split(" (").next().unwrap_or_default().trim();
        if place.starts_with("not found") {
            bail!("the library {} is missing", name.trim());
        }
        if place.starts_with('/') {
            found.push(place.into());
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listings_name_libraries_by_place() {
        let listing = "\tlinux-vdso.so.1 (0x7ffd)\n\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x7f)\n\t/lib64/ld-linux-x86-64.so.2 (0x7f)\n";
        let expected: Vec<PathBuf> =
            vec!["/lib/x86_64-linux-gnu/libc.so.6".into(), "/lib64/ld-linux-x86-64.so.2".into()];
        assert_eq!(libraries(listing).unwrap(), expected);
        assert!(libraries("libx.so => not found").is_err());
    }

    #[test]
    fn this_very_program_is_packed_with_its_loader() {
        let mut files = Files::new();
        add_program(&mut files, "/app", &std::env::current_exe().unwrap()).unwrap();
        assert!(files.contains_key(Path::new("/app")));
        assert!(files.values().all(|place| place.exists()));
    }
}
