//! What can go wrong, worded as cel-go words it: Kubernetes' answers show these texts.

use std::fmt;

/// Source text with its lines, for the places that errors point at.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    text: String,
    /// Where each line begins, in characters.
    lines: Vec<usize>,
    characters: usize,
}

impl Source {
    pub(crate) fn new(text: &str) -> Source {
        let mut lines = vec![0];
        let mut characters = 0;
        for character in text.chars() {
            characters += 1;
            if character == '\n' {
                lines.push(characters);
            }
        }
        Source { text: text.to_owned(), lines, characters }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn characters(&self) -> usize {
        self.characters
    }

    /// The offset of a line (from 1) and column (from 0).
    pub(crate) fn offset(&self, line: usize, column: usize) -> u32 {
        let start = self.lines.get(line - 1).copied().unwrap_or(self.characters);
        u32::try_from(start + column).unwrap_or(u32::MAX)
    }

    /// The error as a reader sees it: position, message, the line and a mark below it.
    fn render(&self, problem: &Problem) -> String {
        let at = problem.at as usize;
        let line = self.lines.partition_point(|&start| start <= at).max(1);
        let column = at - self.lines[line - 1];
        let snippet: String = self.text.split('\n').nth(line - 1).unwrap_or_default().replace('\t', " ");
        let mut out = format!("ERROR: <input>:{line}:{}: {}\n | {snippet}\n | ", column + 1, problem.message);
        // Wide characters take two columns, and so does the full-width dot.
        let wide = |c: char| c.len_utf8() > 1;
        out.extend(
            snippet.chars().chain(std::iter::repeat(' ')).take(column).map(|c| if wide(c) { '．' } else { '.' }),
        );
        out.push(if snippet.chars().nth(column).is_some_and(wide) { '＾' } else { '^' });
        out
    }
}

/// One problem, and where it is (in characters).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) at: u32,
    pub(crate) message: String,
}

/// Why an expression does not compile. `Display` gives all problems, each with the source line and a mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileErrors {
    rendered: Vec<String>,
    messages: Vec<String>,
}

/// Most problems that are reported for one expression.
const PROBLEMS_MAX: usize = 100;

impl CompileErrors {
    pub(crate) fn new(source: &Source, mut problems: Vec<Problem>) -> CompileErrors {
        problems.sort_by_key(|problem| problem.at);
        problems.dedup();
        let more = problems.len().saturating_sub(PROBLEMS_MAX);
        problems.truncate(PROBLEMS_MAX);
        let mut rendered: Vec<String> = problems.iter().map(|problem| source.render(problem)).collect();
        if more > 0 {
            rendered.push(format!("{more} more errors were truncated"));
        }
        CompileErrors { rendered, messages: problems.into_iter().map(|problem| problem.message).collect() }
    }

    pub(crate) fn one(source: &Source, at: u32, message: impl Into<String>) -> CompileErrors {
        CompileErrors::new(source, vec![Problem { at, message: message.into() }])
    }

    /// The bare messages, in the order of their places.
    pub fn messages(&self) -> &[String] {
        &self.messages
    }
}

impl fmt::Display for CompileErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rendered.join("\n"))
    }
}

impl std::error::Error for CompileErrors {}

/// Why an evaluation has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvalError {
    /// The expression itself failed, such as `no such key: foo`. `&&`, `||` and the folds may absorb it.
    #[error("{0}")]
    Failed(String),
    /// One call cost more than its limit.
    #[error("operation cancelled: actual cost limit exceeded")]
    CallCost,
    /// The budget that several calls share is spent.
    #[error("validation failed due to running out of cost budget, no further validation rules will be run")]
    BudgetSpent,
}

impl EvalError {
    /// An error that the expression itself is to blame for.
    pub fn failed(message: impl Into<String>) -> EvalError {
        EvalError::Failed(message.into())
    }

    pub(crate) fn no_such_overload() -> EvalError {
        EvalError::failed("no such overload")
    }

    pub(crate) fn no_such_key(key: impl fmt::Display) -> EvalError {
        EvalError::Failed(format!("no such key: {key}"))
    }

    /// True if evaluation must stop here: no operator absorbs this.
    pub fn is_final(&self) -> bool {
        match self {
            EvalError::Failed(_) => false,
            EvalError::CallCost | EvalError::BudgetSpent => true,
        }
    }
}
