//! Rows put into a copy past the crate under test, so that a test knows precisely what it must find.

use rusqlite::types::Value;
use rusqlite::{params_from_iter, Connection};
use things_store::{pack_date, pack_time, Date, TimeOfDay, Timestamp, Vintage};

/// A row of `TMTask`. What is not given is that of an open to-do without dates, startable any time.
#[derive(Clone)]
pub struct Plant {
    pub id: &'static str,
    pub kind: i64,
    pub status: i64,
    pub trashed: bool,
    pub start: i64,
    pub evening: bool,
    pub title: &'static str,
    pub notes: &'static str,
    pub start_date: Option<Date>,
    pub deadline: Option<Date>,
    pub suppressed: bool,
    pub reminder: Option<TimeOfDay>,
    pub stopped: Option<f64>,
    pub area: Option<&'static str>,
    pub project: Option<&'static str>,
    pub heading: Option<&'static str>,
    pub index: i64,
    pub today_index: i64,
    pub template: bool,
}

impl Default for Plant {
    fn default() -> Plant {
        Plant {
            id: "planted/x",
            kind: 0,
            status: 0,
            trashed: false,
            start: 1,
            evening: false,
            title: "Planted",
            notes: "",
            start_date: None,
            deadline: None,
            suppressed: false,
            reminder: None,
            stopped: None,
            area: None,
            project: None,
            heading: None,
            index: 0,
            today_index: 0,
            template: false,
        }
    }
}

/// Puts `plants` into the database of `vintage`.
pub fn plant(connection: &Connection, vintage: Vintage, plants: &[Plant]) {
    let names = match vintage {
        Vintage::V18 => ["dueDate", "dueDateSuppressionDate", "alarmTimeOffset", "actionGroup", "recurrenceRule"],
        _ => ["deadline", "deadlineSuppressionDate", "reminderTime", "heading", "rt1_recurrenceRule"],
    };
    let [deadline, suppressed, reminder, heading, rule] = names;
    let sql = format!(
        "INSERT INTO \"TMTask\" (\"uuid\", \"type\", \"status\", \"trashed\", \"start\", \"startBucket\", \
         \"title\", \"notes\", \"startDate\", \"stopDate\", \"creationDate\", \"userModificationDate\", \
         \"area\", \"project\", \"index\", \"todayIndex\", \"leavesTombstone\", \"{deadline}\", \
         \"{suppressed}\", \"{reminder}\", \"{heading}\", \"{rule}\") VALUES \
         (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 1718000000.25, 1718000000.25, ?11, ?12, ?13, ?14, 1, ?15, \
         ?16, ?17, ?18, ?19)"
    );
    let day = |date: Option<Date>| match (date, vintage) {
        (None, _) => Value::Null,
        (Some(date), Vintage::V18) => Value::Real(Timestamp::from_date(date).unix_seconds()),
        (Some(date), _) => Value::Integer(pack_date(date)),
    };
    let text = |text: Option<&str>| text.map_or(Value::Null, |text| Value::Text(text.to_owned()));
    let transaction = connection.unchecked_transaction().expect("a transaction");
    for p in plants {
        let time = match (p.reminder, vintage) {
            (None, _) => Value::Null,
            (Some(time), Vintage::V18) => {
                Value::Real(f64::from(time.hour()) * 3_600.0 + f64::from(time.minute()) * 60.0)
            }
            (Some(time), _) => Value::Integer(pack_time(time)),
        };
        let values = [
            text(Some(p.id)),
            Value::Integer(p.kind),
            Value::Integer(p.status),
            Value::Integer(p.trashed.into()),
            Value::Integer(p.start),
            Value::Integer(p.evening.into()),
            text(Some(p.title)),
            text(Some(p.notes)),
            day(p.start_date),
            p.stopped.map_or(Value::Null, Value::Real),
            text(p.area),
            text(p.project),
            Value::Integer(p.index),
            Value::Integer(p.today_index),
            day(p.deadline),
            if p.suppressed { day(p.deadline) } else { Value::Null },
            time,
            text(p.heading),
            if p.template { Value::Blob(b"<plist/>".to_vec()) } else { Value::Null },
        ];
        transaction.execute(&sql, params_from_iter(values)).expect("a planted row");
    }
    transaction.commit().expect("planted rows");
}
