//! One change as bytes of the log.
//!
//! In: a change. Out: the same change, or what is wrong with the bytes. Invariant: any single damaged byte is noticed.
//!
//! Layout, little endian: checksum of place and rest (8), kind (1: 0 deletion, 1 put), revision (8) and index (4) of
//! the change that it replaces, or zeros, when it expires in microseconds of Unix time (8), or 0, length of the key (4),
//! key, value.

use bytes::Bytes;

/// Revision and index: the order of changes.
pub(super) type Place = (u64, u32);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) key: String,
    /// `None` for a deletion.
    pub(super) value: Option<Bytes>,
    pub(super) previous: Option<Place>,
    pub(super) expires_utc_micros: Option<i64>,
}

const HEAD: usize = 8 + 1 + 8 + 4 + 8 + 4;

impl Record {
    /// How many it takes.
    pub(super) fn bytes(&self) -> usize {
        HEAD + self.key.len() + self.value.as_ref().map_or(0, Bytes::len)
    }

    pub(super) fn encode(&self, place: Place) -> Vec<u8> {
        let value = self.value.as_deref().unwrap_or_default();
        let mut out = Vec::with_capacity(self.bytes());
        out.extend_from_slice(&[0; 8]);
        out.push(u8::from(self.value.is_some()));
        let (revision, index) = self.previous.unwrap_or_default();
        out.extend_from_slice(&revision.to_le_bytes());
        out.extend_from_slice(&index.to_le_bytes());
        out.extend_from_slice(&self.expires_utc_micros.unwrap_or(0).to_le_bytes());
        out.extend_from_slice(&u32::try_from(self.key.len()).unwrap_or(u32::MAX).to_le_bytes());
        out.extend_from_slice(self.key.as_bytes());
        out.extend_from_slice(value);
        let sum = checksum(place, &out[8..]);
        out[..8].copy_from_slice(&sum.to_le_bytes());
        out
    }

    pub(super) fn decode(place: Place, bytes: &[u8]) -> Result<Self, String> {
        let short = || "a record of the log is cut short".to_owned();
        let (sum, rest) = bytes.split_first_chunk::<8>().ok_or_else(short)?;
        if u64::from_le_bytes(*sum) != checksum(place, rest) {
            return Err("a record of the log does not match its checksum".into());
        }
        let (kind, rest) = rest.split_first().ok_or_else(short)?;
        let (revision, rest) = rest.split_first_chunk::<8>().ok_or_else(short)?;
        let (index, rest) = rest.split_first_chunk::<4>().ok_or_else(short)?;
        let (expires, rest) = rest.split_first_chunk::<8>().ok_or_else(short)?;
        let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(short)?;
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        let (key, value) = rest.split_at_checked(length).ok_or_else(short)?;
        let previous = (u64::from_le_bytes(*revision), u32::from_le_bytes(*index));
        let expires = i64::from_le_bytes(*expires);
        Ok(Self {
            key: String::from_utf8(key.to_vec()).map_err(|error| format!("a key is no text: {error}"))?,
            value: (*kind == 1).then(|| Bytes::copy_from_slice(value)),
            previous: (previous.0 != 0).then_some(previous),
            expires_utc_micros: (expires != 0).then_some(expires),
        })
    }
}

/// FNV-1a, 64 bits: against accidents, not against attackers. The place is part of it, so that a record that turns up
/// somewhere else is noticed, too.
fn checksum(place: Place, bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let hash = place.0.to_le_bytes().iter().chain(&place.1.to_le_bytes()).fold(0xcbf2_9ce4_8422_2325, step);
    bytes.iter().fold(hash, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back_and_damage_is_noticed() {
        let put = Record {
            key: "/a/ä".into(),
            value: Some(Bytes::from_static(b"value")),
            previous: Some((7, 1)),
            expires_utc_micros: Some(5),
        };
        let delete = Record { key: String::new(), value: None, previous: None, expires_utc_micros: None };
        for record in [put, delete] {
            let bytes = record.encode((9, 2));
            assert_eq!(Record::decode((9, 2), &bytes).as_ref(), Ok(&record));
            assert!(Record::decode((9, 3), &bytes).is_err());
            for at in 0..bytes.len() {
                let mut damaged = bytes.clone();
                damaged[at] ^= 0x10;
                assert!(Record::decode((9, 2), &damaged).is_err(), "byte {at}");
                assert!(Record::decode((9, 2), &bytes[..at]).is_err(), "cut at {at}");
            }
        }
    }
}
