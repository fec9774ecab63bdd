//! What a Rust file declares and names, by module, tests aside.
//!
//! It reads one file at a time and resolves nothing: where a path leads is for [`crate::modules`].

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, ImplItem, Item, ItemUse, Meta, TraitItem, UseTree, Visibility};

/// A module as its file has it: the file's own, or one written inline.
#[derive(Default)]
pub(crate) struct Scope {
    /// The inline modules around it, the outermost first; empty for the file's own.
    pub(crate) inline: Vec<String>,
    /// What `mod x;` declares.
    pub(crate) children: Vec<String>,
    pub(crate) items: BTreeSet<String>,
    pub(crate) imports: Vec<Import>,
    pub(crate) names: Vec<Name>,
}

/// One leaf of a `use`.
pub(crate) struct Import {
    pub(crate) path: Vec<String>,
    /// What the leaf is called here. `None` for a glob.
    pub(crate) name: Option<String>,
    pub(crate) is_public: bool,
    /// Inside a function, so invisible to the rest of the module.
    pub(crate) is_local: bool,
    pub(crate) line: usize,
}

/// A name in code. A path that begins with `::` has an empty first segment.
#[derive(Clone)]
pub(crate) struct Name {
    pub(crate) path: Vec<String>,
    pub(crate) kind: NameKind,
    pub(crate) line: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum NameKind {
    Path,
    Macro,
    Method,
}

/// The modules of one file, its own first.
pub(crate) fn read(text: &str) -> syn::Result<Vec<Scope>> {
    let file = syn::parse_file(text)?;
    let mut reader = Reader { scopes: vec![Scope::default()], at: 0, functions: 0, locals: BTreeSet::new() };
    reader.visit_file(&file);
    Ok(reader.scopes)
}

struct Reader {
    scopes: Vec<Scope>,
    at: usize,
    /// How many functions are around.
    functions: usize,
    /// What the functions around bind: a variable is no use of the function that it is called after.
    locals: BTreeSet<String>,
}

impl Reader {
    fn scope(&mut self) -> &mut Scope {
        &mut self.scopes[self.at]
    }

    fn name(&mut self, path: Vec<String>, kind: NameKind, line: usize) {
        let is_variable = kind == NameKind::Path && path.len() == 1 && self.locals.contains(&path[0]);
        if !is_variable {
            self.scope().names.push(Name { path, kind, line });
        }
    }

    fn in_function(&mut self, collect: impl FnOnce(&mut Locals), go: impl FnOnce(&mut Self)) {
        let mut locals = Locals(self.locals.clone());
        collect(&mut locals);
        let outer = std::mem::replace(&mut self.locals, locals.0);
        self.functions += 1;
        go(self);
        self.functions -= 1;
        self.locals = outer;
    }

    fn import(&mut self, item: &ItemUse) {
        let is_public = !matches!(item.vis, Visibility::Inherited);
        let mut leaves = Vec::new();
        let mut before = item.leading_colon.iter().map(|_| String::new()).collect();
        flatten(&item.tree, &mut before, &mut leaves);
        for (path, name, line) in leaves {
            let is_local = self.functions > 0;
            self.scope().imports.push(Import { path, name, is_public, is_local, line });
        }
    }

    /// The paths in the body of a macro or an attribute, which nothing has parsed.
    fn tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let is_punct = |at: Option<usize>, c: char| {
            at.and_then(|at| tokens.get(at)).is_some_and(|t| matches!(t, TokenTree::Punct(p) if p.as_char() == c))
        };
        let ident = |at: Option<usize>| match at.and_then(|at| tokens.get(at)) {
            Some(TokenTree::Ident(ident)) => Some(ident.to_string()),
            _ => None,
        };
        let mut next = 0;
        while next < tokens.len() {
            let start = next;
            next += 1;
            let (line, first) = match &tokens[start] {
                TokenTree::Group(group) => {
                    self.tokens(group.stream());
                    continue;
                }
                TokenTree::Literal(literal) if is_punct(start.checked_sub(1), '=') => {
                    if start >= 2 && ident(Some(start - 2)).is_some_and(|key| TAKES_PATH.contains(&key.as_str())) {
                        self.path_in_text(&literal.to_string(), literal.span().start().line);
                    }
                    continue;
                }
                TokenTree::Ident(first) => (first.span().start().line, first.to_string()),
                TokenTree::Punct(_) | TokenTree::Literal(_) => continue,
            };
            let mut path = vec![first];
            while is_punct(Some(next), ':') && is_punct(Some(next + 1), ':') {
                let Some(segment) = ident(Some(next + 2)) else { break };
                path.push(segment);
                next += 3;
            }
            let before = start.checked_sub(1);
            let follows =
                |delimiter| matches!(tokens.get(next), Some(TokenTree::Group(g)) if g.delimiter() == delimiter);
            let is_member = is_punct(before, '.') && !is_punct(start.checked_sub(2), '.');
            if is_member {
                if follows(Delimiter::Parenthesis) {
                    self.name(path, NameKind::Method, line);
                }
            } else if is_punct(Some(next), '!') && matches!(tokens.get(next + 1), Some(TokenTree::Group(_))) {
                self.name(path, NameKind::Macro, line);
            } else if ident(before).as_deref() != Some("fn") && !is_punct(before, '\'') {
                let is_upper = path[0].starts_with(char::is_uppercase);
                if path.len() > 1 || is_upper || follows(Delimiter::Parenthesis) {
                    self.name(path, NameKind::Path, line);
                }
            }
        }
    }

