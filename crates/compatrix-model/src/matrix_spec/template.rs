//! Texts with placeholders: `{schema.database}`, `{schema.dir}`, `{AXIS.name}`, and in commands `{program.NAME}`; `{{` and
//! `}}` are one brace.

use std::fmt;

use shaped_toml::Problem;

use crate::axis::AxisKind;
use crate::cell::Space;

/// A text with placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(pub Vec<Piece>);

/// A part of a [`Template`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Literal text (`{{` and `}}` in the spec are one brace).
    Text(String),
    /// `{schema.database}`: the run's own copy of the fixture's database file.
    SchemaDatabase,
    /// `{schema.dir}`: the folder of that copy.
    SchemaDir,
    /// `{schema.name}`, `{rust.name}` …: the value's name on this axis of the cell.
    ValueName(String),
    /// `{program.NAME}`: the file of a program, example or shared library that the build makes. Only in commands.
    Program(String),
}

/// Where a template stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In `env`.
    Environment,
    /// A word of `command`.
    Command,
}

impl Template {
    /// Reads a template for cells of this space.
    pub(crate) fn parse(text: &str, space: &Space, place: Place) -> Result<Template, Problem> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut at = 0;
        while let Some(next) = text[at..].find(['{', '}']) {
            let brace = at + next;
            plain.push_str(&text[at..brace]);
            let rest = &text[brace..];
            if rest.starts_with("{{") || rest.starts_with("}}") {
                plain.push_str(&rest[..1]);
                at = brace + 2;
                continue;
            }
            let Some(end) = rest.find('}').filter(|_| rest.starts_with('{')) else {
                let (message, twice) =
                    if rest.starts_with('{') { ("`{` is never closed", "{{") } else { ("`}` was never opened", "}}") };
                let problem = Problem::new(message).part(brace..brace + 1);
                return Err(problem.help(format!("for a literal brace write `{twice}`")));
            };
            let piece =
                placeholder(&rest[1..end], space, place).map_err(|problem| problem.part(brace..brace + end + 1))?;
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(piece);
            at = brace + end + 1;
        }
        plain.push_str(&text[at..]);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Template(pieces))
    }
}

impl fmt::Display for Template {
    /// As the spec spells it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => f.write_str(&text.replace('{', "{{").replace('}', "}}"))?,
                Piece::SchemaDatabase => f.write_str("{schema.database}")?,
                Piece::SchemaDir => f.write_str("{schema.dir}")?,
                Piece::ValueName(axis) => write!(f, "{{{axis}.name}}")?,
                Piece::Program(name) => write!(f, "{{program.{name}}}")?,
            }
        }
        Ok(())
    }
}

fn placeholder(name: &str, space: &Space, place: Place) -> Result<Piece, Problem> {
    let has_schema = space.axis_of(&AxisKind::Schema).is_some();
    match name.split_once('.') {
        Some(("schema", "database")) if has_schema => return Ok(Piece::SchemaDatabase),
        Some(("schema", "dir")) if has_schema => return Ok(Piece::SchemaDir),
        Some(("program", program)) if place == Place::Command && !program.is_empty() => {
            return Ok(Piece::Program(program.to_owned()));
        }
        Some((axis, "name")) if space.axis(axis).is_some() => return Ok(Piece::ValueName(axis.to_owned())),
        _ => {}
    }
    let mut known: Vec<String> = Vec::new();
    if has_schema {
        known.extend(["{schema.database}".to_owned(), "{schema.dir}".to_owned()]);
    }
    known.extend(space.axes().iter().map(|axis| format!("{{{}.name}}", axis.name)));
    if place == Place::Command {
        known.push("{program.NAME}".to_owned());
    }
    let problem = Problem::new(format!("unknown placeholder `{{{name}}}`")).known(&format!("{{{name}}}"), known);
    Err(problem.help("for braces themselves write `{{` and `}}`").needs_whole())
}
