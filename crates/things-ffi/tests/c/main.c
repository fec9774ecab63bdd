/* Uses every function of things.h on the database that it is given, which it changes. */
#include "program.h"

int main(int count, char **words) {
  if (count != 2) {
    fprintf(stderr, "usage: %s DATABASE\n", words[0]);
    return 2;
  }
  CHECK(things_abi_version() == THINGS_ABI_VERSION);
  CHECK(strlen(things_version()) >= 5);
  CHECK(strncmp(things_sqlite_version(), "3.", 2) == 0);
  CHECK(things_last_status() == THINGS_STATUS_OK && strcmp(things_last_error(), "") == 0);
  CHECK(things_live_handles() == 0);

  reading(words[1]);
  writing(words[1]);
  misuse(words[1]);
  threads(words[1]);

  CHECK(things_live_handles() == 0);
  printf("things %s on sqlite %s: all is well\n", things_version(), things_sqlite_version());
  return 0;
}
