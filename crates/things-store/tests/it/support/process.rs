//! Another process that writes to the database: this executable again, running nothing but `the_other_process`.

use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;
use std::{env, thread};

const PATH: &str = "THINGS_STORE_OTHER_PROCESS";
const SQL: &str = "THINGS_STORE_OTHER_SQL";
const TIMES: &str = "THINGS_STORE_OTHER_TIMES";
/// Begins the lines that are about commits; libtest writes others.
const COMMITTED: &str = "committed ";

/// A process that commits, and says so after each time. Killed with the test.
pub struct Writer {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Writer {
    /// Runs `sql`, which knows the number of the commit as `?1`, in `times` transactions.
    pub fn start(path: &Path, sql: &str, times: u32) -> Writer {
        let mut child = Command::new(env::current_exe().expect("this executable"))
            .args(["--exact", "support::process::the_other_process", "--nocapture", "--test-threads=1"])
            .env(PATH, path)
            .env(SQL, sql)
            .env(TIMES, times.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .expect("another process");
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        Writer { child, lines }
    }

    /// The number of the next commit that has ended; `None` when the process has.
    pub fn committed(&mut self) -> Option<u32> {
        loop {
            let line = self.lines.next()?.expect("a line of the other process");
            // Without a newline of its own, libtest's "test … " may stand before the first.
            if let Some((_, number)) = line.split_once(COMMITTED) {
                return Some(number.parse().expect("a number"));
            }
        }
    }

    /// Reads on to the end; the other process must have succeeded.
    pub fn join(mut self) {
        while self.committed().is_some() {}
        assert!(self.child.wait().expect("the other process").success());
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Fails where it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_other_process() {
    let Some(path) = env::var_os(PATH) else {
        return;
    };
    let (sql, times) = (env::var(SQL).expect("SQL"), env::var(TIMES).expect("a number"));
    let connection = Connection::open(path).expect("the database");
    connection.busy_timeout(Duration::from_secs(60)).expect("patience");
    connection.execute_batch("PRAGMA synchronous = OFF").expect("no waiting for the disk");
    for number in 1..=times.parse::<u32>().expect("a number") {
        let transaction = Transaction::new_unchecked(&connection, TransactionBehavior::Immediate).expect("a lock");
        transaction.execute(&sql, [number]).unwrap_or_else(|error| panic!("{error}: {sql}"));
        transaction.commit().expect("a commit");
        println!("{COMMITTED}{number}");
        if number % 8 == 0 {
            // Time for others to read more than once between two commits.
            thread::sleep(Duration::from_micros(300));
        }
    }
}
