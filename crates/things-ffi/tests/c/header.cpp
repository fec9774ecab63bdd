// The header in C++, and a program that calls through it.
#include "things.h"

#include <cstdio>

int main() {
  ThingsStore *store = nullptr;
  const ThingsStatus status = things_store_open("no/such/file", THINGS_ACCESS_READ_ONLY, &store);
  if (status != THINGS_STATUS_NOT_FOUND || store != nullptr || things_abi_version() != THINGS_ABI_VERSION) {
    std::fprintf(stderr, "%s\n", things_last_error());
    return 1;
  }
  return 0;
}
