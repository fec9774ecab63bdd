//! Reading one task at a time, and one state of the database meanwhile.

use crate::support::{date, for_each, healthy, ids, now, plant, planted, today, Plant};
use things_store::{Batch, Change, ErrorKind, List, Query, TaskId};

#[test]
fn a_stream_gives_what_a_list_gives() {
    for_each(|case| {
        if !case.is_healthy() {
            return case.assert_refused();
        }
        let store = case.open();
        for query in [Query::all(), Query::list(List::Logbook), Query::list(List::Anytime).text("a").limit(50)] {
            let listed = store.tasks(&query).unwrap();
            let mut stream = store.stream(&query).unwrap();
            let streamed: Result<Vec<_>, _> = stream.tasks().unwrap().collect();
            assert_eq!(streamed.unwrap(), listed, "{}", case.name);
        }
        let all = store.count(&Query::all()).unwrap();
        let mut stream = store.stream(&Query::all()).unwrap();
        assert_eq!(stream.tasks().unwrap().count() as u64, all, "{}", case.name);
    });
}

#[test]
fn a_stream_can_be_left_and_started_over() {
    healthy(|case| {
        let second = Plant { id: "planted/y", ..Plant::default() };
        plant(&case.raw(), case.vintage(), &[Plant::default(), second]);
        let store = case.open();
        let mut stream = store.stream(&Query::all()).unwrap();
        let first = stream.tasks().unwrap().next().unwrap().unwrap();
        let again = stream.tasks().unwrap().next().unwrap().unwrap();
        assert_eq!(first, again, "{}", case.name);
        let mut tasks = stream.tasks().unwrap();
        assert!(tasks.by_ref().count() >= 2);
        assert!(tasks.next().is_none() && tasks.next().is_none(), "the end stays the end");
    });
}

#[test]
fn a_stream_left_half_way_holds_nothing_back() {
    healthy(|case| {
        plant(&case.raw(), case.vintage(), &[Plant::default()]);
        let mut store = case.open_read_write();
        {
            let mut stream = store.stream(&Query::all()).unwrap();
            stream.tasks().unwrap().next().unwrap().unwrap();
        }
        let batch = Batch::new(now(), today()).change(&TaskId::from("planted/x"), Change::Trash);
        assert_eq!(store.apply(&batch).unwrap().tasks, 1, "{}", case.name);
    });
}

#[test]
fn a_stream_sees_one_state_while_others_write() {
    healthy(|case| {
        let writer = case.raw();
        let _: String = writer.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).unwrap();
        plant(&writer, case.vintage(), &[Plant::default()]);
        let store = case.open();
        let before = store.count(&Query::all()).unwrap();
        let mut stream = store.stream(&Query::all()).unwrap();
        let mut tasks = stream.tasks().unwrap();
        tasks.next().unwrap().unwrap();
        plant(&writer, case.vintage(), &[Plant { id: "planted/later", ..Plant::default() }]);
        assert_eq!(tasks.count() as u64, before - 1, "{}", case.name);
        drop(stream);
        assert_eq!(store.count(&Query::all()).unwrap(), before + 1, "{}", case.name);
    });
}

#[test]
fn snapshots_nest_and_keep_one_state() {
    healthy(|case| {
        let writer = case.raw();
        let _: String = writer.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).unwrap();
        let store = case.open();
        let outer = store.snapshot().unwrap();
        let before = outer.count(&Query::all()).unwrap();
        plant(&writer, case.vintage(), &[Plant::default()]);
        let inner = store.snapshot().unwrap();
        assert_eq!(inner.count(&Query::all()).unwrap(), before, "{}", case.name);
        drop(outer);
        assert_eq!(store.count(&Query::all()).unwrap(), before, "the inner one still holds on");
        drop(inner);
        assert_eq!(store.count(&Query::all()).unwrap(), before + 1, "{}", case.name);
    });
}

#[test]
fn one_bad_row_does_not_end_a_stream() {
    healthy(|case| {
        let at = |id, index| Plant { id, index, title: "zebra crossing", ..Plant::default() };
        plant(&case.raw(), case.vintage(), &[at("planted/1", 1), at("planted/2", 2), at("planted/3", 3)]);
        case.execute("UPDATE TMTask SET \"start\" = 9 WHERE \"uuid\" = 'planted/2'");
        let store = case.open();
        let query = Query::all().text("zebra crossing");
        let mut stream = store.stream(&query).unwrap();
        let found: Vec<_> = stream.tasks().unwrap().map(|task| task.map_err(|error| error.kind())).collect();
        assert_eq!(found.len(), 3, "{}", case.name);
        assert!(found[0].is_ok() && found[2].is_ok());
        assert_eq!(found[1].as_ref().unwrap_err(), &ErrorKind::BadValue);
        assert_eq!(store.tasks(&query).unwrap_err().kind(), ErrorKind::BadValue, "a list is all or nothing");
    });
}

#[test]
fn a_list_is_in_the_order_of_its_stream_whatever_it_is_ordered_by() {
    healthy(|case| {
        let raw = case.raw();
        plant(&raw, case.vintage(), &[Plant { start_date: Some(date("2024-06-12")), ..Plant::default() }]);
        // Ties, NULL, reals among integers, integers that no real can tell apart, and both ends.
        let numbers =
            ["NULL", "0", "-1", "1.0", "9007199254740992", "9007199254740993", "-9223372036854775808", "2.0", "NULL"];
        for (at, number) in numbers.iter().enumerate() {
            let (bucket, id) = (at % 2, format!("'planted/{}'", (b'a' + (at * 5 % 9) as u8) as char));
            let deadline = if case.manifest.vintage == 18 { "dueDate" } else { "deadline" };
            raw.execute_batch(&format!(
                "CREATE TEMP TABLE row AS SELECT * FROM TMTask WHERE uuid = 'planted/x'; \
                 UPDATE row SET uuid = {id}, \"index\" = {number}, todayIndex = {number}, startBucket = {bucket}, \
                 stopDate = CASE WHEN {at} % 3 THEN {at} * 0.0000001 END, userModificationDate = stopDate, \
                 {deadline} = startDate; \
                 INSERT INTO TMTask SELECT * FROM row; \
                 UPDATE row SET uuid = uuid || ' done', status = 3; INSERT INTO TMTask SELECT * FROM row; \
                 UPDATE row SET uuid = uuid || ' gone', trashed = 1; INSERT INTO TMTask SELECT * FROM row; \
                 DROP TABLE row;"
            ))
            .unwrap();
        }
        let store = case.open();
        for query in [
            Query::all(),
            Query::list(List::Today(date("2024-06-12"))),
            Query::list(List::Upcoming(date("2024-06-11"))),
            Query::list(List::Anytime),
            Query::list(List::Logbook),
            Query::list(List::Trash),
            Query::all().due(None, None),
        ] {
            let listed = store.tasks(&query).unwrap();
            let streamed: Result<Vec<_>, _> = store.stream(&query).unwrap().tasks().unwrap().collect();
            assert_eq!(ids(&listed), ids(&streamed.unwrap()), "{}: {query:?}", case.name);
            assert!(planted(&listed).len() >= 9, "{}: {query:?}", case.name);
            assert_eq!(store.tasks(&query.clone().limit(7)).unwrap(), listed[..7], "{}: {query:?}", case.name);
            assert_eq!(store.count(&query).unwrap(), listed.len() as u64);
            assert_eq!(store.count(&query.limit(7)).unwrap(), 7);
        }
    });
}
