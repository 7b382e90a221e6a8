//! How long the nftables data plane takes: for a first sync of many Services, and for one change among them.
//!
//! Changes the packet filter of the network namespace that it runs in, so give it one of its own:
//! `unshare -n target/release/examples/nftables_speed 1000`.

use std::net::Ipv4Addr;
use std::sync::Arc;

use pintle_object_model::api::core::v1::{Service, ServicePort};
use pintle_object_model::api::discovery::v1::{Endpoint, EndpointPort, EndpointSlice};
use pintle_object_model::clock::{Random, SystemClock};
use pintle_proxy::{DataPlane, Locality, NftablesConfig, NftablesPlane, Surroundings, TableBuilder, Update};

fn service(number: u32) -> Service {
    let mut port = ServicePort::default();
    port.port = 80;
    let mut service = Service::default();
    service.metadata.namespace = "default".to_owned();
    service.metadata.name = format!("web-{number}");
    service.spec.type_ = "ClusterIP".to_owned();
    service.spec.cluster_ip = Ipv4Addr::from(0x0a60_0001 + number).to_string();
    service.spec.ports = vec![port];
    service
}

fn slice(number: u32, endpoints: u32) -> EndpointSlice {
    let mut slice = EndpointSlice::default();
    slice.metadata.namespace = "default".to_owned();
    slice.metadata.name = format!("web-{number}");
    slice.metadata.labels.insert("kubernetes.io/service-name".to_owned(), format!("web-{number}"));
    slice.address_type = "IPv4".to_owned();
    let address = |index: u32| Ipv4Addr::from(0x0af0_0001 + number * 8 + index).to_string();
    let endpoint = |index| Endpoint { addresses: vec![address(index)], ..Endpoint::default() };
    slice.endpoints = (0..endpoints).map(endpoint).collect();
    slice.ports = vec![EndpointPort { port: Some(8080), ..EndpointPort::default() }];
    slice
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let services: u32 = std::env::args().nth(1).map_or(1000, |count| count.parse().expect("a number of Services"));
    let up = std::process::Command::new("ip").args(["link", "set", "lo", "up"]).status();
    assert!(up.is_ok_and(|status| status.success()), "the loopback interface must be up");
    let clock = SystemClock::shared();
    let around = Surroundings::new(Arc::clone(&clock), Random::from_os());
    let mut plane = NftablesPlane::new(NftablesConfig::new("speed"), around).expect("a good configuration");
    plane.start().await.expect("the plane starts");
    let mut builder = TableBuilder::new(Locality::default());
    for number in 0..services {
        builder.put_service(Arc::new(service(number)));
        builder.put_slice(Arc::new(slice(number, 2)));
    }
    for what in ["first sync", "nothing", "one endpoint more", "one endpoint less"] {
        match what {
            "one endpoint more" => builder.put_slice(Arc::new(slice(services / 2, 3))),
            "one endpoint less" => builder.put_slice(Arc::new(slice(services / 2, 2))),
            _ => {}
        }
        let start = clock.now();
        let (table, changes) = builder.sync();
        let routes = table.routes();
        plane.sync(&Update { routes: &routes, changes: &changes }).await.expect("the plane syncs");
        println!("{services} services of 2 endpoints, {what}: {:.1?}", clock.now() - start);
    }
    plane.stop().await;
}
