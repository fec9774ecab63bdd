//! Dates, times and choices as C has them.

use crate::status::{Failure, ThingsStatus};
use things_store::{Access, AreaId, Date, Destination, Kind, List, Start, Status, TaskId, TimeOfDay, When};

/// A day of the calendar, without a time zone.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThingsDate {
    /// Such as 2024.
    pub year: i32,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
}

/// A time on the wall clock.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThingsTime {
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
}

/// Whether a store may change its database.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThingsAccess {
    /// It never changes the file.
    ReadOnly = 0,
    /// It may, by `things_store_apply`.
    ReadWrite = 1,
    /// Read-only, and a database of a version that this library does not know is read as the nearest that it knows, if all
    /// tables and columns are there. Nothing is promised of what is read; see `things_store_is_best_effort`.
    BestEffort = 2,
}

/// The lists of the app's sidebar.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThingsList {
    /// Open to-dos that nobody has looked at yet.
    Inbox = 0,
    /// Started by the day, or due by it. Needs the day.
    Today = 1,
    /// To start after the day. Needs the day.
    Upcoming = 2,
    /// Can be done at any time.
    Anytime = 3,
    /// Put off without a date.
    Someday = 4,
    /// Completed or cancelled, the latest first.
    Logbook = 5,
    /// Thrown away, the latest change first.
    Trash = 6,
}

/// What a task is.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThingsKind {
    /// What is neither a project nor a heading.
    ToDo = 0,
    /// A project, which holds to-dos and headings.
    Project = 1,
    /// A heading within a project.
    Heading = 2,
}

/// How far a task or a line of a checklist is.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThingsProgress {
    /// Still open.
    Incomplete = 0,
    /// Given up.
    Cancelled = 2,
    /// Done.
    Completed = 3,
}

/// Where a task waits for its turn.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThingsStart {
    /// Not looked at yet.
    Inbox = 0,
    /// To be done when there is time, or today once the start date has come.
    Anytime = 1,
    /// Not now: without a start date some day, with one upcoming.
    Someday = 2,
}

/// Where a task is moved to.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThingsDestination {
    /// The inbox. To-dos only; no target.
    Inbox = 0,
    /// The area that the target names. To-dos and projects.
    Area = 1,
    /// The project that the target names. To-dos and headings.
    Project = 2,
    /// The heading that the target names. To-dos only.
    Heading = 3,
    /// No area, project or heading; no target. To-dos and projects.
    Loose = 4,
}

/// When a task shall start.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThingsWhen {
    /// Any time, without a start date.
    Anytime = 0,
    /// Some day, without a start date.
    Someday = 1,
    /// On the day, which is needed.
    On = 2,
    /// On the batch's today, in the evening.
    ThisEvening = 3,
}

impl From<Date> for ThingsDate {
    fn from(date: Date) -> ThingsDate {
        ThingsDate { year: date.year(), month: date.month(), day: date.day() }
    }
}

impl From<TimeOfDay> for ThingsTime {
    fn from(time: TimeOfDay) -> ThingsTime {
        ThingsTime { hour: time.hour(), minute: time.minute() }
    }
}

pub(crate) fn date(given: ThingsDate) -> Result<Date, Failure> {
    let ThingsDate { year, month, day } = given;
    let none = || Failure::new(ThingsStatus::BadArgument, format!("there is no day {year:04}-{month:02}-{day:02}"));
    Date::new(year, month, day).ok_or_else(none)
}

/// What a number chooses: C may pass any.
fn choice<T: Copy>(what: &str, number: i32, choices: &[(i32, T)]) -> Result<T, Failure> {
    let found = choices.iter().find(|(known, _)| *known == number).map(|(_, choice)| *choice);
    found.ok_or_else(|| Failure::new(ThingsStatus::BadArgument, format!("{number} is none of the values of `{what}`")))
}

/// The access, and whether a version that is not known may be read.
pub(crate) fn access(number: i32) -> Result<(Access, bool), Failure> {
    use ThingsAccess as A;
    let all = [A::ReadOnly, A::ReadWrite, A::BestEffort];
    Ok(match choice("ThingsAccess", number, &all.map(|one| (one as i32, one)))? {
        A::ReadOnly => (Access::ReadOnly, false),
        A::ReadWrite => (Access::ReadWrite, false),
        A::BestEffort => (Access::ReadOnly, true),
    })
}

pub(crate) fn list(number: i32, today: Option<ThingsDate>) -> Result<List, Failure> {
    use ThingsList as L;
    let all = [L::Inbox, L::Today, L::Upcoming, L::Anytime, L::Someday, L::Logbook, L::Trash];
    let day = || today.ok_or_else(|| Failure::null("today")).and_then(date);
    Ok(match choice("ThingsList", number, &all.map(|list| (list as i32, list)))? {
        L::Inbox => List::Inbox,
        L::Today => List::Today(day()?),
        L::Upcoming => List::Upcoming(day()?),
        L::Anytime => List::Anytime,
        L::Someday => List::Someday,
        L::Logbook => List::Logbook,
        L::Trash => List::Trash,
    })
}

