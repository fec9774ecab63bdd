//! The connection to a client that may do anything.
//!
//! Wraps the SDK's line transport, which reads ahead of its handlers without end, and adds what a hostile or broken
//! client makes necessary:
//!
//! - At most [`IN_FLIGHT`] requests are worked on. A request counts until its answer is written, so a client that sends
//!   and never reads stops being read, and memory stays bounded. A few more wait here, so that a cancellation behind
//!   them is still seen.
//! - A line has at most [`MOST_LINE`] bytes. The SDK drops a longer one; here the client gets an error, because it may wait
//!   for an answer.
//! - If an answer cannot be written, nothing more is read.
//! - Closing never waits for a client that does not read.

use rmcp::model::{ClientJsonRpcMessage, ClientNotification, JsonRpcMessage, RequestId, ServerJsonRpcMessage};
use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::transport::Transport;
use rmcp::{ErrorData, RoleServer};
use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// Requests that are worked on or whose answers are being written.
const IN_FLIGHT: usize = 32;
/// Requests that are read and not begun.
const WAITING: usize = 64;
/// The longest line, in bytes.
const MOST_LINE: usize = 1 << 20;
/// How long closing waits for the writer.
const CLOSING: Duration = Duration::from_secs(1);

/// What became of the connection.
#[derive(Debug, Default)]
pub(super) struct Health {
    /// An answer could not be written.
    broken: AtomicBool,
    /// Wakes the reader when that happens.
    wake: Notify,
    /// The last byte read was not the end of a line.
    midway: AtomicBool,
    /// A line is longer than [`MOST_LINE`], and the client does not know yet.
    too_long: AtomicBool,
}

impl Health {
    /// Whether the client stopped taking answers.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Acquire)
    }

    /// Whether the client closed the connection within a message.
    pub(super) fn ended_midway(&self) -> bool {
        self.midway.load(Ordering::Acquire)
    }

    fn set_broken(&self) {
        self.broken.store(true, Ordering::Release);
        self.wake.notify_one();
    }
}

type Slots = Arc<Mutex<HashMap<RequestId, OwnedSemaphorePermit>>>;

pub(super) struct Guarded<R: AsyncRead + Unpin, W: AsyncWrite> {
    inner: AsyncRwTransport<RoleServer, Watched<R>, W>,
    health: Arc<Health>,
    free: Arc<Semaphore>,
    /// The requests that are worked on.
    taken: Slots,
    waiting: VecDeque<ClientJsonRpcMessage>,
    /// An error on its way to the client; nothing is read meanwhile.
    refusal: Option<Pin<Box<dyn Future<Output = io::Result<()>> + Send>>>,
    /// No request came yet.
    fresh: bool,
    /// Nothing more comes.
    ended: bool,
}

impl<R, W> Guarded<R, W>
where
    R: AsyncRead + Send + Unpin,
    W: AsyncWrite + Send + Unpin + 'static,
{
    pub(super) fn new(read: R, write: W) -> (Guarded<R, W>, Arc<Health>) {
        let health = Arc::new(Health::default());
        let read = Watched { read, health: health.clone(), line: 0 };
        let guarded = Guarded {
            inner: AsyncRwTransport::new_server(read, write).with_max_line_length(MOST_LINE),
            health: health.clone(),
            free: Arc::new(Semaphore::new(IN_FLIGHT)),
            taken: Slots::default(),
            waiting: VecDeque::new(),
            refusal: None,
            fresh: true,
            ended: false,
        };
        (guarded, health)
    }

    /// The first waiting request, now that there is a slot for it.
    fn begin(&mut self, slot: OwnedSemaphorePermit) -> Option<ClientJsonRpcMessage> {
        let message = self.waiting.pop_front()?;
        if let JsonRpcMessage::Request(request) = &message {
            lock(&self.taken).insert(request.id.clone(), slot);
        }
        Some(message)
    }

    /// What to hand on of a message that was just read.
    fn sort(&mut self, message: ClientJsonRpcMessage) -> Option<ClientJsonRpcMessage> {
        match message {
            JsonRpcMessage::Request(ref request) => {
                self.fresh = false;
                match self.is_known(&request.id) {
                    true => self.refuse(request.id.clone()),
                    false => self.waiting.push_back(message),
                }
                None
            }
            // Before the first request the SDK takes anything else for the end of the session.
            _ if self.fresh => None,
            JsonRpcMessage::Notification(ref notification) => {
                if let ClientNotification::CancelledNotification(cancelled) = &notification.notification {
                    self.cancel(cancelled.params.request_id.as_ref());
                }
                Some(message)
            }
            other => Some(other),
        }
    }

    fn is_known(&self, id: &RequestId) -> bool {
        let waits =
            |message: &ClientJsonRpcMessage| matches!(message, JsonRpcMessage::Request(other) if other.id == *id);
        lock(&self.taken).contains_key(id) || self.waiting.iter().any(waits)
    }

    /// The SDK would begin the request, and answer only one of the two.
    fn refuse(&mut self, id: RequestId) {
        let error = ErrorData::invalid_request(
            format!("the id {id} belongs to a request that has no answer yet: give each request its own id"),
            None,
        );
        self.refusal = Some(Box::pin(self.inner.send(JsonRpcMessage::error(error, Some(id)))));
    }

    /// Says that a line was dropped. Its id was not read.
    fn refuse_line(&mut self) {
        let message = format!("a message was dropped because it has more than {MOST_LINE} bytes: send less at a time");
        let error = ErrorData::invalid_request(message, None);
        self.refusal = Some(Box::pin(self.inner.send(JsonRpcMessage::error(error, None))));
    }

    /// A cancelled request gets no answer, so its slot is free now.
    fn cancel(&mut self, id: Option<&RequestId>) {
        let Some(id) = id else { return };
        self.waiting.retain(|message| !matches!(message, JsonRpcMessage::Request(request) if request.id == *id));
        drop(lock(&self.taken).remove(id));
    }
}

