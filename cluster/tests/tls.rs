//! Certificates that somebody else keeps in files: chosen by name, renewed while the server runs. Loopback only.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use pintle::{Cluster, KeyFiles, TlsFiles};
use pintle_apiserver::{Authority, Issued};
use pintle_client::TlsOptions;
use pintle_object_model::clock::SystemClock;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

fn write(folder: &Path, issued: &Issued) -> KeyFiles {
    let files = KeyFiles { certificate: folder.join("tls.crt"), key: folder.join("tls.key") };
    std::fs::write(&files.certificate, &issued.certificate).unwrap();
    std::fs::write(&files.key, &issued.key).unwrap();
    files
}

/// Does the server show a certificate of this authority to those who ask for the name?
async fn shows(address: SocketAddr, name: &'static str, authority: &Authority) -> bool {
    let options = TlsOptions { ca: Some(authority.certificate().into()), ..TlsOptions::default() };
    let connector = TlsConnector::from(Arc::new(options.config(false).unwrap()));
    let stream = TcpStream::connect(address).await.unwrap();
    connector.connect(ServerName::try_from(name).unwrap(), stream).await.is_ok()
}

#[tokio::test]
async fn names_choose_and_files_renew() {
    let now = SystemClock::shared().utc().to_time();
    let [first, second] = ["first", "second"].map(|name| Authority::generate(name, now).unwrap());
    let issue = |authority: &Authority| authority.server("api", &["api.example.com"], &[], now).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let files = write(folder.path(), &issue(&first));
    let tls = TlsFiles { named: vec![(vec![], files)], ..TlsFiles::default() };
    let cluster =
        Cluster::builder().nodes(0).listen(SocketAddr::from(([127, 0, 0, 1], 0))).tls_files(tls).start().await.unwrap();
    let address = cluster.address().unwrap();
    assert!(shows(address, "api.example.com", &first).await);
    assert!(!shows(address, "localhost", &first).await, "the cluster's own certificate is for everybody else");

    write(folder.path(), &issue(&second));
    // The next look is a minute away; the server's timers are those of this test.
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(61)).await;
    tokio::time::resume();
    let renewed = async {
        while !shows(address, "api.example.com", &second).await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), renewed).await.expect("the renewed certificate is not shown");
    assert!(!shows(address, "api.example.com", &first).await);
    cluster.stop().await;
}
