/* Says which SQLite it finds: version, source id, compile options, file; one a line, `key value`.
   Compiled with COMPATRIX_STATIC it is linked to a static library, else it loads the library it is given; for `--ready` it
   only says that it started. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#ifdef _WIN32
#include <windows.h>
#define SYMBOL(library, name) GetProcAddress((HMODULE)(library), name)
#else
#include <dlfcn.h>
#define SYMBOL dlsym
#endif

typedef const char *(*text_fn)(void);
typedef const char *(*option_fn)(int);

#ifdef COMPATRIX_STATIC
extern const char *sqlite3_libversion(void);
extern const char *sqlite3_sourceid(void);
extern const char *sqlite3_compileoption_get(int);
#endif

int main(int argc, char **argv) {
    text_fn version, source_id;
    option_fn option;
#ifdef COMPATRIX_STATIC
    (void)argc; (void)argv;
    version = sqlite3_libversion;
    source_id = sqlite3_sourceid;
    option = sqlite3_compileoption_get;
#else
    if (argc > 1 && !strcmp(argv[1], "--ready")) {
        puts("ready");
        return 0;
    }
#ifdef _WIN32
    void *library = LoadLibraryA(argc > 1 ? argv[1] : "sqlite3.dll");
    if (!library) {
        fprintf(stderr, "not loaded: error %lu of Windows\n", GetLastError());
        return 1;
    }
#else
    void *library = dlopen(argc > 1 ? argv[1] : "libsqlite3.so.0", RTLD_NOW);
    if (!library) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
#endif
    version = (text_fn)SYMBOL(library, "sqlite3_libversion");
    source_id = (text_fn)SYMBOL(library, "sqlite3_sourceid");
    option = (option_fn)SYMBOL(library, "sqlite3_compileoption_get");
    if (!version || !source_id) {
        fprintf(stderr, "no SQLite library\n");
        return 1;
    }
#ifndef _WIN32
    Dl_info info;
    if (dladdr((void *)version, &info)) printf("file %s\n", info.dli_fname);
#endif
#endif
    printf("version %s\nsource-id %s\n", version(), source_id());
    for (int n = 0; option && option(n); n++) printf("option %s\n", option(n));
    return 0;
}
