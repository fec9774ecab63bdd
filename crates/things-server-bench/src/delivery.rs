//! All tasks of a database to a client: by Arrow Flight, and as JSON over HTTP. Reading, encoding, loopback and decoding are
//! all measured; connecting is not.

use arrow_array::RecordBatch;
use arrow_flight::decode::FlightRecordBatchStream;
use arrow_flight::error::FlightError;
use arrow_flight::flight_service_client::FlightServiceClient;
use arrow_flight::Ticket;
use things_bench::{Effort, Handled, Report};
use tokio::runtime::Runtime;
use tokio_stream::StreamExt;
use tonic::transport::Channel;

use crate::json_http::Client;
use crate::program::Program;

const TASKS: u32 = 50_000;
/// For memory: reading them all must not need more.
const MANY: u32 = 1_000_000;

/// Both ways, and the memory of a server that sends a million rows.
pub(super) fn delivery(report: &mut Report, server: &str) {
    let database = report.kept.with(TASKS);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (program, address) = Program::flying(server, &database);
    let mut client = runtime.block_on(connected(&address));
    let rows = rows(&runtime, &mut client);
    let handled = Some(Handled(rows as u64, "elements"));
    report.time(&format!("flight/{TASKS}"), Effort::FEW, handled, || runtime.block_on(batches(&mut client)));
    drop(program);
    let mut client = Client::of(server, &database);
    assert_eq!(client.tasks().len(), rows, "both deliver the same tasks");
    report.time(&format!("json-http/{TASKS}"), Effort::FEW, handled, || client.tasks());
    drop(client);
    let bench = format!("flight-memory/{MANY}");
    if report.affords(MANY) && report.wants(&bench) {
        let (program, address) = Program::flying(server, &report.kept.with(MANY));
        let mut client = runtime.block_on(connected(&address));
        let rows = self::rows(&runtime, &mut client);
        assert!(rows > MANY as usize / 2, "{rows}");
        if let Some(peak) = program.peak_memory() {
            report.value(&bench, "peak-memory", "B", "less", peak as f64);
        }
    }
}

async fn connected(address: &str) -> FlightServiceClient<Channel> {
    let endpoint = Channel::from_shared(format!("http://{address}")).expect("an address");
    FlightServiceClient::new(endpoint.connect().await.expect("a connection"))
}

async fn stream(client: &mut FlightServiceClient<Channel>) -> FlightRecordBatchStream {
    let data = client.do_get(Ticket::new("{}")).await.expect("a stream").into_inner();
    FlightRecordBatchStream::new_from_flight_data(data.map(|data| data.map_err(FlightError::from)))
}

/// All batches, kept as the tasks of [`Client::tasks`] are.
async fn batches(client: &mut FlightServiceClient<Channel>) -> Vec<RecordBatch> {
    let mut stream = stream(client).await;
    let mut batches = Vec::new();
    while let Some(batch) = stream.next().await {
        batches.push(batch.expect("a batch"));
    }
    batches
}

/// How many rows come, keeping none.
fn rows(runtime: &Runtime, client: &mut FlightServiceClient<Channel>) -> usize {
    runtime.block_on(async {
        let mut stream = stream(client).await;
        let mut rows = 0;
        while let Some(batch) = stream.next().await {
            rows += batch.expect("a batch").num_rows();
        }
        rows
    })
}
