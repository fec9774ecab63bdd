//! The call stacks of a callgrind file, from contexts that `--separate-callers=N` writes: `callee'caller'its caller`.

use std::collections::{BTreeMap, HashMap};

/// Stacks with the instructions of their last function itself: the outermost function first, in alphabetical order.
/// Callers beyond the N-th are not in the file, so a deep stack begins in the middle.
///
/// # Errors
/// It is no such file, or not whole.
pub fn stacks(text: &str) -> Result<Vec<(Vec<String>, u64)>, String> {
    let mut reader = Reader::default();
    for (n, line) in text.lines().enumerate() {
        reader.line(line.trim_end()).map_err(|why| format!("line {}: {why}", n + 1))?;
    }
    let Reader { stacks, expected, .. } = reader;
    let seen = stacks.values().try_fold(0_u64, |sum, count| sum.checked_add(*count));
    let seen = seen.ok_or("counts more instructions than there can be")?;
    // The sum stands at the head of a part, so a file that was cut off shows in the costs that are missing.
    if seen == 0 || expected.is_some_and(|expected| seen.abs_diff(expected) > expected / 100) {
        let expected = expected.map(|expected| format!(" of {expected}")).unwrap_or_default();
        return Err(format!("has the costs of {seen}{expected} instructions, so it is no whole file of callgrind"));
    }
    Ok(stacks.into_iter().filter(|(_, count)| *count > 0).collect())
}

#[derive(Default)]
struct Reader {
    /// Names by their number, for functions as callees too.
    names: HashMap<String, String>,
    stack: Option<Vec<String>>,
    /// How many words of a cost line are its position.
    positions: Option<usize>,
    /// Which cost counts instructions.
    column: Option<usize>,
    /// Whether the next line is the cost of a call, which the callee has too, or the place of a jump.
    skip: bool,
    stacks: BTreeMap<Vec<String>, u64>,
    expected: Option<u64>,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), String> {
        if std::mem::take(&mut self.skip) {
            return Ok(());
        }
        if line.starts_with(|c: char| c.is_ascii_digit() || "+-*".contains(c)) {
            return self.cost(line);
        }
        if let Some(name) = line.strip_prefix("fn=") {
            let name = self.name(name)?;
            self.stack = Some(stack(&name));
        } else if let Some(name) = line.strip_prefix("cfn=") {
            self.name(name)?;
        } else if ["calls=", "jump=", "jcnd="].iter().any(|word| line.starts_with(word)) {
            self.skip = true;
        } else if let Some(words) = line.strip_prefix("positions:") {
            self.positions = Some(words.split_whitespace().count());
        } else if let Some(events) = line.strip_prefix("events:") {
            self.column = events.split_whitespace().position(|event| event == "Ir");
        } else if let Some(costs) = line.strip_prefix("summary:") {
            let column = self.column.ok_or("`summary` without an event `Ir`")?;
            let count = costs.split_whitespace().nth(column).and_then(|count| count.parse::<u64>().ok());
            let count = count.ok_or("`summary` has no count of instructions")?;
            self.expected = Some(self.expected.unwrap_or(0).saturating_add(count));
        }
        Ok(())
    }

    /// `(7) name` names number 7, `(7)` is that name again.
    fn name(&mut self, text: &str) -> Result<String, String> {
        let Some((number, name)) = text.strip_prefix('(').and_then(|rest| rest.split_once(')')) else {
            return Ok(text.to_owned());
        };
        // `(below main)` is a name, not a number.
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(text.to_owned());
        }
        match name.trim_start() {
            "" => self.names.get(number).cloned().ok_or_else(|| format!("function ({number}) has no name yet")),
            name => {
                self.names.insert(number.to_owned(), name.to_owned());
                Ok(name.to_owned())
            }
        }
    }

    fn cost(&mut self, line: &str) -> Result<(), String> {
        let column = self.column.ok_or("a cost without an event `Ir`")?;
        let stack = self.stack.as_ref().ok_or("a cost of no function")?;
        // Costs of zero at the end of a line are left out.
        let Some(count) = line.split_whitespace().nth(self.positions.unwrap_or(1) + column) else { return Ok(()) };
        let count: u64 = count.parse().map_err(|_| format!("{count:?} is no count of instructions"))?;
        let sum = self.stacks.entry(stack.clone()).or_default();
        *sum = sum.checked_add(count).ok_or("counts more instructions than there can be")?;
        Ok(())
    }
}

