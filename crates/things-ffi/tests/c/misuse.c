/* NULL, freed and foreign handles, wrong strings and numbers: an error each, and nothing is read or written through them. */
#include "program.h"

static const ThingsDate TODAY = {2024, 6, 12};

/* Each function that takes a handle of type T, with one that is wrong. */
static void wrong_store(const ThingsStore *store, ThingsStatus status) {
  ThingsTasks *tasks;
  ThingsTags *tags;
  ThingsAreas *areas;
  ThingsChecklist *checklist;
  ThingsStream *stream;
  ThingsQuery *query = NULL;
  ThingsBatch *batch = NULL;
  int64_t vintage = 7;
  uint64_t count = 7;
  bool flag = true;
  OK(things_query_new(&query));
  OK(things_batch_new(0, &TODAY, &batch));
  EXPECT(status, things_store_vintage(store, &vintage));
  EXPECT(status, things_store_is_best_effort(store, &flag));
  EXPECT(status, things_store_cancel(store));
  EXPECT(status, things_store_verify(store));
  EXPECT(status, things_store_list(store, THINGS_LIST_INBOX, NULL, &tasks));
  EXPECT(status, things_store_search(store, "a", 1, &tasks));
  EXPECT(status, things_store_tasks(store, query, &tasks));
  EXPECT(status, things_store_count(store, query, &count));
  EXPECT(status, things_store_task(store, "a", &tasks));
  EXPECT(status, things_store_projects(store, &tasks));
  EXPECT(status, things_store_headings(store, "a", &tasks));
  EXPECT(status, things_store_areas(store, &areas));
  EXPECT(status, things_store_tags(store, &tags));
  EXPECT(status, things_store_tags_of(store, "a", &tags));
  EXPECT(status, things_store_checklist(store, "a", &checklist));
  EXPECT(status, things_store_apply(store, batch, NULL));
  EXPECT(status, things_stream_open(store, query, &stream));
  CHECK(vintage == 7 && count == 7 && flag);
  CHECK(tasks == NULL && tags == NULL && areas == NULL && checklist == NULL && stream == NULL);
  OK(things_query_free(query));
  OK(things_batch_free(batch));
}

static void wrong_query(const ThingsStore *store, ThingsQuery *query, ThingsStatus status) {
  ThingsTasks *tasks;
  ThingsStream *stream;
  uint64_t count = 7;
  EXPECT(status, things_query_kind(query, THINGS_KIND_TO_DO));
  EXPECT(status, things_query_text(query, "a", 1));
  EXPECT(status, things_query_tag(query, "a"));
  EXPECT(status, things_query_area(query, "a"));
  EXPECT(status, things_query_project(query, "a"));
  EXPECT(status, things_query_due(query, NULL, NULL));
  EXPECT(status, things_query_limit(query, 1));
  EXPECT(status, things_store_tasks(store, query, &tasks));
  EXPECT(status, things_store_count(store, query, &count));
  EXPECT(status, things_stream_open(store, query, &stream));
  CHECK(count == 7 && tasks == NULL && stream == NULL);
}

