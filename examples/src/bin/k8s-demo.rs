//! The sample application: says which pod and version answered, and for which path.
//!
//! `/healthz` answers 200 until the application is told to stop. On SIGTERM it goes on serving for a moment, because those
//! who forward to it hear of its end only after it does; then it ends.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;

/// How long it serves after it was told to stop.
const LAME_DUCK: Duration = Duration::from_secs(1);

struct Application {
    pod: String,
    version: String,
    stopping: AtomicBool,
}

impl Application {
    fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let path = request.uri().path();
        let (code, text) = match path {
            "/healthz" if self.stopping.load(Ordering::Relaxed) => {
                (StatusCode::SERVICE_UNAVAILABLE, "stopping\n".into())
            }
            "/healthz" => (StatusCode::OK, "ok\n".into()),
            _ => (StatusCode::OK, format!("pod {} version {} path {path}\n", self.pod, self.version)),
        };
        let mut response = Response::new(Full::new(Bytes::from(text)));
        *response.status_mut() = code;
        response
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let variable = |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
    let application = Arc::new(Application {
        pod: variable("HOSTNAME", "unknown"),
        version: variable("VERSION", "unknown"),
        stopping: AtomicBool::new(false),
    });
    // Where pods have no network of their own, `POD_IP` says which address is theirs.
    let address: SocketAddr = format!("{}:{}", variable("POD_IP", "0.0.0.0"), variable("PORT", "8080"))
        .parse()
        .context("POD_IP and PORT must make an address")?;
    let listener = TcpListener::bind(address).await.with_context(|| format!("listening on {address}"))?;
    println!("version {} of pod {} listens on {address}", application.version, application.pod);

    let graceful = GracefulShutdown::new();
    let stop = async {
        let stopped = pintle_examples::wait_for_stop(None).await;
        application.stopping.store(true, Ordering::Relaxed);
        println!("told to stop, serving for {LAME_DUCK:?} more");
        tokio::time::sleep(LAME_DUCK).await;
        stopped
    };
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            biased;
            stopped = &mut stop => { stopped?; break }
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, peer)) = accepted else { continue };
        let (application, watcher) = (Arc::clone(&application), graceful.watcher());
        tokio::spawn(async move {
            let service = service_fn(move |request: Request<Incoming>| {
                if request.uri().path() != "/healthz" {
                    println!("{peer} {} {}", request.method(), request.uri());
                }
                std::future::ready(Ok::<_, Infallible>(application.answer(&request)))
            });
            let builder = Builder::new(TokioExecutor::new());
            let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
            // A client that goes away in the middle is no failure of ours.
            let _ = watcher.watch(connection).await;
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(Duration::from_secs(5), graceful.shutdown()).await;
    Ok(())
}
