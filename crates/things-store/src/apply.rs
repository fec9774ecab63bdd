//! Carrying a batch out in one transaction.

use crate::batch::{allowed, Applied, Batch, Change, Destination};
use crate::change_sql;
use crate::error::{Error, Result};
use crate::model::{Kind, TaskId};
use crate::schema;
use crate::vintage::Vintage;
use rusqlite::{params_from_iter, Connection, OptionalExtension, Transaction, TransactionBehavior};
use std::collections::BTreeSet;

/// Makes all changes of `batch` or none. One attempt: the caller waits for locks and tries again.
pub(crate) fn apply(connection: &Connection, vintage: Vintage, batch: &Batch) -> Result<Applied> {
    // IMMEDIATE takes the write lock now, so that no change is made that could not be committed.
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate).map_err(Error::sqlite)?;
    let tasks = change_all(&transaction, vintage, batch)?;
    transaction.commit().map_err(Error::sqlite)?;
    Ok(Applied { changes: batch.len(), tasks })
}

/// Returns how many rows of `TMTask` were changed. The transaction is rolled back on drop.
fn change_all(connection: &Connection, vintage: Vintage, batch: &Batch) -> Result<usize> {
    let mut tasks = 0;
    let mut projects = BTreeSet::new();
    for (task, change) in &batch.changes {
        let before = look_up(connection, vintage, task)?.ok_or_else(|| no_such("task", task.as_str()))?;
        check(connection, vintage, task, &before, change)?;
        for sql in change_sql::statements(task, change, batch, vintage) {
            let mut statement = connection.prepare_cached(&sql.text).map_err(Error::sqlite)?;
            let changed = statement.execute(params_from_iter(&sql.params)).map_err(Error::sqlite)?;
            if !sql.text.starts_with("INSERT") && sql.text.contains(" \"TMTask\" ") {
                tasks += changed;
            }
        }
        let after = look_up(connection, vintage, task)?.and_then(|found| found.project);
        projects.insert(task.as_str().to_owned());
        projects.extend(before.project.into_iter().chain(after));
    }
    recount(connection, vintage, &projects)?;
    Ok(tasks)
}

struct Found {
    kind: Kind,
    template: bool,
    /// The project it is in, directly or under a heading.
    project: Option<String>,
}

fn look_up(connection: &Connection, vintage: Vintage, task: &TaskId) -> Result<Option<Found>> {
    let names = schema::columns(vintage);
    let text = format!(
        "SELECT t.\"type\", t.\"{rule}\" IS NOT NULL, coalesce(h.\"project\", t.\"project\") \
         FROM \"TMTask\" t LEFT JOIN \"TMTask\" h ON h.\"uuid\" = t.\"{heading}\" WHERE t.\"uuid\" = ?1",
        rule = names.recurrence_rule,
        heading = names.heading,
    );
    let mut statement = connection.prepare_cached(&text).map_err(Error::sqlite)?;
    let row = statement
        .query_row([task.as_str()], |row| Ok((row.get::<_, Option<i64>>(0)?, row.get(1)?, row.get(2)?)))
        .optional()
        .map_err(Error::sqlite)?;
    let Some((code, template, project)) = row else {
        return Ok(None);
    };
    let code = code.unwrap_or(0);
    let kind = Kind::from_code(code)
        .ok_or_else(|| Error::BadValue { column: "TMTask.type".to_owned(), found: code.to_string() })?;
    Ok(Some(Found { kind, template, project }))
}

fn check(connection: &Connection, vintage: Vintage, task: &TaskId, found: &Found, change: &Change) -> Result<()> {
    let refuse = |why| Error::NotAllowed { id: task.to_string(), why };
    if found.template {
        return Err(refuse("it is a repeating template: change it in things 3"));
    }
    allowed(found.kind, change).map_err(refuse)?;
    let (what, kind, id) = match change {
        Change::Move(Destination::Area(id)) => {
            let mut statement =
                connection.prepare_cached("SELECT 1 FROM \"TMArea\" WHERE \"uuid\" = ?1").map_err(Error::sqlite)?;
            return match statement.exists([id.as_str()]).map_err(Error::sqlite)? {
                true => Ok(()),
                false => Err(no_such("area", id.as_str())),
            };
        }
        Change::Move(Destination::Project(id)) => ("project", Kind::Project, id),
        Change::Move(Destination::Heading(id)) => ("heading", Kind::Heading, id),
        _ => return Ok(()),
    };
    match look_up(connection, vintage, id)? {
        Some(destination) if destination.template => {
            Err(refuse("its new project is a repeating template: choose another"))
        }
        Some(destination) if destination.kind == kind => Ok(()),
        _ => Err(no_such(what, id.as_str())),
    }
}

fn no_such(what: &'static str, id: &str) -> Error {
    Error::NoSuch { what, id: id.to_owned() }
}

fn recount(connection: &Connection, vintage: Vintage, projects: &BTreeSet<String>) -> Result<()> {
    let mut statement = connection.prepare_cached(&change_sql::recount(vintage)).map_err(Error::sqlite)?;
    for project in projects {
        statement.execute([project]).map_err(Error::sqlite)?;
    }
    Ok(())
}
