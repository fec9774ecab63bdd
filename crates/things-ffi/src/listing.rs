//! Lists of areas, tags and checklist items, and what all lists have in common.

use crate::entry::entry;
use crate::handle::Registry;
use crate::status::{Failure, ThingsStatus};
use crate::text::{Out, Text, ThingsText};
use crate::values::{shown_progress, ThingsProgress};
use things_store::{Area, ChecklistItem, Tag};

/// A type of C that is a list of rows.
pub(crate) trait Listed: Sized + 'static {
    type Row: 'static;

    fn registry() -> &'static Registry<Self, Vec<Self::Row>>;
}

/// How long a list is.
///
/// # Safety
/// `out` is NULL or points to room for the result.
pub(crate) unsafe fn length<L: Listed>(list: *const L, out: *mut usize) -> ThingsStatus {
    entry(|| {
        // SAFETY: the caller's promise is the same.
        let out = unsafe { Out::new(out, "out") }?;
        out.set(L::registry().get(list)?.len());
        Ok(())
    })
}

/// A field of the row at `at`.
///
/// # Safety
/// As [`length`].
pub(crate) unsafe fn field<L: Listed, T>(
    list: *const L,
    at: usize,
    out: *mut T,
    read: impl FnOnce(&L::Row) -> Option<T>,
) -> ThingsStatus {
    entry(|| {
        // SAFETY: the caller's promise is the same.
        let out = unsafe { Out::new(out, "out") }?;
        let rows = L::registry().get(list)?;
        let row = rows.get(at).ok_or_else(|| Failure::index(at, rows.len()))?;
        out.set(read(row).ok_or_else(Failure::absent)?);
        Ok(())
    })
}

/// A list of tags.
pub struct ThingsTags {
    _of_c: [u8; 0],
}

pub(crate) static TAGS: Registry<ThingsTags, Vec<TagRow>> = Registry::new(5);

impl Listed for ThingsTags {
    type Row = TagRow;

    fn registry() -> &'static Registry<ThingsTags, Vec<TagRow>> {
        &TAGS
    }
}

/// A tag, its strings as C reads them.
pub(crate) struct TagRow {
    id: Text,
    title: Text,
    shortcut: Option<Text>,
    parent: Option<Text>,
}

pub(crate) fn tags(found: Vec<Tag>) -> Result<*mut ThingsTags, Failure> {
    let row = |one: Tag| TagRow {
        id: Text::new(one.id.as_str()),
        title: Text::new(&one.title),
        shortcut: one.shortcut.as_deref().map(Text::new),
        parent: one.parent.as_ref().map(|id| Text::new(id.as_str())),
    };
    TAGS.insert(found.into_iter().map(row).collect())
}

/// How many tags there are.
#[no_mangle]
pub unsafe extern "C" fn things_tags_length(tags: *const ThingsTags, out: *mut usize) -> ThingsStatus {
    // SAFETY: the caller's promise about `out`.
    unsafe { length(tags, out) }
}

/// Frees a list of tags, and all strings that were read from it.
#[no_mangle]
pub extern "C" fn things_tags_free(tags: *mut ThingsTags) -> ThingsStatus {
    entry(|| TAGS.free(tags))
}

/// The identifier.
#[no_mangle]
pub unsafe extern "C" fn things_tags_id(tags: *const ThingsTags, at: usize, out: *mut ThingsText) -> ThingsStatus {
    // SAFETY: the caller's promise about `out`.
    unsafe { field(tags, at, out, |one| Some(one.id.shown())) }
}

/// The title, possibly empty.
#[no_mangle]
pub unsafe extern "C" fn things_tags_title(tags: *const ThingsTags, at: usize, out: *mut ThingsText) -> ThingsStatus {
    // SAFETY: the caller's promise about `out`.
    unsafe { field(tags, at, out, |one| Some(one.title.shown())) }
}