pub(crate) fn kind(number: i32) -> Result<Kind, Failure> {
    use ThingsKind as K;
    let all = [(K::ToDo, Kind::ToDo), (K::Project, Kind::Project), (K::Heading, Kind::Heading)];
    choice("ThingsKind", number, &all.map(|(shown, kind)| (shown as i32, kind)))
}

/// `target` is asked for when there has to be one.
pub(crate) fn destination<'a>(
    number: i32,
    target: impl FnOnce() -> Result<&'a str, Failure>,
) -> Result<Destination, Failure> {
    use ThingsDestination as D;
    let all = [D::Inbox, D::Area, D::Project, D::Heading, D::Loose];
    Ok(match choice("ThingsDestination", number, &all.map(|one| (one as i32, one)))? {
        D::Inbox => Destination::Inbox,
        D::Area => Destination::Area(AreaId::from(target()?)),
        D::Project => Destination::Project(TaskId::from(target()?)),
        D::Heading => Destination::Heading(TaskId::from(target()?)),
        D::Loose => Destination::Loose,
    })
}

pub(crate) fn when(number: i32, day: Option<ThingsDate>) -> Result<When, Failure> {
    use ThingsWhen as W;
    let all = [W::Anytime, W::Someday, W::On, W::ThisEvening];
    Ok(match choice("ThingsWhen", number, &all.map(|one| (one as i32, one)))? {
        W::Anytime => When::Anytime,
        W::Someday => When::Someday,
        W::On => When::On(date(day.ok_or_else(|| Failure::null("day"))?)?),
        W::ThisEvening => When::ThisEvening,
    })
}

pub(crate) fn shown_kind(kind: Kind) -> ThingsKind {
    match kind {
        Kind::ToDo => ThingsKind::ToDo,
        Kind::Project => ThingsKind::Project,
        Kind::Heading => ThingsKind::Heading,
    }
}

pub(crate) fn shown_progress(status: Status) -> ThingsProgress {
    match status {
        Status::Incomplete => ThingsProgress::Incomplete,
        Status::Cancelled => ThingsProgress::Cancelled,
        Status::Completed => ThingsProgress::Completed,
    }
}

pub(crate) fn shown_start(start: Start) -> ThingsStart {
    match start {
        Start::Inbox => ThingsStart::Inbox,
        Start::Anytime => ThingsStart::Anytime,
        Start::Someday => ThingsStart::Someday,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: ThingsDate = ThingsDate { year: 2024, month: 2, day: 29 };

    #[test]
    fn numbers_that_choose_nothing_are_refused() {
        for number in [-1, 7, 100, i32::MIN, i32::MAX] {
            assert_eq!(list(number, Some(DAY)).unwrap_err().status, ThingsStatus::BadArgument);
            assert_eq!(kind(number).unwrap_err().status, ThingsStatus::BadArgument);
            assert_eq!(access(number).unwrap_err().status, ThingsStatus::BadArgument);
            assert_eq!(when(number, Some(DAY)).unwrap_err().status, ThingsStatus::BadArgument);
            assert_eq!(destination(number, || Ok("a")).unwrap_err().status, ThingsStatus::BadArgument);
        }
    }

    #[test]
    fn a_day_is_asked_for_where_one_is_needed() {
        let day = Date::new(2024, 2, 29).unwrap();
        assert_eq!(list(1, Some(DAY)).unwrap(), List::Today(day));
        assert_eq!(list(2, Some(DAY)).unwrap(), List::Upcoming(day));
        assert_eq!(when(2, Some(DAY)).unwrap(), When::On(day));
        for result in [list(1, None).err(), list(2, None).err(), when(2, None).err()] {
            assert_eq!(result.unwrap().status, ThingsStatus::NullArgument);
        }
        assert_eq!(list(0, None).unwrap(), List::Inbox);
        assert_eq!(when(3, None).unwrap(), When::ThisEvening);
    }

    #[test]
    fn days_that_are_not_in_the_calendar_are_refused() {
        for (year, month, day) in
            [(2023, 2, 29), (2024, 0, 1), (2024, 13, 1), (2024, 1, 0), (2024, 4, 31), (i32::MIN, 1, 1)]
        {
            let failure = date(ThingsDate { year, month, day }).unwrap_err();
            assert_eq!(failure.status, ThingsStatus::BadArgument);
        }
        let kept = date(DAY).unwrap();
        assert_eq!(ThingsDate::from(kept), DAY);
    }

    #[test]
    fn a_target_is_asked_for_where_one_is_needed() {
        let refuse = || Err(Failure::null("target"));
        assert_eq!(destination(0, refuse).unwrap(), Destination::Inbox);
        assert_eq!(destination(4, refuse).unwrap(), Destination::Loose);
        for number in 1..=3 {
            assert_eq!(destination(number, refuse).unwrap_err().status, ThingsStatus::NullArgument);
        }
        assert_eq!(destination(3, || Ok("h")).unwrap(), Destination::Heading(TaskId::from("h")));
    }
}
