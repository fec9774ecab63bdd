//! The program: opens the database, binds the addresses, serves until the client or a signal ends it.

use crate::args::Args;
use crate::database::{Options, Served};
use crate::end::End;
use crate::{flight, mcp, scrape};
use clap::Parser;
use serde_json::json;
use std::future::Future;
use std::io::Write;
use std::net::SocketAddr;
use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;

/// How long what is being served may go on after the end was decided.
const LAST: Duration = Duration::from_secs(5);

/// The whole program, with the arguments of the process.
pub fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        // Help and version, too; clap prints and knows the code.
        Err(error) => {
            let code = error.exit_code();
            let _ = error.print();
            return ExitCode::from(u8::try_from(code).unwrap_or(End::Usage.code()));
        }
    };
    run(&args).into()
}

/// Serves as `args` say, over standard input and output.
pub fn run(args: &Args) -> End {
    if let Err(message) = args.check() {
        return failed(End::Usage, &message);
    }
    let filter = match args.log.parse::<EnvFilter>() {
        Ok(filter) => filter,
        Err(error) => return failed(End::Usage, &format!("--log {}: {error}", args.log)),
    };
    let log = tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).with_env_filter(filter);
    // A program that embeds this one may have its own log.
    let _ = log.try_init();
    // Before the database, so that opening it is counted too.
    let recorded = match args.metrics.map(|_| scrape::record()).transpose() {
        Ok(recorded) => recorded,
        Err(message) => return failed(End::Failed, &message),
    };
    let options = Options {
        connections: args.connections,
        allow_writes: args.allow_writes,
        query_timeout: Duration::from_secs(args.query_timeout),
    };
    let served = match Served::open(&args.database, options) {
        Ok(served) => served,
        Err(error) => return failed(End::Database, &format!("{}: {error}", error.kind())),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(End::Failed, &format!("cannot start threads: {error}")),
    };
    let end = runtime.block_on(serve(args, served, recorded)).unwrap_or_else(|message| failed(End::Failed, &message));
    // A read of standard input cannot be taken back, and a query may not be done: neither is waited for.
    runtime.shutdown_background();
    tracing::info!(?end, code = end.code(), "ended");
    end
}

fn failed(end: End, message: &str) -> End {
    let _ = writeln!(std::io::stderr(), "error: {message}");
    end
}

async fn serve(
    args: &Args,
    served: Served,
    recorded: Option<metrics_exporter_prometheus::PrometheusHandle>,
) -> Result<End, String> {
    let signal = signal()?;
    let (stopper, stop) = watch::channel(false);
    let mut others = tokio::task::JoinSet::new();
    if let Some(address) = args.flight {
        let listener = bind("flight", address).await?;
        let service = flight::Service::new(served.clone(), Duration::from_secs(args.stall_timeout));
        let stop = stopped(stop.clone());
        others.spawn(
            async move { service.serve(listener, stop).await.map_err(|error| format!("Arrow Flight: {error}")) },
        );
    }
    if let (Some(address), Some(handle)) = (args.metrics, recorded) {
        let listener = bind("metrics", address).await?;
        let (stop, served) = (stopped(stop.clone()), served.clone());
        others.spawn(async move {
            scrape::serve(listener, handle, served, stop).await;
            Ok(())
        });
    }
    let mut signal = pin!(signal);
    let end = if args.no_mcp {
        tokio::select! {
            () = &mut signal => Ok(End::Done),
            Some(ended) = others.join_next() => Err(describe(ended)),
        }
    } else {
        let (read, write) = rmcp::transport::stdio_pipes();
        mcp::serve(served.clone(), read, write, &mut signal).await
    };
    let _ = stopper.send(true);
    let last = async {
        // A batch that was begun is finished, or rolled back.
        if let Some(writes) = served.writes() {
            writes.idle(1).await;
        }
        while others.join_next().await.is_some() {}
    };
    if tokio::time::timeout(LAST, last).await.is_err() {
        tracing::warn!("clients did not let go of their connections within {LAST:?}");
    }
    end
}

fn describe(ended: Result<Result<(), String>, tokio::task::JoinError>) -> String {
    match ended {
        Ok(Ok(())) => "a server ended by itself".to_owned(),
        Ok(Err(message)) => message,
        Err(error) => format!("a server ended: {error}"),
    }
}

/// Binds `address` and says so in a line of JSON on standard error.
async fn bind(what: &str, address: SocketAddr) -> Result<TcpListener, String> {
    let listener = TcpListener::bind(address).await;
    let listener = listener.map_err(|error| format!("--{what} {address}: {error}: use another port, or port 0"))?;
    let bound = listener.local_addr().map_err(|error| format!("--{what} {address}: {error}"))?;
    let line = json!({ "listening": what, "address": bound.to_string() });
    let _ = writeln!(std::io::stderr(), "{line}");
    Ok(listener)
}

async fn stopped(mut stop: watch::Receiver<bool>) {
    // An error means that the sender is gone, which is the end as well.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Ready when the system asks the program to stop.
#[cfg(unix)]
fn signal() -> Result<impl Future<Output = ()>, String> {
    use tokio::signal::unix::{signal, SignalKind};
    let listen = |kind| signal(kind).map_err(|error| format!("cannot wait for signals: {error}"));
    let (mut interrupt, mut terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Ready when the system asks the program to stop.
#[cfg(not(unix))]
fn signal() -> Result<impl Future<Output = ()>, String> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
