//! The grammar of label selectors.

use super::{Operator, Requirement};

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a str),
    Symbol(&'static str),
    End,
}

impl Token<'_> {
    fn text(&self) -> &str {
        match self {
            Self::Word(word) => word,
            Self::Symbol(symbol) => symbol,
            Self::End => "",
        }
    }
}

struct Parser<'a> {
    rest: &'a str,
}

const SYMBOLS: [&str; 9] = ["==", "!=", "=", "!", "(", ")", ",", ">", "<"];

impl<'a> Parser<'a> {
    fn next(&mut self) -> Token<'a> {
        self.rest = self.rest.trim_start();
        if self.rest.is_empty() {
            return Token::End;
        }
        if let Some(symbol) = SYMBOLS.into_iter().find(|symbol| self.rest.starts_with(symbol)) {
            self.rest = &self.rest[symbol.len()..];
            return Token::Symbol(symbol);
        }
        let end = self.rest.find(|c: char| c.is_whitespace() || "=!(),><".contains(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        Token::Word(word)
    }

    fn peek(&self) -> Token<'a> {
        Parser { rest: self.rest }.next()
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let token = self.next();
        if token == Token::Symbol("!") {
            let Token::Word(key) = self.next() else { return Err("found '!', expected: identifier".into()) };
            return Requirement::new(key, Operator::DoesNotExist, vec![]);
        }
        let Token::Word(key) = token else {
            return Err(format!("found '{}', expected: !, identifier, or 'end of string'", token.text()));
        };
        match self.peek() {
            Token::End | Token::Symbol(",") => Requirement::new(key, Operator::Exists, vec![]),
            _ => self.comparison(key),
        }
    }

    fn comparison(&mut self, key: &str) -> Result<Requirement, String> {
        let token = self.next();
        match token.text() {
            "in" | "notin" => {
                let operator = if token.text() == "in" { Operator::In } else { Operator::NotIn };
                let values = self.set()?;
                Requirement::new(key, operator, values)
            }
            "=" | "==" => self.value().and_then(|value| Requirement::new(key, Operator::In, vec![value])),
            "!=" => self.value().and_then(|value| Requirement::new(key, Operator::NotIn, vec![value])),
            ">" => self.value().and_then(|value| Requirement::new(key, Operator::GreaterThan, vec![value])),
            "<" => self.value().and_then(|value| Requirement::new(key, Operator::LessThan, vec![value])),
            other => Err(format!("found '{other}', expected: in, notin, =, ==, !=, gt, lt")),
        }
    }

    fn value(&mut self) -> Result<String, String> {
        match self.peek() {
            // An empty value is one, too.
            Token::End | Token::Symbol(",") => Ok(String::new()),
            Token::Word(word) => {
                self.next();
                Ok(word.to_owned())
            }
            Token::Symbol(other) => Err(format!("found '{other}', expected: identifier")),
        }
    }

    fn set(&mut self) -> Result<Vec<String>, String> {
        let open = self.next();
        if open != Token::Symbol("(") {
            return Err(format!("found '{}' expected: '('", open.text()));
        }
        let mut values = vec![];
        // An empty value may stand before, between and behind commas.
        let mut expects_value = true;
        loop {
            match self.next() {
                Token::Word(word) if expects_value => {
                    values.push(word.to_owned());
                    expects_value = false;
                }
                Token::Symbol(",") => {
                    if expects_value {
                        values.push(String::new());
                    }
                    expects_value = true;
                }
                Token::Symbol(")") => {
                    if expects_value {
                        values.push(String::new());
                    }
                    return Ok(values);
                }
                other if expects_value => {
                    return Err(format!("found '{}', expected: ',', ')' or identifier", other.text()));
                }
                other => return Err(format!("found '{}', expected: ',' or ')'", other.text())),
            }
        }
    }
}

/// Parses a whole selector.
pub(super) fn requirements(text: &str) -> Result<Vec<Requirement>, String> {
    let mut parser = Parser { rest: text };
    let mut found = vec![];
    if parser.peek() == Token::End {
        return Ok(found);
    }
    loop {
        found.push(parser.requirement()?);
        match parser.next() {
            Token::End => return Ok(found),
            Token::Symbol(",") => match parser.peek() {
                Token::Word(_) | Token::Symbol("!") => {}
                other => return Err(format!("found '{}', expected: identifier after ','", other.text())),
            },
            other => return Err(format!("found '{}', expected: ',' or 'end of string'", other.text())),
        }
    }
}