/// The functions of a context, the outermost first.
fn stack(context: &str) -> Vec<String> {
    let mut parts: Vec<String> = vec![String::new()];
    let mut before = ' ';
    for c in context.chars() {
        // The quote of a lifetime is a part of a name: `<&'a T>`.
        let is_lifetime = matches!(before, '&' | '<' | ' ' | ',' | '(');
        match parts.last_mut() {
            Some(part) if c != '\'' || is_lifetime => part.push(c),
            Some(_) | None => parts.push(String::new()),
        }
        before = c;
    }
    // A number is how deep in its recursion the function before is.
    parts.retain(|part| !part.is_empty() && !part.bytes().all(|byte| byte.is_ascii_digit()));
    parts.reverse();
    parts.iter().map(|name| without_hash(name).to_owned()).collect()
}

/// Without the hash at the end of a legacy symbol of Rust, which differs between any two builds.
fn without_hash(name: &str) -> &str {
    match name.rsplit_once("::h") {
        Some((path, hash)) if hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => path,
        Some(_) | None => name,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{stack, stacks};

    /// A program of ours under valgrind 3.19 with `--separate-callers=8 --toggle-collect=main`.
    const FLAME: &str = include_str!("flame.callgrind");

    #[test]
    fn stacks_of_a_real_file() {
        let found = stacks(FLAME).unwrap();
        assert_eq!(found.iter().map(|(_, count)| count).sum::<u64>(), 1447);
        let of = |inner: &[&str]| {
            let ends = |stack: &[String]| stack.iter().rev().zip(inner.iter().rev()).all(|(a, b)| a == b);
            found.iter().filter(|(stack, _)| stack.len() >= inner.len() && ends(stack)).map(|(_, n)| n).sum::<u64>()
        };
        assert_eq!(of(&["main", "flame::store::scan", "flame::spin"]), 405, "{found:#?}");
        let rank = "<flame::store::ByLength as flame::store::Rank>::rank";
        let search = "flame::store::search::<flame::store::ByLength>";
        assert_eq!(of(&["(below main)", "main", search, rank, "flame::spin"]), 405);
        assert!(of(&[rank, "flame::fib"]) > 0, "deeper recursion is the same function");
        let names = found.iter().flat_map(|(stack, _)| stack);
        assert!(names.into_iter().all(|name| !name.contains('\'') && name != "2"));
    }

    #[test]
    fn contexts_are_split_into_functions() {
        for (context, expect) in [
            ("a'b'c", vec!["c", "b", "a"]),
            ("fib'2'main", vec!["main", "fib"]),
            ("<&'a str as T<'b>>::f'main", vec!["main", "<&'a str as T<'b>>::f"]),
            ("x::f::h0123456789abcdef'main", vec!["main", "x::f"]),
            ("(below main)'0x1ab70", vec!["0x1ab70", "(below main)"]),
        ] {
            assert_eq!(stack(context), expect);
        }
    }

    #[test]
    fn files_that_are_not_whole_are_refused() {
        let cut = &FLAME[..FLAME.len() - 300];
        for (text, says) in [
            ("", "0 instructions"),
            ("hello\n", "0 instructions"),
            (cut, "no whole file"),
            ("events: Dr\nfn=a\n1 2\n", "line 3: a cost without"),
            ("events: Ir\n1 2\n", "line 2: a cost of no function"),
            ("events: Ir\nfn=(3)\n1 2\n", "line 2: function (3) has no name yet"),
            ("events: Ir\nfn=a\n1 two\n", "line 3: \"two\""),
            ("events: Ir\nsummary: x\n", "line 2: `summary`"),
            ("events: Ir\nfn=a\n1 18446744073709551615\n2 1\n", "more instructions than there can be"),
        ] {
            let error = stacks(text).unwrap_err();
            assert!(error.contains(says), "{text:?}: {error}");
        }
    }

    #[test]
    fn positions_may_have_two_words_and_calls_are_counted_once() {
        let text =
            "positions: instr line\nevents: Dr Ir\nfn=(1) main\n0x10 3 9 5\n+2 * 1\ncfn=(2) f'main\ncalls=1 0x20 7\n\
                    +2 4 0 70\nfn=(2)\n0x20 7 0 70\njump=3 0x20 8\n0x22\n";
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(stacks(text).unwrap(), [(owned(&["main"]), 5), (owned(&["main", "f"]), 70)]);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(lines in prop::collection::vec("(fn=|cfn=|calls=|\\+|events: Ir|summary:)?[ -~]{0,12}", 0..12)) {
            let _ = stacks(&lines.join("\n"));
        }
    }
}
