//! The tasks of a query, and the lists that the app shows, each a query with a name.

use crate::date::Date;
use crate::error::Result;
use crate::listing;
use crate::model::{Area, AreaId, ChecklistItem, Kind, Status, Tag, TagId, Task, TaskId};
use crate::query::{List, Query};
use crate::row;
use crate::sorted::Unsorted;
use crate::store::Store;

impl Store {
    /// The tasks that `query` asks for, in its order.
    pub fn tasks(&self, query: &Query) -> Result<Vec<Task>> {
        let vintage = self.vintage();
        let Some(sql) = query.to_unordered_sql(vintage) else {
            let sql = query.to_sql(vintage);
            return self.rows(query.name(), &sql, |row| row::task(row, vintage));
        };
        self.observe(
            query.name(),
            |tasks: &Vec<Task>| tasks.len() as u64,
            |connection| {
                let mut unsorted = Unsorted::new(query.order(vintage));
                let tasks = self.read_rows(connection, &sql, |row| {
                    let task = row::task(row, vintage)?;
                    unsorted.push(row)?;
                    Ok(task)
                })?;
                Ok(unsorted.sort(tasks))
            },
        )
    }

    /// How many tasks `query` asks for.
    pub fn count(&self, query: &Query) -> Result<u64> {
        let counts = self.rows("count", &query.to_count_sql(self.vintage()), |row| row::count(row))?;
        Ok(counts.first().copied().unwrap_or(0))
    }

    /// One task of any kind, in the trash or not. Repeating templates are not found.
    pub fn task(&self, id: &TaskId) -> Result<Option<Task>> {
        Ok(self.tasks(&Query::by_id(id))?.pop())
    }

    /// Open to-dos that nobody has looked at yet.
    pub fn inbox(&self) -> Result<Vec<Task>> {
        self.tasks(&Query::list(List::Inbox))
    }

    /// What is to be done on the day `today`: started by then, or due by then.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use things_store::{Date, Store};
    ///
    /// # let store = Store::open("main.sqlite")?;
    /// let day: Date = "2024-06-12".parse()?;
    /// let (inbox, today, upcoming) = (store.inbox()?, store.today(day)?, store.upcoming(day)?);
    /// println!("{} to sort, {} to do, {} to come", inbox.len(), today.len(), upcoming.len());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn today(&self, today: Date) -> Result<Vec<Task>> {
        self.tasks(&Query::list(List::Today(today)))
    }

    /// What starts after the day `today`, the nearest first.
    pub fn upcoming(&self, today: Date) -> Result<Vec<Task>> {
        self.tasks(&Query::list(List::Upcoming(today)))
    }

    /// What can be done at any time.
    pub fn anytime(&self) -> Result<Vec<Task>> {
        self.tasks(&Query::list(List::Anytime))
    }

    /// What is put off without a date.
    pub fn someday(&self) -> Result<Vec<Task>> {
        self.tasks(&Query::list(List::Someday))
    }

    /// What was completed or cancelled, the latest first.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use things_store::{Status, Store};
    ///
    /// # let store = Store::open("main.sqlite")?;
    /// let (done, dropped): (Vec<_>, Vec<_>) =
    ///     store.logbook()?.into_iter().partition(|task| task.status == Status::Completed);
    /// println!("{} completed, {} cancelled", done.len(), dropped.len());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn logbook(&self) -> Result<Vec<Task>> {
        self.tasks(&Query::list(List::Logbook))
    }

    /// What was thrown away, the latest change first.
    pub fn trash(&self) -> Result<Vec<Task>> {
        self.tasks(&Query::list(List::Trash))
    }

    /// The open projects, in all areas and in none.
    pub fn projects(&self) -> Result<Vec<Task>> {
        let mut projects = self.tasks(&Query::all().kind(Kind::Project))?;
        projects.retain(|project| project.status == Status::Incomplete);
        Ok(projects)
    }

    /// The headings of a project, from the top.
    pub fn headings(&self, project: &TaskId) -> Result<Vec<Task>> {
        self.tasks(&Query::all().kind(Kind::Heading).project(project))
    }

    /// To-dos and projects whose title or notes have `text` in them, in any list but the trash.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use things_store::Store;
    ///
    /// # let store = Store::open("main.sqlite")?;
    /// for task in store.search("milk")? {
    ///     println!("{}: {}", task.id, task.title);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn search(&self, text: &str) -> Result<Vec<Task>> {
        self.tasks(&Query::all().text(text))
    }

    /// To-dos and projects that carry the tag, or one below it.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use things_store::Store;
    ///
    /// # let store = Store::open("main.sqlite")?;
    /// for tag in store.tags()? {
    ///     println!("{}: {} tasks", tag.title, store.by_tag(&tag.id)?.len());
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn by_tag(&self, tag: &TagId) -> Result<Vec<Task>> {
        self.tasks(&Query::all().tag(tag))
    }

    /// To-dos and projects in the area, directly or by way of a project.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use things_store::Store;
    ///
    /// # let store = Store::open("main.sqlite")?;
    /// for area in store.areas()? {
    ///     println!("{}: {} tasks", area.title, store.by_area(&area.id)?.len());
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn by_area(&self, area: &AreaId) -> Result<Vec<Task>> {
        self.tasks(&Query::all().area(area))
    }

    /// Open tasks with a deadline up to `last`, or with any deadline; the nearest first.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use things_store::{Date, Store};
    ///
    /// # let store = Store::open("main.sqlite")?;
    /// let today: Date = "2024-06-12".parse()?;
    /// for task in store.deadlines(today.plus_days(7))? {
    ///     println!("{} is due {:?}", task.title, task.deadline);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn deadlines(&self, last: Option<Date>) -> Result<Vec<Task>> {
        self.tasks(&Query::all().due(None, last))
    }

    /// All areas, hidden ones too, from the top.
    pub fn areas(&self) -> Result<Vec<Area>> {
        self.rows("areas", &listing::areas(), |row| row::area(row))
    }

    /// All tags, from the top.
    pub fn tags(&self) -> Result<Vec<Tag>> {
        self.rows("tags", &listing::tags(), |row| row::tag(row))
    }

    /// The tags that the task itself carries.
    pub fn tags_of(&self, task: &TaskId) -> Result<Vec<Tag>> {
        self.rows("tags_of", &listing::tags_of(task), |row| row::tag(row))
    }

    /// The tags that the area itself carries.
    pub fn tags_of_area(&self, area: &AreaId) -> Result<Vec<Tag>> {
        self.rows("tags_of_area", &listing::tags_of_area(area), |row| row::tag(row))
    }

    /// The checklist of a to-do, from the top.
    pub fn checklist(&self, task: &TaskId) -> Result<Vec<ChecklistItem>> {
        self.rows("checklist", &listing::checklist(task), |row| row::checklist_item(row))
    }
}
