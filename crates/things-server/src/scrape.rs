//! `/metrics` for Prometheus, over HTTP/1.1.
//!
//! Answers only requests that name a loopback host or the address itself, so that a web page whose name resolves to
//! 127.0.0.1 cannot read it.

use crate::database::Served;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Connections at a time; for one more, the oldest is closed. Whoever hangs cannot keep others waiting.
const CONNECTIONS: usize = 64;
/// How long a request may take to arrive.
const HEADER: Duration = Duration::from_secs(5);
/// How long a connection may last.
const CONNECTION: Duration = Duration::from_secs(60);
/// How often histograms are brought up to date.
const UPKEEP: Duration = Duration::from_secs(5);

/// Installs the recorder of this process.
///
/// # Errors
///
/// A message, if another recorder was installed before.
pub(crate) fn record() -> Result<PrometheusHandle, String> {
    let buckets = things_store::DURATION_BUCKETS.map(|bound| bound.as_secs_f64());
    let builder = PrometheusBuilder::new().set_buckets(&buckets).map_err(|error| error.to_string())?;
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).map_err(|error| error.to_string())?;
    crate::telemetry::describe();
    Ok(handle)
}

/// Serves on `listener` until `stop` is ready.
pub(crate) async fn serve(
    listener: TcpListener,
    handle: PrometheusHandle,
    served: Served,
    stop: impl Future<Output = ()>,
) {
    let mut connections: VecDeque<JoinHandle<()>> = VecDeque::new();
    let bound = listener.local_addr().ok();
    let mut stop = pin!(stop);
    let mut upkeep = tokio::time::interval(UPKEEP);
    loop {
        let stream = tokio::select! {
            () = &mut stop => return,
            _ = upkeep.tick() => {
                handle.run_upkeep();
                continue;
            }
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Most often too many open files: the connections that hold them end.
                    tracing::warn!(%error, "a connection for metrics was not accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
        };
        connections.retain(|connection| !connection.is_finished());
        if connections.len() >= CONNECTIONS {
            if let Some(oldest) = connections.pop_front() {
                oldest.abort();
            }
        }
        let (handle, served) = (handle.clone(), served.clone());
        connections.push_back(tokio::spawn(async move {
            let service = service_fn(|request| {
                std::future::ready(Ok::<_, Infallible>(answer(&request, &handle, &served, bound)))
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEADER)
                .serve_connection(TokioIo::new(stream), service);
            if let Ok(Err(error)) = tokio::time::timeout(CONNECTION, connection).await {
                tracing::debug!(%error, "a connection for metrics ended");
            }
        }));
    }
}

fn answer(
    request: &Request<Incoming>,
    handle: &PrometheusHandle,
    served: &Served,
    bound: Option<SocketAddr>,
) -> Response<String> {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    if !host.is_some_and(|host| is_ours(host, bound)) {
        return plain(StatusCode::FORBIDDEN, "ask for 127.0.0.1, [::1] or localhost\n".to_owned());
    }
    match (request.method(), request.uri().path()) {
        (&Method::GET | &Method::HEAD, "/metrics") => {
            served.observe();
            plain(StatusCode::OK, handle.render())
        }
        (_, "/metrics") => plain(StatusCode::METHOD_NOT_ALLOWED, "use GET\n".to_owned()),
        _ => plain(StatusCode::NOT_FOUND, "metrics are at /metrics\n".to_owned()),
    }
}

fn plain(status: StatusCode, body: String) -> Response<String> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let kind = hyper::header::HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

/// Whether `host`, as a request has it, is this machine or the address that is bound.
fn is_ours(host: &str, bound: Option<SocketAddr>) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    match name.parse::<IpAddr>() {
        Ok(ip) => {
            ip.to_canonical().is_loopback()
                || bound.is_some_and(|bound| bound.ip() == ip || !bound.ip().to_canonical().is_loopback())
        }
        Err(_) => {
            name.eq_ignore_ascii_case("localhost")
                || bound.is_some_and(|bound| !bound.ip().to_canonical().is_loopback())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_only_resolve_to_loopback_are_not_ours() {
        let loopback = "127.0.0.1:9464".parse().ok();
        for host in ["127.0.0.1:9464", "127.0.0.1", "localhost:9464", "LOCALHOST", "[::1]:9464", "[::1]"] {
            assert!(is_ours(host, loopback), "{host}");
        }
        for host in
            ["evil.example:9464", "", "localhost.evil.example", "10.0.0.1", "[fe80::1]", "127.0.0.1.evil.example"]
        {
            assert!(!is_ours(host, loopback), "{host}");
        }
        // Whoever allowed remote addresses is reached under names that the server cannot know.
        assert!(is_ours("things.example", "0.0.0.0:9464".parse().ok()));
    }
}
