//! Dates, times and instants as each vintage stores them, against SQLite's own arithmetic.

use crate::support::{date, healthy, plant, Plant};
use std::collections::HashMap;
use things_store::{Error, Kind, Query, TaskId, TimeOfDay};

#[test]
fn planted_dates_are_read_back() {
    healthy(|case| {
        let days = ["1969-12-31", "1970-01-01", "2000-02-29", "2021-03-28", "2024-12-31", "4001-01-01"];
        let ids = ["planted/a", "planted/b", "planted/c", "planted/d", "planted/e", "planted/f"];
        let plants: Vec<_> = ids
            .iter()
            .zip(days)
            .map(|(id, day)| Plant {
                id,
                start_date: Some(date(day)),
                deadline: Some(date(day)),
                reminder: TimeOfDay::new(23, 59),
                ..Plant::default()
            })
            .collect();
        plant(&case.raw(), case.vintage(), &plants);
        let store = case.open();
        for (id, day) in ids.iter().zip(days) {
            let task = store.task(&TaskId::from(*id)).unwrap().unwrap();
            assert_eq!(task.start_date, Some(date(day)), "{}", case.name);
            assert_eq!(task.deadline, Some(date(day)), "{}", case.name);
            assert_eq!(task.reminder, TimeOfDay::new(23, 59), "{}", case.name);
            assert_eq!(task.created.unwrap().unix_seconds(), 1_718_000_000.25);
            assert_eq!(task.stopped, None);
        }
    });
}

#[test]
fn every_date_of_a_fixture_is_what_sqlite_makes_of_it() {
    healthy(|case| {
        let (day, deadline, time) = match case.manifest.vintage {
            18 => (
                "date(X, 'unixepoch')",
                "dueDate",
                "printf('%02d:%02d', alarmTimeOffset / 3600, CAST(alarmTimeOffset AS INT) / 60 % 60)",
            ),
            _ => (
                "printf('%04d-%02d-%02d', X >> 16, (X >> 12) & 15, (X >> 7) & 31)",
                "deadline",
                "printf('%02d:%02d', reminderTime >> 26, (reminderTime >> 20) & 63)",
            ),
        };
        let reminder = if case.manifest.vintage == 18 { "alarmTimeOffset" } else { "reminderTime" };
        let column = |name: &str| format!("CASE WHEN {name} IS NOT NULL THEN {} END", day.replace('X', name));
        let sql = format!(
            "SELECT uuid, {}, {}, CASE WHEN {reminder} IS NOT NULL THEN {time} END, \
             strftime('%Y-%m-%dT%H:%M:%SZ', CAST(floor_of AS INT), 'unixepoch') \
             FROM (SELECT *, CASE WHEN creationDate < 0 AND creationDate <> CAST(creationDate AS INT) \
             THEN CAST(creationDate AS INT) - 1 ELSE CAST(creationDate AS INT) END AS floor_of FROM TMTask)",
            column("startDate"),
            column(deadline),
        );
        let raw = case.raw();
        let mut statement = raw.prepare(&sql).unwrap();
        let rows = statement.query_map([], |row| {
            Ok((row.get::<_, String>(0)?, [row.get(1)?, row.get(2)?, row.get(3)?, row.get::<_, Option<String>>(4)?]))
        });
        let expected: HashMap<_, _> = rows.unwrap().map(Result::unwrap).collect();

        let store = case.open();
        let mut tasks = store.tasks(&Query::all()).unwrap();
        tasks.extend(store.tasks(&Query::all().kind(Kind::Heading)).unwrap());
        for task in tasks {
            let found = [
                task.start_date.map(|date| date.to_string()),
                task.deadline.map(|date| date.to_string()),
                task.reminder.map(|time| time.to_string()),
                task.created.map(|at| at.to_string()),
            ];
            assert_eq!(found, expected[task.id.as_str()], "{}: {}", case.name, task.title);
        }
    });
}

#[test]
fn a_value_that_a_column_cannot_mean_is_named() {
    healthy(|case| {
        let deadline = if case.manifest.vintage == 18 { "dueDate" } else { "deadline" };
        let (raw, store) = (case.raw(), case.open());
        for (set, column) in [
            (format!("\"{deadline}\" = 'soon'"), "TMTask.deadline"),
            ("\"startDate\" = 1e300".to_owned(), "TMTask.startDate"),
            ("\"status\" = 7".to_owned(), "TMTask.status"),
            ("\"title\" = x'fffe'".to_owned(), "TMTask.title"),
            ("\"notes\" = CAST(x'fffe' AS TEXT)".to_owned(), "TMTask.notes"),
        ] {
            raw.execute_batch("DELETE FROM TMTask WHERE \"uuid\" = 'planted/x'").unwrap();
            plant(&raw, case.vintage(), &[Plant::default()]);
            raw.execute_batch(&format!("UPDATE TMTask SET {set} WHERE \"uuid\" = 'planted/x'")).unwrap();
            match store.task(&TaskId::from("planted/x")) {
                Err(Error::BadValue { column: named, .. }) => assert_eq!(named, column, "{}", case.name),
                other => panic!("{}: {set}: {other:?}", case.name),
            }
        }
    });
}

#[test]
fn low_bits_and_odd_seconds_do_not_move_a_day() {
    healthy(|case| {
        plant(&case.raw(), case.vintage(), &[Plant { start_date: Some(date("2024-06-12")), ..Plant::default() }]);
        // The last second of the day, or all bits below the day set.
        let last = if case.manifest.vintage == 18 { "86399.75" } else { "127" };
        case.execute(&format!("UPDATE TMTask SET \"startDate\" = \"startDate\" + {last} WHERE \"uuid\" = 'planted/x'"));
        let store = case.open();
        let shown = |day: &str| crate::support::has(&store.today(date(day)).unwrap(), "planted/x");
        assert!(shown("2024-06-12") && !shown("2024-06-11"), "{}", case.name);
        let task = store.task(&TaskId::from("planted/x")).unwrap().unwrap();
        assert_eq!(task.start_date, Some(date("2024-06-12")));
    });
}
