//! Blocks of names and values, compressed across the whole connection.
//!
//! The client's compressor starts with SPDY's dictionary. Our inflater has no dictionaries, but it has a window: a stored
//! block that holds the dictionary goes in first, which leaves the window as if it had been set. Our own blocks are
//! compressed without a dictionary, which zlib announces in its header and every client accepts.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};

/// Largest block after inflating.
const BLOCK_BYTES_MAX: usize = 64 * 1024;

/// Words that stand in the dictionary each behind its length.
const WORDS: &str = "options head post put delete trace accept accept-charset accept-encoding accept-language \
    accept-ranges age allow authorization cache-control connection content-base content-encoding content-language \
    content-length content-location content-md5 content-range content-type date etag expect expires from host if-match \
    if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma \
    proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade \
    user-agent vary via warning www-authenticate method get status 200_OK version HTTP/1.1 url public set-cookie \
    keep-alive origin";

/// What follows the words as it is.
const TAIL: &str = "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505\
    203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden\
    404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable\
    Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT\
    chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,\
    publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.";

/// The dictionary of SPDY/3. Source: the SPDY Protocol draft 3, "Name/Value header block format".
fn dictionary() -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1423);
    for word in WORDS.split_whitespace() {
        let word = word.replace('_', " ");
        bytes.extend_from_slice(&u32::try_from(word.len()).unwrap_or(0).to_be_bytes());
        bytes.extend_from_slice(word.as_bytes());
    }
    bytes.extend_from_slice(TAIL.as_bytes());
    bytes
}

/// Reads blocks.
pub(super) struct Inflater {
    inflate: Decompress,
    /// Bytes of the zlib header that are still to come.
    header: Vec<u8>,
    begun: bool,
}

impl Inflater {
    pub(super) fn new() -> std::io::Result<Self> {
        let mut inflate = Decompress::new(false);
        let dictionary = dictionary();
        let length = u16::try_from(dictionary.len()).map_err(std::io::Error::other)?;
        // A block that is not the last, stored, with its length and the complement of it.
        let mut stored = vec![0];
        stored.extend_from_slice(&length.to_le_bytes());
        stored.extend_from_slice(&(!length).to_le_bytes());
        stored.extend_from_slice(&dictionary);
        let mut sink = vec![0; dictionary.len() + 64];
        inflate.decompress(&stored, &mut sink, FlushDecompress::Sync).map_err(std::io::Error::other)?;
        Ok(Self { inflate, header: vec![], begun: false })
    }

    /// The names and values of a block.
    pub(super) fn headers(&mut self, mut block: &[u8]) -> std::io::Result<Vec<(String, String)>> {
        while !self.begun {
            let Some((first, rest)) = block.split_first() else { return Err(malformed()) };
            self.header.push(*first);
            block = rest;
            // Two bytes, and four more if the second one says that a dictionary is in use.
            let wanted = if self.header.get(1).is_some_and(|flags| flags & 0x20 != 0) { 6 } else { 2 };
            self.begun = self.header.len() >= wanted;
        }
        let mut plain = Vec::with_capacity(1024);
        loop {
            if plain.len() == plain.capacity() {
                if plain.len() >= BLOCK_BYTES_MAX {
                    return Err(malformed());
                }
                plain.reserve(4096);
            }
            let (before_in, before_out) = (self.inflate.total_in(), plain.len());
            self.inflate.decompress_vec(block, &mut plain, FlushDecompress::Sync).map_err(std::io::Error::other)?;
            let used = usize::try_from(self.inflate.total_in() - before_in).unwrap_or(usize::MAX);
            block = block.get(used..).unwrap_or_default();
            if block.is_empty() && plain.len() < plain.capacity() || (used == 0 && plain.len() == before_out) {
                return parse(&plain).ok_or_else(malformed);
            }
        }
    }
}

fn malformed() -> std::io::Error {
    std::io::Error::other("a SPDY header block is malformed")
}

fn parse(mut plain: &[u8]) -> Option<Vec<(String, String)>> {
    let count = number(&mut plain)?;
    let mut headers = vec![];
    for _ in 0..count {
        headers.push((text(&mut plain)?, text(&mut plain)?));
    }
    Some(headers)
}

fn number(bytes: &mut &[u8]) -> Option<u32> {
    let (first, rest) = bytes.split_first_chunk::<4>()?;
    *bytes = rest;
    Some(u32::from_be_bytes(*first))
}

fn text(bytes: &mut &[u8]) -> Option<String> {
    let length = usize::try_from(number(bytes)?).ok()?;
    let (text, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(String::from_utf8_lossy(text).into_owned())
}

/// Writes blocks.
pub(super) struct Packer {
    deflate: Compress,
}

impl Packer {
    pub(super) fn new() -> Self {
        Self { deflate: Compress::new(Compression::fast(), true) }
    }

    /// A block of these names and values.
    pub(super) fn headers(&mut self, headers: &[(&str, &str)]) -> std::io::Result<Vec<u8>> {
        let mut plain = u32::try_from(headers.len()).unwrap_or(0).to_be_bytes().to_vec();
        for text in headers.iter().flat_map(|(name, value)| [name, value]) {
            plain.extend_from_slice(&u32::try_from(text.len()).unwrap_or(0).to_be_bytes());
            plain.extend_from_slice(text.as_bytes());
        }
        let mut packed = Vec::with_capacity(plain.len() + 64);
        let mut rest = &plain[..];
        loop {
            let before = self.deflate.total_in();
            self.deflate.compress_vec(rest, &mut packed, FlushCompress::Sync).map_err(std::io::Error::other)?;
            let used = usize::try_from(self.deflate.total_in() - before).unwrap_or(usize::MAX);
            rest = rest.get(used..).unwrap_or_default();
            if rest.is_empty() && packed.len() < packed.capacity() {
                return Ok(packed);
            }
            packed.reserve(256);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn adler32(bytes: &[u8]) -> u32 {
        let (a, b) = bytes.iter().fold((1u32, 0u32), |(a, b), byte| {
            let a = (a + u32::from(*byte)) % 65521;
            (a, (b + a) % 65521)
        });
        b << 16 | a
    }

    #[test]
    fn the_dictionary_is_that_of_the_draft() {
        assert_eq!(dictionary().len(), 1423);
        assert_eq!(adler32(&dictionary()), 0xe3c6_a7c2);
    }

    #[test]
    fn blocks_survive_and_share_their_state() {
        let (mut packer, mut inflater) = (Packer::new(), Inflater::new().unwrap());
        for port in ["80", "8080"] {
            let block = packer.headers(&[("streamtype", "error"), ("port", port)]).unwrap();
            let headers = inflater.headers(&block).unwrap();
            assert_eq!(headers[1], ("port".to_owned(), port.to_owned()));
        }
        assert!(Inflater::new().unwrap().headers(b"\x78\x9c\xff\xff\xff").is_err());
    }

    #[test]
    fn blocks_that_use_the_dictionary_are_read() {
        // zlib.compressobj(zdict=dictionary), one block: {"content-type": "text/plain"}, flushed.
        let block = include_bytes!("dictionary_block.bin");
        let headers = Inflater::new().unwrap().headers(block).unwrap();
        assert_eq!(headers, [("content-type".to_owned(), "text/plain".to_owned())]);
    }
}
