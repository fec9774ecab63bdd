//! A panic planted behind each exported function comes out as a status, and goes no further.

use crate::entry::tests::{last_error, plant};
use crate::*;
use std::ptr::{null, null_mut};

/// A function's name, and a call of it.
type Call<T> = (&'static str, fn() -> T);

/// Each function that reports a status, called with nothing.
#[rustfmt::skip]
#[allow(clippy::undocumented_unsafe_blocks)] // NULL and numbers alone, which each function checks.
const WITH_A_STATUS: &[Call<ThingsStatus>] = &[
    ("things_batch_new", || unsafe { things_batch_new(0.0, null(), null_mut()) }),
    ("things_batch_length", || unsafe { things_batch_length(null(), null_mut()) }),
    ("things_batch_complete", || unsafe { things_batch_complete(null_mut(), null()) }),
    ("things_batch_cancel", || unsafe { things_batch_cancel(null_mut(), null()) }),
    ("things_batch_reopen", || unsafe { things_batch_reopen(null_mut(), null()) }),
    ("things_batch_trash", || unsafe { things_batch_trash(null_mut(), null()) }),
    ("things_batch_restore", || unsafe { things_batch_restore(null_mut(), null()) }),
    ("things_batch_delete", || unsafe { things_batch_delete(null_mut(), null()) }),
    ("things_batch_move", || unsafe { things_batch_move(null_mut(), null(), 0, null()) }),
    ("things_batch_schedule", || unsafe { things_batch_schedule(null_mut(), null(), 0, null()) }),
    ("things_batch_deadline", || unsafe { things_batch_deadline(null_mut(), null(), null()) }),
    ("things_batch_free", || things_batch_free(null_mut())),
    ("things_tags_length", || unsafe { things_tags_length(null(), null_mut()) }),
    ("things_tags_free", || things_tags_free(null_mut())),
    ("things_tags_id", || unsafe { things_tags_id(null(), 0, null_mut()) }),
    ("things_tags_title", || unsafe { things_tags_title(null(), 0, null_mut()) }),
    ("things_tags_shortcut", || unsafe { things_tags_shortcut(null(), 0, null_mut()) }),
    ("things_tags_parent", || unsafe { things_tags_parent(null(), 0, null_mut()) }),
    ("things_areas_length", || unsafe { things_areas_length(null(), null_mut()) }),
    ("things_areas_free", || things_areas_free(null_mut())),
    ("things_areas_id", || unsafe { things_areas_id(null(), 0, null_mut()) }),
    ("things_areas_title", || unsafe { things_areas_title(null(), 0, null_mut()) }),
    ("things_areas_visible", || unsafe { things_areas_visible(null(), 0, null_mut()) }),
    ("things_checklist_length", || unsafe { things_checklist_length(null(), null_mut()) }),
    ("things_checklist_free", || things_checklist_free(null_mut())),
    ("things_checklist_id", || unsafe { things_checklist_id(null(), 0, null_mut()) }),
    ("things_checklist_title", || unsafe { things_checklist_title(null(), 0, null_mut()) }),
    ("things_checklist_status", || unsafe { things_checklist_status(null(), 0, null_mut()) }),
    ("things_checklist_stopped", || unsafe { things_checklist_stopped(null(), 0, null_mut()) }),
    ("things_query_new", || unsafe { things_query_new(null_mut()) }),
    ("things_query_list", || unsafe { things_query_list(0, null(), null_mut()) }),
    ("things_query_kind", || things_query_kind(null_mut(), 0)),
    ("things_query_text", || unsafe { things_query_text(null_mut(), null(), 0) }),
    ("things_query_tag", || unsafe { things_query_tag(null_mut(), null()) }),
    ("things_query_area", || unsafe { things_query_area(null_mut(), null()) }),
    ("things_query_project", || unsafe { things_query_project(null_mut(), null()) }),
    ("things_query_due", || unsafe { things_query_due(null_mut(), null(), null()) }),
    ("things_query_limit", || things_query_limit(null_mut(), 0)),
    ("things_query_free", || things_query_free(null_mut())),
    ("things_store_open", || unsafe { things_store_open(null(), 0, null_mut()) }),
    ("things_store_cancel", || things_store_cancel(null())),
    ("things_store_close", || things_store_close(null_mut())),
    ("things_store_vintage", || unsafe { things_store_vintage(null(), null_mut()) }),
    ("things_store_is_best_effort", || unsafe { things_store_is_best_effort(null(), null_mut()) }),
    ("things_store_verify", || things_store_verify(null())),
    ("things_store_list", || unsafe { things_store_list(null(), 0, null(), null_mut()) }),
    ("things_store_search", || unsafe { things_store_search(null(), null(), 0, null_mut()) }),
    ("things_store_tasks", || unsafe { things_store_tasks(null(), null(), null_mut()) }),
    ("things_store_count", || unsafe { things_store_count(null(), null(), null_mut()) }),
    ("things_store_task", || unsafe { things_store_task(null(), null(), null_mut()) }),
    ("things_store_projects", || unsafe { things_store_projects(null(), null_mut()) }),
    ("things_store_headings", || unsafe { things_store_headings(null(), null(), null_mut()) }),
    ("things_store_areas", || unsafe { things_store_areas(null(), null_mut()) }),
    ("things_store_tags", || unsafe { things_store_tags(null(), null_mut()) }),
    ("things_store_tags_of", || unsafe { things_store_tags_of(null(), null(), null_mut()) }),
    ("things_store_checklist", || unsafe { things_store_checklist(null(), null(), null_mut()) }),
    ("things_store_apply", || unsafe { things_store_apply(null(), null(), null_mut()) }),
    ("things_stream_open", || unsafe { things_stream_open(null(), null(), null_mut()) }),
    ("things_stream_next", || unsafe { things_stream_next(null(), 0, null_mut()) }),
    ("things_stream_free", || things_stream_free(null_mut())),
    ("things_tasks_length", || unsafe { things_tasks_length(null(), null_mut()) }),
    ("things_tasks_free", || things_tasks_free(null_mut())),
    ("things_tasks_id", || unsafe { things_tasks_id(null(), 0, null_mut()) }),
    ("things_tasks_title", || unsafe { things_tasks_title(null(), 0, null_mut()) }),
    ("things_tasks_notes", || unsafe { things_tasks_notes(null(), 0, null_mut()) }),
    ("things_tasks_kind", || unsafe { things_tasks_kind(null(), 0, null_mut()) }),
    ("things_tasks_status", || unsafe { things_tasks_status(null(), 0, null_mut()) }),
    ("things_tasks_start", || unsafe { things_tasks_start(null(), 0, null_mut()) }),
    ("things_tasks_trashed", || unsafe { things_tasks_trashed(null(), 0, null_mut()) }),
    ("things_tasks_evening", || unsafe { things_tasks_evening(null(), 0, null_mut()) }),
    ("things_tasks_start_date", || unsafe { things_tasks_start_date(null(), 0, null_mut()) }),
    ("things_tasks_deadline", || unsafe { things_tasks_deadline(null(), 0, null_mut()) }),
    ("things_tasks_reminder", || unsafe { things_tasks_reminder(null(), 0, null_mut()) }),
    ("things_tasks_stopped", || unsafe { things_tasks_stopped(null(), 0, null_mut()) }),
    ("things_tasks_created", || unsafe { things_tasks_created(null(), 0, null_mut()) }),
    ("things_tasks_modified", || unsafe { things_tasks_modified(null(), 0, null_mut()) }),
    ("things_tasks_area", || unsafe { things_tasks_area(null(), 0, null_mut()) }),
    ("things_tasks_project", || unsafe { things_tasks_project(null(), 0, null_mut()) }),
    ("things_tasks_heading", || unsafe { things_tasks_heading(null(), 0, null_mut()) }),
    ("things_tasks_repeats_from", || unsafe { things_tasks_repeats_from(null(), 0, null_mut()) }),
    ("things_tasks_index", || unsafe { things_tasks_index(null(), 0, null_mut()) }),
    ("things_tasks_today_index", || unsafe { things_tasks_today_index(null(), 0, null_mut()) }),
    ("things_tasks_checklist_items", || unsafe { things_tasks_checklist_items(null(), 0, null_mut()) }),
    ("things_tasks_open_checklist_items", || unsafe { things_tasks_open_checklist_items(null(), 0, null_mut()) }),
];

/// Each function that has no status to report, and what it gives instead of its result.
const WITHOUT: &[Call<bool>] = &[
    ("things_abi_version", || things_abi_version() == 0),
    ("things_version", || is_empty(things_version())),
    ("things_sqlite_version", || is_empty(things_sqlite_version())),
    ("things_live_handles", || things_live_handles() == 0),
    ("things_last_error", || is_empty(things_last_error())),
    ("things_last_status", || things_last_status() == ThingsStatus::Panic),
    ("things_status_name", || is_empty(things_status_name(0))),
];

fn is_empty(text: *const std::ffi::c_char) -> bool {
    // SAFETY: these functions give a string, always.
    unsafe { std::ffi::CStr::from_ptr(text) }.to_bytes().is_empty()
}

#[test]
fn no_function_lets_a_panic_out() {
    for (name, call) in WITH_A_STATUS {
        plant();
        assert_eq!(call(), ThingsStatus::Panic, "{name}");
        assert!(last_error().ends_with(": planted"), "{name}: {}", last_error());
        assert_ne!(call(), ThingsStatus::Panic, "{name}: one panic was planted");
    }
    for (name, gives_nothing) in WITHOUT {
        plant();
        assert!(gives_nothing(), "{name}");
        assert!(last_error().ends_with(": planted"), "{name}: {}", last_error());
    }
}

/// Whoever adds a function adds it above.
#[test]
fn each_exported_function_is_here() {
    let sources = [
        include_str!("lib.rs"),
        include_str!("last_error.rs"),
        include_str!("store.rs"),
        include_str!("query.rs"),
        include_str!("tasks.rs"),
        include_str!("listing.rs"),
        include_str!("stream.rs"),
        include_str!("batch.rs"),
    ];
    let mut exported: Vec<&str> = sources.iter().flat_map(|source| source.split("extern \"C\" fn ").skip(1)).collect();
    exported.iter_mut().for_each(|rest| *rest = rest.split('(').next().unwrap());
    exported.sort_unstable();
    let mut here: Vec<&str> = WITH_A_STATUS.iter().map(|(name, _)| *name).collect();
    here.extend(WITHOUT.iter().map(|(name, _)| *name));
    here.sort_unstable();
    assert_eq!(here, exported);
}
