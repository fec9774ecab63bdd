/* Changes of each kind, what a refused batch leaves behind, and a store that may change nothing. */
#include "program.h"

static const ThingsDate TODAY = {2024, 6, 12};
static const double NOW = 1718184600.5;

static ThingsBatch *batch(void) {
  ThingsBatch *batch = NULL;
  OK(things_batch_new(NOW, &TODAY, &batch));
  return batch;
}

static void apply(const ThingsStore *store, ThingsBatch *batch, size_t least) {
  size_t changed = 0, length = 0;
  OK(things_batch_length(batch, &length));
  CHECK(length > 0);
  OK(things_store_apply(store, batch, &changed));
  CHECK(changed >= least);
  OK(things_batch_free(batch));
}

static ThingsTasks *get(const ThingsStore *store, const char *id) {
  ThingsTasks *task = NULL;
  OK(things_store_task(store, id, &task));
  return task;
}

/* The identifier of the first task of a list, copied: the list is freed. */
static void first_of(const ThingsStore *store, int32_t list, char *id, size_t room) {
  ThingsTasks *tasks = NULL;
  ThingsText text;
  OK(things_store_list(store, list, &TODAY, &tasks));
  CHECK(length_of(tasks) > 0);
  OK(things_tasks_id(tasks, 0, &text));
  CHECK(text.length < room);
  memcpy(id, text.data, text.length + 1);
  OK(things_tasks_free(tasks));
}

static void each_change(const ThingsStore *store) {
  char id[100];
  ThingsBatch *changes;
  ThingsTasks *task;
  ThingsProgress status;
  ThingsDate date;
  ThingsStart start;
  ThingsText text;
  double seconds;
  bool flag;

  first_of(store, THINGS_LIST_INBOX, id, sizeof id);
  changes = batch();
  OK(things_batch_complete(changes, id));
  apply(store, changes, 1);
  task = get(store, id);
  OK(things_tasks_status(task, 0, &status));
  OK(things_tasks_stopped(task, 0, &seconds));
  CHECK(status == THINGS_PROGRESS_COMPLETED && seconds == NOW);
  OK(things_tasks_free(task));

  changes = batch();
  OK(things_batch_cancel(changes, id));
  OK(things_batch_reopen(changes, id));
  OK(things_batch_trash(changes, id));
  apply(store, changes, 1);
  task = get(store, id);
  OK(things_tasks_status(task, 0, &status));
  OK(things_tasks_trashed(task, 0, &flag));
  CHECK(status == THINGS_PROGRESS_INCOMPLETE && flag);
  OK(things_tasks_free(task));

  /* Dates: set, and taken away. */
  ThingsDate day = {2024, 7, 1};
  changes = batch();
  OK(things_batch_restore(changes, id));
  OK(things_batch_schedule(changes, id, THINGS_WHEN_ON, &day));
  OK(things_batch_deadline(changes, id, &day));
  apply(store, changes, 1);
  task = get(store, id);
  OK(things_tasks_start_date(task, 0, &date));
  CHECK(date.year == 2024 && date.month == 7 && date.day == 1);
  OK(things_tasks_deadline(task, 0, &date));
  CHECK(date.year == 2024 && date.month == 7 && date.day == 1);
  OK(things_tasks_free(task));
  changes = batch();
  OK(things_batch_schedule(changes, id, THINGS_WHEN_THIS_EVENING, NULL));
  OK(things_batch_deadline(changes, id, NULL));
  apply(store, changes, 1);
  task = get(store, id);
  OK(things_tasks_evening(task, 0, &flag));
  CHECK(flag);
  EXPECT(THINGS_STATUS_ABSENT, things_tasks_deadline(task, 0, &date));
  OK(things_tasks_free(task));
  changes = batch();
  OK(things_batch_schedule(changes, id, THINGS_WHEN_ANYTIME, NULL));
  OK(things_batch_schedule(changes, id, THINGS_WHEN_SOMEDAY, NULL));
  apply(store, changes, 1);
  task = get(store, id);
  OK(things_tasks_start(task, 0, &start));
  CHECK(start == THINGS_START_SOMEDAY);
  OK(things_tasks_free(task));

  /* Places. */
  ThingsTasks *projects = NULL, *headings = NULL;
  ThingsAreas *areas = NULL;
  OK(things_store_areas(store, &areas));
  OK(things_areas_id(areas, 0, &text));
  changes = batch();
  OK(things_batch_move(changes, id, THINGS_DESTINATION_AREA, text.data));
  apply(store, changes, 1);
  task = get(store, id);
  ThingsText area;
  OK(things_tasks_area(task, 0, &area));
  CHECK(strcmp(area.data, text.data) == 0);
  OK(things_tasks_free(task));
  OK(things_areas_free(areas));
  OK(things_store_projects(store, &projects));
  OK(things_tasks_id(projects, 0, &text));
  changes = batch();
  OK(things_batch_move(changes, id, THINGS_DESTINATION_PROJECT, text.data));
  apply(store, changes, 1);
  for (size_t at = 0; at < length_of(projects); at++) {
    OK(things_tasks_id(projects, at, &text));
    OK(things_store_headings(store, text.data, &headings));
    if (length_of(headings) > 0) {
      OK(things_tasks_id(headings, 0, &text));
      changes = batch();
      OK(things_batch_move(changes, id, THINGS_DESTINATION_HEADING, text.data));
      apply(store, changes, 1);
    }
    OK(things_tasks_free(headings));
  }
  OK(things_tasks_free(projects));
  changes = batch();
  OK(things_batch_move(changes, id, THINGS_DESTINATION_LOOSE, NULL));
  OK(things_batch_move(changes, id, THINGS_DESTINATION_INBOX, NULL));
  apply(store, changes, 1);

  changes = batch();
  OK(things_batch_delete(changes, id));
  apply(store, changes, 1);
  EXPECT(THINGS_STATUS_ABSENT, things_store_task(store, id, &task));
}