static void wrong_tasks(const ThingsTasks *tasks, size_t at, ThingsStatus status) {
  static const char UNTOUCHED = 'u';
  ThingsText text = {&UNTOUCHED, 7};
  ThingsDate date = {7, 7, 7};
  ThingsTime time = {7, 7};
  ThingsKind kind = 7;
  ThingsProgress progress = 7;
  ThingsStart start = 7;
  bool flag = true;
  double seconds = 7;
  int64_t number = 7;
  EXPECT(status, things_tasks_id(tasks, at, &text));
  EXPECT(status, things_tasks_title(tasks, at, &text));
  EXPECT(status, things_tasks_notes(tasks, at, &text));
  EXPECT(status, things_tasks_area(tasks, at, &text));
  EXPECT(status, things_tasks_project(tasks, at, &text));
  EXPECT(status, things_tasks_heading(tasks, at, &text));
  EXPECT(status, things_tasks_repeats_from(tasks, at, &text));
  EXPECT(status, things_tasks_kind(tasks, at, &kind));
  EXPECT(status, things_tasks_status(tasks, at, &progress));
  EXPECT(status, things_tasks_start(tasks, at, &start));
  EXPECT(status, things_tasks_trashed(tasks, at, &flag));
  EXPECT(status, things_tasks_evening(tasks, at, &flag));
  EXPECT(status, things_tasks_start_date(tasks, at, &date));
  EXPECT(status, things_tasks_deadline(tasks, at, &date));
  EXPECT(status, things_tasks_reminder(tasks, at, &time));
  EXPECT(status, things_tasks_stopped(tasks, at, &seconds));
  EXPECT(status, things_tasks_created(tasks, at, &seconds));
  EXPECT(status, things_tasks_modified(tasks, at, &seconds));
  EXPECT(status, things_tasks_index(tasks, at, &number));
  EXPECT(status, things_tasks_today_index(tasks, at, &number));
  EXPECT(status, things_tasks_checklist_items(tasks, at, &number));
  EXPECT(status, things_tasks_open_checklist_items(tasks, at, &number));
  CHECK(text.data == &UNTOUCHED && text.length == 7 && date.year == 7 && time.hour == 7 && kind == 7 &&
        progress == 7 && start == 7 && flag && seconds == 7 && number == 7);
}

static void wrong_lists(void *handle, ThingsStatus status) {
  ThingsText text;
  ThingsProgress progress;
  ThingsTasks *tasks;
  bool flag;
  double seconds;
  size_t length = 7;
  EXPECT(status, things_tasks_length(handle, &length));
  EXPECT(status, things_tags_length(handle, &length));
  EXPECT(status, things_tags_id(handle, 0, &text));
  EXPECT(status, things_tags_title(handle, 0, &text));
  EXPECT(status, things_tags_shortcut(handle, 0, &text));
  EXPECT(status, things_tags_parent(handle, 0, &text));
  EXPECT(status, things_areas_length(handle, &length));
  EXPECT(status, things_areas_id(handle, 0, &text));
  EXPECT(status, things_areas_title(handle, 0, &text));
  EXPECT(status, things_areas_visible(handle, 0, &flag));
  EXPECT(status, things_checklist_length(handle, &length));
  EXPECT(status, things_checklist_id(handle, 0, &text));
  EXPECT(status, things_checklist_title(handle, 0, &text));
  EXPECT(status, things_checklist_status(handle, 0, &progress));
  EXPECT(status, things_checklist_stopped(handle, 0, &seconds));
  EXPECT(status, things_stream_next(handle, 1, &tasks));
  CHECK(length == 7 && tasks == NULL);
}

static void wrong_batch(const ThingsStore *store, ThingsBatch *batch, ThingsStatus status) {
  size_t length = 7;
  EXPECT(status, things_batch_length(batch, &length));
  EXPECT(status, things_batch_complete(batch, "a"));
  EXPECT(status, things_batch_cancel(batch, "a"));
  EXPECT(status, things_batch_reopen(batch, "a"));
  EXPECT(status, things_batch_trash(batch, "a"));
  EXPECT(status, things_batch_restore(batch, "a"));
  EXPECT(status, things_batch_delete(batch, "a"));
  EXPECT(status, things_batch_move(batch, "a", THINGS_DESTINATION_LOOSE, NULL));
  EXPECT(status, things_batch_schedule(batch, "a", THINGS_WHEN_ANYTIME, NULL));
  EXPECT(status, things_batch_deadline(batch, "a", NULL));
  EXPECT(status, things_store_apply(store, batch, NULL));
  CHECK(length == 7);
}

