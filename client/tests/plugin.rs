//! Credential plugins: a script that counts its runs. No network: only what would be sent is looked at.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use pintle_client::{Caller, Credentials, ExecConfig, ExecCredentials};
use pintle_object_model::clock::{Clock, ManualClock};

/// A plugin that prints a token with its number, and `extra` members of the status.
fn plugin(folder: &Path, extra: &str) -> ExecConfig {
    let script = format!(
        "#!/bin/sh\ncase \"$KUBERNETES_EXEC_INFO\" in *'\"server\":\"https://here\"'*) ;; *) exit 3;; esac\n\
         echo run >> runs\nprintf '{{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\
         \"status\":{{\"token\":\"%s-%s\"{extra}}}}}' \"$PREFIX\" \"$(grep -c run runs)\"\n"
    );
    let script = script.replace(">> runs", &format!(">> {}/runs", folder.display()));
    let script = script.replace("run runs)", &format!("run {}/runs)", folder.display()));
    let path = folder.join("plugin.sh");
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    serde_json::from_value(serde_json::json!({
        "apiVersion": "client.authentication.k8s.io/v1", "command": "./plugin.sh", "args": null,
        "env": [{"name": "PREFIX", "value": "token"}], "provideClusterInfo": true, "interactiveMode": "Never",
    }))
    .unwrap()
}

async fn token(credentials: &ExecCredentials) -> Result<String, String> {
    match credentials.caller().await {
        Ok(Caller::Token(token)) => Ok(token.to_string()),
        Ok(other) => Err(format!("{other:?}")),
        Err(status) => Err(status.message),
    }
}

#[tokio::test]
async fn a_plugin_runs_again_when_its_token_has_run_out_or_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::at(1_700_000_000);
    let expires = r#",\"expirationTimestamp\":\"2023-11-14T22:14:20Z\""#.replace('\\', "");
    let cluster = serde_json::json!({"server": "https://here"});
    let credentials = ExecCredentials::new(
        plugin(folder.path(), &expires),
        cluster,
        folder.path().into(),
        Arc::clone(&clock) as Arc<dyn Clock>,
    )
    .unwrap();
    assert_eq!(token(&credentials).await.unwrap(), "token-1");
    clock.advance(Duration::from_secs(59));
    assert_eq!(token(&credentials).await.unwrap(), "token-1", "good for a minute");
    clock.advance(Duration::from_secs(1));
    assert_eq!(token(&credentials).await.unwrap(), "token-2");
    assert!(credentials.refused(&Caller::Token("token-2".into())).await);
    assert_eq!(token(&credentials).await.unwrap(), "token-3");
}

#[tokio::test]
async fn what_goes_wrong_with_a_plugin_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let open = |config, cluster| {
        let clock = ManualClock::at(0) as Arc<dyn Clock>;
        ExecCredentials::new(config, cluster, folder.path().into(), clock).unwrap()
    };
    let config = plugin(folder.path(), "");
    let failed = token(&open(config.clone(), serde_json::Value::Null)).await.unwrap_err();
    assert!(failed.contains("./plugin.sh: exit status: 3"), "{failed}");
    let here = serde_json::json!({"server": "https://here"});
    let beta = ExecConfig { api_version: "client.authentication.k8s.io/v1beta1".into(), ..config.clone() };
    let failed = token(&open(beta, here.clone())).await.unwrap_err();
    assert!(failed.contains("configured for client.authentication.k8s.io/v1beta1"), "{failed}");
    let missing = ExecConfig { command: "./none".into(), install_hint: "install it".into(), ..config };
    assert!(token(&open(missing, here)).await.unwrap_err().ends_with("install it"));
}
