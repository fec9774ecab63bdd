//! Changes to tasks, as JSON.

use crate::answer::Changed;
use crate::filter::{Day, Words};
use crate::moment::Moment;
use rmcp::schemars::{self, JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use std::borrow::Cow;
use things_store::{AreaId, Batch, Change, Destination, Result, Store, TaskId, When};

/// The most changes of one batch.
pub(super) const MOST: usize = 1_000;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "rmcp::schemars")]
pub(super) struct ChangeArgs {
    /// The changes, made in this order: all of them, or none.
    changes: Many,
    /// The user's current day. A start date up to it puts a task into Today. Default: the current day in UTC.
    #[serde(default)]
    today: Option<Day>,
}

/// 1 to [`MOST`] changes.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Vec<One>")]
struct Many(Vec<One>);

impl TryFrom<Vec<One>> for Many {
    type Error = String;

    fn try_from(changes: Vec<One>) -> Result<Many, String> {
        match changes.len() {
            0 => Err("the list is empty: give at least one change".to_owned()),
            1..=MOST => Ok(Many(changes)),
            many => Err(format!("{many} changes are more than {MOST}: make several calls")),
        }
    }
}

impl JsonSchema for Many {
    fn schema_name() -> Cow<'static, str> {
        "Changes".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let items = generator.subschema_for::<One>();
        schemars::json_schema!({ "type": "array", "minItems": 1, "maxItems": MOST, "items": items })
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "rmcp::schemars", inline)]
struct One {
    /// The identifier of the task.
    id: Words,
    /// What happens to it.
    change: What,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(crate = "rmcp::schemars", inline)]
enum What {
    /// Completes it, including the open to-dos in a project or heading.
    Complete {},
    /// Cancels it, including the open to-dos in a project or heading.
    Cancel {},
    /// Makes it incomplete again.
    Reopen {},
    /// Moves a to-do to the inbox, without dates, area, project and heading.
    MoveToInbox {},
    /// Moves a to-do or project to an area.
    MoveToArea {
        /// The area's identifier.
        area: Words,
    },
    /// Moves a to-do or heading to a project.
    MoveToProject {
        /// The project's identifier.
        project: Words,
    },
    /// Moves a to-do under a heading.
    MoveToHeading {
        /// The heading's identifier.
        heading: Words,
    },
    /// Takes a to-do or project out of its area, project and heading.
    MoveOut {},
    /// Changes when a to-do or project starts.
    Schedule {
        /// `anytime`, `someday`, `this-evening`, or a day such as 2024-06-12.
        when: Start,
    },
    /// Sets the deadline of a to-do or project, or removes it.
    Deadline {
        /// The day, or null to remove the deadline.
        // Required: a date that was forgotten must not remove one.
        #[serde(deserialize_with = "Option::deserialize")]
        #[schemars(schema_with = "day_or_null")]
        date: Option<Day>,
    },
    /// Puts it into the trash.
    Trash {},
    /// Takes it out of the trash.
    Restore {},
    /// Removes it for ever, with all that is in it. Cannot be undone.
    Delete {},
}

fn day_or_null(generator: &mut SchemaGenerator) -> Schema {
    let day = generator.subschema_for::<Day>();
    schemars::json_schema!({ "anyOf": [day, { "type": "null" }] })
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct Start(When);

impl TryFrom<String> for Start {
    type Error = String;

    fn try_from(text: String) -> Result<Start, String> {
        let when = match text.as_str() {
            "anytime" => When::Anytime,
            "someday" => When::Someday,
            "this-evening" => When::ThisEvening,
            day => {
                let wrong = |_| format!("`{day}` is not `anytime`, `someday`, `this-evening` or a day as 2024-06-12");
                When::On(day.parse().map_err(wrong)?)
            }
        };
        Ok(Start(when))
    }
}

impl JsonSchema for Start {
    fn schema_name() -> Cow<'static, str> {
        "Start".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({
            "type": "string", "pattern": "^(anytime|someday|this-evening|[0-9]{4}-[0-9]{2}-[0-9]{2})$",
        })
    }
}

impl From<What> for Change {
    fn from(what: What) -> Change {
        let task = |id: Words| TaskId::from(String::from(id));
        match what {
            What::Complete {} => Change::Complete,
            What::Cancel {} => Change::Cancel,
            What::Reopen {} => Change::Reopen,
            What::MoveToInbox {} => Change::Move(Destination::Inbox),
            What::MoveToArea { area } => Change::Move(Destination::Area(AreaId::from(String::from(area)))),
            What::MoveToProject { project } => Change::Move(Destination::Project(task(project))),
            What::MoveToHeading { heading } => Change::Move(Destination::Heading(task(heading))),
            What::MoveOut {} => Change::Move(Destination::Loose),
            What::Schedule { when } => Change::Schedule(when.0),
            What::Deadline { date } => Change::Deadline(date.map(|day| day.0)),
            What::Trash {} => Change::Trash,
            What::Restore {} => Change::Restore,
            What::Delete {} => Change::Delete,
        }
    }
}

