/* Reads everything that there is: each list, each field, tags, areas, checklists, queries, streams. */
#include "program.h"

static const ThingsDate TODAY = {2024, 6, 12};

/* Each field of each task; strings lie in the list, so reading twice gives the same address. */
static void check_tasks(const ThingsTasks *tasks) {
  size_t length = length_of(tasks);
  for (size_t at = 0; at < length; at++) {
    ThingsText text, again;
    ThingsDate date;
    ThingsTime time;
    ThingsKind kind;
    ThingsProgress status;
    ThingsStart start;
    bool flag;
    double seconds;
    int64_t number, open;
    OK(things_tasks_id(tasks, at, &text));
    check_text(text);
    CHECK(text.length > 0);
    OK(things_tasks_id(tasks, at, &again));
    CHECK(text.data == again.data && text.length == again.length);
    OK(things_tasks_title(tasks, at, &text));
    check_text(text);
    OK(things_tasks_notes(tasks, at, &text));
    check_text(text);
    OK(things_tasks_kind(tasks, at, &kind));
    CHECK(kind >= THINGS_KIND_TO_DO && kind <= THINGS_KIND_HEADING);
    OK(things_tasks_status(tasks, at, &status));
    CHECK(status == THINGS_PROGRESS_INCOMPLETE || status == THINGS_PROGRESS_CANCELLED ||
          status == THINGS_PROGRESS_COMPLETED);
    OK(things_tasks_start(tasks, at, &start));
    CHECK(start >= THINGS_START_INBOX && start <= THINGS_START_SOMEDAY);
    OK(things_tasks_trashed(tasks, at, &flag));
    OK(things_tasks_evening(tasks, at, &flag));
    if (things_tasks_start_date(tasks, at, &date) == THINGS_STATUS_OK) {
      CHECK(date.year > 2000 && date.month >= 1 && date.month <= 12 && date.day >= 1 && date.day <= 31);
    }
    MAYBE(things_tasks_deadline(tasks, at, &date));
    if (things_tasks_reminder(tasks, at, &time) == THINGS_STATUS_OK) {
      CHECK(time.hour < 24 && time.minute < 60);
    }
    MAYBE(things_tasks_stopped(tasks, at, &seconds));
    MAYBE(things_tasks_created(tasks, at, &seconds));
    MAYBE(things_tasks_modified(tasks, at, &seconds));
    MAYBE(things_tasks_area(tasks, at, &text));
    MAYBE(things_tasks_project(tasks, at, &text));
    MAYBE(things_tasks_heading(tasks, at, &text));
    MAYBE(things_tasks_repeats_from(tasks, at, &text));
    OK(things_tasks_index(tasks, at, &number));
    OK(things_tasks_today_index(tasks, at, &number));
    OK(things_tasks_checklist_items(tasks, at, &number));
    OK(things_tasks_open_checklist_items(tasks, at, &open));
    CHECK(open >= 0 && open <= number);
  }
}

static void lists(const ThingsStore *store) {
  size_t total = 0;
  for (int32_t list = THINGS_LIST_INBOX; list <= THINGS_LIST_TRASH; list++) {
    ThingsTasks *tasks = NULL, *same = NULL;
    ThingsQuery *query = NULL;
    uint64_t count = 0;
    OK(things_store_list(store, list, &TODAY, &tasks));
    check_tasks(tasks);
    OK(things_query_list(list, &TODAY, &query));
    OK(things_store_count(store, query, &count));
    OK(things_store_tasks(store, query, &same));
    CHECK(count == length_of(tasks) && count == length_of(same));
    total += length_of(tasks);
    OK(things_tasks_free(same));
    OK(things_query_free(query));
    OK(things_tasks_free(tasks));
  }
  CHECK(total > 0);
  /* Lists that need a day. */
  ThingsTasks *none = (ThingsTasks *)&total;
  EXPECT(THINGS_STATUS_NULL_ARGUMENT, things_store_list(store, THINGS_LIST_TODAY, NULL, &none));
  CHECK(none == NULL);
}

