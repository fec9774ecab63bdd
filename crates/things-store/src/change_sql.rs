//! The SQL that one change of a batch becomes.
//!
//! Pure: text and parameters. `?1` is always the task, `?2` always now. That the task exists and the change
//! makes sense for it is checked before, in `apply`.

use crate::batch::{Batch, Change, Destination, When};
use crate::model::{Start, Status, TaskId};
use crate::query::Sql;
use crate::schema;
use crate::vintage::Vintage;
use rusqlite::types::Value;

/// The statements for `change`, to be run in this order. The last one changes `TMTask`.
pub(crate) fn statements(task: &TaskId, change: &Change, batch: &Batch, vintage: Vintage) -> Vec<Sql> {
    let id = Value::Text(task.as_str().to_owned());
    let now = Value::Real(batch.now.unix_seconds());
    let with = |mut more: Vec<Value>| {
        let mut params = vec![id.clone(), now.clone()];
        params.append(&mut more);
        params
    };
    let (set, more) = match change {
        Change::Complete => (stop(Status::Completed), vec![]),
        Change::Cancel => (stop(Status::Cancelled), vec![]),
        Change::Reopen => (format!("\"status\" = {}, \"stopDate\" = NULL", Status::Incomplete.code()), vec![]),
        Change::Move(to) => move_to(to, vintage),
        Change::Schedule(when) => schedule(*when, batch, vintage),
        Change::Deadline(deadline) => (
            format!("\"{}\" = ?3", schema::columns(vintage).deadline),
            vec![deadline.map_or(Value::Null, |date| vintage.encode_date(date))],
        ),
        Change::Trash => ("\"trashed\" = 1".to_owned(), vec![]),
        Change::Restore => ("\"trashed\" = 0".to_owned(), vec![]),
        Change::Delete => return delete(vintage, &id, &now),
    };
    let condition = match change {
        Change::Complete | Change::Cancel => format!(
            "\"uuid\" = ?1 OR (\"type\" = 0 AND \"status\" = {} AND \"trashed\" = 0 AND ({}))",
            Status::Incomplete.code(),
            inside(vintage)
        ),
        _ => "\"uuid\" = ?1".to_owned(),
    };
    vec![Sql {
        text: format!("UPDATE \"TMTask\" SET {set}, \"userModificationDate\" = ?2 WHERE {condition}"),
        params: with(more),
    }]
}

/// What is in the project or heading `?1`, as a condition on a row of `TMTask`.
fn inside(vintage: Vintage) -> String {
    let heading = schema::columns(vintage).heading;
    format!(
        "\"project\" = ?1 OR \"{heading}\" = ?1 OR \"{heading}\" IN \
         (SELECT inner_heading.\"uuid\" FROM \"TMTask\" inner_heading \
         WHERE inner_heading.\"project\" = ?1 AND inner_heading.\"type\" = 2)"
    )
}

fn stop(status: Status) -> String {
    format!("\"status\" = {}, \"stopDate\" = ?2", status.code())
}

fn move_to(to: &Destination, vintage: Vintage) -> (String, Vec<Value>) {
    let heading = schema::columns(vintage).heading;
    let set = |area: &str, project: &str, under: &str, start: String| {
        format!("\"area\" = {area}, \"project\" = {project}, \"{heading}\" = {under}, {start}")
    };
    let out_of_inbox = || {
        format!(
            "\"start\" = CASE \"start\" WHEN {} THEN {} ELSE \"start\" END",
            Start::Inbox.code(),
            Start::Anytime.code()
        )
    };
    let text = |id: &str| vec![Value::Text(id.to_owned())];
    match to {
        Destination::Inbox => {
            let start = unscheduled(Start::Inbox, vintage);
            (set("NULL", "NULL", "NULL", start), vec![])
        }
        Destination::Area(id) => (set("?3", "NULL", "NULL", out_of_inbox()), text(id.as_str())),
        Destination::Project(id) => (set("NULL", "?3", "NULL", out_of_inbox()), text(id.as_str())),
        Destination::Heading(id) => (set("NULL", "NULL", "?3", out_of_inbox()), text(id.as_str())),
        Destination::Loose => (set("NULL", "NULL", "NULL", out_of_inbox()), vec![]),
    }
}

