//! Making roots, finding programs, building commands.

use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Component, Path, PathBuf};
use std::process::Stdio;

use rustix::process::{Pid, Signal};
use tokio::process::Command;

use super::container::Process;
use super::{RootFs, signal_group, unsupported};
use crate::{ContainerConfig, ExecIo, ExecRequest, ExecSession, RuntimeError};

/// The note about what runs, in a container's directory: process id and the kernel's time of its start.
pub(super) const NOTE: &str = "process";

/// Other users need root.
pub(super) fn check_user(config: &ContainerConfig) -> Result<(), RuntimeError> {
    let own = rustix::process::geteuid();
    match config.security.run_as_user {
        Some(user) if !own.is_root() && i64::from(own.as_raw()) != user => {
            Err(unsupported(format!("run as user {user} without the rights of root")))
        }
        _ => Ok(()),
    }
}

/// Unpacks the image, and puts links to mounts where the container expects them.
pub(super) async fn prepare_root(
    root: &Path,
    config: &ContainerConfig,
    roots: Option<&dyn RootFs>,
) -> Result<(), RuntimeError> {
    let doing = || format!("making the root of container {:?}", config.name);
    tokio::fs::create_dir_all(root).await.map_err(RuntimeError::io(doing()))?;
    if let Some(roots) = roots {
        roots.unpack(&config.image, root).await?;
    }
    for mount in &config.mounts {
        let at = inside(root, &mount.container_path);
        link(root, &at, &mount.host_path).await.map_err(RuntimeError::io(doing()))?;
    }
    Ok(())
}

async fn link(root: &Path, at: &Path, to: &Path) -> std::io::Result<()> {
    if at == root {
        return Err(std::io::Error::other("a mount cannot be the root itself"));
    }
    if let Some(parent) = at.parent() {
        tokio::fs::create_dir_all(parent).await?;
    }
    // What the image has there is hidden by the mount.
    match tokio::fs::symlink_metadata(at).await {
        Ok(metadata) if metadata.is_dir() => tokio::fs::remove_dir_all(at).await?,
        Ok(_) => tokio::fs::remove_file(at).await?,
        Err(_) => {}
    }
    tokio::fs::symlink(to, at).await
}

/// A path of the container as a path of this machine.
pub(super) fn inside(root: &Path, path: &Path) -> PathBuf {
    let parts = path.components().filter(|part| matches!(part, Component::Normal(_)));
    root.join(parts.collect::<PathBuf>())
}

/// Program and arguments of a container, by the rules of image and pod.
pub(super) fn command_line(config: &ContainerConfig) -> Result<Vec<String>, RuntimeError> {
    let image = &config.image.config;
    let mut line = if config.command.is_empty() { image.entrypoint.clone() } else { config.command.clone() };
    if !config.args.is_empty() {
        line.extend(config.args.iter().cloned());
    } else if config.command.is_empty() {
        line.extend(image.cmd.iter().cloned());
    }
    if line.is_empty() {
        return Err(RuntimeError::Invalid("no command specified".into()));
    }
    Ok(line)
}

fn executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

/// The program's file: in the container's root if it is there, else this machine's.
fn find(root: &Path, program: &str, image_path: &str, host_path: &str) -> Option<PathBuf> {
    if program.contains('/') {
        let own = inside(root, Path::new(program));
        let host = Path::new(program);
        return [own.as_path(), host].into_iter().find(|path| executable(path)).map(Path::to_owned);
    }
    let in_image = image_path.split(':').filter(|part| !part.is_empty());
    let candidates = in_image.map(|directory| inside(root, Path::new(directory)));
    let on_host = host_path.split(':').map(PathBuf::from);
    candidates.chain(on_host).map(|directory| directory.join(program)).find(|path| executable(path))
}

/// A command that runs in the container's place: root, environment, working directory, user, a process group of its own.
pub(super) fn command(
    process: &Process,
    line: &[String],
    path: &str,
    address: Option<IpAddr>,
) -> Result<Command, RuntimeError> {
    let config = &process.config;
    let image_env = config.image.config.env.iter().filter_map(|pair| pair.split_once('='));
    let image_path = image_env.clone().find(|(name, _)| *name == "PATH").map_or("/usr/bin:/bin", |(_, value)| value);
    let (program, args) = line.split_first().ok_or_else(|| RuntimeError::Invalid("no command specified".into()))?;
    let found = find(&process.root, program, image_path, path).ok_or_else(|| RuntimeError::Start {
        program: program.clone(),
        why: "executable file not found in $PATH".into(),
    })?;
    let mapped = image_path.split(':').map(|part| inside(&process.root, Path::new(part)).display().to_string());
    let mut command = Command::new(found);
    command
        .args(args)
        .env_clear()
        .envs(image_env)
        .env("PATH", mapped.chain([path.to_owned()]).collect::<Vec<_>>().join(":"))
        .env("PINTLE_ROOT", &process.root)
        .envs(config.env.iter().map(|(name, value)| (name, value)))
        .current_dir(working_dir(process))
        .process_group(0);
    if let Some(address) = address {
        command.env("POD_IP", address.to_string());
    }
    if rustix::process::geteuid().is_root() {
        if let Some(user) = config.security.run_as_user.and_then(|user| u32::try_from(user).ok()) {
            command.uid(user);
        }
        if let Some(group) = config.security.run_as_group.and_then(|group| u32::try_from(group).ok()) {
            command.gid(group);
        }
    }
    Ok(command)
}

