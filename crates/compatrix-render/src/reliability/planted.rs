//! The table of planted leaks: which tool finds which.

use std::fmt::Write;

use compatrix_leak::planted::PlantedTable;

use crate::markdown::{code, text, Table};

pub(super) fn table(planted: &PlantedTable) -> String {
    let mut headings = vec!["Test", "What leaks"];
    headings.extend(planted.tools.iter().map(|tool| tool.as_str()));
    headings.push("twin");
    let mut table = Table::new(&headings);
    // Reasons are listed below the table; a cell shows a sign and the number of its reason.
    let mut reasons: Vec<&str> = Vec::new();
    for leak in &planted.leaks {
        let mut row = vec![code(&leak.name), text(&leak.what)];
        for nth in 0..planted.tools.len() {
            row.push(match leak.found.get(nth).map_or("", String::as_str) {
                "found" => "✅".to_owned(),
                "missed" => "❌ missed".to_owned(),
                "" => String::new(),
                other => {
                    let why = other.strip_prefix("cannot:").unwrap_or(other).trim();
                    let n = reasons.iter().position(|old| *old == why).unwrap_or_else(|| {
                        reasons.push(why);
                        reasons.len() - 1
                    });
                    format!("➖ {}", n + 1)
                }
            });
        }
        row.push(match leak.twin.as_str() {
            "clean" => "✅ clean".to_owned(),
            "alarm" => "❌ false alarm".to_owned(),
            other => text(other),
        });
        table.row(row);
    }
    let mut out = String::from(
        "Each of these tests leaks on purpose, in one way. Its *twin* does the same work without the leak. ✅: found and \
         attributed to that test. ➖: outside what the tool can detect, for the numbered reason.\n\n",
    );
    out.push_str(&table.finish());
    let _ = writeln!(out, "\n{}", sums(planted));
    if !reasons.is_empty() {
        out.push('\n');
        for (n, reason) in reasons.iter().enumerate() {
            let _ = writeln!(out, "{}. {}", n + 1, text(reason));
        }
    }
    out
}

/// `Found, of those that the tool can detect: valgrind 13 of 13, asan 13 of 13. Clean twins: 20 of 20.`
fn sums(planted: &PlantedTable) -> String {
    let each = planted.tools.iter().enumerate().map(|(nth, tool)| {
        let of =
            |word: &str| planted.leaks.iter().filter(|leak| leak.found.get(nth).is_some_and(|f| f == word)).count();
        let found = of("found");
        format!("{tool} {found} of {}", found + of("missed"))
    });
    let each: Vec<String> = each.collect();
    let clean = planted.leaks.iter().filter(|leak| leak.twin == "clean").count();
    format!(
        "Found, of those that the tool can detect: {}. Clean twins: {clean} of {}.",
        each.join(", "),
        planted.leaks.len()
    )
}
