//! The programs that show extension do what they say.
//!
//! Method: their logic is run in this process.

#[allow(dead_code, reason = "tests start at `run`")]
#[path = "../src/bin/own-kind.rs"]
mod own_kind;
#[allow(dead_code, reason = "tests start at `run`")]
#[path = "../src/bin/own-runtime.rs"]
mod own_runtime;
#[allow(dead_code, reason = "tests start at `run`")]
#[path = "../src/bin/own-scheduler-plugin.rs"]
mod own_scheduler_plugin;

#[tokio::test]
async fn a_kind_of_ones_own_is_served_scaled_and_reconciled() {
    assert_eq!(own_kind::run().await.unwrap(), (3, 5));
}

#[tokio::test]
async fn scheduler_plugins_of_ones_own_decide() {
    assert_eq!(own_scheduler_plugin::run().await.unwrap(), ["node-3", "node-3", "node-3"]);
}

#[tokio::test]
async fn a_runtime_of_ones_own_runs_pods() {
    let said = own_runtime::run().await.unwrap();
    assert_eq!(said[0], "pod hello begins");
    assert!(said[1].starts_with("container ") && said[1].ends_with("-main-0 starts"), "{said:?}");
}
