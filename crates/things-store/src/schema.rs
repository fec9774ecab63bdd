//! What the tables of each vintage are called and which columns this crate reads.
//!
//! Pure: names only. `open` compares them with the file, `query` and `apply` write SQL with them.

use crate::vintage::Vintage;

/// The columns of `TMTask` whose name depends on the vintage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Columns {
    pub(crate) deadline: &'static str,
    pub(crate) deadline_suppressed: &'static str,
    pub(crate) heading: &'static str,
    pub(crate) reminder: &'static str,
    pub(crate) repeating_template: &'static str,
    pub(crate) recurrence_rule: &'static str,
}

/// The names in `TMTask` of `vintage`.
pub(crate) fn columns(vintage: Vintage) -> Columns {
    match vintage {
        Vintage::V18 => Columns {
            deadline: "dueDate",
            deadline_suppressed: "dueDateSuppressionDate",
            heading: "actionGroup",
            reminder: "alarmTimeOffset",
            repeating_template: "repeatingTemplate",
            recurrence_rule: "recurrenceRule",
        },
        Vintage::V24 | Vintage::V26 => Columns {
            deadline: "deadline",
            deadline_suppressed: "deadlineSuppressionDate",
            heading: "heading",
            reminder: "reminderTime",
            repeating_template: "rt1_repeatingTemplate",
            recurrence_rule: "rt1_recurrenceRule",
        },
    }
}

/// The columns of `TMTask` that all vintages share and this crate uses.
const TASK: &[&str] = &[
    "uuid",
    "type",
    "status",
    "trashed",
    "title",
    "notes",
    "start",
    "startDate",
    "startBucket",
    "stopDate",
    "creationDate",
    "userModificationDate",
    "index",
    "todayIndex",
    "todayIndexReferenceDate",
    "area",
    "project",
    "checklistItemsCount",
    "openChecklistItemsCount",
    "untrashedLeafActionsCount",
    "openUntrashedLeafActionsCount",
    "leavesTombstone",
];

/// The other tables and their columns, the same in all vintages.
const OTHERS: &[(&str, &[&str])] = &[
    ("TMArea", &["uuid", "title", "visible", "index"]),
    ("TMTag", &["uuid", "title", "shortcut", "parent", "index"]),
    ("TMTaskTag", &["tasks", "tags"]),
    ("TMAreaTag", &["areas", "tags"]),
    ("TMChecklistItem", &["uuid", "title", "status", "stopDate", "index", "task", "leavesTombstone"]),
    ("TMTombstone", &["uuid", "deletionDate", "deletedObjectUUID"]),
];

/// The table that says which vintage the rest is.
pub(crate) const META: &str = "Meta";

/// Every table a database of `vintage` must have besides `Meta`, with the columns that must be in it.
pub(crate) fn required(vintage: Vintage) -> Vec<(&'static str, Vec<&'static str>)> {
    let names = columns(vintage);
    let mut task = TASK.to_vec();
    task.extend([
        names.deadline,
        names.deadline_suppressed,
        names.heading,
        names.reminder,
        names.repeating_template,
        names.recurrence_rule,
    ]);
    let mut tables = vec![("TMTask", task)];
    tables.extend(OTHERS.iter().map(|(table, columns)| (*table, columns.to_vec())));
    tables
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_has_another_name_in_each_vintage() {
        let task = |vintage| required(vintage).swap_remove(0).1;
        assert!(task(Vintage::V18).contains(&"dueDate"));
        assert!(!task(Vintage::V18).contains(&"deadline"));
        assert!(task(Vintage::V24).contains(&"deadline"));
        assert!(!task(Vintage::V24).contains(&"actionGroup"));
    }

    #[test]
    fn no_table_or_column_is_required_twice() {
        for vintage in Vintage::ALL {
            let mut tables = Vec::new();
            for (table, mut columns) in required(vintage) {
                tables.push(table);
                let count = columns.len();
                columns.sort_unstable();
                columns.dedup();
                assert_eq!(columns.len(), count, "{table}");
            }
            let count = tables.len();
            tables.sort_unstable();
            tables.dedup();
            assert_eq!(tables.len(), count);
        }
    }
}
