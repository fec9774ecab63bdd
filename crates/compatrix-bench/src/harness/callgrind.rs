//! The file that callgrind writes (its manual, "Callgrind Format Specification").

mod stacks;

pub use stacks::stacks;

/// The instructions of a `callgrind.out` file: the sum over its parts. One file may have several parts
/// (`--combine-dumps=yes`), and several processes or threads write a file each.
///
/// # Errors
/// It is no such file, or not whole.
pub fn instructions(text: &str) -> Result<u64, String> {
    let mut total: Option<u64> = None;
    let mut column = None;
    // `summary:` precedes the costs of a part and is its whole; `totals:` follows them, and not in every file.
    let (mut summary, mut totals) = (None, None);
    let mut settle = |summary: &mut Option<u64>, totals: &mut Option<u64>| -> Result<(), String> {
        let Some(count) = summary.take().or(totals.take()) else { return Ok(()) };
        *totals = None;
        total = Some(total.unwrap_or(0).checked_add(count).ok_or("counts more instructions than there can be")?);
        Ok(())
    };
    for (n, line) in text.lines().enumerate() {
        let Some((key, value)) = line.split_once(':') else { continue };
        match key {
            "part" => settle(&mut summary, &mut totals)?,
            "events" => column = value.split_whitespace().position(|event| event == "Ir"),
            "summary" | "totals" => {
                let column = column.ok_or_else(|| format!("line {}: `{key}` without an event `Ir`", n + 1))?;
                let count = value.split_whitespace().nth(column).and_then(|count| count.parse().ok());
                let count = count.ok_or_else(|| format!("line {}: `{key}` has no count of instructions", n + 1))?;
                *(if key == "summary" { &mut summary } else { &mut totals }) = Some(count);
            }
            _ => {}
        }
    }
    settle(&mut summary, &mut totals)?;
    match total {
        Some(0) => Err("counts no instruction".to_owned()),
        Some(total) => Ok(total),
        None if text.trim().is_empty() => Err("is empty: valgrind may have been stopped".to_owned()),
        None => Err("has neither `summary:` nor `totals:`, so it is no whole file of callgrind".to_owned()),
    }
}