/* All or nothing, and the batch is as it was. */
static void refused(const ThingsStore *store) {
  char id[100];
  ThingsBatch *changes = batch();
  ThingsTasks *task;
  ThingsProgress status;
  size_t length = 0, changed = 7;
  first_of(store, THINGS_LIST_ANYTIME, id, sizeof id);
  OK(things_batch_complete(changes, id));
  OK(things_batch_complete(changes, "there is no such task"));
  EXPECT(THINGS_STATUS_NO_SUCH, things_store_apply(store, changes, &changed));
  CHECK(strstr(things_last_error(), "there is no such task") != NULL);
  CHECK(things_last_status() == THINGS_STATUS_NO_SUCH);
  CHECK(changed == 7);
  OK(things_batch_length(changes, &length));
  CHECK(length == 2);
  OK(things_batch_free(changes));
  task = get(store, id);
  OK(things_tasks_status(task, 0, &status));
  CHECK(status == THINGS_PROGRESS_INCOMPLETE);
  OK(things_tasks_free(task));

  /* A change that makes no sense. */
  ThingsTasks *projects = NULL;
  ThingsText project;
  OK(things_store_projects(store, &projects));
  OK(things_tasks_id(projects, 0, &project));
  changes = batch();
  OK(things_batch_move(changes, project.data, THINGS_DESTINATION_INBOX, NULL));
  EXPECT(THINGS_STATUS_NOT_ALLOWED, things_store_apply(store, changes, NULL));
  OK(things_batch_free(changes));
  OK(things_tasks_free(projects));

  /* What is not even added. */
  ThingsDate none = {2023, 2, 29};
  changes = batch();
  EXPECT(THINGS_STATUS_BAD_ARGUMENT, things_batch_deadline(changes, id, &none));
  EXPECT(THINGS_STATUS_BAD_ARGUMENT, things_batch_schedule(changes, id, 4, &TODAY));
  EXPECT(THINGS_STATUS_NULL_ARGUMENT, things_batch_schedule(changes, id, THINGS_WHEN_ON, NULL));
  EXPECT(THINGS_STATUS_BAD_ARGUMENT, things_batch_move(changes, id, -1, NULL));
  EXPECT(THINGS_STATUS_NULL_ARGUMENT, things_batch_move(changes, id, THINGS_DESTINATION_AREA, NULL));
  EXPECT(THINGS_STATUS_NOT_UTF8, things_batch_move(changes, id, THINGS_DESTINATION_AREA, "\xff"));
  EXPECT(THINGS_STATUS_NULL_ARGUMENT, things_batch_delete(changes, NULL));
  OK(things_batch_length(changes, &length));
  CHECK(length == 0);
  /* An empty batch is none, and is made. */
  OK(things_store_apply(store, changes, &changed));
  CHECK(changed == 0);
  OK(things_batch_free(changes));
}

/* While a stream is open its store changes nothing; afterwards it does. */
static void during_a_stream(const ThingsStore *store) {
  char id[100];
  ThingsQuery *query = NULL;
  ThingsStream *stream = NULL;
  ThingsTasks *piece = NULL;
  ThingsBatch *changes = batch();
  first_of(store, THINGS_LIST_ANYTIME, id, sizeof id);
  OK(things_batch_complete(changes, id));
  OK(things_query_new(&query));
  OK(things_stream_open(store, query, &stream));
  OK(things_stream_next(stream, 1, &piece));
  EXPECT(THINGS_STATUS_BUSY, things_store_apply(store, changes, NULL));
  OK(things_stream_free(stream));
  OK(things_store_apply(store, changes, NULL));
  OK(things_tasks_free(piece));
  OK(things_query_free(query));
  OK(things_batch_free(changes));
}

void writing(const char *path) {
  ThingsStore *store = NULL, *reader = NULL;
  ThingsBatch *changes = batch();
  OK(things_store_open(path, THINGS_ACCESS_READ_WRITE, &store));
  each_change(store);
  refused(store);
  during_a_stream(store);
  OK(things_store_close(store));

  OK(things_store_open(path, THINGS_ACCESS_READ_ONLY, &reader));
  OK(things_batch_trash(changes, "any"));
  EXPECT(THINGS_STATUS_READ_ONLY, things_store_apply(reader, changes, NULL));
  OK(things_store_close(reader));
  OK(things_batch_free(changes));

  ThingsBatch *none = NULL;
  ThingsDate wrong = {2024, 13, 1};
  EXPECT(THINGS_STATUS_NULL_ARGUMENT, things_batch_new(NOW, NULL, &none));
  EXPECT(THINGS_STATUS_BAD_ARGUMENT, things_batch_new(NOW, &wrong, &none));
  EXPECT(THINGS_STATUS_BAD_ARGUMENT, things_batch_new(1e300, &TODAY, &none));
  CHECK(none == NULL);
}
