//! Arrow Flight without a network: the service's own methods, and the batches they send.

use crate::support::{Database, DAY, PATIENCE};
use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, TimestampMicrosecondType};
use arrow_array::RecordBatch;
use arrow_flight::decode::FlightRecordBatchStream;
use arrow_flight::error::FlightError;
use arrow_flight::flight_service_server::FlightService;
use arrow_flight::{Criteria, FlightDescriptor, Ticket};
use serde_json::{json, Value};
use std::time::Duration;
use things_server::{columns, flight::Service};
use tokio_stream::StreamExt;
use tonic::{Code, Request, Status};

fn service(database: &Database, connections: u32, patience: Duration) -> Service {
    Service::new(database.open(connections, false), patience)
}

async fn open(service: &Service, query: &Value) -> Result<FlightRecordBatchStream, Status> {
    let data = service.do_get(Request::new(Ticket::new(query.to_string()))).await?.into_inner();
    Ok(FlightRecordBatchStream::new_from_flight_data(data.map(|data| data.map_err(FlightError::from))))
}

async fn read(service: &Service, query: Value) -> Result<Vec<RecordBatch>, Status> {
    let mut stream = open(service, &query).await?;
    let mut batches = Vec::new();
    while let Some(batch) = tokio::time::timeout(PATIENCE, stream.next()).await.expect("the stream goes on") {
        batches.push(batch.map_err(Status::from)?);
    }
    Ok(batches)
}

fn texts(batches: &[RecordBatch], column: &str) -> Vec<String> {
    let column = |batch: &RecordBatch| {
        let array = batch.column_by_name(column).expect(column).clone();
        let values: Vec<String> = array.as_string::<i32>().iter().map(|text| text.unwrap_or("-").to_owned()).collect();
        values
    };
    batches.iter().flat_map(column).collect()
}

#[tokio::test]
async fn a_stream_has_the_tasks_of_its_list() {
    let database = Database::new();
    let service = service(&database, 2, PATIENCE);
    let batches = read(&service, json!({ "list": "inbox" })).await.unwrap();
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    assert_eq!(rows as i64, database.inbox());
    assert!(batches.iter().all(|batch| batch.schema() == columns::schema()));
    let first = database.text(
        "SELECT title FROM TMTask WHERE start = 0 AND type = 0 AND status = 0 AND trashed = 0 \
         AND rt1_recurrenceRule IS NULL ORDER BY \"index\" LIMIT 1",
    );
    assert_eq!(texts(&batches, "title").first(), first.as_ref());
    assert!(read(&service, json!({ "text": "🦄🦄" })).await.unwrap().is_empty());
}

#[tokio::test]
async fn values_are_those_of_the_database() {
    let database = Database::new();
    let title = "🛒 \u{0} \"x\"";
    database.connect().execute(
        "INSERT INTO TMTask (uuid, type, status, trashed, start, title, notes, startDate, deadline, reminderTime, creationDate, stopDate) \
         VALUES ('p', 1, 3, 0, 2, ?1, '', 132464128, 132464128, 635437056, 1718000000.25, 1718000000.000001)",
        [title],
    ).unwrap();
    let batches =
        read(&service(&database, 1, PATIENCE), json!({ "list": "logbook", "kind": "project" })).await.unwrap();
    let batch =
        batches.iter().find(|batch| texts(std::slice::from_ref(batch), "id").contains(&"p".to_owned())).unwrap();
    let row = texts(std::slice::from_ref(batch), "id").iter().position(|id| id == "p").unwrap();
    let column = |name: &str| batch.column_by_name(name).unwrap();
    let word = |name: &str| {
        let array = column(name).as_dictionary::<arrow_array::types::Int8Type>();
        let words = array.values().as_string::<i32>();
        words.value(usize::try_from(array.keys().value(row)).unwrap()).to_owned()
    };
    assert_eq!(column("title").as_string::<i32>().value(row), title);
    assert_eq!([word("kind"), word("status"), word("start")], ["project", "completed", "someday"]);
    // 2021-03-28
    assert_eq!(column("start_date").as_primitive::<Date32Type>().value(row), 18_714);
    assert_eq!(column("deadline").as_primitive::<Date32Type>().value(row), 18_714);
    assert_eq!(column("created").as_primitive::<TimestampMicrosecondType>().value(row), 1_718_000_000_250_000);
    assert_eq!(column("stopped").as_primitive::<TimestampMicrosecondType>().value(row), 1_718_000_000_000_001);
    let reminder = column("reminder").as_primitive::<arrow_array::types::Time32SecondType>().value(row);
    assert_eq!(reminder, 9 * 3_600 + 30 * 60);
    assert!(column("area").is_null(row) && column("modified").is_null(row));
}

