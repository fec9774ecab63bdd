//! What is known of each task, in sixteen bytes, and how what is read differs from it.
//!
//! A fingerprint is of all stored values that a task is read from, so every change of a task changes it. Two of 64 bits,
//! because one of 2⁶⁴ rows would be enough for a change to be missed by accident, and because a row costs nothing more.

use crate::delivery::{EventKind, TaskEvent};
use crate::error::{Error, Result};
use crate::model::{Kind, TaskId};
use crate::query;
use crate::row::{self, Fields};
use crate::schema;
use crate::vintage::Vintage;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension};
use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, HashSet};
use std::hash::Hasher;

type Print = (u64, u64);

/// Every task by its identifier.
#[derive(Default)]
pub(crate) struct Known {
    rows: HashMap<Box<str>, Row>,
    /// The number of the latest comparison of all rows.
    scan: u64,
    /// Whether there was one that has been learned. What the first one finds is no news.
    is_complete: bool,
}

struct Row {
    print: Print,
    /// The last comparison of all rows that has come by it.
    scan: u64,
}

/// How tasks that were read differ from the known ones.
#[derive(Default)]
pub(crate) struct Difference {
    found: Vec<(TaskEvent, Option<Print>)>,
}

impl Difference {
    /// Selects what `row::task` reads, of everything that is a task; `more` is put after the conditions. The task is `t`.
    pub(crate) fn sql(vintage: Vintage, more: &str) -> String {
        let names = schema::columns(vintage);
        format!(
            "SELECT {columns} FROM \"TMTask\" t \
             LEFT JOIN \"TMTask\" h ON h.\"uuid\" = t.\"{heading}\" \
             LEFT JOIN \"TMTask\" p ON p.\"uuid\" = coalesce(h.\"project\", t.\"project\") \
             WHERE t.\"{rule}\" IS NULL AND p.\"{rule}\" IS NULL AND t.\"uuid\" IS NOT NULL {more}",
            columns = query::select_columns(vintage),
            heading = names.heading,
            rule = names.recurrence_rule,
        )
    }

    /// Compares every row.
    pub(crate) fn of_all(known: &mut Known, connection: &Connection, vintage: Vintage) -> Result<Difference> {
        known.scan += 1;
        let sql = Difference::sql(vintage, "ORDER BY t.rowid");
        let mut statement = connection.prepare_cached(&sql).map_err(Error::sqlite)?;
        let columns = statement.column_count();
        let mut rows = statement.query([]).map_err(Error::sqlite)?;
        let mut difference = Difference::default();
        while let Some(row) = rows.next().map_err(Error::sqlite)? {
            difference.add(known, row, columns, vintage)?;
        }
        difference.find_removed(known);
        Ok(difference)
    }

    /// Compares the rows of these numbers; all rows if one of them is gone, or others depend on it.
    pub(crate) fn of_touched(
        known: &mut Known,
        connection: &Connection,
        vintage: Vintage,
        numbers: &[i64],
    ) -> Result<Difference> {
        let sql = Difference::sql(vintage, "AND t.rowid = ?1");
        let mut statement = connection.prepare_cached(&sql).map_err(Error::sqlite)?;
        let columns = statement.column_count();
        let mut seen = HashSet::new();
        let mut difference = Difference::default();
        for number in numbers.iter().filter(|number| seen.insert(**number)) {
            let compared = |row: &rusqlite::Row<'_>| Ok(difference.add(known, row, columns, vintage));
            let there = statement.query_row([number], compared).optional().map_err(Error::sqlite)?;
            let depended_on = match there.transpose()? {
                // Removed, or a template: which task it was is not known.
                None => true,
                Some(()) => difference.ends_with_a_heading(),
            };
            if depended_on {
                return Difference::of_all(known, connection, vintage);
            }
        }
        Ok(difference)
    }

    /// What the latest comparison of all rows has not come by.
    fn find_removed(&mut self, known: &Known) {
        let is_gone = |row: &Row| row.scan != known.scan;
        let mut gone: Vec<&str> = known.rows.iter().filter(|(_, row)| is_gone(row)).map(|(id, _)| &**id).collect();
        gone.sort_unstable();
        let deleted = |id| TaskEvent { id: TaskId::from(id), kind: EventKind::Deleted, task: None };
        self.found.extend(gone.into_iter().map(|id| (deleted(id), None)));
    }

    fn ends_with_a_heading(&self) -> bool {
        let last = self.found.last().and_then(|(event, _)| event.task.as_ref());
        last.is_some_and(|task| task.kind == Kind::Heading)
    }

    fn add(&mut self, known: &mut Known, row: &dyn Fields, columns: usize, vintage: Vintage) -> Result<()> {
        let ValueRef::Text(id) = row.field(0)? else {
            // The column is of text: whatever else is in it was made to do harm.
            return Ok(());
        };
        let Ok(id) = std::str::from_utf8(id) else {
            return Ok(());
        };
        let print = print(row, columns)?;
        if !known.is_complete {
            // At once and without the task: this may be a million.
            known.rows.insert(id.into(), Row { print, scan: known.scan });
            return Ok(());
        }
        let kind = match known.rows.get_mut(id) {
            None => EventKind::Inserted,
            Some(before) => {
                before.scan = known.scan;
                if before.print == print {
                    return Ok(());
                }
                EventKind::Updated
            }
        };
        let task = row::task(row, vintage).ok();
        self.found.push((TaskEvent { id: TaskId::from(id), kind, task }, Some(print)));
        Ok(())
    }

    /// From now on it is known. Returns the events, in their order.
    pub(crate) fn learn(self, known: &mut Known) -> Vec<TaskEvent> {
        let Known { rows, scan, is_complete } = known;
        let is_news = std::mem::replace(is_complete, true);
        let learn = |(event, print): (TaskEvent, Option<Print>)| {
            match print {
                Some(print) => drop(rows.insert(event.id.as_str().into(), Row { print, scan: *scan })),
                None => drop(rows.remove(event.id.as_str())),
            }
            event
        };
        self.found.into_iter().map(learn).filter(|_| is_news).collect()
    }
}

fn print(row: &dyn Fields, columns: usize) -> Result<Print> {
    let (mut one, mut two) = (DefaultHasher::new(), DefaultHasher::new());
    two.write_u8(1);
    for column in 0..columns {
        let value = row.field(column)?;
        for hasher in [&mut one, &mut two] {
            write(hasher, value);
        }
    }
    Ok((one.finish(), two.finish()))
}

/// With kind and length, so that no two rows write the same.
fn write(hasher: &mut DefaultHasher, value: ValueRef<'_>) {
    match value {
        ValueRef::Null => hasher.write_u8(0),
        ValueRef::Integer(integer) => {
            hasher.write_u8(1);
            hasher.write_i64(integer);
        }
        ValueRef::Real(real) => {
            hasher.write_u8(2);
            hasher.write_u64(real.to_bits());
        }
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            hasher.write_u8(if matches!(value, ValueRef::Text(_)) { 3 } else { 4 });
            hasher.write_usize(bytes.len());
            hasher.write(bytes);
        }
    }
}

#[cfg(test)]
#[path = "fingerprint_tests.rs"]
mod tests;
