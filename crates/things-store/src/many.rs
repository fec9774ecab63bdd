//! Reading about many tasks at once, and reading less of each: one statement, however many tasks there are.

use crate::error::Result;
use crate::listing;
use crate::model::{ChecklistItem, Summary, Tag, Task, TaskId};
use crate::query::{Query, Sql};
use crate::row;
use crate::store::Store;
use std::collections::HashMap;

impl Store {
    /// The tags of each of `tasks`, as [`tags_of`](Store::tags_of) gives them. A task without tags is not in the map.
    ///
    /// It is one statement, however many tasks there are.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use things_store::Store;
    ///
    /// # let store = Store::open("main.sqlite")?;
    /// let tasks = store.inbox()?;
    /// let tags = store.tags_of_all(tasks.iter().map(|task| &task.id))?;
    /// for task in &tasks {
    ///     println!("{}: {} tags", task.title, tags.get(&task.id).map_or(0, Vec::len));
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn tags_of_all<'a>(&self, tasks: impl IntoIterator<Item = &'a TaskId>) -> Result<HashMap<TaskId, Vec<Tag>>> {
        let tasks = each_once(tasks);
        self.grouped("tags_of_all", &tasks, listing::tags_of_all, |row| row::tag_of_task(row))
    }

    /// The checklist of each of `tasks`, as [`checklist`](Store::checklist) gives it. A task without one is not in the
    /// map.
    ///
    /// It is one statement, however many tasks there are.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use things_store::Store;
    ///
    /// # let store = Store::open("main.sqlite")?;
    /// let tasks = store.inbox()?;
    /// for (task, items) in store.checklists(tasks.iter().map(|task| &task.id))? {
    ///     println!("{task}: {} lines", items.len());
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn checklists<'a>(
        &self,
        tasks: impl IntoIterator<Item = &'a TaskId>,
    ) -> Result<HashMap<TaskId, Vec<ChecklistItem>>> {
        let tasks = each_once(tasks);
        self.grouped("checklists", &tasks, listing::checklists, |row| {
            let item = row::checklist_item(row)?;
            Ok((item.task.clone(), item))
        })
    }

    /// The headings of each of `projects`, as [`headings`](Store::headings) gives them. A project without any is not in
    /// the map.
    ///
    /// It is one statement, however many projects there are.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use things_store::Store;
    ///
    /// # let store = Store::open("main.sqlite")?;
    /// let projects = store.projects()?;
    /// let headings = store.headings_of_all(projects.iter().map(|project| &project.id))?;
    /// println!("{} of {} projects have headings", headings.len(), projects.len());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn headings_of_all<'a>(
        &self,
        projects: impl IntoIterator<Item = &'a TaskId>,
    ) -> Result<HashMap<TaskId, Vec<Task>>> {
        let (projects, vintage) = (each_once(projects), self.vintage());
        let sql = |projects: &[&TaskId]| listing::headings_of_all(projects, vintage);
        self.grouped("headings_of_all", &projects, sql, |row| {
            let heading = row::task(row, vintage)?;
            // The statement finds headings by their project, so each has one.
            Ok((heading.project.clone().unwrap_or_else(|| "".into()), heading))
        })
    }

    /// What a list shows of the tasks that `query` asks for. Notes and all else are not read.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use things_store::{List, Query, Store};
    ///
    /// # let store = Store::open("main.sqlite")?;
    /// for task in store.summaries(&Query::list(List::Logbook))? {
    ///     println!("{}", task.title);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn summaries(&self, query: &Query) -> Result<Vec<Summary>> {
        let vintage = self.vintage();
        self.rows(query.name(), &query.to_summary_sql(vintage), |row| row::summary(row, vintage))
    }

    /// The identifiers of the tasks that `query` asks for. Nothing else is read.
    pub fn ids(&self, query: &Query) -> Result<Vec<TaskId>> {
        self.rows(query.name(), &query.to_id_sql(self.vintage()), |row| row::task_id(row))
    }

    /// How SQLite would find the tasks that `query` asks for, a line a step, as `EXPLAIN QUERY PLAN` words it: `SEARCH` uses
    /// an index, `SCAN` reads a whole table. The words differ between versions of SQLite.
    pub fn query_plan(&self, query: &Query) -> Result<Vec<String>> {
        let vintage = self.vintage();
        self.plan(query.to_unordered_sql(vintage).unwrap_or_else(|| query.to_sql(vintage)))
    }

    fn plan(&self, mut sql: Sql) -> Result<Vec<String>> {
        sql.text = format!("EXPLAIN QUERY PLAN {}", sql.text);
        self.rows("query_plan", &sql, |row| row::step(row))
    }

    fn grouped<T>(
        &self,
        name: &'static str,
        ids: &[&TaskId],
        sql: impl Fn(&[&TaskId]) -> Sql,
        decode: impl FnMut(&rusqlite::Row<'_>) -> Result<(TaskId, T)>,
    ) -> Result<HashMap<TaskId, Vec<T>>> {
        let mut groups: HashMap<TaskId, Vec<T>> = HashMap::new();
        for (id, value) in self.rows(name, &sql(ids), decode)? {
            groups.entry(id).or_default().push(value);
        }
        Ok(groups)
    }
}

/// `ids` in their order, so that those near each other in an index are read together; none of them twice.
fn each_once<'a>(ids: impl IntoIterator<Item = &'a TaskId>) -> Vec<&'a TaskId> {
    let mut ids: Vec<_> = ids.into_iter().collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}