/// A reminder is a time on the start date; without one it would never come, or come on whatever date is next.
fn unscheduled(start: Start, vintage: Vintage) -> String {
    format!(
        "\"start\" = {}, \"startDate\" = NULL, \"startBucket\" = 0, \"todayIndexReferenceDate\" = NULL, \"{}\" = NULL",
        start.code(),
        schema::columns(vintage).reminder
    )
}

fn schedule(when: When, batch: &Batch, vintage: Vintage) -> (String, Vec<Value>) {
    let (date, evening) = match when {
        When::Anytime => return (unscheduled(Start::Anytime, vintage), vec![]),
        When::Someday => return (unscheduled(Start::Someday, vintage), vec![]),
        When::On(date) => (date, 0),
        When::ThisEvening => (batch.today, 1),
    };
    let start = if date <= batch.today { Start::Anytime } else { Start::Someday };
    let set = format!(
        "\"start\" = {}, \"startDate\" = ?3, \"startBucket\" = {evening}, \"todayIndexReferenceDate\" = ?3",
        start.code()
    );
    (set, vec![vintage.encode_date(date)])
}

fn delete(vintage: Vintage, id: &Value, now: &Value) -> Vec<Sql> {
    let doomed = format!("SELECT \"uuid\" FROM \"TMTask\" WHERE \"uuid\" = ?1 OR {}", inside(vintage));
    let tombstones = |table: &str, condition: String| {
        format!(
            "INSERT INTO \"TMTombstone\" (\"uuid\", \"deletionDate\", \"deletedObjectUUID\") \
             SELECT lower(hex(randomblob(11))), ?2, \"uuid\" FROM \"{table}\" \
             WHERE \"leavesTombstone\" = 1 AND ({condition})"
        )
    };
    [
        (tombstones("TMChecklistItem", format!("\"task\" IN ({doomed})")), true),
        (tombstones("TMTask", format!("\"uuid\" IN ({doomed})")), true),
        (format!("DELETE FROM \"TMChecklistItem\" WHERE \"task\" IN ({doomed})"), false),
        (format!("DELETE FROM \"TMTaskTag\" WHERE \"tasks\" IN ({doomed})"), false),
        (format!("DELETE FROM \"TMTask\" WHERE \"uuid\" IN ({doomed})"), false),
    ]
    .into_iter()
    .map(|(text, dated)| Sql { text, params: if dated { vec![id.clone(), now.clone()] } else { vec![id.clone()] } })
    .collect()
}

