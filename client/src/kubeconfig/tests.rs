use super::*;
use pintle_object_model::Scheme;

fn config(text: &str) -> Kubeconfig {
    Kubeconfig::parse(text.as_bytes()).unwrap()
}

#[test]
fn files_complement_each_other_and_the_first_counts() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name).join("config");
        std::fs::create_dir(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    };
    let first = write("one", "clusters: [{name: a, cluster: {server: https://one, certificate-authority: ca.crt}}]\n");
    let second = write(
        "two",
        "current-context: c\nclusters: [{name: a, cluster: {server: https://two}}, {name: b, cluster: {server: https://b}}]\n\
         users: [{name: u, user: {tokenFile: token, exec: {command: bin/plugin, args: null}}}]\n",
    );
    let list = std::env::join_paths([Path::new("/nowhere/config"), &first, &second]).unwrap();
    let merged = Kubeconfig::read_list(&list).unwrap();
    let servers: Vec<&str> = merged.clusters.iter().map(|cluster| cluster.content.server.as_str()).collect();
    assert_eq!((servers, merged.current_context.as_str()), (vec!["https://one", "https://b"], "c"));
    let path = |below: &str| folder.path().join(below).to_string_lossy().into_owned();
    assert_eq!(merged.clusters[0].content.certificate_authority, path("one/ca.crt"));
    let user = &merged.users[0].content;
    assert_eq!((&user.token_file, &user.exec.as_ref().unwrap().command), (&path("two/token"), &path("two/bin/plugin")));
    assert!(matches!(Kubeconfig::read_list(OsStr::new("/nowhere")), Err(ConfigError::Read { .. })));
}

#[tokio::test]
async fn what_cannot_be_had_is_refused_by_name() {
    let text = |cluster: &str, user: &str| {
        format!(
            "current-context: c\ncontexts: [{{name: c, context: {{cluster: a, user: u}}}}]\n\
             clusters: [{{name: a, cluster: {{server: 'http://127.0.0.1:1'{cluster}}}}}]\nusers: [{{name: u, user: {{{user}}}}}]"
        )
    };
    let client = |cluster, user| config(&text(cluster, user)).client(None, Path::new("."), Scheme::default());
    for (cluster, user, what) in [
        (", proxy-url: 'http://proxy'", "", "proxy-url of \"a\""),
        ("", "username: me, password: secret", "username of \"u\""),
        ("", "auth-provider: {name: gcp}", "auth-provider of \"u\""),
        ("", "exec: {apiVersion: v0, command: x}", "invalid apiVersion"),
        ("", "exec: {apiVersion: client.authentication.k8s.io/v1, command: x, interactiveMode: Always}", "terminal"),
    ] {
        let error = client(cluster, user).unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    }
    assert!(client("", "as: someone, as-groups: [g]").is_ok());
    let missing = config(&text("", "")).client(Some("other"), Path::new("."), Scheme::default());
    assert!(matches!(missing, Err(ConfigError::Missing { what: "context", .. })));
}
