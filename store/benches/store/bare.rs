//! A client of etcd with nothing around it: one connection, messages in and out.

use bytes::Bytes;
use http::uri::PathAndQuery;
use tonic::client::Grpc;
use tonic::transport::{Channel, Endpoint};
use tonic_prost::ProstCodec;

#[derive(Clone, PartialEq, prost::Message)]
struct PutRequest {
    #[prost(bytes = "bytes", tag = "1")]
    key: Bytes,
    #[prost(bytes = "bytes", tag = "2")]
    value: Bytes,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
struct PutResponse {}

#[derive(Clone, PartialEq, prost::Message)]
struct RangeRequest {
    #[prost(bytes = "bytes", tag = "1")]
    key: Bytes,
    #[prost(bytes = "bytes", tag = "2")]
    range_end: Bytes,
}

#[derive(Clone, PartialEq, prost::Message)]
struct KeyValue {
    #[prost(bytes = "bytes", tag = "1")]
    key: Bytes,
    #[prost(int64, tag = "3")]
    mod_revision: i64,
    #[prost(bytes = "bytes", tag = "5")]
    value: Bytes,
}

#[derive(Clone, PartialEq, prost::Message)]
struct RangeResponse {
    #[prost(message, repeated, tag = "2")]
    kvs: Vec<KeyValue>,
}

#[derive(Clone)]
pub(crate) struct Bare {
    channel: Channel,
}

impl Bare {
    /// To be called on the runtime.
    pub(crate) fn connect(url: &str) -> Self {
        let endpoint = Endpoint::from_shared(url.to_owned()).expect("a URL").tcp_nodelay(true);
        Self { channel: endpoint.connect_lazy() }
    }

    async fn call<Q, A>(&self, path: &'static str, question: Q) -> A
    where
        Q: prost::Message + Send + Sync + 'static,
        A: prost::Message + Default + Send + Sync + 'static,
    {
        let mut grpc = Grpc::new(self.channel.clone()).max_decoding_message_size(usize::MAX >> 1);
        grpc.ready().await.expect("etcd is there");
        let codec: ProstCodec<Q, A> = ProstCodec::default();
        let answer = grpc.unary(tonic::Request::new(question), PathAndQuery::from_static(path), codec).await;
        answer.expect("etcd answers").into_inner()
    }

    pub(crate) async fn put(&self, key: &str, value: Bytes) {
        let question = PutRequest { key: Bytes::copy_from_slice(key.as_bytes()), value };
        let PutResponse {} = self.call("/etcdserverpb.KV/Put", question).await;
    }

    pub(crate) async fn get(&self, key: &str) -> usize {
        self.list(key, Bytes::new()).await
    }

    /// The same as futures that own their keys.
    pub(crate) async fn put_owned(&self, key: pintle_store::Key, value: Bytes) {
        self.put(key.as_str(), value).await;
    }

    pub(crate) async fn get_owned(&self, key: pintle_store::Key) {
        assert_eq!(self.get(key.as_str()).await, 1);
    }

    /// How many keys there are in a range.
    pub(crate) async fn list(&self, key: &str, range_end: Bytes) -> usize {
        let question = RangeRequest { key: Bytes::copy_from_slice(key.as_bytes()), range_end };
        let answer: RangeResponse = self.call("/etcdserverpb.KV/Range", question).await;
        answer.kvs.len()
    }
}
