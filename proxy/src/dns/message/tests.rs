use std::net::Ipv4Addr;

use hickory_proto::op::Query;
use hickory_proto::rr::RData;
use proptest::prelude::*;

use super::*;
use crate::table::samples::{ready, service, slice, table};

fn zone() -> Zone {
    Zone::new("cluster.local", 5, vec![]).unwrap()
}

fn query(name: &str) -> Message {
    let mut query = Message::new(77, MessageType::Query, OpCode::Query);
    query.metadata.recursion_desired = true;
    query.add_query(Query::query(Name::from_ascii(name).unwrap(), RecordType::A));
    query
}

fn many() -> Table {
    let endpoints = (1..=200).map(|last| ready(&Ipv4Addr::new(10, 0, 0, last).to_string())).collect();
    let inside = service("a", "inside", "", |service| {
        service.spec.type_ = "ExternalName".to_owned();
        service.spec.external_name = "web.a.svc.cluster.local".to_owned();
    });
    table(
        vec![service("a", "big", "None", |_| {}), service("a", "web", "10.96.0.1", |_| {}), inside],
        vec![slice("a", "big", "big-1", 80, endpoints)],
    )
}

fn reply(message: &Message) -> Message {
    match handle(&message.to_vec().unwrap(), &zone(), &many()) {
        Outcome::Reply(reply) => reply,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_answer_repeats_the_question_and_lives_five_seconds() {
    let reply = reply(&query("web.a.svc.cluster.local."));
    assert_eq!((reply.metadata.id, reply.metadata.authoritative), (77, true));
    assert!(reply.metadata.recursion_desired && reply.metadata.recursion_available);
    assert_eq!(reply.queries, query("web.a.svc.cluster.local.").queries);
    assert_eq!((reply.answers.len(), reply.answers[0].ttl), (1, 5));
    assert!(reply.edns.is_none());
}

#[test]
fn a_name_that_is_not_there_comes_with_the_start_of_authority() {
    let reply = reply(&query("nobody.a.svc.cluster.local."));
    assert_eq!(reply.metadata.response_code, ResponseCode::NXDomain);
    assert!(matches!(reply.authorities[0].data, RData::SOA(_)));
}

#[test]
fn an_alias_within_the_cluster_is_followed() {
    let reply = reply(&query("inside.a.svc.cluster.local."));
    let texts: Vec<String> = reply.answers.iter().map(|record| record.data.to_string()).collect();
    assert_eq!(texts, ["web.a.svc.cluster.local.", "10.96.0.1"]);
}

#[test]
fn what_does_not_fit_a_datagram_is_cut_and_whole_over_tcp() {
    let reply = reply(&query("big.a.svc.cluster.local."));
    let cut = Message::from_vec(&encode(&reply, 512, Transport::Udp).unwrap()).unwrap();
    assert!(cut.metadata.truncation && cut.answers.is_empty());
    assert_eq!(cut.queries, reply.queries);
    let whole = Message::from_vec(&encode(&reply, 512, Transport::Tcp).unwrap()).unwrap();
    assert_eq!((whole.metadata.truncation, whole.answers.len()), (false, 200));
}

#[test]
fn extensions_are_answered_in_kind_and_unknown_versions_refused() {
    let mut with_edns = query("web.a.svc.cluster.local.");
    with_edns.set_edns(Edns::new());
    assert_eq!(reply(&with_edns).max_payload(), DATAGRAM_BYTES_MAX);
    let mut edns = Edns::new();
    edns.set_version(1);
    with_edns.set_edns(edns);
    let refused = reply(&with_edns);
    let read = Message::from_vec(&refused.to_vec().unwrap()).unwrap();
    // 16 is BADVERS and BADSIG, depending on where it stands.
    assert_eq!(u16::from(read.metadata.response_code), 16);
}

#[test]
fn other_names_are_passed_on() {
    let bytes = query("example.com.").to_vec().unwrap();
    let outcome = handle(&bytes, &zone(), &many());
    assert!(matches!(&outcome, Outcome::Forward { name, .. } if name.to_ascii() == "example.com."), "{outcome:?}");
}

#[test]
fn responses_are_ignored_and_nonsense_is_a_format_error() {
    let mut response = query("web.a.svc.cluster.local.");
    response.metadata.message_type = MessageType::Response;
    assert!(matches!(handle(&response.to_vec().unwrap(), &zone(), &many()), Outcome::Ignore));
    let Outcome::Reply(reply) = handle(&[0, 9, 0, 0, 0, 1], &zone(), &many()) else { panic!("no reply") };
    assert_eq!((reply.metadata.id, reply.metadata.response_code), (9, ResponseCode::FormErr));
}

proptest! {
    #[test]
    fn no_input_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        handle(&bytes, &zone(), &Table::default());
    }
}