    /// A path that an attribute of serde has as text.
    fn path_in_text(&mut self, literal: &str, line: usize) {
        let path: Vec<String> = literal.trim_matches('"').split("::").map(str::to_owned).collect();
        let is_word = |word: &String| word.chars().all(|c| c.is_alphanumeric() || c == '_');
        if path.iter().all(is_word) {
            let own = if path.len() == 1 { vec!["self".to_owned()] } else { Vec::new() };
            self.name([own, path].concat(), NameKind::Path, line);
        }
    }
}

/// The keys of serde whose value is a path.
const TAKES_PATH: [&str; 5] = ["default", "deserialize_with", "serialize_with", "skip_serializing_if", "with"];

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast Item) {
        if is_test(attributes(item)) {
            return;
        }
        match item {
            Item::Use(item) => return self.import(item),
            Item::Mod(module) => {
                let name = module.ident.to_string();
                if module.content.is_none() {
                    return self.scope().children.push(name);
                }
                let inline = [self.scope().inline.clone(), vec![name]].concat();
                self.scopes.push(Scope { inline, ..Scope::default() });
                let outer = std::mem::replace(&mut self.at, self.scopes.len() - 1);
                visit::visit_item(self, item);
                self.at = outer;
                return;
            }
            _ => {}
        }
        if let Some(name) = defined(item).filter(|_| self.functions == 0) {
            self.scope().items.insert(name);
        }
        match item {
            Item::Fn(function) => {
                self.in_function(|locals| locals.visit_item_fn(function), |own| visit::visit_item(own, item));
            }
            _ => visit::visit_item(self, item),
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        match item {
            ImplItem::Fn(function) if is_test(&function.attrs) => {}
            ImplItem::Fn(function) => {
                let go = |own: &mut Self| visit::visit_impl_item(own, item);
                self.in_function(|locals| locals.visit_impl_item_fn(function), go);
            }
            _ => visit::visit_impl_item(self, item),
        }
    }

    fn visit_trait_item(&mut self, item: &'ast TraitItem) {
        match item {
            TraitItem::Fn(function) => {
                let go = |own: &mut Self| visit::visit_trait_item(own, item);
                self.in_function(|locals| locals.visit_trait_item_fn(function), go);
            }
            _ => visit::visit_trait_item(self, item),
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if let Some(first) = path.segments.first() {
            let colon = path.leading_colon.iter().map(|_| String::new());
            let segments = colon.chain(path.segments.iter().map(|s| s.ident.to_string()));
            self.name(segments.collect(), NameKind::Path, first.ident.span().start().line);
        }
        for segment in &path.segments {
            self.visit_path_arguments(&segment.arguments);
        }
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let path: Vec<String> = call.path.segments.iter().map(|s| s.ident.to_string()).collect();
        let line = call.path.segments.first().map_or(1, |s| s.ident.span().start().line);
        self.name(path, NameKind::Macro, line);
        self.tokens(call.tokens.clone());
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        self.name(vec![call.method.to_string()], NameKind::Method, call.method.span().start().line);
        visit::visit_expr_method_call(self, call);
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if let Meta::List(list) = &attribute.meta {
            self.tokens(list.tokens.clone());
        }
    }

    fn visit_vis_restricted(&mut self, _: &'ast syn::VisRestricted) {}
}

/// The names that patterns bind.
struct Locals(BTreeSet<String>);

impl<'ast> Visit<'ast> for Locals {
    fn visit_pat_ident(&mut self, pattern: &'ast syn::PatIdent) {
        self.0.insert(pattern.ident.to_string());
        visit::visit_pat_ident(self, pattern);
    }
}

/// A leaf: its path, what it is called here, its line.
type Leaf = (Vec<String>, Option<String>, usize);

fn flatten(tree: &UseTree, before: &mut Vec<String>, leaves: &mut Vec<Leaf>) {
    let leaf = |before: &[String], ident: &syn::Ident| match ident.to_string() {
        own if own == "self" => before.to_vec(),
        name => [before, &[name]].concat(),
    };
    match tree {
        UseTree::Path(path) => {
            before.push(path.ident.to_string());
            flatten(&path.tree, before, leaves);
            before.pop();
        }
        UseTree::Name(name) => {
            let path = leaf(before, &name.ident);
            let last = path.last().cloned();
            leaves.push((path, last, name.ident.span().start().line));
        }
        UseTree::Rename(rename) => {
            let name = Some(rename.rename.to_string());
            leaves.push((leaf(before, &rename.ident), name, rename.ident.span().start().line));
        }
        UseTree::Glob(glob) => leaves.push((before.clone(), None, glob.star_token.spans[0].start().line)),
        UseTree::Group(group) => group.items.iter().for_each(|tree| flatten(tree, before, leaves)),
    }
}

/// Whether it is compiled for tests only.
fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) if list.path.is_ident("cfg") => {
            let words = list.tokens.to_string();
            let mut words = words.split(|c: char| !c.is_alphanumeric() && c != '_');
            words.clone().any(|word| word == "test" || word == "doctest") && words.all(|word| word != "not")
        }
        Meta::Path(path) => path.is_ident("test"),
        _ => false,
    })
}

/// The attributes of an item.
pub(crate) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// What an item is called.
pub(crate) fn defined(item: &Item) -> Option<String> {
    let ident = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Mod(item) => &item.ident,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        _ => return None,
    };
    Some(ident.to_string())
}