#[tokio::test]
async fn what_is_listed_can_be_read() {
    let database = Database::new();
    let service = service(&database, 2, PATIENCE);
    let mut flights = service.list_flights(Request::new(Criteria::default())).await.unwrap().into_inner();
    let mut names = Vec::new();
    while let Some(info) = flights.next().await {
        let info = info.unwrap();
        let ticket = info.endpoint[0].ticket.clone().unwrap();
        let query: Value = serde_json::from_slice(&ticket.ticket).unwrap();
        assert!(query["today"].is_string(), "the day is part of the ticket: {query}");
        read(&service, query).await.unwrap();
        names.push(info.flight_descriptor.unwrap().path.remove(0));
    }
    assert_eq!(names.len(), 8);
    let descriptor = FlightDescriptor::new_cmd(json!({ "list": "today", "today": DAY }).to_string());
    let info = service.get_flight_info(Request::new(descriptor.clone())).await.unwrap().into_inner();
    let batches = read(&service, json!({ "list": "today", "today": DAY })).await.unwrap();
    assert_eq!(info.total_records, batches.iter().map(RecordBatch::num_rows).sum::<usize>() as i64);
    let schema = service.get_schema(Request::new(descriptor)).await.unwrap().into_inner();
    assert_eq!(arrow_schema::Schema::try_from(schema).unwrap(), *columns::schema());
}

#[tokio::test]
async fn what_cannot_be_read_says_why() {
    let database = Database::new();
    let service = service(&database, 1, PATIENCE);
    for (query, code) in [
        (json!({ "list": "Inbox" }), Code::InvalidArgument),
        (json!({ "limit": 1 }), Code::InvalidArgument),
        (json!([]), Code::InvalidArgument),
        (json!({ "tag": "nobody" }), Code::NotFound),
    ] {
        assert_eq!(read(&service, query.clone()).await.unwrap_err().code(), code, "{query}");
    }
    for (descriptor, code) in [
        (FlightDescriptor::new_path(vec![]), Code::InvalidArgument),
        (FlightDescriptor::new_path(vec!["inbox".to_owned(), "x".to_owned()]), Code::InvalidArgument),
        (FlightDescriptor::new_path(vec!["nobody".to_owned()]), Code::NotFound),
        (FlightDescriptor::new_cmd("inbox"), Code::InvalidArgument),
        (FlightDescriptor::default(), Code::InvalidArgument),
    ] {
        let status = service.get_flight_info(Request::new(descriptor.clone())).await.unwrap_err();
        assert_eq!(status.code(), code, "{descriptor:?}: {status}");
    }
    let holder = database.connect();
    holder.execute_batch("BEGIN EXCLUSIVE").unwrap();
    assert_eq!(read(&service, json!({})).await.unwrap_err().code(), Code::Unavailable);
    drop(holder);
    read(&service, json!({})).await.unwrap();
}

#[tokio::test]
async fn a_stream_that_is_dropped_gives_its_connection_back() {
    let database = Database::new();
    database.fill(20_000, "");
    let service = service(&database, 1, PATIENCE);
    for _ in 0..5 {
        let mut stream = open(&service, &json!({ "list": "inbox" })).await.unwrap();
        assert!(stream.next().await.unwrap().unwrap().num_rows() <= 4_096);
    }
    let batches = read(&service, json!({ "list": "inbox" })).await.unwrap();
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>() as i64, database.inbox());
}

#[tokio::test]
async fn a_stream_that_is_not_read_ends_with_an_error() {
    let database = Database::new();
    database.fill(40_000, "");
    let service = service(&database, 1, Duration::from_millis(200));
    let mut idle = open(&service, &json!({ "list": "inbox" })).await.unwrap();
    idle.next().await.unwrap().unwrap();
    // The only connection is free again when the server's patience ends.
    let batches = read(&service, json!({ "list": "inbox" })).await.unwrap();
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>() as i64, database.inbox());
    let mut last = None;
    while let Some(batch) = idle.next().await {
        last = Some(batch.map(|batch| batch.num_rows()));
    }
    let error = Status::from(last.unwrap().unwrap_err());
    assert_eq!(error.code(), Code::DeadlineExceeded, "{error}");
}

#[tokio::test]
async fn long_notes_end_a_batch_early() {
    let database = Database::new();
    database.fill(30, &"n".repeat(200_000));
    let batches = read(&service(&database, 1, PATIENCE), json!({ "list": "inbox", "text": "nnn" })).await.unwrap();
    assert!(
        batches.iter().all(|batch| batch.num_rows() <= 10),
        "{:?}",
        batches.iter().map(RecordBatch::num_rows).collect::<Vec<_>>()
    );
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 30);
}

#[tokio::test]
async fn a_stream_that_is_dropped_interrupts_its_query() {
    let database = Database::new();
    database.slow_tags();
    let service = service(&database, 1, PATIENCE);
    for wait in [0, 200] {
        // Looks for the tag first, and would not come to its first task for days.
        let stream = open(&service, &json!({ "tag": "nobody" })).await.unwrap();
        tokio::time::sleep(Duration::from_millis(wait)).await;
        drop(stream);
    }
    let batches = read(&service, json!({ "list": "inbox" })).await.unwrap();
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>() as i64, database.inbox());
}