impl<R, W> Transport<RoleServer> for Guarded<R, W>
where
    R: AsyncRead + Send + Unpin,
    W: AsyncWrite + Send + Unpin + 'static,
{
    type Error = io::Error;

    fn send(&mut self, item: ServerJsonRpcMessage) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let id = match &item {
            JsonRpcMessage::Response(response) => Some(&response.id),
            JsonRpcMessage::Error(error) => error.id.as_ref(),
            JsonRpcMessage::Request(_) | JsonRpcMessage::Notification(_) => None,
        };
        let slot = id.and_then(|id| lock(&self.taken).remove(id));
        let sent = self.inner.send(item);
        let health = self.health.clone();
        async move {
            let result = sent.await;
            drop(slot);
            if let Err(error) = &result {
                tracing::warn!(%error, "an answer could not be written");
                health.set_broken();
            }
            result
        }
    }

    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        // The SDK's loop drops this future at any await: whatever was read is in `self` by then.
        loop {
            if self.health.is_broken() || (self.ended && self.waiting.is_empty()) {
                return None;
            }
            if self.refusal.is_none() && self.health.too_long.swap(false, Ordering::AcqRel) {
                self.refuse_line();
            }
            let may_read = !self.ended && self.waiting.len() < WAITING && self.refusal.is_none();
            let must_wait = !self.waiting.is_empty();
            let (health, free) = (self.health.clone(), self.free.clone());
            tokio::select! {
                biased;
                () = health.wake.notified() => {}
                slot = free.acquire_owned(), if must_wait => return self.begin(slot.ok()?),
                sent = finished(&mut self.refusal) => {
                    self.refusal = None;
                    if sent.is_err() {
                        self.health.set_broken();
                    }
                }
                message = self.inner.receive(), if may_read => match message {
                    Some(message) => if let Some(message) = self.sort(message) {
                        return Some(message);
                    },
                    // What was read before is still answered.
                    None => self.ended = true,
                },
            }
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        // The writer is locked while an answer waits for a client that does not read.
        match tokio::time::timeout(CLOSING, self.inner.close()).await {
            Ok(closed) => closed,
            Err(_) => {
                tracing::warn!("the client did not take its last answers");
                self.health.set_broken();
                Ok(())
            }
        }
    }
}

/// The result of what is being sent; never, if nothing is.
async fn finished(sending: &mut Option<Pin<Box<dyn Future<Output = io::Result<()>> + Send>>>) -> io::Result<()> {
    match sending {
        Some(sending) => sending.await,
        None => std::future::pending().await,
    }
}

fn lock(slots: &Slots) -> std::sync::MutexGuard<'_, HashMap<RequestId, OwnedSemaphorePermit>> {
    // Nothing between locking and unlocking can panic halfway through a change.
    slots.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A reader that remembers whether it stands within a line.
struct Watched<R> {
    read: R,
    health: Arc<Health>,
    /// Bytes of the line so far.
    line: usize,
}

impl<R: AsyncRead + Unpin> AsyncRead for Watched<R> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = Pin::new(&mut self.read).poll_read(cx, buf);
        let read = buf.filled().get(before..).unwrap_or_default();
        for piece in read.split_inclusive(|byte| *byte == b'\n') {
            let so_far = self.line;
            self.line = so_far.saturating_add(piece.len());
            if so_far <= MOST_LINE && self.line > MOST_LINE {
                self.health.too_long.store(true, Ordering::Release);
                self.health.wake.notify_one();
            }
            if piece.ends_with(b"\n") {
                self.line = 0;
            }
        }
        if !read.is_empty() {
            self.health.midway.store(self.line > 0, Ordering::Release);
        }
        result
    }
}
