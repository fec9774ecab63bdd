/* What the C programs check with: the first wrong result ends them. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "things.h"

#define CHECK(condition)                                                                          \
  do {                                                                                            \
    if (!(condition)) {                                                                           \
      fprintf(stderr, "%s:%d: not so: %s (last error: %s)\n", __FILE__, __LINE__, #condition,     \
              things_last_error());                                                               \
      exit(1);                                                                                    \
    }                                                                                             \
  } while (0)

/* The status of a call, with its name if it is another. */
#define EXPECT(wanted, call)                                                                      \
  do {                                                                                            \
    ThingsStatus found_ = (call);                                                                 \
    if (found_ != (wanted)) {                                                                     \
      fprintf(stderr, "%s:%d: %s is %s, not %s (last error: %s)\n", __FILE__, __LINE__, #call,    \
              things_status_name(found_), things_status_name(wanted), things_last_error());       \
      exit(1);                                                                                    \
    }                                                                                             \
  } while (0)

#define OK(call) EXPECT(THINGS_STATUS_OK, call)

/* OK, or no such value. */
#define MAYBE(call)                                                                               \
  do {                                                                                            \
    ThingsStatus maybe_ = (call);                                                                 \
    CHECK(maybe_ == THINGS_STATUS_OK || maybe_ == THINGS_STATUS_ABSENT);                          \
  } while (0)

static inline void check_text(ThingsText text) {
  CHECK(text.data != NULL);
  CHECK(text.data[text.length] == '\0');
}

static inline size_t length_of(const ThingsTasks *tasks) {
  size_t length = 0;
  OK(things_tasks_length(tasks, &length));
  return length;
}

#endif