/// The key that sets it, or `THINGS_STATUS_ABSENT`.
#[no_mangle]
pub unsafe extern "C" fn things_tags_shortcut(
    tags: *const ThingsTags,
    at: usize,
    out: *mut ThingsText,
) -> ThingsStatus {
    // SAFETY: the caller's promise about `out`.
    unsafe { field(tags, at, out, |one| one.shortcut.as_ref().map(Text::shown)) }
}

/// The tag above it, or `THINGS_STATUS_ABSENT`.
#[no_mangle]
pub unsafe extern "C" fn things_tags_parent(tags: *const ThingsTags, at: usize, out: *mut ThingsText) -> ThingsStatus {
    // SAFETY: the caller's promise about `out`.
    unsafe { field(tags, at, out, |one| one.parent.as_ref().map(Text::shown)) }
}

/// A list of areas.
pub struct ThingsAreas {
    _of_c: [u8; 0],
}

pub(crate) static AREAS: Registry<ThingsAreas, Vec<AreaRow>> = Registry::new(6);

impl Listed for ThingsAreas {
    type Row = AreaRow;

    fn registry() -> &'static Registry<ThingsAreas, Vec<AreaRow>> {
        &AREAS
    }
}

/// An area, its strings as C reads them.
pub(crate) struct AreaRow {
    id: Text,
    title: Text,
    visible: bool,
}

pub(crate) fn areas(found: Vec<Area>) -> Result<*mut ThingsAreas, Failure> {
    let row =
        |one: Area| AreaRow { id: Text::new(one.id.as_str()), title: Text::new(&one.title), visible: one.visible };
    AREAS.insert(found.into_iter().map(row).collect())
}

/// How many areas there are.
#[no_mangle]
pub unsafe extern "C" fn things_areas_length(areas: *const ThingsAreas, out: *mut usize) -> ThingsStatus {
    // SAFETY: the caller's promise about `out`.
    unsafe { length(areas, out) }
}

/// Frees a list of areas, and all strings that were read from it.
#[no_mangle]
pub extern "C" fn things_areas_free(areas: *mut ThingsAreas) -> ThingsStatus {
    entry(|| AREAS.free(areas))
}

/// The identifier.
#[no_mangle]
pub unsafe extern "C" fn things_areas_id(areas: *const ThingsAreas, at: usize, out: *mut ThingsText) -> ThingsStatus {
    // SAFETY: the caller's promise about `out`.
    unsafe { field(areas, at, out, |one| Some(one.id.shown())) }
}

/// The title, possibly empty.
#[no_mangle]
pub unsafe extern "C" fn things_areas_title(
    areas: *const ThingsAreas,
    at: usize,
    out: *mut ThingsText,
) -> ThingsStatus {
    // SAFETY: the caller's promise about `out`.
    unsafe { field(areas, at, out, |one| Some(one.title.shown())) }
}

/// Whether the app shows it.
#[no_mangle]
pub unsafe extern "C" fn things_areas_visible(areas: *const ThingsAreas, at: usize, out: *mut bool) -> ThingsStatus {
    // SAFETY: the caller's promise about `out`.
    unsafe { field(areas, at, out, |one| Some(one.visible)) }
}

/// A list of lines.
pub struct ThingsChecklist {
    _of_c: [u8; 0],
}

pub(crate) static CHECKLISTS: Registry<ThingsChecklist, Vec<ChecklistItemRow>> = Registry::new(7);

impl Listed for ThingsChecklist {
    type Row = ChecklistItemRow;

    fn registry() -> &'static Registry<ThingsChecklist, Vec<ChecklistItemRow>> {
        &CHECKLISTS
    }
}

/// A line of a checklist, its strings as C reads them.
pub(crate) struct ChecklistItemRow {
    id: Text,
    title: Text,
    status: ThingsProgress,
    stopped: Option<f64>,
}

pub(crate) fn checklist(found: Vec<ChecklistItem>) -> Result<*mut ThingsChecklist, Failure> {
    let row = |one: ChecklistItem| ChecklistItemRow {
        id: Text::new(one.id.as_str()),
        title: Text::new(&one.title),
        status: shown_progress(one.status),
        stopped: one.stopped.map(|time| time.unix_seconds()),
    };
    CHECKLISTS.insert(found.into_iter().map(row).collect())
}

