//! Shuffle sharding: each flow is dealt a small hand of queues, so that two flows seldom share all of theirs.

/// The hand of the flow with this hash: `hand` different queues of `queues`.
pub(super) fn deal(mut hash: u64, queues: usize, hand: usize) -> Vec<usize> {
    let mut dealt: Vec<usize> = Vec::with_capacity(hand.min(queues));
    for left in (queues.saturating_sub(hand) + 1..=queues).rev() {
        let divisor = left as u64;
        let mut card = usize::try_from(hash % divisor).unwrap_or(0);
        hash /= divisor;
        // The card counts among those that are left: step over what was dealt before.
        dealt.sort_unstable();
        for taken in &dealt {
            if card >= *taken {
                card += 1;
            }
        }
        dealt.push(card);
    }
    dealt
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hands_are_different_cards_of_the_deck_and_all_cards_are_dealt() {
        let mut seen = [0; 13];
        for hash in 0..20_000u64 {
            let mut hand = deal(hash.wrapping_mul(0x9e37_79b9_7f4a_7c15), 13, 4);
            hand.sort_unstable();
            hand.dedup();
            assert_eq!(hand.len(), 4);
            for card in hand {
                seen[card] += 1;
            }
        }
        assert!(seen.iter().all(|count| (5_000..7_500).contains(count)), "{seen:?}");
        assert_eq!(deal(5, 0, 0), Vec::<usize>::new());
        assert_eq!(deal(5, 2, 8).len(), 2);
    }
}
