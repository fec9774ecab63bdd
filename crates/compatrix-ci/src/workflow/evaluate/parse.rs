//! Parses expressions: operators with precedence, literals, paths, calls.

use serde_json::{Number, Value};

use super::functions;
use super::values::number;

/// A parsed expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// `'text'`, `1`, `true`, `null`.
    Literal(Value),
    /// `github`.
    Context(String),
    /// `contains(a, b)`, the name in lower case.
    Call(String, Vec<Expr>),
    /// `!a`.
    Not(Box<Expr>),
    /// `a == b`.
    Binary(Box<Expr>, Op, Box<Expr>),
    /// `a.b`, `a['b']`, `a.*`.
    Postfix(Box<Expr>, Postfix),
}

/// A binary operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// `||`
    Or,
    /// `&&`
    And,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
}

/// An access that follows a value.
#[derive(Debug, Clone, PartialEq)]
pub enum Postfix {
    /// `.name`
    Name(String),
    /// `[expression]`
    Index(Box<Expr>),
    /// `.*`
    All,
}

/// Operators by precedence, loosest first. Longer ones come before their prefixes.
const LEVELS: [&[(&str, Op)]; 4] = [
    &[("||", Op::Or)],
    &[("&&", Op::And)],
    &[("==", Op::Equal), ("!=", Op::NotEqual)],
    &[("<=", Op::LessEqual), (">=", Op::GreaterEqual), ("<", Op::Less), (">", Op::Greater)],
];
/// GitHub's limit on nesting.
const DEEPEST: usize = 50;

impl Expr {
    /// Parses an expression without the surrounding `${{ }}`.
    ///
    /// # Errors
    /// The problem with the expression, or an unknown function.
    pub fn parse(text: &str) -> Result<Expr, String> {
        let mut reader = ExprReader { text, rest: text, depth: 0 };
        let expr = reader.binary(0)?;
        reader.skip();
        match reader.rest.is_empty() {
            true => Ok(expr),
            false => Err(reader.unexpected()),
        }
    }

    /// Whether it uses a status function: `always()` and the like.
    pub fn asks_for_status(&self) -> bool {
        match self {
            Expr::Literal(_) | Expr::Context(_) => false,
            Expr::Call(name, args) => functions::is_status(name) || args.iter().any(Expr::asks_for_status),
            Expr::Not(of) => of.asks_for_status(),
            Expr::Binary(left, _, right) => left.asks_for_status() || right.asks_for_status(),
            Expr::Postfix(of, Postfix::Index(index)) => of.asks_for_status() || index.asks_for_status(),
            Expr::Postfix(of, Postfix::Name(_) | Postfix::All) => of.asks_for_status(),
        }
    }
}

struct ExprReader<'a> {
    text: &'a str,
    rest: &'a str,
    depth: usize,
}

impl<'a> ExprReader<'a> {
    fn skip(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take(&mut self, token: &str) -> bool {
        self.skip();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn word(&mut self) -> Option<&'a str> {
        self.skip();
        let mut chars = self.rest.char_indices();
        let begins = |c: char| c.is_ascii_alphabetic() || c == '_';
        chars.next().filter(|(_, c)| begins(*c))?;
        let end = chars.find(|(_, c)| !(c.is_ascii_alphanumeric() || "_-".contains(*c)));
        let (word, rest) = self.rest.split_at(end.map_or(self.rest.len(), |(at, _)| at));
        self.rest = rest;
        Some(word)
    }

    fn unexpected(&self) -> String {
        let text = self.text.trim();
        match self.rest.chars().next() {
            Some(c) => {
                format!("`{text}` is not a GitHub expression: unexpected `{c}` at `{}`", self.rest.trim_end())
            }
            None => format!("`{text}` is not a GitHub expression: it ends too early"),
        }
    }

    fn binary(&mut self, level: usize) -> Result<Expr, String> {
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.binary(level + 1)?;
        while let Some((_, op)) = operators.iter().find(|(token, _)| self.take(token)) {
            left = Expr::Binary(Box::new(left), *op, Box::new(self.binary(level + 1)?));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expr, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(format!("`{}` is nested deeper than {DEEPEST}", self.text.trim()));
        }
        let expr = match self.take("!") {
            true => Expr::Not(Box::new(self.unary()?)),
            false => self.postfix()?,
        };
        self.depth -= 1;
        Ok(expr)
    }

    fn postfix(&mut self) -> Result<Expr, String> {
        let mut of = self.primary()?;
        loop {
            let postfix = if self.take(".") {
                match self.take("*") {
                    true => Postfix::All,
                    false => Postfix::Name(self.word().ok_or_else(|| self.unexpected())?.to_owned()),
                }
            } else if self.take("[") {
                let postfix = match self.take("*") {
                    true => Postfix::All,
                    false => Postfix::Index(Box::new(self.binary(0)?)),
                };
                if !self.take("]") {
                    return Err(self.unexpected());
                }
                postfix
            } else {
                return Ok(of);
            };
            of = Expr::Postfix(Box::new(of), postfix);
        }
    }

    fn primary(&mut self) -> Result<Expr, String> {
        if self.take("(") {
            let inner = self.binary(0)?;
            return if self.take(")") { Ok(inner) } else { Err(self.unexpected()) };
        }
        if self.take("'") {
            return self.quoted().map(|text| Expr::Literal(Value::String(text)));
        }
        if let Some(word) = self.word() {
            return self.named(word);
        }
        let end = self.rest.find(|c: char| !(c.is_ascii_alphanumeric() || ".+-".contains(c)));
        let (digits, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        let found = number(digits).and_then(Number::from_f64).ok_or_else(|| self.unexpected())?;
        self.rest = rest;
        Ok(Expr::Literal(Value::Number(found)))
    }

    /// Parses the rest of a string in single quotes; two quotes mean one.
    fn quoted(&mut self) -> Result<String, String> {
        let mut out = String::new();
        loop {
            let Some(end) = self.rest.find('\'') else {
                return Err(format!("`{}` is not a GitHub expression: a `'` is not closed", self.text.trim()));
            };
            out.push_str(&self.rest[..end]);
            self.rest = &self.rest[end + 1..];
            match self.rest.strip_prefix('\'') {
                Some(rest) => {
                    out.push('\'');
                    self.rest = rest;
                }
                None => return Ok(out),
            }
        }
    }

    fn named(&mut self, word: &str) -> Result<Expr, String> {
        if self.take("(") {
            let name = word.to_ascii_lowercase();
            functions::known(&name).map_err(|error| format!("`{}`: {error}", self.text.trim()))?;
            let mut args = Vec::new();
            if !self.take(")") {
                loop {
                    args.push(self.binary(0)?);
                    if self.take(")") {
                        break;
                    }
                    if !self.take(",") {
                        return Err(self.unexpected());
                    }
                }
            }
            functions::arity(&name, args.len()).map_err(|error| format!("`{}`: {error}", self.text.trim()))?;
            return Ok(Expr::Call(name, args));
        }
        Ok(match word {
            "true" => Expr::Literal(Value::Bool(true)),
            "false" => Expr::Literal(Value::Bool(false)),
            "null" => Expr::Literal(Value::Null),
            _ => Expr::Context(word.to_owned()),
        })
    }
}
