//! Queries in, responses out, as bytes.
//!
//! In: a datagram or frame. Out: what to send back, or what is still to be asked of an upstream resolver. Invariants: a
//! response never exceeds what the asker can take; over UDP it is cut instead, with the truncation flag.

use hickory_proto::op::{Edns, Message, MessageType, OpCode, ResponseCode};
use hickory_proto::rr::{DNSClass, Name, Record, RecordType};

use super::zone::{Answer, Zone};
use crate::table::Table;

/// The largest datagram that is sent: fits into an Ethernet frame with room to spare (the DNS flag day's figure).
const DATAGRAM_BYTES_MAX: u16 = 1232;

/// How a query came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    Udp,
    Tcp,
}

/// What is to be done about a query.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Send this.
    Reply(Message),
    /// Ask an upstream resolver for `name`, and put what it says behind these records.
    Forward { query: Message, name: Name, before: Vec<Record> },
    /// Say nothing: not a query.
    Ignore,
}

pub(super) fn handle(bytes: &[u8], zone: &Zone, table: &Table) -> Outcome {
    let query = match Message::from_vec(bytes) {
        Ok(query) => query,
        // The identifier is enough to tell the asker that its query makes no sense.
        Err(_) => return malformed(bytes),
    };
    if query.metadata.message_type != MessageType::Query {
        return Outcome::Ignore;
    }
    if query.metadata.op_code != OpCode::Query {
        return Outcome::Reply(refusal(&query, ResponseCode::NotImp));
    }
    if query.version() > 0 {
        return Outcome::Reply(refusal(&query, ResponseCode::BADVERS));
    }
    let [question] = query.queries.as_slice() else {
        return Outcome::Reply(refusal(&query, ResponseCode::FormErr));
    };
    if !matches!(question.query_class, DNSClass::IN | DNSClass::ANY) {
        return Outcome::Reply(refusal(&query, ResponseCode::Refused));
    }
    let (name, kind) = (question.name.clone(), question.query_type);
    match zone.answer(&name, kind, table) {
        Answer::Foreign => Outcome::Forward { query, name, before: vec![] },
        Answer::NoName => {
            let mut reply = authoritative(&query);
            reply.metadata.response_code = ResponseCode::NXDomain;
            reply.add_authority(zone.soa());
            Outcome::Reply(reply)
        }
        Answer::Records { answers, additionals } => {
            let mut reply = authoritative(&query);
            if answers.is_empty() {
                reply.add_authority(zone.soa());
            }
            reply.insert_answers(answers);
            reply.insert_additionals(additionals);
            Outcome::Reply(reply)
        }
        Answer::Alias { answers, target } => follow(query, answers, target, kind, zone, table),
    }
}

/// The alias itself, and what it leads to: within the cluster by the table, else by an upstream resolver.
fn follow(
    query: Message,
    mut answers: Vec<Record>,
    target: Name,
    kind: RecordType,
    zone: &Zone,
    table: &Table,
) -> Outcome {
    let additionals = match zone.answer(&target, kind, table) {
        Answer::Foreign => return Outcome::Forward { query, name: target, before: answers },
        Answer::Records { answers: more, additionals } => {
            answers.extend(more);
            additionals
        }
        // An alias of an alias is the asker's to follow: chains end here, so that none can go in a circle.
        Answer::Alias { answers: more, .. } => {
            answers.extend(more);
            vec![]
        }
        Answer::NoName => vec![],
    };
    let mut reply = authoritative(&query);
    reply.insert_answers(answers);
    reply.insert_additionals(additionals);
    Outcome::Reply(reply)
}

fn malformed(bytes: &[u8]) -> Outcome {
    let (Some(id), Some(flags)) = (bytes.first_chunk::<2>(), bytes.get(2)) else { return Outcome::Ignore };
    if flags & 0x80 != 0 {
        return Outcome::Ignore;
    }
    Outcome::Reply(Message::error_msg(u16::from_be_bytes(*id), OpCode::Query, ResponseCode::FormErr))
}

/// A response to a query, without content.
pub(super) fn response(query: &Message) -> Message {
    let mut reply = Message::response(query.metadata.id, query.metadata.op_code);
    reply.metadata.recursion_desired = query.metadata.recursion_desired;
    reply.metadata.checking_disabled = query.metadata.checking_disabled;
    reply.add_queries(query.queries.iter().cloned());
    if query.edns.is_some() {
        let mut edns = Edns::new();
        edns.set_max_payload(DATAGRAM_BYTES_MAX);
        reply.set_edns(edns);
    }
    reply
}

fn authoritative(query: &Message) -> Message {
    let mut reply = response(query);
    reply.metadata.authoritative = true;
    reply.metadata.recursion_available = true;
    reply
}

pub(super) fn refusal(query: &Message, code: ResponseCode) -> Message {
    let mut reply = response(query);
    reply.metadata.response_code = code;
    reply
}

/// The bytes of a response, cut if the asker cannot take it; `None` if it cannot be written at all.
pub(super) fn encode(reply: &Message, asked_for: u16, transport: Transport) -> Option<Vec<u8>> {
    let bytes_max = match transport {
        Transport::Tcp => usize::from(u16::MAX),
        Transport::Udp => usize::from(asked_for.clamp(512, DATAGRAM_BYTES_MAX)),
    };
    match reply.to_vec() {
        Ok(bytes) if bytes.len() <= bytes_max => Some(bytes),
        Ok(_) => reply.truncate().to_vec().ok(),
        Err(error) => {
            tracing::warn!(%error, "a response cannot be written");
            let mut failed = Message::error_msg(reply.metadata.id, reply.metadata.op_code, ResponseCode::ServFail);
            failed.add_queries(reply.queries.iter().cloned());
            failed.to_vec().ok()
        }
    }
}

#[cfg(test)]
mod tests;
