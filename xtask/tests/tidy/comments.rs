//! No doc comment that only repeats the name of its item: it says what the signature cannot, or it goes.

use syn::visit::{self, Visit};
use syn::{Attribute, Expr, ImplItem, Item, Lit, Meta, TraitItem};

use crate::source::{attributes, defined};
use crate::{files_ending, text, Violations};

#[test]
fn no_comment_repeats_the_name() {
    let mut violations = Violations::default();
    for file in files_ending(".rs") {
        for (line, what) in repeats(&text(&file).unwrap_or_default()).unwrap_or_else(|e| panic!("{file}: {e}")) {
            violations.add(&file, line, what);
        }
    }
    violations.none();
}

/// Words that say nothing.
const SILENT: [&str; 12] = ["a", "an", "the", "her", "his", "it", "its", "of", "one", "our", "that", "their"];

/// Where a file's doc comments repeat a name.
fn repeats(text: &str) -> syn::Result<Vec<(usize, String)>> {
    let mut reader = Reader { found: Vec::new(), around: Vec::new() };
    reader.visit_file(&syn::parse_file(text)?);
    Ok(reader.found)
}

struct Reader {
    found: Vec<(usize, String)>,
    /// The words of the type around.
    around: Vec<String>,
}

impl Reader {
    fn check(&mut self, attributes: &[Attribute], name: &str) {
        let lines: Vec<(usize, String)> = attributes.iter().filter_map(doc).collect();
        let Some((line, _)) = lines.first() else { return };
        let comment = lines.iter().map(|(_, line)| line.trim()).collect::<Vec<_>>().join(" ");
        // Syntax and links to other items are said by no name.
        let is_syntax = comment.trim_end_matches('.').contains(['!', '|', '&', '=', '<', '>', '*', '.']);
        if is_syntax || comment.contains("[`") {
            return;
        }
        let known = [words(name), self.around.clone()].concat();
        if words(&comment).iter().all(|word| SILENT.contains(&word.as_str()) || known.contains(word)) {
            self.found.push((*line, format!("`/// {comment}` only repeats the name of `{name}`")));
        }
    }

    fn within(&mut self, name: &str, go: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.around, words(name));
        go(self);
        self.around = outer;
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast Item) {
        let name = defined(item).unwrap_or_default();
        if !name.is_empty() {
            let outer = std::mem::take(&mut self.around);
            self.check(attributes(item), &name);
            self.around = outer;
        }
        let around = match item {
            Item::Enum(_) | Item::Struct(_) | Item::Trait(_) => name,
            Item::Impl(block) => match &*block.self_ty {
                syn::Type::Path(path) => path.path.segments.last().map(|s| s.ident.to_string()).unwrap_or_default(),
                _ => String::new(),
            },
            _ => String::new(),
        };
        self.within(&around, |own| visit::visit_item(own, item));
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        match item {
            ImplItem::Const(item) => self.check(&item.attrs, &item.ident.to_string()),
            ImplItem::Fn(item) => self.check(&item.attrs, &item.sig.ident.to_string()),
            ImplItem::Type(item) => self.check(&item.attrs, &item.ident.to_string()),
            _ => {}
        }
        visit::visit_impl_item(self, item);
    }

    fn visit_trait_item(&mut self, item: &'ast TraitItem) {
        match item {
            TraitItem::Const(item) => self.check(&item.attrs, &item.ident.to_string()),
            TraitItem::Fn(item) => self.check(&item.attrs, &item.sig.ident.to_string()),
            TraitItem::Type(item) => self.check(&item.attrs, &item.ident.to_string()),
            _ => {}
        }
        visit::visit_trait_item(self, item);
    }

    fn visit_field(&mut self, field: &'ast syn::Field) {
        if let Some(name) = &field.ident {
            self.check(&field.attrs, &name.to_string());
        }
        visit::visit_field(self, field);
    }

    fn visit_variant(&mut self, variant: &'ast syn::Variant) {
        self.check(&variant.attrs, &variant.ident.to_string());
        visit::visit_variant(self, variant);
    }
}

/// A line of an outer doc comment, and where it is.
fn doc(attribute: &Attribute) -> Option<(usize, String)> {
    let Meta::NameValue(meta) = &attribute.meta else { return None };
    let (Expr::Lit(value), syn::AttrStyle::Outer) = (&meta.value, &attribute.style) else { return None };
    match &value.lit {
        Lit::Str(line) if meta.path.is_ident("doc") => {
            Some((attribute.pound_token.spans[0].start().line, line.value()))
        }
        _ => None,
    }
}

/// The words of a comment or a name, in lower case and singular, without a possessive's s.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let text = text.replace("'s ", " ").replace("’s ", " ");
    let mut was_lower = false;
    for c in text.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && was_lower) {
            words.push(String::new());
        }
        was_lower = c.is_lowercase() || c.is_numeric();
        if c.is_alphanumeric() {
            words.last_mut().expect("never empty").extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words.into_iter().map(|word| if word.len() > 3 { word.trim_end_matches('s').to_owned() } else { word }).collect()
}

#[test]
fn repetitions_are_found() {
    let text = "
/// The suite.
struct Suite {
    /// Its name.
    name: String,
    /// The suite's names.
    names: Vec<String>,
    /// The name that people see.
    title: String,
}
/// The exit code.
fn exit_code() {}
/// A part.
/// It is cut where tests end.
enum Part {
    /// `WholeRun`: the whole run.
    WholeRun,
    /// A half.
    Quarter,
    /// `||`
    Or,
    /// [`Whole`].
    Whole,
    /// Each of the parts.
    Parts,
}
//// No doc comment.
impl Suite {
    /// The title of the suite.
    fn title(&self) {}
    fn bare(&self) {}
}
";
    let found: Vec<String> =
        repeats(text).expect("it is Rust").into_iter().map(|(line, what)| format!("{line}: {what}")).collect();
    let expected = [
        "2: `/// The suite.` only repeats the name of `Suite`",
        "4: `/// Its name.` only repeats the name of `name`",
        "6: `/// The suite's names.` only repeats the name of `names`",
        "11: `/// The exit code.` only repeats the name of `exit_code`",
        "16: `/// `WholeRun`: the whole run.` only repeats the name of `WholeRun`",
        "29: `/// The title of the suite.` only repeats the name of `title`",
    ];
    assert_eq!(found, expected);
}
