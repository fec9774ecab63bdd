//! The command line.

use clap::Parser;
use std::net::SocketAddr;
use std::path::PathBuf;

const AFTER: &str = "\
Standard input and output carry MCP; the log goes to standard error. Each address that is bound is printed there as a \
line of JSON, {\"listening\": \"flight\", \"address\": \"127.0.0.1:40123\"}.

Exit codes:
  0  the client closed the connection, or SIGINT or SIGTERM came
  1  something else failed, such as an address in use
  2  the command line is wrong
  3  the database cannot be served
  4  the client broke the connection: closed it in the middle of a message, stopped taking answers, or spoke no MCP

Examples:
  things-server --database main.sqlite
  things-server --database main.sqlite --allow-writes
  things-server --database main.sqlite --no-mcp --flight 127.0.0.1:8815 --metrics 127.0.0.1:9464";

/// Serves a Things 3 database: MCP over standard input and output, and on request Arrow Flight and Prometheus metrics on
/// loopback.
///
/// The database is opened read-only unless --allow-writes is given.
#[derive(Clone, Debug, Parser)]
#[command(name = "things-server", version, after_long_help = AFTER)]
pub struct Args {
    /// The database, a `main.sqlite` of Things 3
    #[arg(long, env = "THINGS_DATABASE", value_name = "PATH")]
    pub database: PathBuf,

    /// Offer the tool `change_tasks`, which completes, moves, schedules and deletes tasks
    #[arg(long)]
    pub allow_writes: bool,

    /// Serve tasks by Arrow Flight on this address; port 0 lets the system choose
    #[arg(long, value_name = "IP:PORT", value_parser = address)]
    pub flight: Option<SocketAddr>,

    /// Serve Prometheus metrics on this address, at /metrics
    #[arg(long, value_name = "IP:PORT", value_parser = address)]
    pub metrics: Option<SocketAddr>,

    /// Do not speak MCP; run until a signal comes. Needs --flight or --metrics
    #[arg(long)]
    pub no_mcp: bool,

    /// Allow addresses that other machines can reach. There is no encryption and no password: whoever reaches the
    /// address reads the database
    #[arg(long)]
    pub allow_remote: bool,

    /// How many connections to the database each protocol may use
    #[arg(long, value_name = "NUMBER", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub connections: u32,

    /// How many seconds a Flight client may leave a stream unread before the server ends it
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub stall_timeout: u64,

    /// How many seconds a query may take
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub query_timeout: u64,

    /// What to log, as a filter of the crate tracing-subscriber. At `debug` and `trace` the log holds titles and notes
    #[arg(
        long,
        env = "THINGS_SERVER_LOG",
        value_name = "FILTER",
        default_value = "warn,rmcp=error,things_server=info"
    )]
    pub log: String,
}

impl Args {
    /// What the types of the arguments cannot say.
    ///
    /// # Errors
    ///
    /// A message for the user.
    pub fn check(&self) -> Result<(), String> {
        for (option, address) in [("--flight", self.flight), ("--metrics", self.metrics)] {
            let remote = address.filter(|address| !address.ip().to_canonical().is_loopback());
            if let (Some(address), false) = (remote, self.allow_remote) {
                return Err(format!(
                    "{option} {address} can be reached from other machines: use an address of 127.0.0.0/8 or [::1], or \
                     add --allow-remote if everybody who can reach it may read the database"
                ));
            }
        }
        if self.no_mcp && self.flight.is_none() && self.metrics.is_none() {
            return Err("--no-mcp leaves nothing to serve: add --flight or --metrics".to_owned());
        }
        Ok(())
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "write an IP address and a port, such as 127.0.0.1:0 or [::1]:8815".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn parse(args: &[&str]) -> Result<Args, String> {
        let all = ["things-server", "--database", "x"].iter().chain(args);
        let args = Args::try_parse_from(all).map_err(|error| error.to_string())?;
        args.check().map(|()| args)
    }

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
        assert!(!parse(&[]).unwrap().allow_writes);
    }

    #[test]
    fn only_loopback_is_bound_unless_asked() {
        for address in ["127.0.0.1:0", "127.9.9.9:1", "[::1]:0", "[::ffff:127.0.0.1]:0"] {
            parse(&["--flight", address, "--metrics", address]).unwrap();
        }
        for address in ["0.0.0.0:0", "192.168.1.1:1", "[::]:0", "[::ffff:10.0.0.1]:0", "8.8.8.8:53"] {
            for option in ["--flight", "--metrics"] {
                let error = parse(&[option, address]).unwrap_err();
                assert!(error.contains("--allow-remote") && error.contains(option), "{error}");
                parse(&[option, address, "--allow-remote"]).unwrap();
            }
        }
    }

    #[test]
    fn bad_values_say_what_to_write() {
        for (args, why) in [
            (&["--flight", "localhost:1"][..], "127.0.0.1:0"),
            (&["--flight", "127.0.0.1"], "and a port"),
            (&["--metrics", "127.0.0.1:65536"], "and a port"),
            (&["--connections", "0"], "1..=64"),
            (&["--connections", "65"], "1..=64"),
            (&["--no-mcp"], "add --flight or --metrics"),
        ] {
            let error = parse(args).unwrap_err();
            assert!(error.contains(why), "{args:?}: {error}");
        }
    }
}