/// Recounts the to-dos of the project `?1`; the app stores these counts in the project's row.
pub(crate) fn recount(vintage: Vintage) -> String {
    let heading = schema::columns(vintage).heading;
    let count = |open: &str| {
        format!(
            "(SELECT count(*) FROM \"TMTask\" c WHERE c.\"type\" = 0 AND c.\"trashed\" = 0{open} AND \
             (c.\"project\" = ?1 OR c.\"{heading}\" IN (SELECT h.\"uuid\" FROM \"TMTask\" h \
             WHERE h.\"project\" = ?1 AND h.\"type\" = 2)))"
        )
    };
    format!(
        "UPDATE \"TMTask\" SET \"untrashedLeafActionsCount\" = {}, \
         \"openUntrashedLeafActionsCount\" = {} WHERE \"uuid\" = ?1 AND \"type\" = 1",
        count(""),
        count(" AND c.\"status\" = 0")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timestamp::Timestamp;

    fn batch() -> Batch {
        let now = Timestamp::from_unix_seconds(1_718_184_600.5).unwrap();
        Batch::new(now, now.date_utc())
    }

    fn one(change: Change, vintage: Vintage) -> Sql {
        let mut all = statements(&TaskId::from("x"), &change, &batch(), vintage);
        assert_eq!(all.len(), 1, "{change:?}");
        all.remove(0)
    }

    #[test]
    fn every_change_is_dated_and_bound_to_the_task() {
        for change in [
            Change::Complete,
            Change::Cancel,
            Change::Reopen,
            Change::Move(Destination::Loose),
            Change::Schedule(When::Someday),
            Change::Deadline(None),
            Change::Trash,
            Change::Restore,
        ] {
            let sql = one(change.clone(), Vintage::V24);
            assert!(sql.text.contains("\"userModificationDate\" = ?2"), "{change:?}");
            assert!(sql.text.contains("\"uuid\" = ?1"), "{change:?}");
            assert_eq!(sql.params[0], Value::Text("x".to_owned()));
            assert_eq!(sql.params[1], Value::Real(1_718_184_600.5));
        }
    }

    #[test]
    fn the_day_decides_between_today_and_upcoming() {
        let today = batch().today;
        for (when, start, bucket) in [
            (When::On(today.plus_days(-1).unwrap()), 1, 0),
            (When::On(today), 1, 0),
            (When::On(today.plus_days(1).unwrap()), 2, 0),
            (When::ThisEvening, 1, 1),
        ] {
            let text = one(Change::Schedule(when), Vintage::V24).text;
            assert!(text.contains(&format!("\"start\" = {start},")), "{when:?}: {text}");
            assert!(text.contains(&format!("\"startBucket\" = {bucket}")), "{when:?}");
        }
    }

    #[test]
    fn a_reminder_goes_with_the_start_date_and_stays_with_a_new_one() {
        for (vintage, column) in
            [(Vintage::V18, "alarmTimeOffset"), (Vintage::V24, "reminderTime"), (Vintage::V26, "reminderTime")]
        {
            let clears = |change| one(change, vintage).text.contains(&format!("\"{column}\" = NULL"));
            for when in [When::Anytime, When::Someday] {
                assert!(clears(Change::Schedule(when)), "{vintage} {when:?}");
            }
            assert!(clears(Change::Move(Destination::Inbox)), "{vintage}");
            for when in [When::On(batch().today), When::ThisEvening] {
                assert!(!clears(Change::Schedule(when)), "{vintage} {when:?}");
            }
            for change in [Change::Move(Destination::Loose), Change::Complete, Change::Deadline(None), Change::Trash] {
                assert!(!clears(change.clone()), "{vintage} {change:?}");
            }
        }
    }

    #[test]
    fn deadlines_go_to_the_column_of_the_vintage() {
        let date = "2021-03-28".parse().unwrap();
        let old = one(Change::Deadline(Some(date)), Vintage::V18);
        assert!(old.text.contains("\"dueDate\" = ?3"));
        assert_eq!(old.params[2], Value::Real(1_616_889_600.0));
        let new = one(Change::Deadline(Some(date)), Vintage::V24);
        assert!(new.text.contains("\"deadline\" = ?3"));
        assert_eq!(new.params[2], Value::Integer(132_464_128));
        assert_eq!(one(Change::Deadline(None), Vintage::V24).params[2], Value::Null);
    }

    #[test]
    fn deletion_removes_the_task_last() {
        // The other deletions find their rows through the task's row.
        for vintage in Vintage::ALL {
            let all = statements(&TaskId::from("x"), &Change::Delete, &batch(), vintage);
            let last = &all[all.len() - 1].text;
            assert!(last.starts_with("DELETE FROM \"TMTask\""), "{last}");
            assert!(all[0].text.contains("TMTombstone") && all[1].text.contains("TMTombstone"));
        }
    }

    #[test]
    fn parameters_are_as_many_as_placeholders() {
        let destination = Destination::Heading(TaskId::from("h"));
        for change in [Change::Delete, Change::Complete, Change::Move(destination)] {
            for sql in statements(&TaskId::from("x"), &change, &batch(), Vintage::V18) {
                let used = (1..=9).filter(|n| sql.text.contains(&format!("?{n}"))).count();
                assert_eq!(used, sql.params.len(), "{}", sql.text);
            }
        }
    }
}
