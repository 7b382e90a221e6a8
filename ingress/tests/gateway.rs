//! The gateway as a client sees it: raw sockets on loopback in front, small applications behind.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use pintle_ingress::{Gateway, GatewayOptions, Routes, Sources};
use pintle_object_model::api::core::v1::{Service, ServicePort};
use pintle_object_model::api::discovery::v1::{Endpoint, EndpointPort, EndpointSlice};
use pintle_object_model::api::networking::v1::{
    HTTPIngressPath, HTTPIngressRuleValue, Ingress, IngressBackend, IngressRule, IngressServiceBackend,
    ServiceBackendPort,
};
use pintle_object_model::clock::SystemClock;
use pintle_watch::{Shutdown, ShutdownTrigger};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// An application that answers every request on a connection with its name, and echoes after a protocol switch.
async fn application(name: &'static str) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, name));
        }
    });
    address
}

async fn answer(stream: TcpStream, name: &'static str) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let head = head(&mut stream).await?;
        if head.is_empty() {
            return Ok(());
        }
        if head.contains("upgrade: echo") {
            stream
                .write_all(b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n")
                .await?;
            let (mut reader, mut writer) = tokio::io::split(stream);
            tokio::io::copy(&mut reader, &mut writer).await?;
            return Ok(());
        }
        let forwarded = head.lines().find(|line| line.starts_with("x-forwarded-host")).unwrap_or_default();
        let body = format!("{name} {forwarded}");
        stream.write_all(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).as_bytes()).await?;
    }
}

async fn head(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut head = String::new();
    loop {
        let before = head.len();
        if stream.read_line(&mut head).await? == 0 || head[before..] == *"\r\n" {
            return Ok(head.to_lowercase());
        }
    }
}

fn sources(endpoints: &[SocketAddr]) -> Sources {
    let mut ingress = Ingress::default();
    ingress.metadata.name = "demo".into();
    ingress.metadata.namespace = "ns".into();
    let port = ServiceBackendPort { number: 80, ..ServiceBackendPort::default() };
    let backend = IngressServiceBackend { name: "app".into(), port: Some(Box::new(port)) };
    let path = HTTPIngressPath {
        path: "/hello".into(),
        path_type: Some("Prefix".into()),
        backend: IngressBackend { service: Some(Box::new(backend)), resource: None },
    };
    let http = Some(Box::new(HTTPIngressRuleValue { paths: vec![path] }));
    ingress.spec.rules = vec![IngressRule { host: "www.demo.com".into(), http }];

    let mut service = Service::default();
    service.metadata.name = "app".into();
    service.metadata.namespace = "ns".into();
    service.spec.ports = vec![ServicePort { port: 80, ..ServicePort::default() }];
    let slices = endpoints.iter().map(|address| {
        let mut slice = EndpointSlice::default();
        slice.metadata.namespace = "ns".into();
        slice.metadata.labels.insert("kubernetes.io/service-name".into(), "app".into());
        slice.ports = vec![EndpointPort { port: Some(i32::from(address.port())), ..EndpointPort::default() }];
        slice.endpoints = vec![Endpoint { addresses: vec![address.ip().to_string()], ..Endpoint::default() }];
        Arc::new(slice)
    });
    Sources {
        ingresses: vec![Arc::new(ingress)],
        services: vec![Arc::new(service)],
        slices: slices.collect(),
        without_class: true,
        ..Sources::default()
    }
}

struct World {
    address: SocketAddr,
    routes: Arc<ArcSwap<Routes>>,
    _shutdown: ShutdownTrigger,
}

impl World {
    async fn start(endpoints: &[SocketAddr]) -> Self {
        let options = GatewayOptions { connect_timeout: Duration::from_millis(500), ..GatewayOptions::default() };
        let gateway = Gateway::bind(SocketAddr::from(([127, 0, 0, 1], 0)), options).await.unwrap();
        let address = gateway.address().unwrap();
        let routes = Arc::new(ArcSwap::default());
        let (trigger, shutdown) = Shutdown::channel();
        tokio::spawn(gateway.serve(Arc::clone(&routes), SystemClock::shared(), shutdown));
        let world = Self { address, routes, _shutdown: trigger };
        world.change(endpoints);
        world
    }

    fn change(&self, endpoints: &[SocketAddr]) {
        self.routes.store(Arc::new(Routes::build(&sources(endpoints), &self.routes.load())));
    }

    /// Status code and body of one request on a connection of its own.
    async fn get(&self, host: &str, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        let code = text.split(' ').nth(1).unwrap().parse().unwrap();
        (code, text.split_once("\r\n\r\n").unwrap().1.to_owned())
    }
}

#[tokio::test]
async fn requests_reach_every_endpoint_by_host_and_path() {
    let world = World::start(&[application("a").await, application("b").await]).await;
    let mut seen = vec![];
    for _ in 0..4 {
        let (code, body) = world.get("www.demo.com:80", "/hello/you?x=1").await;
        assert_eq!(code, 200);
        assert!(body.contains("x-forwarded-host: www.demo.com:80"), "{body}");
        seen.push(body.split(' ').next().unwrap().to_owned());
    }
    seen.sort();
    assert_eq!(seen, ["a", "a", "b", "b"]);
    assert_eq!(world.get("www.demo.com", "/other").await.0, 404);
    assert_eq!(world.get("www.other.com", "/hello").await.0, 404);
}

#[tokio::test]
async fn an_endpoint_that_is_gone_costs_no_request() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let gone = listener.local_addr().unwrap();
    drop(listener);
    let world = World::start(&[gone, application("a").await]).await;
    for _ in 0..6 {
        assert_eq!(world.get("www.demo.com", "/hello").await.0, 200);
    }
    world.change(&[gone]);
    assert_eq!(world.get("www.demo.com", "/hello").await.0, 502);
    world.change(&[]);
    assert_eq!(world.get("www.demo.com", "/hello").await.0, 503);
}

#[tokio::test]
async fn endpoints_may_change_while_requests_are_under_way() {
    let endpoints = [application("a").await, application("b").await, application("c").await];
    let world = Arc::new(World::start(&endpoints[..1]).await);
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let world = Arc::clone(&world);
            tokio::spawn(async move {
                for _ in 0..50 {
                    assert_eq!(world.get("www.demo.com", "/hello").await.0, 200);
                }
            })
        })
        .collect();
    for round in 0..200 {
        world.change(&endpoints[round % 3..=round % 3]);
        tokio::task::yield_now().await;
    }
    for client in clients {
        client.await.unwrap();
    }
}

#[tokio::test]
async fn protocols_can_be_switched() {
    let world = World::start(&[application("a").await]).await;
    let mut stream = BufReader::new(TcpStream::connect(world.address).await.unwrap());
    let request = "GET /hello HTTP/1.1\r\nhost: www.demo.com\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let head = head(&mut stream).await.unwrap();
    assert!(head.starts_with("http/1.1 101"), "{head}");
    stream.write_all(b"ping").await.unwrap();
    let mut echoed = [0; 4];
    stream.read_exact(&mut echoed).await.unwrap();
    assert_eq!(&echoed, b"ping");
}