static void one_task(const ThingsStore *store) {
  ThingsTasks *all = NULL, *one = NULL, *found = NULL;
  ThingsQuery *query = NULL;
  ThingsText id, title, same;
  OK(things_query_new(&query));
  OK(things_query_kind(query, THINGS_KIND_TO_DO));
  OK(things_query_limit(query, 3));
  OK(things_store_tasks(store, query, &all));
  CHECK(length_of(all) == 3);
  OK(things_tasks_id(all, 0, &id));
  OK(things_tasks_title(all, 0, &title));
  OK(things_store_task(store, id.data, &one));
  CHECK(length_of(one) == 1);
  OK(things_tasks_title(one, 0, &same));
  CHECK(title.length == same.length && memcmp(title.data, same.data, title.length) == 0);
  OK(things_store_search(store, title.data, title.length, &found));
  CHECK(length_of(found) > 0);
  OK(things_tasks_free(found));
  OK(things_tasks_free(one));
  OK(things_tasks_free(all));
  OK(things_query_free(query));
  EXPECT(THINGS_STATUS_ABSENT, things_store_task(store, "there is no such task", &one));
  CHECK(one == NULL);
}

static void organised(const ThingsStore *store) {
  ThingsAreas *areas = NULL;
  ThingsTags *tags = NULL, *carried = NULL;
  ThingsTasks *projects = NULL, *headings = NULL, *tasks = NULL;
  ThingsChecklist *checklist = NULL;
  ThingsQuery *query = NULL;
  ThingsText id, text;
  size_t length = 0, lines = 0, carriers = 0;
  bool visible;

  OK(things_store_areas(store, &areas));
  OK(things_areas_length(areas, &length));
  CHECK(length > 0);
  for (size_t at = 0; at < length; at++) {
    OK(things_areas_id(areas, at, &id));
    OK(things_areas_title(areas, at, &text));
    check_text(text);
    OK(things_areas_visible(areas, at, &visible));
    OK(things_query_new(&query));
    OK(things_query_area(query, id.data));
    OK(things_store_tasks(store, query, &tasks));
    check_tasks(tasks);
    OK(things_tasks_free(tasks));
    OK(things_query_free(query));
  }
  OK(things_areas_free(areas));

  OK(things_store_tags(store, &tags));
  OK(things_tags_length(tags, &length));
  CHECK(length > 0);
  for (size_t at = 0; at < length; at++) {
    OK(things_tags_id(tags, at, &id));
    OK(things_tags_title(tags, at, &text));
    check_text(text);
    MAYBE(things_tags_shortcut(tags, at, &text));
    MAYBE(things_tags_parent(tags, at, &text));
    OK(things_query_new(&query));
    OK(things_query_tag(query, id.data));
    OK(things_store_tasks(store, query, &tasks));
    carriers += length_of(tasks);
    OK(things_tasks_free(tasks));
    OK(things_query_free(query));
  }
  OK(things_tags_free(tags));
  CHECK(carriers > 0);

  OK(things_store_projects(store, &projects));
  CHECK(length_of(projects) > 0);
  for (size_t at = 0; at < length_of(projects); at++) {
    OK(things_tasks_id(projects, at, &id));
    OK(things_store_headings(store, id.data, &headings));
    check_tasks(headings);
    OK(things_tasks_free(headings));
    OK(things_query_new(&query));
    OK(things_query_project(query, id.data));
    OK(things_store_tasks(store, query, &tasks));
    OK(things_tasks_free(tasks));
    OK(things_query_free(query));
  }
  OK(things_tasks_free(projects));

  /* Everything with a checklist has as many lines as it says. */
  OK(things_query_new(&query));
  OK(things_store_tasks(store, query, &tasks));
  for (size_t at = 0; at < length_of(tasks); at++) {
    int64_t items;
    OK(things_tasks_id(tasks, at, &id));
    OK(things_tasks_checklist_items(tasks, at, &items));
    OK(things_store_tags_of(store, id.data, &carried));
    OK(things_tags_free(carried));
    OK(things_store_checklist(store, id.data, &checklist));
    OK(things_checklist_length(checklist, &length));
    CHECK((int64_t)length == items);
    for (size_t line = 0; line < length; line++) {
      ThingsProgress status;
      double seconds;
      OK(things_checklist_id(checklist, line, &text));
      OK(things_checklist_title(checklist, line, &text));
      check_text(text);
      OK(things_checklist_status(checklist, line, &status));
      MAYBE(things_checklist_stopped(checklist, line, &seconds));
      lines++;
    }
    EXPECT(THINGS_STATUS_OUT_OF_RANGE, things_checklist_title(checklist, length, &text));
    OK(things_checklist_free(checklist));
  }
  CHECK(lines > 0);
  OK(things_tasks_free(tasks));

  /* Deadlines, with both ends, one, and none. */
  ThingsDate first = {2000, 1, 1}, last = {2100, 1, 1};
  uint64_t both = 0, any = 0;
  OK(things_query_due(query, &first, &last));
  OK(things_store_count(store, query, &both));
  OK(things_query_due(query, NULL, NULL));
  OK(things_store_count(store, query, &any));
  CHECK(both > 0 && both == any);
  OK(things_query_text(query, "%_%", 3));
  OK(things_store_count(store, query, &any));
  CHECK(any == 0);
  OK(things_query_free(query));
}

