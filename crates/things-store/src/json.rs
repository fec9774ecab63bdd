//! Export as JSON, made by SQLite itself.
//!
//! Needs SQLite 3.38 for `->>` and `unixepoch()`. With an older one, every function here returns
//! [`Error::SqliteTooOld`]; the rest of the crate works.

use crate::error::{Error, Result};
use crate::query::{Query, Sql};
use crate::row::Fields;
use crate::schema;
use crate::store::Store;
use crate::vintage::Vintage;
use rusqlite::types::ValueRef;
use rusqlite::Connection;

/// The SQLite that brought `->>` and `unixepoch()`.
const NEEDED: &str = "3.38";

/// Whether the SQLite in use can export JSON; asked of SQLite itself, not read off its version.
///
/// # Errors
///
/// [`Error::SqliteTooOld`] if it cannot.
pub fn require_json() -> Result<()> {
    let connection = Connection::open_in_memory().map_err(Error::sqlite)?;
    connection
        .query_row("SELECT '{\"since\": 0}' ->> 'since' = unixepoch('1970-01-01')", [], |row| row.get::<_, bool>(0))
        .map(|_| ())
        .map_err(|error| too_old(Error::sqlite(error), rusqlite::version_number(), rusqlite::version()))
}

impl Store {
    /// The tasks that `query` asks for as one JSON object, `{"databaseVersion": 24, "tasks": [ … ]}`, in
    /// the order of the query.
    ///
    /// A task has `uuid`, `type` (`to-do`, `project`, `heading`), `status` (`incomplete`, `cancelled`,
    /// `completed`), `title`, `notes`, `startDate` and `deadline` (`2024-06-12`), `created`, `modified` and
    /// `stopped` (whole Unix seconds), `area`, `project`, `heading` (identifiers), `tags` (titles) and
    /// `checklist` (objects with `title` and `status`). What a task does not have is `null`.
    ///
    /// # Errors
    ///
    /// [`Error::SqliteTooOld`] below SQLite 3.38.
    pub fn export_json(&self, query: &Query) -> Result<String> {
        self.export(list_sql(query, self.vintage()))
    }

    /// As [`export_json`](Store::export_json), but one object with a member for each task, named by its
    /// identifier.
    ///
    /// # Errors
    ///
    /// [`Error::SqliteTooOld`] below SQLite 3.38.
    pub fn export_json_by_id(&self, query: &Query) -> Result<String> {
        self.export(by_id_sql(query, self.vintage()))
    }

    fn export(&self, sql: Sql) -> Result<String> {
        let texts = self
            .rows("json", &sql, |row| text(row))
            .map_err(|error| too_old(error, rusqlite::version_number(), rusqlite::version()))?;
        Ok(texts.into_iter().next().unwrap_or_default())
    }
}

/// The one field of a row of an export.
fn text(row: &dyn Fields) -> Result<String> {
    match row.field(0)? {
        ValueRef::Text(bytes) => Ok(String::from_utf8_lossy(bytes).into_owned()),
        other => Err(Error::BadValue { column: "json".to_owned(), found: format!("{:?}", other.data_type()) }),
    }
}

/// One object with all tasks in a list.
fn list_sql(query: &Query, vintage: Vintage) -> Sql {
    let Sql { text, params } = items(query, vintage);
    let version = vintage.database_version();
    let text = format!(
        "SELECT json_object('databaseVersion', {version}, 'tasks', json_group_array(json(item))) FROM ({text})"
    );
    Sql { text, params }
}

/// One object with a member for each task.
fn by_id_sql(query: &Query, vintage: Vintage) -> Sql {
    let Sql { text, params } = items(query, vintage);
    Sql { text: format!("SELECT json_group_object(item ->> 'uuid', json(item)) FROM ({text})"), params }
}

/// A row with an `item` for each task.
fn items(query: &Query, vintage: Vintage) -> Sql {
    let Sql { text, params } = query.sql_after_select(vintage);
    Sql { text: format!("SELECT {} AS item {text}", item(vintage)), params }
}

