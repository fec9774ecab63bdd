/* One store, one list and one stream in many threads; a message for each thread; handles freed by whoever comes first. */
#include "program.h"

#include <pthread.h>

#define THREADS 4
#define ROUNDS 20

static ThingsStore *store;
static ThingsStream *stream;
static ThingsTasks *list;

static void *reader(void *seen) {
  size_t *count = seen;
  ThingsTasks *piece = NULL;
  ThingsText text;
  CHECK(strcmp(things_last_error(), "") == 0);
  for (int round = 0; round < ROUNDS; round++) {
    ThingsTasks *tasks = NULL;
    OK(things_store_list(store, THINGS_LIST_ANYTIME, NULL, &tasks));
    if (length_of(tasks) > 0) {
      OK(things_tasks_title(tasks, 0, &text));
      check_text(text);
    }
    OK(things_tasks_free(tasks));
  }
  while (things_stream_next(stream, 1, &piece) == THINGS_STATUS_OK) {
    *count += length_of(piece);
    OK(things_tasks_free(piece));
  }
  /* A failure of this thread is no failure of the others. */
  EXPECT(THINGS_STATUS_OUT_OF_RANGE, things_tasks_title(list, 100000 + *count, &text));
  char own[64];
  snprintf(own, sizeof own, "there is no entry %zu ", 100000 + *count);
  CHECK(strncmp(things_last_error(), own, strlen(own)) == 0);
  return NULL;
}

static void *freer(void *freed) {
  if (things_tasks_free(list) == THINGS_STATUS_OK) {
    *(int *)freed = 1;
  }
  return NULL;
}

/* A store that is closed while others use it: each call works or finds no store. */
static void *user(void *unused) {
  ThingsStatus status = THINGS_STATUS_OK;
  (void)unused;
  while (status == THINGS_STATUS_OK) {
    ThingsTasks *tasks = NULL;
    status = things_store_list(store, THINGS_LIST_INBOX, NULL, &tasks);
    OK(things_tasks_free(tasks));
  }
  CHECK(status == THINGS_STATUS_BAD_HANDLE);
  return NULL;
}

/* Works until it is cancelled. */
static void *worker(void *unused) {
  ThingsStatus status = THINGS_STATUS_OK;
  (void)unused;
  while (status == THINGS_STATUS_OK) {
    ThingsTasks *tasks = NULL;
    status = things_store_list(store, THINGS_LIST_LOGBOOK, NULL, &tasks);
    OK(things_tasks_free(tasks));
  }
  CHECK(status == THINGS_STATUS_INTERRUPTED);
  return NULL;
}

static void run(void *(*body)(void *), void *each, size_t size) {
  pthread_t running[THREADS];
  for (int n = 0; n < THREADS; n++) {
    CHECK(pthread_create(&running[n], NULL, body, each ? (char *)each + (size_t)n * size : NULL) == 0);
  }
  if (body == user) {
    OK(things_store_close(store));
  }
  for (int n = 0; n < THREADS; n++) {
    CHECK(pthread_join(running[n], NULL) == 0);
  }
}

void threads(const char *path) {
  ThingsQuery *query = NULL;
  size_t seen[THREADS] = {0}, total = 0;
  int freed[THREADS] = {0}, count = 0;
  OK(things_store_open(path, THINGS_ACCESS_READ_ONLY, &store));
  OK(things_query_new(&query));
  OK(things_store_tasks(store, query, &list));
  OK(things_stream_open(store, query, &stream));
  OK(things_query_free(query));

  run(reader, seen, sizeof seen[0]);
  for (int n = 0; n < THREADS; n++) {
    total += seen[n];
  }
  CHECK(total == length_of(list));
  OK(things_stream_free(stream));

  run(freer, freed, sizeof freed[0]);
  for (int n = 0; n < THREADS; n++) {
    count += freed[n];
  }
  CHECK(count == 1);

  pthread_t working;
  CHECK(pthread_create(&working, NULL, worker, NULL) == 0);
  OK(things_store_cancel(store));
  CHECK(pthread_join(working, NULL) == 0);

  run(user, NULL, 0);
}
