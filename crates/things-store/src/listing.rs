//! The SQL of areas, tags and checklists, of one task or of many.
//!
//! Pure: text and parameters. Columns are in the order in which `row` reads them.

use crate::model::{AreaId, TaskId};
use crate::query::{select_columns, Sql};
use crate::schema;
use crate::vintage::Vintage;
use rusqlite::types::Value;

/// What `row::tag` reads, of a tag called `g`.
const TAG_COLUMNS: &str = "g.\"uuid\", g.\"title\", g.\"shortcut\", g.\"parent\", g.\"index\"";

/// All areas.
pub(crate) fn areas() -> Sql {
    Sql::fixed("SELECT \"uuid\", \"title\", \"visible\", \"index\" FROM \"TMArea\" ORDER BY \"index\", \"uuid\"")
}

/// All tags.
pub(crate) fn tags() -> Sql {
    Sql::fixed(&format!("SELECT {TAG_COLUMNS} FROM \"TMTag\" g ORDER BY g.\"index\", g.\"uuid\""))
}

/// The tags of a task.
pub(crate) fn tags_of(task: &TaskId) -> Sql {
    linked("TMTaskTag", "tasks").with(task.as_str())
}

/// Selects the tags of the area `?1`.
pub(crate) fn tags_of_area(area: &AreaId) -> Sql {
    linked("TMAreaTag", "areas").with(area.as_str())
}

/// The tags that the table `links` connects to the row in its column `of`.
fn linked(links: &str, of: &str) -> Sql {
    Sql::fixed(&format!(
        "SELECT {TAG_COLUMNS} FROM \"{links}\" l JOIN \"TMTag\" g ON g.\"uuid\" = l.\"tags\" \
         WHERE l.\"{of}\" = ?1 ORDER BY g.\"index\", g.\"uuid\""
    ))
}

/// The checklist of a task.
pub(crate) fn checklist(task: &TaskId) -> Sql {
    let text = "SELECT \"uuid\", \"task\", \"title\", \"status\", \"stopDate\", \"index\" \
                FROM \"TMChecklistItem\" WHERE \"task\" = ?1 ORDER BY \"index\", \"uuid\"";
    Sql::fixed(text).with(task.as_str())
}

/// The tags of each of `tasks`: what `row::tag` reads, and the task.
pub(crate) fn tags_of_all(tasks: &[&TaskId]) -> Sql {
    wanted(
        &format!(
            "SELECT {TAG_COLUMNS}, l.\"tasks\" FROM wanted w CROSS JOIN \"TMTaskTag\" l ON l.\"tasks\" = w.uuid \
             CROSS JOIN \"TMTag\" g ON g.\"uuid\" = l.\"tags\" ORDER BY g.\"index\", g.\"uuid\""
        ),
        tasks,
    )
}

/// The checklists of `tasks`.
pub(crate) fn checklists(tasks: &[&TaskId]) -> Sql {
    wanted(
        "SELECT c.\"uuid\", c.\"task\", c.\"title\", c.\"status\", c.\"stopDate\", c.\"index\" \
         FROM wanted w CROSS JOIN \"TMChecklistItem\" c ON c.\"task\" = w.uuid ORDER BY c.\"index\", c.\"uuid\"",
        tasks,
    )
}

/// The headings of `projects`, with the conditions of `Query::all().kind(Kind::Heading)`.
pub(crate) fn headings_of_all(projects: &[&TaskId], vintage: Vintage) -> Sql {
    let rule = schema::columns(vintage).recurrence_rule;
    wanted(
        &format!(
            "SELECT {columns} FROM wanted w CROSS JOIN \"TMTask\" t ON t.\"project\" = w.uuid \
             CROSS JOIN \"TMTask\" p ON p.\"uuid\" = w.uuid \
             WHERE t.\"type\" = 2 AND t.\"trashed\" = 0 AND coalesce(p.\"trashed\", 0) = 0 \
             AND t.\"{rule}\" IS NULL AND p.\"{rule}\" IS NULL ORDER BY t.\"index\", t.\"uuid\"",
            columns = select_columns(vintage),
        ),
        projects,
    )
}

/// `text` with the table `wanted` of the identifiers `ids`, however many there are: they are one parameter, because the
/// number of parameters is limited. Each is its length, in eight digits, and then its bytes.
fn wanted(text: &str, ids: &[&TaskId]) -> Sql {
    let mut packed = Vec::with_capacity(ids.len().saturating_mul(32));
    for id in ids {
        packed.extend_from_slice(format!("{:08}", id.as_str().len()).as_bytes());
        packed.extend_from_slice(id.as_str().as_bytes());
    }
    Sql {
        text: format!(
            "WITH RECURSIVE place (at, length) AS (SELECT 1, CAST(CAST(substr(?1, 1, 8) AS TEXT) AS INTEGER) \
             WHERE length(?1) > 0 UNION ALL SELECT at + 8 + length, \
             CAST(CAST(substr(?1, at + 8 + length, 8) AS TEXT) AS INTEGER) FROM place \
             WHERE at + 8 + length <= length(?1)), \
             wanted (uuid) AS (SELECT CAST(substr(?1, at + 8, length) AS TEXT) FROM place) {text}"
        ),
        params: vec![Value::Blob(packed)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema;
    use crate::vintage::Vintage;
    use rusqlite::types::Value;

    fn all() -> [(&'static str, Sql, usize); 5] {
        let evil = "'; DROP TABLE TMTag; --";
        [
            ("TMArea", areas(), 4),
            ("TMTag", tags(), 5),
            ("TMTaskTag", tags_of(&TaskId::from(evil)), 5),
            ("TMAreaTag", tags_of_area(&AreaId::from(evil)), 5),
            ("TMChecklistItem", checklist(&TaskId::from(evil)), 6),
        ]
    }

    #[test]
    fn columns_are_as_many_as_are_read() {
        for (table, sql, columns) in all() {
            let (selected, _) = sql.text.split_once(" FROM ").unwrap();
            assert_eq!(selected.matches(", ").count() + 1, columns, "{table}");
        }
    }

    #[test]
    fn only_what_opening_has_looked_for_is_read() {
        let tables = schema::required(Vintage::V24);
        for (table, sql, _) in all() {
            assert!(sql.text.contains(&format!("\"{table}\"")), "{}", sql.text);
            let known: Vec<&str> =
                tables.iter().flat_map(|(name, columns)| [*name].into_iter().chain(columns.clone())).collect();
            for name in sql.text.split('"').skip(1).step_by(2) {
                assert!(known.contains(&name), "{name} in {}", sql.text);
            }
        }
    }

    #[test]
    fn every_order_is_by_hand_and_then_by_identifier() {
        for (table, sql, _) in all() {
            let (_, order) = sql.text.split_once(" ORDER BY ").unwrap();
            assert_eq!(order.replace("g.", ""), "\"index\", \"uuid\"", "{table}");
        }
    }

    #[test]
    fn identifiers_are_parameters() {
        for (table, sql, _) in all() {
            assert!(!sql.text.contains("DROP"), "{table}");
            assert_eq!(sql.text.matches('?').count(), sql.params.len(), "{table}");
            assert!(sql.params.iter().all(|value| matches!(value, Value::Text(id) if id.contains("DROP"))), "{table}");
        }
    }
}
