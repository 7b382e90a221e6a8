use super::super::record::Stage;
use super::*;
use crate::{Identity, Image, ImageConfig, SecurityConfig};

fn sandbox() -> SandboxRecord {
    SandboxRecord {
        id: "s".into(),
        identity: Identity::default().into(),
        hostname: "web-0".into(),
        labels: BTreeMap::new(),
        created: 0,
        addresses: vec![],
        stage: Stage::Ready,
        pause: None,
        namespace: Some("pt-x".into()),
        host_pid: false,
        host_ipc: false,
        share_processes: false,
    }
}

fn config() -> ContainerConfig {
    let image = ImageConfig {
        entrypoint: vec!["/entry".into()],
        cmd: vec!["default".into()],
        env: vec!["A=image".into(), "B=image".into()],
        working_dir: "/srv".into(),
        ..ImageConfig::default()
    };
    ContainerConfig {
        name: "c".into(),
        image: Image { config: image, ..Image::default() },
        env: vec![("B".into(), "pod".into()), ("C".into(), "pod".into())],
        ..ContainerConfig::default()
    }
}

fn render(config: &ContainerConfig, sandbox: &SandboxRecord) -> Value {
    let around = Surroundings {
        sandbox,
        pause: 42,
        files: Path::new("/s"),
        cgroup: Some("pintle/c".into()),
        limits: json!({}),
        oom_score_min: -1000,
        user: User::default(),
        capabilities: vec!["CAP_KILL".into()],
    };
    container(config, &around).unwrap()
}

#[test]
fn command_and_args_replace_those_of_the_image() {
    let args = |command: &[&str], args: &[&str]| {
        let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let config = ContainerConfig { command: list(command), args: list(args), ..config() };
        render(&config, &sandbox())["process"]["args"].clone()
    };
    assert_eq!(args(&[], &[]), json!(["/entry", "default"]));
    assert_eq!(args(&[], &["own"]), json!(["/entry", "own"]));
    assert_eq!(args(&["/run"], &[]), json!(["/run"]));
    assert_eq!(args(&["/run"], &["own"]), json!(["/run", "own"]));
}

#[test]
fn later_variables_win() {
    let env = render(&config(), &sandbox())["process"]["env"].clone();
    assert_eq!(env, json!([PATH, "HOSTNAME=web-0", "A=image", "B=pod", "C=pod"]));
}

#[test]
fn namespaces_are_those_of_the_sandbox() {
    let kinds = |sandbox: &SandboxRecord| -> Vec<String> {
        let spec = render(&config(), sandbox);
        let list = spec["linux"]["namespaces"].as_array().unwrap();
        list.iter()
            .map(|entry| format!("{}{}", entry["type"].as_str().unwrap(), entry["path"].as_str().unwrap_or("")))
            .collect()
    };
    let own = ["mount", "network/proc/42/ns/net", "uts/proc/42/ns/uts", "ipc/proc/42/ns/ipc", "pid", "cgroup"];
    assert_eq!(kinds(&sandbox()), own);
    let host = SandboxRecord { namespace: None, host_ipc: true, host_pid: true, ..sandbox() };
    assert_eq!(kinds(&host), ["mount", "cgroup"]);
    let shared = SandboxRecord { share_processes: true, ..sandbox() };
    assert!(kinds(&shared).contains(&"pid/proc/42/ns/pid".to_owned()));
}

#[test]
fn a_mount_of_the_pod_replaces_the_generated_file() {
    let mount = MountConfig {
        host_path: "/data/hosts".into(),
        container_path: "/etc/hosts".into(),
        read_only: true,
        propagation: "HostToContainer".into(),
    };
    let spec = render(&ContainerConfig { mounts: vec![mount], ..config() }, &sandbox());
    let mounts = spec["mounts"].as_array().unwrap();
    let hosts: Vec<_> = mounts.iter().filter(|mount| mount["destination"] == "/etc/hosts").collect();
    assert_eq!(hosts.len(), 1);
    assert_eq!(hosts[0]["source"], "/data/hosts");
    assert_eq!(hosts[0]["options"], json!(["rbind", "rslave", "ro"]));
    assert_eq!(spec["linux"]["rootfsPropagation"], "rslave");
}

#[test]
fn privileged_containers_see_everything() {
    let security = SecurityConfig { privileged: true, ..SecurityConfig::default() };
    let spec = render(&ContainerConfig { security, ..config() }, &sandbox());
    assert_eq!(spec["linux"]["maskedPaths"], json!([]));
    assert_eq!(spec["linux"]["resources"]["devices"], json!([{"allow": true, "access": "rwm"}]));
    let plain = render(&config(), &sandbox());
    assert_eq!(plain["linux"]["maskedPaths"][0], "/proc/acpi");
    assert_eq!(plain["linux"]["resources"]["devices"], json!([{"allow": false, "access": "rwm"}]));
}

#[test]
fn nonsense_is_refused() {
    let around = |config: &ContainerConfig| {
        let sandbox = sandbox();
        let around = Surroundings {
            sandbox: &sandbox,
            pause: 42,
            files: Path::new("/s"),
            cgroup: None,
            limits: json!({}),
            oom_score_min: -1000,
            user: User::default(),
            capabilities: vec![],
        };
        container(config, &around).is_err()
    };
    let mut nothing = config();
    nothing.image.config = ImageConfig::default();
    assert!(around(&nothing));
    assert!(around(&ContainerConfig { working_dir: "relative".into(), ..config() }));
    let mount = MountConfig { propagation: "Sideways".into(), container_path: "/a".into(), ..MountConfig::default() };
    assert!(around(&ContainerConfig { mounts: vec![mount], ..config() }));
}
