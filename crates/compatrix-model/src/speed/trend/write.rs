//! The text of a record.

use std::fmt::{Display, Write};

use jiff::Timestamp;
use shaped_toml::quoted;

use super::{Entry, Figure, Record, Seen, FORMAT};
use crate::speed::Machine;

impl Record {
    /// The same record gives the same text.
    pub fn to_text(&self) -> String {
        let Record { platform, commit, base, committed, machine, benches, targets } = self;
        let what = match base {
            Some(_) => "What one commit costs over its base",
            None => "Which targets one commit reaches",
        };
        let mut out = format!("# {what}. Written by the command `bench --record`; not edited by hand.\n");
        line(&mut out, "format", FORMAT);
        line(&mut out, "platform", quoted(platform));
        line(&mut out, "commit", quoted(commit));
        if let Some(base) = base {
            line(&mut out, "base", quoted(base));
        }
        let time = Timestamp::from_second(*committed).unwrap_or_default();
        line(&mut out, "committed", quoted(&time.to_string()));
        let Machine { processor, kernel, cores, core: _, governor } = machine;
        out.push_str("\n[machine]\n");
        line(&mut out, "processor", quoted(processor));
        line(&mut out, "kernel", quoted(kernel));
        line(&mut out, "cores", number(*cores));
        if let Some(governor) = governor {
            line(&mut out, "governor", quoted(governor));
        }
        for Entry { suite, cell, bench, metric, change, ratio, interval, rounds, counts } in benches {
            out.push_str("\n[[bench]]\n");
            line(&mut out, "suite", quoted(suite));
            line(&mut out, "cell", quoted(&cell.to_string()));
            line(&mut out, "name", quoted(bench));
            line(&mut out, "metric", quoted(metric));
            line(&mut out, "change", word(change));
            if let Some(ratio) = ratio {
                line(&mut out, "ratio", number(*ratio));
            }
            if let Some((low, high)) = interval {
                line(&mut out, "interval", format!("[{}, {}]", number(*low), number(*high)));
            }
            if *rounds > 0 {
                line(&mut out, "rounds", rounds);
            }
            if let Some((base, head)) = counts {
                line(&mut out, "counts", format!("[{}, {}]", number(*base), number(*head)));
            }
        }
        for Seen { place, bench, metric, limit, tier, proven, figure } in targets {
            out.push_str("\n[[target]]\n");
            if let Some((suite, cell)) = place {
                line(&mut out, "suite", quoted(suite));
                line(&mut out, "cell", quoted(&cell.to_string()));
            }
            line(&mut out, "name", quoted(bench));
            line(&mut out, "metric", quoted(metric));
            line(&mut out, "limit", quoted(limit));
            line(&mut out, "tier", word(tier));
            line(&mut out, "proven", word(proven));
            if let Some(Figure { value, interval, unit }) = figure {
                line(&mut out, "figure", number(*value));
                if let Some((low, high)) = interval {
                    line(&mut out, "interval", format!("[{}, {}]", number(*low), number(*high)));
                }
                line(&mut out, "unit", quoted(unit));
            }
        }
        out
    }
}

fn line(out: &mut String, name: &str, value: impl Display) {
    let _ = writeln!(out, "{name} = {value}");
}

/// A number with a decimal point or an exponent, as TOML wants its floats.
fn number(value: f64) -> String {
    format!("{value:?}")
}

/// The word of an enum, as in the report's JSON.
fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => quoted(&word),
        Ok(_) | Err(_) => quoted(""),
    }
}
