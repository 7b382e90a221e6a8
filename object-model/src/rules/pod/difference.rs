//! What differs between two texts, line by line, in the unified format.
//!
//! Source: Python's documentation of `difflib` (the algorithm, which kube-apiserver's library also follows: the
//! longest common run first, then the same to its left and right; lines that stand very often start no run).

use std::collections::HashMap;
use std::ops::Range;

/// Lines around a difference.
const CONTEXT: usize = 3;
/// Beyond this many lines all between the first and the last difference is shown as changed.
const LINES_MAX: usize = 20_000;
/// From this many lines on, those that stand very often start no run.
const POPULAR_FROM: usize = 200;

/// A run of lines that are the same: where it starts in both, and how long it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Run {
    old: usize,
    new: usize,
    lines: usize,
}

struct Texts<'a> {
    old: Vec<&'a str>,
    new: Vec<&'a str>,
    /// Where each line stands in `new`.
    places: HashMap<&'a str, Vec<usize>>,
}

impl<'a> Texts<'a> {
    fn of(old: &'a str, new: &'a str) -> Self {
        let (old, new): (Vec<_>, Vec<_>) = (old.split('\n').collect(), new.split('\n').collect());
        let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, line) in new.iter().enumerate() {
            places.entry(line).or_default().push(index);
        }
        if new.len() >= POPULAR_FROM {
            let often = new.len() / 100 + 1;
            places.retain(|_, found| found.len() <= often);
        }
        Self { old, new, places }
    }

    fn longest(&self, old: &Range<usize>, new: &Range<usize>) -> Run {
        let mut best = Run { old: old.start, new: new.start, lines: 0 };
        let mut lengths: HashMap<usize, usize> = HashMap::new();
        for index in old.clone() {
            let mut next = HashMap::new();
            for &place in self.places.get(self.old[index]).into_iter().flatten() {
                if !new.contains(&place) {
                    continue;
                }
                let length = place.checked_sub(1).and_then(|before| lengths.get(&before)).unwrap_or(&0) + 1;
                next.insert(place, length);
                if length > best.lines {
                    best = Run { old: index + 1 - length, new: place + 1 - length, lines: length };
                }
            }
            lengths = next;
        }
        while best.old > old.start && best.new > new.start && self.old[best.old - 1] == self.new[best.new - 1] {
            best = Run { old: best.old - 1, new: best.new - 1, lines: best.lines + 1 };
        }
        while best.old + best.lines < old.end
            && best.new + best.lines < new.end
            && self.old[best.old + best.lines] == self.new[best.new + best.lines]
        {
            best.lines += 1;
        }
        best
    }

    /// What is the same, in order, ended by an empty run.
    fn runs(&self) -> Vec<Run> {
        let end = Run { old: self.old.len(), new: self.new.len(), lines: 0 };
        let mut found = vec![];
        let mut left = vec![(0..self.old.len(), 0..self.new.len())];
        if self.old.len().max(self.new.len()) > LINES_MAX {
            let same = |(one, other): &(&&str, &&str)| one == other;
            let head = self.old.iter().zip(&self.new).take_while(same).count();
            let tails = self.old[head..].iter().rev().zip(self.new[head..].iter().rev());
            let tail = tails.take_while(same).count();
            found.push(Run { old: 0, new: 0, lines: head });
            found.push(Run { old: end.old - tail, new: end.new - tail, lines: tail });
            left.clear();
        }
        while let Some((old, new)) = left.pop() {
            let run = self.longest(&old, &new);
            if run.lines > 0 {
                left.push((old.start..run.old, new.start..run.new));
                left.push((run.old + run.lines..old.end, run.new + run.lines..new.end));
                found.push(run);
            }
        }
        found.retain(|run| run.lines > 0);
        found.sort_unstable();
        let mut runs: Vec<Run> = vec![];
        for run in found {
            match runs.last_mut() {
                Some(last) if last.old + last.lines == run.old && last.new + last.lines == run.new => {
                    last.lines += run.lines;
                }
                _ => runs.push(run),
            }
        }
        runs.push(end);
        runs
    }
}

/// `first,count` as it stands in the head of a hunk.
fn span(lines: &Range<usize>) -> String {
    match lines.len() {
        1 => format!("{}", lines.start + 1),
        0 => format!("{},0", lines.start),
        many => format!("{},{many}", lines.start + 1),
    }
}

/// The differences between two texts; empty if there are none.
pub(super) fn unified(old: &str, new: &str) -> String {
    let texts = Texts::of(old, new);
    // Changes: the gaps between what is the same.
    let (mut at, mut changes) = ((0, 0), vec![]);
    for run in texts.runs() {
        if (at.0, at.1) != (run.old, run.new) {
            changes.push((at.0..run.old, at.1..run.new));
        }
        at = (run.old + run.lines, run.new + run.lines);
    }
    let mut out = String::new();
    let mut rest = changes.as_slice();
    while let Some(first) = rest.first() {
        // Changes whose surroundings touch share a hunk.
        let near = |pair: &&[(Range<usize>, Range<usize>)]| pair[1].0.start - pair[0].0.end <= 2 * CONTEXT;
        let together = 1 + rest.windows(2).take_while(near).count();
        let (hunk, after) = rest.split_at(together);
        rest = after;
        let last = &hunk[hunk.len() - 1];
        let before = CONTEXT.min(first.0.start);
        let beyond = CONTEXT.min(texts.old.len() - last.0.end);
        let old_span = first.0.start - before..last.0.end + beyond;
        let new_span = first.1.start - before..last.1.end + beyond;
        out.push_str(&format!("@@ -{} +{} @@\n", span(&old_span), span(&new_span)));
        let mut put = |mark: char, lines: &[&str]| {
            for line in lines {
                out.push(mark);
                out.push_str(line);
                out.push('\n');
            }
        };
        let mut from = old_span.start;
        for (gone, come) in hunk {
            put(' ', &texts.old[from..gone.start]);
            put('-', &texts.old[gone.clone()]);
            put('+', &texts.new[come.clone()]);
            from = gone.end;
        }
        put(' ', &texts.old[from..old_span.end]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::unified;

    #[test]
    fn hunks_have_three_lines_around_and_join_when_near() {
        let old: Vec<String> = (0..30).map(|line| line.to_string()).collect();
        let mut new = old.clone();
        new[4] = "x".into();
        new.insert(10, "y".into());
        new.remove(26);
        let text = unified(&old.join("\n"), &new.join("\n"));
        let expected = "@@ -2,12 +2,13 @@\n 1\n 2\n 3\n-4\n+x\n 5\n 6\n 7\n 8\n 9\n+y\n 10\n 11\n 12\n\
                        @@ -23,7 +24,6 @@\n 22\n 23\n 24\n-25\n 26\n 27\n 28\n";
        assert_eq!(text, expected);
        assert_eq!(unified("a\nb", "a\nb"), "");
        assert_eq!(unified("a", "b"), "@@ -1 +1 @@\n-a\n+b\n");
    }
}
