//! A DNS client for tests.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use hickory_proto::op::{Message, MessageType, OpCode, Query};
use hickory_proto::rr::{Name, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) fn query(name: &str, kind: RecordType) -> Message {
    let mut query = Message::new(4711, MessageType::Query, OpCode::Query);
    query.metadata.recursion_desired = true;
    query.add_query(Query::query(Name::from_ascii(name).unwrap(), kind));
    query
}

pub(crate) async fn ask_udp(server: SocketAddr, query: &Message) -> Message {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await.unwrap();
    socket.connect(server).await.unwrap();
    socket.send(&query.to_vec().unwrap()).await.unwrap();
    let mut buffer = [0; 4096];
    let bytes = tokio::time::timeout(PATIENCE, socket.recv(&mut buffer)).await.expect("an answer in time").unwrap();
    Message::from_vec(&buffer[..bytes]).unwrap()
}

/// Asks everything on one connection, without waiting in between.
pub(crate) async fn ask_tcp(server: SocketAddr, queries: &[Message]) -> Vec<Message> {
    let work = async {
        let mut stream = TcpStream::connect(server).await.unwrap();
        for query in queries {
            let bytes = query.to_vec().unwrap();
            stream.write_u16(bytes.len().try_into().unwrap()).await.unwrap();
            stream.write_all(&bytes).await.unwrap();
        }
        let mut answers = vec![];
        for _ in queries {
            let mut bytes = vec![0; usize::from(stream.read_u16().await.unwrap())];
            stream.read_exact(&mut bytes).await.unwrap();
            answers.push(Message::from_vec(&bytes).unwrap());
        }
        answers
    };
    tokio::time::timeout(PATIENCE, work).await.expect("answers in time")
}

/// The data of the answers as text.
pub(crate) fn texts(message: &Message) -> Vec<String> {
    message.answers.iter().map(|record| record.data.to_string()).collect()
}
