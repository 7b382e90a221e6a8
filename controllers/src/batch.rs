//! Doing many like things without flooding an API that refuses them.

use std::future::Future;

use futures::StreamExt;

/// Does `count` things in batches of 1, 2, 4, ... side by side, and stops after the first batch with a failure: if one is
/// refused (a quota, a broken template), so are the others. Answers how many succeeded, and the first failure.
pub(crate) async fn slow_start<E, F>(count: usize, mut one: impl FnMut(usize) -> F) -> (usize, Option<E>)
where
    F: Future<Output = Result<(), E>>,
{
    let (mut done, mut started, mut size) = (0, 0, 1);
    while started < count {
        let batch = size.min(count - started);
        let results = side_by_side((started..started + batch).map(&mut one).collect()).await;
        started += batch;
        let mut failure = None;
        for result in results {
            match result {
                Ok(()) => done += 1,
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        if failure.is_some() {
            return (done, failure);
        }
        size *= 2;
    }
    (done, None)
}

/// Requests that one reconciliation has in flight at most.
const IN_FLIGHT: usize = 256;

/// Does all of it side by side, within bounds, and hands the results out in the order in which they came.
pub(crate) async fn side_by_side<F: Future>(all: Vec<F>) -> Vec<F::Output> {
    futures::stream::iter(all).buffer_unordered(IN_FLIGHT).collect().await
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[tokio::test]
    async fn batches_double_and_end_with_the_first_failure() {
        let seen = RefCell::new(vec![]);
        let result = slow_start(100, |index| {
            seen.borrow_mut().push(index);
            async move { if index == 4 { Err("no") } else { Ok(()) } }
        })
        .await;
        assert_eq!(result, (6, Some("no")));
        assert_eq!(seen.into_inner(), [0, 1, 2, 3, 4, 5, 6], "batches of 1, 2 and 4");
    }
}
