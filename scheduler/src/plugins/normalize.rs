//! Bringing raw scores into 0 to 100.

use crate::MAX_NODE_SCORE;

/// Scales so that the largest becomes 100; `reverse`: so that the smallest raw score is the best.
pub(super) fn scale(scores: &mut [i64], reverse: bool) {
    let largest = scores.iter().max().copied().unwrap_or_default();
    if largest == 0 {
        if reverse {
            scores.fill(MAX_NODE_SCORE);
        }
        return;
    }
    for score in scores {
        let scaled = MAX_NODE_SCORE * *score / largest;
        *score = if reverse { MAX_NODE_SCORE - scaled } else { scaled };
    }
}

#[cfg(test)]
mod tests {
    use super::scale;

    #[test]
    fn scales_and_reverses() {
        let scaled = |raw: [i64; 3], reverse| {
            let mut scores = raw;
            scale(&mut scores, reverse);
            scores
        };
        assert_eq!(scaled([0, 1, 3], false), [0, 33, 100]);
        assert_eq!(scaled([0, 1, 3], true), [100, 67, 0]);
        assert_eq!(scaled([0, 0, 0], false), [0, 0, 0]);
        assert_eq!(scaled([0, 0, 0], true), [100, 100, 100]);
    }
}
