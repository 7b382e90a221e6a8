//! Makes inputs of inputs, as somebody would who knows roughly what the parsers read.
//!
//! In: seeds and a number. Out: mutants, the same for the same number. Invariant: a mutant is at most [`BYTES_MAX`] long.

use std::ops::Range;

use pintle_object_model::clock::Random;

/// Longest mutant, in bytes.
const BYTES_MAX: usize = 64 << 10;

/// What parsers treat specially.
const TOKENS: [&[u8]; 50] = [
    b"null",
    b"true",
    b"{}",
    b"[]",
    b"\"\"",
    b"0",
    b"-0",
    b"1e400",
    b"1e-400",
    b"9223372036854775807",
    b"-9223372036854775808",
    b"18446744073709551616",
    b"0.1",
    b"\"\\ud800\"",
    b"\"\\u0000\"",
    b"\xef\xbb\xbf",
    b"\xff",
    b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
    b"\xff\xff\xff\xff\x0f",
    b"\x0a\xff\xff\xff\xff\x07",
    b"k8s\0",
    b"\n---\n",
    b"&a ",
    b"*a",
    b"!!binary ",
    b"|\n  ",
    b"? ",
    b"\"$patch\":\"delete\",",
    b"\"$patch\":\"replace\",",
    b"\"$setElementOrder/containers\":[{\"name\":\"a\"}],",
    b"\"$retainKeys\":[\"name\"],",
    b"\"k:{\\\"name\\\":\\\"a\\\"}\":{},",
    b"\"f:metadata\":{},",
    b"\"v:1\":{},",
    b"\".\":{},",
    b"~1",
    b"/-",
    b"!=",
    b" in (",
    b" notin (",
    b"!",
    b",",
    b"%2F",
    b"%",
    b"Ki",
    b"E",
    b"e-9",
    b"m",
    b"*/5",
    b"2024-02-30T25:61:61.999999999+23:59",
];

/// A source of mutants.
#[derive(Debug)]
pub struct Mutator {
    random: Random,
}

impl Mutator {
    /// Starts from a number; equal numbers give equal mutants.
    pub fn new(seed: u64) -> Self {
        Self { random: Random::seeded(seed) }
    }

    fn below(&self, limit: usize) -> usize {
        let below = self.random.below(u64::try_from(limit).unwrap_or(u64::MAX));
        usize::try_from(below).unwrap_or_default()
    }

    /// One of the seeds, changed in one to four places.
    pub fn mutant(&self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let Some(seed) = seeds.get(self.below(seeds.len())) else { return vec![] };
        let mut mutant = seed.clone();
        for _ in 0..=self.below(4) {
            self.change(&mut mutant, seeds);
        }
        mutant.truncate(BYTES_MAX);
        mutant
    }

    fn change(&self, mutant: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        let place = self.place(mutant);
        match self.below(8) {
            0 => {
                if let Some(byte) = mutant.get_mut(place.start) {
                    *byte ^= 1 << self.below(8);
                }
            }
            1 => {
                mutant.drain(place);
            }
            2 => {
                let piece = mutant[place.clone()].to_vec();
                mutant.splice(place.start..place.start, piece);
            }
            3 => {
                mutant.splice(place, TOKENS[self.below(TOKENS.len())].iter().copied());
            }
            4 => {
                let token = TOKENS[self.below(TOKENS.len())];
                mutant.splice(place.start..place.start, token.iter().copied());
            }
            5 => {
                let (open, close) = [("[", "]"), ("{\"a\":", "}"), ("(", ")"), ("\"", "\"")][self.below(4)];
                let times = 1 << self.below(8);
                mutant.splice(place.end..place.end, close.repeat(times).into_bytes());
                mutant.splice(place.start..place.start, open.repeat(times).into_bytes());
            }
            _ => {
                let Some(other) = seeds.get(self.below(seeds.len())) else { return };
                let piece = self.place(other);
                mutant.splice(place, other[piece].iter().copied());
            }
        }
    }

    /// A piece of a text: a whole value if a value begins where it begins, else a few bytes.
    fn place(&self, text: &[u8]) -> Range<usize> {
        let start = self.below(text.len() + 1);
        let length = match text.get(start) {
            Some(b'{' | b'[' | b'(') => balanced(&text[start..]),
            Some(b'"') => text[start + 1..].iter().position(|byte| *byte == b'"').map_or(1, |end| end + 2),
            Some(byte) if byte.is_ascii_alphanumeric() => {
                text[start..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count()
            }
            Some(_) => 1 + self.below(4),
            None => 0,
        };
        start..(start + length).min(text.len())
    }
}

/// Length of what a bracket at the start encloses, brackets included.
fn balanced(text: &[u8]) -> usize {
    let mut depth = 0_usize;
    for (index, byte) in text.iter().enumerate() {
        match byte {
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return index + 1;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::Mutator;

    #[test]
    fn equal_numbers_give_equal_mutants_and_others_do_not() {
        let seeds = [b"{\"a\": [1, 2]}".to_vec(), b"x in (a, b)".to_vec()];
        let some = |seed| {
            let mutator = Mutator::new(seed);
            (0..20).map(|_| mutator.mutant(&seeds)).collect::<Vec<_>>()
        };
        assert_eq!(some(1), some(1));
        assert_ne!(some(1), some(2));
        assert!(some(1).iter().any(|mutant| !seeds.contains(mutant)));
    }

    #[test]
    fn an_empty_corpus_gives_empty_mutants() {
        assert!(Mutator::new(3).mutant(&[]).is_empty());
    }
}