/// How many lines there are.
#[no_mangle]
pub unsafe extern "C" fn things_checklist_length(checklist: *const ThingsChecklist, out: *mut usize) -> ThingsStatus {
    // SAFETY: the caller's promise about `out`.
    unsafe { length(checklist, out) }
}

/// Frees a list of lines, and all strings that were read from it.
#[no_mangle]
pub extern "C" fn things_checklist_free(checklist: *mut ThingsChecklist) -> ThingsStatus {
    entry(|| CHECKLISTS.free(checklist))
}

/// The identifier.
#[no_mangle]
pub unsafe extern "C" fn things_checklist_id(
    checklist: *const ThingsChecklist,
    at: usize,
    out: *mut ThingsText,
) -> ThingsStatus {
    // SAFETY: the caller's promise about `out`.
    unsafe { field(checklist, at, out, |one| Some(one.id.shown())) }
}

/// The title, possibly empty.
#[no_mangle]
pub unsafe extern "C" fn things_checklist_title(
    checklist: *const ThingsChecklist,
    at: usize,
    out: *mut ThingsText,
) -> ThingsStatus {
    // SAFETY: the caller's promise about `out`.
    unsafe { field(checklist, at, out, |one| Some(one.title.shown())) }
}

/// Incomplete, cancelled or completed.
#[no_mangle]
pub unsafe extern "C" fn things_checklist_status(
    checklist: *const ThingsChecklist,
    at: usize,
    out: *mut ThingsProgress,
) -> ThingsStatus {
    // SAFETY: the caller's promise about `out`.
    unsafe { field(checklist, at, out, |one| Some(one.status)) }
}

/// When it was completed or cancelled, in Unix seconds, or `THINGS_STATUS_ABSENT`.
#[no_mangle]
pub unsafe extern "C" fn things_checklist_stopped(
    checklist: *const ThingsChecklist,
    at: usize,
    out: *mut f64,
) -> ThingsStatus {
    // SAFETY: the caller's promise about `out`.
    unsafe { field(checklist, at, out, |one| one.stopped) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::ThingsText;
    use std::ptr::null;

    /// Without a database, so that Miri follows each pointer.
    #[test]
    fn strings_are_read_in_place_until_their_list_is_freed() {
        let row = |id: &str| AreaRow { id: Text::new(id), title: Text::new("a\0b"), visible: id == "two" };
        let areas = AREAS.insert(vec![row("one"), row("two")]).unwrap();
        let mut text = ThingsText { data: null(), length: 0 };
        let (mut count, mut visible) = (0, false);
        // SAFETY: the places live here; the strings belong to `areas`, which is freed last.
        unsafe {
            assert_eq!(things_areas_length(areas, &mut count), ThingsStatus::Ok);
            for (at, id) in ["one", "two"].into_iter().enumerate() {
                assert_eq!(things_areas_id(areas, at, &mut text), ThingsStatus::Ok);
                assert_eq!(
                    std::slice::from_raw_parts(text.data.cast::<u8>(), text.length + 1),
                    format!("{id}\0").as_bytes()
                );
                assert_eq!(things_areas_title(areas, at, &mut text), ThingsStatus::Ok);
                assert_eq!(std::slice::from_raw_parts(text.data.cast::<u8>(), text.length + 1), b"a\0b\0");
                assert_eq!(things_areas_visible(areas, at, &mut visible), ThingsStatus::Ok);
                assert_eq!(visible, at == 1);
            }
            assert_eq!(things_areas_title(areas, 2, &mut text), ThingsStatus::OutOfRange);
            assert_eq!(things_areas_title(areas, 0, std::ptr::null_mut()), ThingsStatus::NullArgument);
            assert_eq!(things_tags_title(areas.cast(), 0, &mut text), ThingsStatus::BadHandle);
            assert_eq!(things_areas_free(areas), ThingsStatus::Ok);
            assert_eq!(things_areas_title(areas, 0, &mut text), ThingsStatus::BadHandle);
        }
        assert_eq!(count, 2);
    }
}
