//! HTTP requests: paths, queries, headers.

use bytes::Bytes;
use http::request::Parts;
use pintle_client::Target;
use pintle_client::http::{Accept, Subject, decode_request, request_meta, request_timeout, request_uri};

use crate::bounded;

const SUBJECTS: [Subject; 7] = [
    Subject::Object,
    Subject::List,
    Subject::Watch,
    Subject::Discovery,
    Subject::Version,
    Subject::Keys,
    Subject::Other,
];

/// Lines: method and target, then headers, then after an empty line the body.
pub(crate) fn http(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.lines();
    let first = lines.next().unwrap_or_default();
    let (method, uri) = first.split_once(' ').unwrap_or(("GET", first));
    let mut builder = http::Request::builder().method(method).uri(uri);
    for line in lines {
        let (name, value) = line.split_once(": ").unwrap_or(("accept", line));
        for subject in SUBJECTS {
            if let Ok(accept) = Accept::negotiate(value, value, subject) {
                let _ = accept.media_type();
            }
        }
        builder = builder.header(name, value);
    }
    if let Ok(request) = builder.body(()) {
        parts(&request.into_parts().0, body);
    }
}

fn parts(parts: &Parts, body: &str) {
    let _ = request_meta(parts);
    let _ = request_timeout(parts);
    let Ok(request) = decode_request(parts, Bytes::copy_from_slice(body.as_bytes())) else { return };
    let uri = request_uri(&request);
    bounded(parts.uri.to_string().len(), uri.len());
    let Target::Resource { .. } = request.target else { return };
    let mut again = parts.clone();
    again.uri = uri.parse().unwrap_or_else(|error| panic!("{} became {uri}: {error}", parts.uri));
    let again = decode_request(&again, Bytes::copy_from_slice(body.as_bytes()));
    let again = again.unwrap_or_else(|why| panic!("{} became {uri}: {why:?}", parts.uri));
    assert_eq!(again.target, request.target, "{} became {uri}", parts.uri);
    assert_eq!(again.params, request.params, "{} became {uri}", parts.uri);
}
