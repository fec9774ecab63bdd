//! Commands as shells read them back. Pure, so each is tested on every system.

/// A word as a POSIX shell reads it back.
pub(crate) fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./_-".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// A word as PowerShell reads it back: in single quotes nothing has a meaning but the quote, of which typographic ones are
/// some, too (about_Quoting_Rules).
fn quote_for_powershell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "+=:./\\_-".contains(c);
    // A word that begins with a sign may be a number, an operator or an option.
    let is_plain = word.starts_with(|c: char| c.is_ascii_alphabetic()) && word.chars().all(plain);
    if is_plain {
        return word.to_owned();
    }
    let quotes = ['\'', '\u{2018}', '\u{2019}', '\u{201a}', '\u{201b}'];
    let twice = |c: char| if quotes.contains(&c) { vec![c, c] } else { vec![c] };
    format!("'{}'", word.chars().flat_map(twice).collect::<String>())
}

/// `cd DIR && env -i NAME=VALUE … PROGRAM ARG …`.
#[cfg_attr(windows, allow(dead_code, reason = "the other system's"))]
pub(crate) fn posix<'a>(dir: &str, env: impl Iterator<Item = (&'a str, &'a str)>, words: &[&str]) -> String {
    let mut line = format!("cd {} && env -i", quote(dir));
    for (name, value) in env {
        line += &format!(" {}", quote(&format!("{name}={value}")));
    }
    for word in words {
        line += &format!(" {}", quote(word));
    }
    line
}

/// `cd DIR; del env:*; $env:NAME = VALUE; …; & PROGRAM ARG …`.
#[cfg_attr(unix, allow(dead_code, reason = "the other system's"))]
pub(crate) fn powershell<'a>(dir: &str, env: impl Iterator<Item = (&'a str, &'a str)>, words: &[&str]) -> String {
    let mut line = format!("cd {}; del env:*;", quote_for_powershell(dir));
    for (name, value) in env {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let name = if name.chars().all(plain) { name.to_owned() } else { format!("{{{name}}}") };
        let name = match name.strip_prefix('{') {
            Some(rest) => format!("{{env:{rest}"),
            None => format!("env:{name}"),
        };
        line += &format!(" ${name} = {};", quote_for_powershell_value(value));
    }
    line += " &";
    for word in words {
        line += &format!(" {}", quote_for_powershell(word));
    }
    line
}

/// Right of `=` a bare word would be a command.
fn quote_for_powershell_value(value: &str) -> String {
    match quote_for_powershell(value) {
        quoted if quoted.starts_with('\'') => quoted,
        plain => format!("'{plain}'"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_for_each_shell() {
        let env = [("A", "b c"), ("ProgramFiles(x86)", "C:\\x"), ("Q", "it's")];
        let words = ["C:\\a b\\x.exe", "--plain", "plain", "$x`y`", "it\u{2019}s", ""];
        assert_eq!(
            powershell("C:\\w", env.into_iter(), &words),
            "cd C:\\w; del env:*; $env:A = 'b c'; ${env:ProgramFiles(x86)} = 'C:\\x'; $env:Q = 'it''s'; & 'C:\\a b\\x.exe' \
             '--plain' plain '$x`y`' 'it\u{2019}\u{2019}s' ''"
        );
        assert_eq!(posix("/w", [("A", "b c")].into_iter(), &["/x", "it's"]), r"cd /w && env -i 'A=b c' /x 'it'\''s'");
    }
}
