//! The order of a merged list: what the patch names stands in the patch's order, what only the server has in the
//! server's, and both are interleaved so that the server's order holds where it can.

use serde_json::Value;

use super::PatchError;
use super::gotext::display;

/// An element without the member that identifies it.
pub(super) fn no_key(element: &Value, key: &str) -> PatchError {
    PatchError::Failed { why: format!("map: {} does not contain declared merge key: {key}", display(element)) }
}

/// Where an element stands in a list, by its key or as a whole.
fn index_in(list: &[Value], element: &Value, key: Option<&str>) -> Option<usize> {
    list.iter().position(|other| match key {
        Some(key) => other.get(key) == element.get(key),
        None => other == element,
    })
}

/// Brings `merged` into the order that `wanted` and the list `before` the patch ask for.
pub(super) fn arrange(
    merged: Vec<Value>,
    wanted: &[Value],
    before: &[Value],
    key: Option<&str>,
) -> Result<Vec<Value>, PatchError> {
    if let Some(key) = key
        && let Some(without) = merged.iter().chain(wanted).find(|element| element.get(key).is_none())
    {
        return Err(no_key(without, key));
    }
    let size = merged.len();
    let (mut named, others): (Vec<_>, Vec<_>) = merged
        .into_iter()
        .map(|element| (index_in(wanted, &element, key), element))
        .partition(|(place, _)| place.is_some());
    named.sort_by_key(|(place, _)| *place);
    let mut named = named.into_iter().map(|(_, element)| element).peekable();
    let mut others = others.into_iter().map(|(_, element)| element).peekable();
    let mut arranged = Vec::with_capacity(size);
    loop {
        let servers_first = match (others.peek(), named.peek()) {
            (Some(other), Some(next)) => {
                let places = (index_in(before, other, key), index_in(before, next, key));
                matches!(places, (Some(other), Some(next)) if other < next)
            }
            (other, _) => other.is_some(),
        };
        match if servers_first { others.next() } else { named.next() } {
            Some(element) => arranged.push(element),
            None => return Ok(arranged),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn new_elements_come_first_and_known_ones_keep_their_place() {
        let list = |letters: &str| letters.chars().map(|letter| json!(letter.to_string())).collect::<Vec<_>>();
        for (merged, wanted, before, expected) in
            [("abc", "c", "ab", "cab"), ("abc", "c", "abc", "abc"), ("abc", "ca", "abc", "bca"), ("ab", "", "ab", "ab")]
        {
            let arranged = arrange(list(merged), &list(wanted), &list(before), None).unwrap();
            assert_eq!(arranged, list(expected), "{merged} {wanted} {before}");
        }
    }
}