/* The same tasks as the list at once, whatever the size of the pieces; and a stream that is left early. */
static void streams(const ThingsStore *store) {
  for (size_t most = 1; most < 100; most = most * 3 + 1) {
    ThingsQuery *query = NULL;
    ThingsTasks *all = NULL, *piece = NULL;
    ThingsStream *stream = NULL;
    ThingsStatus status;
    size_t seen = 0;
    OK(things_query_new(&query));
    OK(things_store_tasks(store, query, &all));
    OK(things_stream_open(store, query, &stream));
    OK(things_query_free(query));
    while ((status = things_stream_next(stream, most, &piece)) == THINGS_STATUS_OK) {
      size_t length = length_of(piece);
      CHECK(length > 0 && length <= most);
      for (size_t at = 0; at < length; at++, seen++) {
        ThingsText mine, theirs;
        OK(things_tasks_id(piece, at, &mine));
        OK(things_tasks_id(all, seen, &theirs));
        CHECK(strcmp(mine.data, theirs.data) == 0);
      }
      OK(things_tasks_free(piece));
      if (most > 30) {
        break;
      }
    }
    CHECK(most > 30 || (status == THINGS_STATUS_ABSENT && seen == length_of(all)));
    OK(things_stream_free(stream));
    OK(things_tasks_free(all));
  }
}

/* One call is cancelled, and the ones after it work. */
static void cancelled(const ThingsStore *store) {
  ThingsTasks *tasks = NULL;
  ThingsQuery *query = NULL;
  uint64_t count = 0;
  OK(things_query_new(&query));
  OK(things_store_cancel(store));
  EXPECT(THINGS_STATUS_INTERRUPTED, things_store_tasks(store, query, &tasks));
  CHECK(tasks == NULL);
  OK(things_store_count(store, query, &count));
  CHECK(count > 0);
  OK(things_query_free(query));
}

void reading(const char *path) {
  ThingsStore *store = NULL;
  int64_t vintage = 0;
  OK(things_store_open(path, THINGS_ACCESS_READ_ONLY, &store));
  OK(things_store_vintage(store, &vintage));
  CHECK(vintage >= 18 && vintage < 100);
  bool guessed = true;
  OK(things_store_is_best_effort(store, &guessed));
  CHECK(!guessed);
  OK(things_store_verify(store));
  lists(store);
  one_task(store);
  organised(store);
  streams(store);
  cancelled(store);

  /* A list outlives its store, and a stream keeps the database open. */
  ThingsTasks *tasks = NULL, *piece = NULL;
  ThingsQuery *query = NULL;
  ThingsStream *stream = NULL;
  OK(things_query_new(&query));
  OK(things_store_tasks(store, query, &tasks));
  OK(things_stream_open(store, query, &stream));
  OK(things_store_close(store));
  EXPECT(THINGS_STATUS_BAD_HANDLE, things_store_vintage(store, &vintage));
  check_tasks(tasks);
  OK(things_stream_next(stream, 1000, &piece));
  CHECK(length_of(piece) == length_of(tasks));
  OK(things_tasks_free(piece));
  OK(things_tasks_free(tasks));
  OK(things_stream_free(stream));
  OK(things_query_free(query));
}
