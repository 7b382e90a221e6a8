//! Large lists, written piece by piece.
//!
//! In: a list whose items share their encodings. Out: the same bytes as if it were written at once, perhaps compressed.
//! Invariant: no more than a piece and one item are held at a time beyond what others hold anyway.

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use pintle_object_model::{Format, Object, json};

use crate::ObjectList;

/// Bytes of a piece, about.
const PIECE_BYTES: usize = 64 * 1024;
/// Lists of fewer items are written at once.
pub(super) const FROM_ITEMS: usize = 500;

/// The JSON of a list, in pieces.
pub(super) struct Pieces {
    items: std::vec::IntoIter<Object>,
    /// How an item begins that repeats the list's kind; left out.
    named: Vec<u8>,
    out: Out,
    first: bool,
    ended: bool,
}

enum Out {
    Plain(Vec<u8>),
    Packed(GzEncoder<Vec<u8>>),
}

impl Out {
    /// Writing into memory does not fail.
    fn write(&mut self, bytes: &[u8]) {
        match self {
            Self::Plain(out) => out.extend_from_slice(bytes),
            Self::Packed(encoder) => {
                let _ = encoder.write_all(bytes);
            }
        }
    }

    fn buffer(&mut self) -> &mut Vec<u8> {
        match self {
            Self::Plain(out) => out,
            Self::Packed(encoder) => encoder.get_mut(),
        }
    }
}

impl Pieces {
    pub(super) fn new(list: &ObjectList, named: &[u8], gzip: bool) -> Self {
        let kind = format!("{}List", list.gvk.kind);
        let mut head =
            json::encode_list(&list.gvk.api_version(), &kind, &list.metadata, &[], b"", json::ListForm::Builtin);
        // The list is closed when its items are written.
        head.truncate(head.len() - 2);
        let mut out = match gzip {
            true => Out::Packed(GzEncoder::new(Vec::new(), Compression::fast())),
            false => Out::Plain(Vec::with_capacity(PIECE_BYTES + PIECE_BYTES / 4)),
        };
        out.write(&head);
        Self { items: list.items.clone().into_iter(), named: named.to_vec(), out, first: true, ended: false }
    }

    fn write_item(&mut self, object: &Object) {
        if !std::mem::take(&mut self.first) {
            self.out.write(b",");
        }
        let text = object.encode(Format::Json);
        match text.strip_prefix(self.named.as_slice()) {
            Some(rest) if !self.named.is_empty() => {
                self.out.write(b"{");
                self.out.write(rest);
            }
            _ => self.out.write(&text),
        }
    }
}

impl Iterator for Pieces {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        while !self.ended && self.out.buffer().len() < PIECE_BYTES {
            match self.items.next() {
                Some(object) => self.write_item(&object),
                None => {
                    self.ended = true;
                    self.out.write(b"]}");
                    if let Out::Packed(encoder) = &mut self.out {
                        let _ = encoder.try_finish();
                    }
                }
            }
        }
        let piece = std::mem::take(self.out.buffer());
        (!piece.is_empty()).then(|| piece.into())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;
    use pintle_object_model::Resource;
    use pintle_object_model::api::core::v1::ConfigMap;
    use pintle_object_model::api::meta::v1::ListMeta;

    #[test]
    fn pieces_are_the_whole_list() {
        let object = |index: usize| {
            let mut map = ConfigMap::default();
            map.metadata.name = format!("name-{index}");
            map.data.insert("key".into(), "value".repeat(40));
            Object::new(map)
        };
        let items: Vec<Object> = (0..2000).map(object).collect();
        let metadata = ListMeta { resource_version: "7".into(), ..ListMeta::default() };
        let list = ObjectList { gvk: ConfigMap::INFO.gvk(), metadata, items };
        let named = br#"{"kind":"ConfigMap","apiVersion":"v1","#;
        let encoded: Vec<Bytes> = list.items.iter().map(|object| object.encode(Format::Json)).collect();
        let whole = json::encode_list("v1", "ConfigMapList", &list.metadata, &encoded, named, json::ListForm::Builtin);
        let pieces: Vec<Bytes> = Pieces::new(&list, named, false).collect();
        assert!(pieces.len() > 5, "{}", pieces.len());
        assert_eq!(pieces.concat(), whole);
        let packed: Vec<u8> = Pieces::new(&list, named, true).collect::<Vec<_>>().concat();
        assert!(packed.len() < whole.len() / 4);
        let mut unpacked = vec![];
        flate2::read::GzDecoder::new(packed.as_slice()).read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked, whole);
    }
}