/// Makes the changes, all or none.
pub(super) fn apply(store: &mut Store, args: ChangeArgs, moment: Moment) -> Result<Changed> {
    let mut batch = Batch::new(moment.now, args.today.map_or(moment.today, |day| day.0));
    batch.extend(
        args.changes.0.into_iter().map(|One { id, change }| (TaskId::from(String::from(id)), Change::from(change))),
    );
    let applied = store.apply(&batch)?;
    Ok(Changed { changes: applied.changes as u64, tasks: applied.tasks as u64 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn change(json: &str) -> Result<Change, String> {
        let text = format!(r#"{{"changes":[{{"id":"a","change":{json}}}]}}"#);
        let args: ChangeArgs = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        Ok(args.changes.0.into_iter().next().unwrap().change.into())
    }

    #[test]
    fn every_change_of_the_store_can_be_asked_for() {
        let day = || "2024-06-12".parse().unwrap();
        for (json, wanted) in [
            (r#"{"type":"complete"}"#, Change::Complete),
            (r#"{"type":"cancel"}"#, Change::Cancel),
            (r#"{"type":"reopen"}"#, Change::Reopen),
            (r#"{"type":"move-to-inbox"}"#, Change::Move(Destination::Inbox)),
            (r#"{"type":"move-to-area","area":"A"}"#, Change::Move(Destination::Area("A".into()))),
            (r#"{"type":"move-to-project","project":"P"}"#, Change::Move(Destination::Project("P".into()))),
            (r#"{"type":"move-to-heading","heading":"H"}"#, Change::Move(Destination::Heading("H".into()))),
            (r#"{"type":"move-out"}"#, Change::Move(Destination::Loose)),
            (r#"{"type":"schedule","when":"anytime"}"#, Change::Schedule(When::Anytime)),
            (r#"{"type":"schedule","when":"someday"}"#, Change::Schedule(When::Someday)),
            (r#"{"type":"schedule","when":"this-evening"}"#, Change::Schedule(When::ThisEvening)),
            (r#"{"type":"schedule","when":"2024-06-12"}"#, Change::Schedule(When::On(day()))),
            (r#"{"type":"deadline","date":"2024-06-12"}"#, Change::Deadline(Some(day()))),
            (r#"{"type":"deadline","date":null}"#, Change::Deadline(None)),
            (r#"{"type":"trash"}"#, Change::Trash),
            (r#"{"type":"restore"}"#, Change::Restore),
            (r#"{"type":"delete"}"#, Change::Delete),
        ] {
            assert_eq!(change(json), Ok(wanted), "{json}");
        }
    }

    #[test]
    fn half_a_change_is_refused() {
        for (json, why) in [
            (r#"{"type":"burn"}"#, "unknown variant `burn`"),
            (r#"{"type":"move-to-area"}"#, "missing field `area`"),
            (r#"{"type":"complete","when":"now"}"#, "unknown field `when`"),
            (r#"{"type":"schedule","when":"tomorrow"}"#, "`tomorrow` is not `anytime`"),
            (r#"{"type":"deadline","date":"soon"}"#, "is no date"),
            (r#"{"type":"deadline"}"#, "missing field `date`"),
            (r#""complete""#, "invalid type"),
        ] {
            let error = change(json).unwrap_err();
            assert!(error.contains(why), "{json}: {error}");
        }
    }

    #[test]
    fn the_schema_asks_for_the_date_of_a_deadline_and_allows_null() {
        let schema = SchemaGenerator::default().into_root_schema_for::<What>().to_value();
        let deadline =
            schema["oneOf"].as_array().unwrap().iter().find(|one| one["properties"]["type"]["const"] == "deadline");
        let deadline = deadline.unwrap();
        assert!(deadline["required"].as_array().unwrap().contains(&"date".into()), "{deadline}");
        assert!(deadline["properties"]["date"].to_string().contains("null"), "{deadline}");
    }

    #[test]
    fn a_batch_has_at_least_one_change_and_at_most_a_thousand() {
        let many = |count| {
            let one = r#"{"id":"a","change":{"type":"trash"}}"#;
            let text = format!(r#"{{"changes":[{}]}}"#, vec![one; count].join(","));
            serde_json::from_str::<ChangeArgs>(&text).map_err(|error| error.to_string())
        };
        assert!(many(0).unwrap_err().contains("at least one"));
        assert_eq!(many(MOST).unwrap().changes.0.len(), MOST);
        assert!(many(MOST + 1).unwrap_err().contains("make several calls"));
    }
}
