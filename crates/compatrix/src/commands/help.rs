//! `help`: of a command, as `--help` has it, and of topics that are not commands.

use clap::CommandFactory as _;
use compatrix_engine::sys::error::Error;

use crate::cli::{command_name, Cli};
use crate::terminal::Terminal;

/// The topics: name, and text. The first line of a text says what it is about.
const TOPICS: [(&str, &str); 8] = [
    ("spec", include_str!("../help/spec.txt")),
    ("locksets", include_str!("../help/locksets.txt")),
    ("stages", include_str!("../help/stages.txt")),
    ("leaks", include_str!("../help/leaks.txt")),
    ("ci", include_str!("../help/ci.txt")),
    ("evidence", include_str!("../help/evidence.txt")),
    ("findings", include_str!("../help/findings.txt")),
    ("exit-codes", include_str!("../help/exit-codes.txt")),
];

pub(crate) fn run(words: &[String], terminal: &Terminal) -> Result<u8, Error> {
    let mut command = Cli::command();
    command.build();
    let Some(first) = words.first() else {
        terminal.print(&format!("{}\n{}", command.render_long_help(), topics()));
        return Ok(0);
    };
    let topic = TOPICS.iter().find(|(name, _)| name == first).filter(|_| words.len() == 1);
    let mut found = Some(&mut command);
    for word in words {
        found = found.and_then(|command| command.find_subcommand_mut(word));
    }
    let texts: Vec<String> = topic
        .map(|(_, text)| (*text).to_owned())
        .into_iter()
        .chain(found.map(|found| found.render_long_help().to_string()))
        .collect();
    if texts.is_empty() {
        return Err(Error::usage(format!("there is no command and no topic `{}`; {}", words.join(" "), topics())));
    }
    terminal.print(texts.join("\n").trim_end());
    Ok(0)
}

fn topics() -> String {
    let line = |(name, text): &(&str, &str)| {
        let about = text.lines().next().and_then(|line| line.split_once(": ")).map_or("", |(_, about)| about);
        format!("  {name:<11} {about}\n")
    };
    format!("Topics of `{} help TOPIC`:\n{}", command_name(), TOPICS.iter().map(line).collect::<String>())
}
