//! One stream: a blocking thread reads tasks, a bounded channel holds a few batches, the client takes them.
//!
//! The thread ends when the client goes away, and when it takes nothing for too long; either gives the connection back.
//! A stream that did not reach its end always ends with an error, so that no client takes a part for the whole.

use crate::columns::Columns;
use crate::database::{Lane, Work};
use crate::filter::Filter;
use crate::moment::Moment;
use crate::telemetry;
use arrow_array::RecordBatch;
use arrow_flight::error::FlightError;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{ready, Context, Poll};
use std::time::Duration;
use things_store::{Error, ErrorKind};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{channel, Receiver, Sender};
use tokio::sync::OwnedSemaphorePermit;
use tokio_stream::Stream;
use tonic::Status;

/// Batches that are read and not taken.
const AHEAD: usize = 2;
/// Rows of a batch.
const ROWS: usize = 4_096;
/// Bytes of titles and notes with which a batch ends early.
const BYTES: usize = 1 << 20;

/// The batches of one stream.
pub(super) struct Batches {
    pieces: Receiver<Piece>,
    why: Arc<OnceLock<Status>>,
    work: Work,
    ended: bool,
}

impl Drop for Batches {
    fn drop(&mut self) {
        // The client went away: a query that has not given its first row yet would not notice.
        self.work.cancel();
    }
}

enum Piece {
    Batch(RecordBatch),
    /// All of them were sent.
    End,
}

/// Begins to read what `filter` describes. `permit` is the right to a connection.
pub(super) fn begin(
    lane: Lane,
    permit: OwnedSemaphorePermit,
    filter: Filter,
    moment: Moment,
    patience: Duration,
) -> Batches {
    let (sender, pieces) = channel(AHEAD);
    let why = Arc::new(OnceLock::new());
    let work = Work::default();
    let batches = Batches { pieces, why: why.clone(), work: work.clone(), ended: false };
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        let _permit = permit;
        let client = Client { sender, runtime, patience };
        if let Err(status) = read(&lane, &work, &filter, moment, &client) {
            let _ = why.set(status);
        }
    });
    batches
}

fn read(lane: &Lane, work: &Work, filter: &Filter, moment: Moment, client: &Client) -> Result<(), Status> {
    let counted = telemetry::Stream::begin();
    let store = lane.store(work).map_err(status)?;
    let query = filter.query(&store, moment).map_err(status)?;
    let mut stream = store.stream(&query).map_err(status)?;
    let mut columns = Columns::default();
    let send = |columns: &mut Columns| {
        let rows = columns.rows();
        let batch = columns.finish().map_err(|error| Status::internal(error.to_string()))?;
        client.give(Piece::Batch(batch))?;
        counted.rows(rows);
        Ok::<(), Status>(())
    };
    for task in stream.tasks().map_err(status)? {
        columns.push(&task.map_err(status)?);
        if columns.rows() >= ROWS || columns.bytes() >= BYTES {
            send(&mut columns)?;
        }
    }
    if columns.rows() > 0 {
        send(&mut columns)?;
    }
    client.give(Piece::End)
}

/// The other side of the channel.
struct Client {
    sender: Sender<Piece>,
    runtime: Handle,
    patience: Duration,
}

impl Client {
    fn give(&self, piece: Piece) -> Result<(), Status> {
        let sent = self.runtime.block_on(tokio::time::timeout(self.patience, self.sender.send(piece)));
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Status::cancelled("the client closed the stream")),
            Err(_) => {
                tracing::info!(patience = ?self.patience, "a Flight client took nothing for too long");
                Err(Status::deadline_exceeded(format!(
                    "the stream was ended because nothing of it was taken for {:?}: read it faster, or raise \
                     --stall-timeout",
                    self.patience
                )))
            }
        }
    }
}

impl Stream for Batches {
    type Item = Result<RecordBatch, FlightError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        match ready!(self.pieces.poll_recv(cx)) {
            Some(Piece::Batch(batch)) => Poll::Ready(Some(Ok(batch))),
            Some(Piece::End) => {
                self.ended = true;
                Poll::Ready(None)
            }
            None => {
                self.ended = true;
                let why = self.why.get().cloned();
                let status = why.unwrap_or_else(|| Status::internal("the stream ended early: ask for it again"));
                Poll::Ready(Some(Err(status.into())))
            }
        }
    }
}

/// What gRPC calls the store's error. The kind is in front of the message, as with MCP.
pub(super) fn status(error: Error) -> Status {
    let kind = error.kind();
    let text = format!("{kind}: {error}");
    match kind {
        ErrorKind::NoSuch => Status::not_found(text),
        ErrorKind::Locked | ErrorKind::Replaced | ErrorKind::Migrated => Status::unavailable(text),
        ErrorKind::TimedOut => Status::deadline_exceeded(text),
        ErrorKind::Interrupted => Status::cancelled(text),
        ErrorKind::PoolExhausted => Status::resource_exhausted(text),
        ErrorKind::Corrupt | ErrorKind::Truncated | ErrorKind::BadValue => Status::data_loss(text),
        _ => Status::failed_precondition(text),
    }
}