static void everything_wrong(const ThingsStore *store, void *handle, ThingsStatus status) {
  wrong_store(handle, status);
  wrong_query(store, handle, status);
  wrong_tasks(handle, 0, status);
  wrong_lists(handle, status);
  wrong_batch(store, handle, status);
}

/* Freeing: NULL is nothing; what is no live handle of the type is an error. */
static void free_all(void *handle, ThingsStatus status) {
  EXPECT(status, things_store_close(handle));
  EXPECT(status, things_query_free(handle));
  EXPECT(status, things_tasks_free(handle));
  EXPECT(status, things_stream_free(handle));
  EXPECT(status, things_tags_free(handle));
  EXPECT(status, things_areas_free(handle));
  EXPECT(status, things_checklist_free(handle));
  EXPECT(status, things_batch_free(handle));
}

static void handles(const ThingsStore *store) {
  int on_the_stack = 5;
  void *on_the_heap = malloc(64);
  CHECK(on_the_heap != NULL);
  everything_wrong(store, NULL, THINGS_STATUS_NULL_ARGUMENT);
  everything_wrong(store, &on_the_stack, THINGS_STATUS_BAD_HANDLE);
  everything_wrong(store, on_the_heap, THINGS_STATUS_BAD_HANDLE);
  everything_wrong(store, (void *)(intptr_t)-1, THINGS_STATUS_BAD_HANDLE);
  everything_wrong(store, (void *)(intptr_t)1, THINGS_STATUS_BAD_HANDLE);
  free_all(NULL, THINGS_STATUS_OK);
  free_all(&on_the_stack, THINGS_STATUS_BAD_HANDLE);
  free_all(on_the_heap, THINGS_STATUS_BAD_HANDLE);
  CHECK(on_the_stack == 5);
  free(on_the_heap);

  /* Freed: the same value is no handle any more, of any type, even when others have been made since. */
  ThingsQuery *query = NULL, *next = NULL;
  OK(things_query_new(&query));
  OK(things_query_free(query));
  everything_wrong(store, query, THINGS_STATUS_BAD_HANDLE);
  for (int n = 0; n < 100; n++) {
    OK(things_query_new(&next));
    CHECK(next != query);
    EXPECT(THINGS_STATUS_BAD_HANDLE, things_query_limit(query, 1));
    OK(things_query_free(next));
  }
  EXPECT(THINGS_STATUS_BAD_HANDLE, things_query_free(query));
  CHECK(strstr(things_last_error(), "has been freed") != NULL);

  /* Of another type. */
  OK(things_query_new(&query));
  EXPECT(THINGS_STATUS_BAD_HANDLE, things_store_verify((ThingsStore *)(void *)query));
  CHECK(strstr(things_last_error(), "is one of a query") != NULL);
  EXPECT(THINGS_STATUS_BAD_HANDLE, things_tasks_free((ThingsTasks *)(void *)query));
  OK(things_query_limit(query, 1));
  OK(things_query_free(query));
}

static void places(const ThingsStore *store) {
  ThingsTasks *tasks = NULL;
  ThingsText text;
  OK(things_store_list(store, THINGS_LIST_INBOX, NULL, &tasks));
  wrong_tasks(tasks, length_of(tasks), THINGS_STATUS_OUT_OF_RANGE);
  wrong_tasks(tasks, SIZE_MAX, THINGS_STATUS_OUT_OF_RANGE);
  EXPECT(THINGS_STATUS_NULL_ARGUMENT, things_tasks_title(tasks, 0, NULL));
  EXPECT(THINGS_STATUS_NULL_ARGUMENT, things_tasks_length(tasks, NULL));
  OK(things_tasks_free(tasks));
  EXPECT(THINGS_STATUS_BAD_HANDLE, things_tasks_title(tasks, 0, &text));
  EXPECT(THINGS_STATUS_NULL_ARGUMENT, things_store_list(store, THINGS_LIST_INBOX, NULL, NULL));
  EXPECT(THINGS_STATUS_NULL_ARGUMENT, things_query_new(NULL));
  EXPECT(THINGS_STATUS_NULL_ARGUMENT, things_query_list(THINGS_LIST_INBOX, NULL, NULL));
  EXPECT(THINGS_STATUS_NULL_ARGUMENT, things_batch_new(0, &TODAY, NULL));
  EXPECT(THINGS_STATUS_NULL_ARGUMENT, things_store_open("x", THINGS_ACCESS_READ_ONLY, NULL));
}

