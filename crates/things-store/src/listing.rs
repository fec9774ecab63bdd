//! The SQL of areas, tags and checklists, the same for every vintage.
//!
//! Pure: text and parameters. Columns are in the order in which `row` reads them.

use crate::model::{AreaId, TaskId};
use crate::query::Sql;

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
