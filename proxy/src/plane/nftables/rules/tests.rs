use super::*;
use crate::plane::nftables::ruleset::transaction;
use crate::table::samples::{ready, service, slice, table};

fn rules() -> Rules {
    Rules {
        service_cidr: "10.96.0.0/16".parse().unwrap(),
        pod_cidr: Some("10.244.0.0/16".parse().unwrap()),
        masquerade_all: false,
        mark: 0x4000,
    }
}

fn ruleset(affinity: bool, endpoints: &[&str]) -> Ruleset {
    let web = service("a", "web", "10.96.0.1", |service| {
        service.spec.type_ = "NodePort".to_owned();
        service.spec.ports[0].node_port = 30080;
        if affinity {
            service.spec.session_affinity = "ClientIP".to_owned();
        }
    });
    let other = service("a", "other", "10.96.0.2", |_| {});
    let slices = vec![slice("a", "web", "web-1", 8080, endpoints.iter().map(|address| ready(address)).collect())];
    rules().ruleset(&table(vec![web, other], slices).routes())
}

fn chain<'a>(set: &'a Ruleset, prefix: &str) -> &'a [String] {
    &set.chains.iter().find(|(name, _)| name.starts_with(prefix)).expect("the chain is there").1.rules
}

#[test]
fn a_service_draws_one_of_its_endpoints_by_lot() {
    let set = ruleset(false, &["10.244.0.1", "10.244.0.2"]);
    let rules = chain(&set, "svc-");
    assert_eq!(rules[0], "ip saddr != 10.244.0.0/16 jump mark-masquerade");
    assert!(rules[1].starts_with("numgen random mod 2 vmap { 0 : goto ep-"), "{rules:?}");
    assert_eq!(chain(&set, "ext-")[0], "jump mark-masquerade");
    let endpoint = ["ip saddr 10.244.0.1 jump mark-masquerade", "meta l4proto tcp dnat to 10.244.0.1:8080"];
    assert_eq!(chain(&set, "ep-"), endpoint);
    assert_eq!(set.elements[&(NO_ENDPOINT_ADDRESSES, "10.96.0.2 . tcp . 80".to_owned())], None);
    assert!(set.elements[&(NODE_PORTS, "tcp . 30080".to_owned())].as_ref().unwrap().starts_with("goto ext-"));
}

#[test]
fn nothing_is_said_where_nothing_differs() {
    let set = ruleset(true, &["10.244.0.1"]);
    assert_eq!(transaction("t", Some(&set), &set), "");
}

#[test]
fn a_change_of_endpoints_touches_only_their_service_and_keeps_the_sets_of_those_that_stay() {
    let (old, new) = (ruleset(true, &["10.244.0.1", "10.244.0.2"]), ruleset(true, &["10.244.0.2", "10.244.0.3"]));
    let text = transaction("t", Some(&old), &new);
    assert!(!text.contains("delete table") && !text.contains("other") && !text.contains("element"), "{text}");
    let about = |word: &str| text.lines().filter(|line| line.starts_with(word)).collect::<Vec<_>>();
    assert_eq!(about("add set").len(), 1, "{text}");
    assert!(about("add set")[0].contains("/10.244.0.3/8080/10800"), "{text}");
    assert!(about("delete set")[0].contains("/10.244.0.1/8080/10800"), "{text}");
    assert_eq!((about("delete set").len(), about("delete chain").len()), (1, 1), "{text}");
}

#[test]
fn the_first_transaction_replaces_what_is_there() {
    let text = transaction("t", None, &ruleset(false, &[]));
    assert!(text.starts_with("add table ip t\ndelete table ip t\nadd table ip t\n"), "{text}");
}

#[test]
fn long_names_stay_apart_and_within_what_nft_takes() {
    let long = |last: char| {
        let name = format!("{}{last}", "n".repeat(62));
        let made = service(&"x".repeat(63), &name, "10.96.0.1", |_| {});
        let routes = table(vec![made], vec![]).routes();
        id(routes.values().next().expect("a route"))
    };
    assert_ne!(long('a'), long('b'));
    assert!(long('a').len() < 80, "{}", long('a'));
}