static void values(const char *path, const ThingsStore *store) {
  ThingsStore *other = NULL;
  ThingsQuery *query = NULL;
  ThingsTasks *tasks = NULL;
  ThingsStream *stream = NULL;
  EXPECT(THINGS_STATUS_BAD_ARGUMENT, things_store_open(path, 7, &other));
  EXPECT(THINGS_STATUS_NULL_ARGUMENT, things_store_open(NULL, THINGS_ACCESS_READ_ONLY, &other));
  EXPECT(THINGS_STATUS_NOT_FOUND, things_store_open("no/such/file", THINGS_ACCESS_READ_ONLY, &other));
  EXPECT(THINGS_STATUS_NOT_FOUND, things_store_open("", THINGS_ACCESS_READ_ONLY, &other));
  EXPECT(THINGS_STATUS_NOT_FOUND, things_store_open("not UTF-8: \xff", THINGS_ACCESS_READ_WRITE, &other));
  EXPECT(THINGS_STATUS_CANNOT_OPEN, things_store_open("/", THINGS_ACCESS_READ_ONLY, &other));
  CHECK(other == NULL);
  EXPECT(THINGS_STATUS_BAD_ARGUMENT, things_store_list(store, 7, &TODAY, &tasks));
  EXPECT(THINGS_STATUS_BAD_ARGUMENT, things_store_list(store, -1, &TODAY, &tasks));
  EXPECT(THINGS_STATUS_BAD_ARGUMENT, things_query_list(1000, &TODAY, &query));
  CHECK(query == NULL);
  OK(things_query_new(&query));
  EXPECT(THINGS_STATUS_BAD_ARGUMENT, things_query_kind(query, 3));
  ThingsDate wrong = {2024, 2, 30};
  EXPECT(THINGS_STATUS_BAD_ARGUMENT, things_query_due(query, &wrong, NULL));
  EXPECT(THINGS_STATUS_NOT_UTF8, things_query_text(query, "ok\xc3", 3));
  EXPECT(THINGS_STATUS_NOT_UTF8, things_query_tag(query, "\xed\xa0\x80"));
  EXPECT(THINGS_STATUS_NULL_ARGUMENT, things_query_text(query, NULL, 0));
  EXPECT(THINGS_STATUS_BAD_ARGUMENT, things_query_text(query, "a", SIZE_MAX));
  EXPECT(THINGS_STATUS_NOT_UTF8, things_store_search(store, "\xff", 1, &tasks));
  EXPECT(THINGS_STATUS_NULL_ARGUMENT, things_store_search(store, NULL, 3, &tasks));
  OK(things_stream_open(store, query, &stream));
  EXPECT(THINGS_STATUS_BAD_ARGUMENT, things_stream_next(stream, 0, &tasks));
  OK(things_stream_free(stream));
  OK(things_query_free(query));
  CHECK(tasks == NULL);

  CHECK(strcmp(things_status_name(THINGS_STATUS_NOT_FOUND), "not-found") == 0);
  CHECK(strcmp(things_status_name(12345), "unknown") == 0);
}

void misuse(const char *path) {
  ThingsStore *store = NULL;
  OK(things_store_open(path, THINGS_ACCESS_READ_WRITE, &store));
  handles(store);
  places(store);
  values(path, store);
  OK(things_store_close(store));
  wrong_store(store, THINGS_STATUS_BAD_HANDLE);
  EXPECT(THINGS_STATUS_BAD_HANDLE, things_store_close(store));
}