fn working_dir(process: &Process) -> PathBuf {
    let given = &process.config.working_dir;
    let wanted = if given.is_empty() { &process.config.image.config.working_dir } else { given };
    let directory = inside(&process.root, Path::new(wanted));
    if directory.is_dir() { directory } else { process.root.clone() }
}

/// Starts a command, telling apart what its program lacks from what the machine lacks.
pub(super) fn spawn(mut command: Command, program: &str) -> Result<tokio::process::Child, RuntimeError> {
    command.spawn().map_err(|error| RuntimeError::Start { program: program.to_owned(), why: error.to_string() })
}

/// The exit code as containers have it: 128 plus the signal for those that were killed.
pub(super) fn exit_code(status: std::process::ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(9))
}

/// One more program beside the main one.
pub(super) fn exec(
    process: &Process,
    request: &ExecRequest,
    path: &str,
    address: Option<IpAddr>,
) -> Result<ExecSession, RuntimeError> {
    let mut command = command(process, &request.command, path, address)?;
    let pipe_if = |wanted: bool| if wanted { Stdio::piped() } else { Stdio::null() };
    command
        .stdin(pipe_if(request.stdin))
        .stdout(pipe_if(request.stdout))
        .stderr(pipe_if(request.stderr))
        .kill_on_drop(true);
    let mut child = spawn(command, &request.command[0])?;
    let io = ExecIo {
        stdin: child.stdin.take().map(|stream| Box::new(stream) as _),
        stdout: child.stdout.take().map(|stream| Box::new(stream) as _),
        stderr: child.stderr.take().map(|stream| Box::new(stream) as _),
        resize: None,
    };
    let mut group = GroupGuard(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw));
    let exit = async move {
        let status = child.wait().await.map_err(RuntimeError::io("waiting for a program"))?;
        // What the program left in the background may go on, as in a container.
        group.disarm();
        Ok(exit_code(status))
    };
    Ok(ExecSession { io, exit: Box::pin(exit) })
}

/// Kills a process group when nobody waits for its leader any more.
struct GroupGuard(Option<Pid>);

impl GroupGuard {
    fn disarm(&mut self) {
        self.0 = None;
    }
}

impl Drop for GroupGuard {
    fn drop(&mut self) {
        if let Some(pid) = self.0 {
            let _ = signal_group(pid, Signal::KILL);
        }
    }
}

/// The kernel's time of a process's start, which tells it apart from a later one of the same number.
pub(super) fn start_ticks(pid: i32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The program's name, in parentheses, may hold anything.
    stat.rsplit_once(')')?.1.split_whitespace().nth(19).map(str::to_owned)
}

/// Kills the groups that an earlier host program left, and removes their directories.
pub(super) async fn end_leftovers(containers: &Path) -> Result<(), RuntimeError> {
    let doing = format!("clearing {}", containers.display());
    let Ok(mut entries) = tokio::fs::read_dir(containers).await else { return Ok(()) };
    while let Ok(Some(entry)) = entries.next_entry().await {
        let note = tokio::fs::read_to_string(entry.path().join(NOTE)).await.unwrap_or_default();
        let mut words = note.split_whitespace();
        let pid = words.next().and_then(|word| word.parse::<i32>().ok());
        if let Some(pid) = pid
            && start_ticks(pid).as_deref() == words.next()
            && let Some(group) = Pid::from_raw(pid)
        {
            signal_group(group, Signal::KILL)?;
        }
    }
    match tokio::fs::remove_dir_all(containers).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(RuntimeError::Io { doing, source: error }),
        _ => Ok(()),
    }
}

/// A signal by its name, with or without `SIG`.
pub(super) fn signal(name: &str) -> Signal {
    match name.strip_prefix("SIG").unwrap_or(name) {
        "INT" | "2" => Signal::INT,
        "QUIT" | "3" => Signal::QUIT,
        "HUP" | "1" => Signal::HUP,
        "KILL" | "9" => Signal::KILL,
        "USR1" | "10" => Signal::USR1,
        "USR2" | "12" => Signal::USR2,
        "WINCH" | "28" => Signal::WINCH,
        _ => Signal::TERM,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_in_the_root_first() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        std::fs::create_dir_all(root.join("bin")).unwrap();
        std::fs::write(root.join("bin/sh"), "").unwrap();
        let find = |program: &str| find(root, program, "/bin", "/usr/bin:/bin");
        assert_ne!(find("sh"), Some(root.join("bin/sh")), "what cannot be executed is no program");
        std::fs::set_permissions(root.join("bin/sh"), std::fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(find("sh"), Some(root.join("bin/sh")));
        assert_eq!(find("/bin/sh"), Some(root.join("bin/sh")));
        assert_eq!(
            find("/bin/../../bin/sh"),
            Some(root.join("bin/bin/sh")).filter(|p| p.exists()).or(Some("/bin/../../bin/sh".into()))
        );
        assert_eq!(find("no-such-program"), None);
    }

    #[test]
    fn command_lines_follow_image_and_pod() {
        let mut config = ContainerConfig::default();
        config.image.config.entrypoint = vec!["run".into()];
        config.image.config.cmd = vec!["default".into()];
        assert_eq!(command_line(&config).unwrap(), ["run", "default"]);
        config.args = vec!["own".into()];
        assert_eq!(command_line(&config).unwrap(), ["run", "own"]);
        config.command = vec!["other".into()];
        assert_eq!(command_line(&config).unwrap(), ["other", "own"]);
        config.args = vec![];
        assert_eq!(command_line(&config).unwrap(), ["other"]);
        assert!(command_line(&ContainerConfig::default()).is_err());
    }
}