/// One task as a JSON object.
///
/// `json()` around each subquery: that its text is JSON is not reliably passed on out of one.
fn item(vintage: Vintage) -> String {
    let names = schema::columns(vintage);
    let date = |column: &str| match vintage {
        Vintage::V18 => format!("date(t.\"{column}\", 'unixepoch')"),
        Vintage::V24 | Vintage::V26 => format!(
            "CASE WHEN t.\"{column}\" IS NOT NULL THEN printf('%04d-%02d-%02d', t.\"{column}\" >> 16, \
             (t.\"{column}\" >> 12) & 15, (t.\"{column}\" >> 7) & 31) END"
        ),
    };
    let seconds = |column: &str| format!("unixepoch(t.\"{column}\", 'unixepoch')");
    let status = |of: &str| {
        format!(
            "CASE coalesce({of}.\"status\", 0) WHEN 0 THEN 'incomplete' WHEN 2 THEN 'cancelled' \
             WHEN 3 THEN 'completed' END"
        )
    };
    format!(
        "json_object('uuid', t.\"uuid\", \
         'type', CASE coalesce(t.\"type\", 0) WHEN 0 THEN 'to-do' WHEN 1 THEN 'project' WHEN 2 THEN 'heading' END, \
         'status', {status}, 'title', coalesce(t.\"title\", ''), 'notes', coalesce(t.\"notes\", ''), \
         'startDate', {start}, 'deadline', {deadline}, \
         'created', {created}, 'modified', {modified}, 'stopped', {stopped}, \
         'area', t.\"area\", 'project', p.\"uuid\", 'heading', t.\"{heading}\", \
         'tags', json((SELECT json_group_array(title) FROM (SELECT g.\"title\" AS title FROM \"TMTaskTag\" l \
         JOIN \"TMTag\" g ON g.\"uuid\" = l.\"tags\" WHERE l.\"tasks\" = t.\"uuid\" ORDER BY g.\"index\", g.\"uuid\"))), \
         'checklist', json((SELECT json_group_array(json_object('title', c.title, 'status', c.status)) FROM \
         (SELECT k.\"title\" AS title, {item_status} AS status FROM \"TMChecklistItem\" k \
         WHERE k.\"task\" = t.\"uuid\" ORDER BY k.\"index\", k.\"uuid\") c)))",
        status = status("t"),
        start = date("startDate"),
        deadline = date(names.deadline),
        created = seconds("creationDate"),
        modified = seconds("userModificationDate"),
        stopped = seconds("stopDate"),
        heading = names.heading,
        item_status = status("k"),
    )
}

/// What an SQLite below 3.38 says of this module's SQL is a syntax error; that is no help to anyone.
fn too_old(error: Error, number: i32, version: &str) -> Error {
    match error {
        Error::Sqlite { source, .. } if number < 3_038_000 => {
            Error::SqliteTooOld { needed: NEEDED, found: version.to_owned(), source: Some(source) }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Cause, ErrorKind};
    use crate::query::List;

    struct One(ValueRef<'static>);

    impl Fields for One {
        fn field(&self, _: usize) -> Result<ValueRef<'_>> {
            Ok(self.0)
        }
    }

    #[test]
    fn an_item_names_the_columns_of_its_vintage() {
        let old = item(Vintage::V18);
        assert!(old.contains("date(t.\"dueDate\", 'unixepoch')") && old.contains("t.\"actionGroup\""));
        let new = item(Vintage::V24);
        assert!(new.contains("t.\"deadline\" >> 16") && new.contains("t.\"heading\""));
    }

    #[test]
    fn an_export_is_of_the_query_and_its_parameters() {
        let query = Query::list(List::Anytime).text("milk").limit(7);
        for vintage in Vintage::ALL {
            let plain = query.sql_after_select(vintage);
            for sql in [list_sql(&query, vintage), by_id_sql(&query, vintage)] {
                assert!(sql.text.ends_with(&format!(" AS item {})", plain.text)), "{}", sql.text);
                assert_eq!(sql.params, plain.params);
                assert_eq!(sql.text.matches('(').count(), sql.text.matches(')').count(), "{}", sql.text);
            }
        }
        assert!(list_sql(&query, Vintage::V18).text.contains("'databaseVersion', 18"));
    }

    #[test]
    fn only_text_is_an_export() {
        assert_eq!(text(&One(ValueRef::Text(b"{}"))).unwrap(), "{}");
        let error = text(&One(ValueRef::Null)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadValue);
        assert!(error.to_string().contains("Null"), "{error}");
    }

    #[test]
    fn only_an_sqlite_that_is_too_old_is_said_to_be() {
        let syntax = || Error::Sqlite { code: Some(1), source: Cause::from("near \">\": syntax error") };
        let old = too_old(syntax(), 3_037_002, "3.37.2");
        assert_eq!(old.kind(), ErrorKind::SqliteTooOld);
        assert!(old.to_string().contains("3.38 and 3.37.2"), "{old}");
        assert!(std::error::Error::source(&old).unwrap().to_string().contains("syntax error"));
        assert_eq!(too_old(syntax(), 3_038_000, "3.38.0").kind(), ErrorKind::Sqlite);
        assert_eq!(too_old(Error::ReadOnly, 3_037_002, "3.37.2").kind(), ErrorKind::ReadOnly);
    }
}
