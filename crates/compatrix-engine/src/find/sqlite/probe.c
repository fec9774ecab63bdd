/* Says which SQLite it finds: version, source id, compile options, file; one a line, `key value`.
   Compiled with COMPATRIX_STATIC it is linked to a static library, else it loads the library it is given. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>

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
    void *library = dlopen(argc > 1 ? argv[1] : "libsqlite3.so.0", RTLD_NOW);
    if (!library) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    version = (text_fn)dlsym(library, "sqlite3_libversion");
    source_id = (text_fn)dlsym(library, "sqlite3_sourceid");
    option = (option_fn)dlsym(library, "sqlite3_compileoption_get");
    if (!version || !source_id) {
        fprintf(stderr, "no SQLite library\n");
        return 1;
    }
    Dl_info info;
    if (dladdr((void *)version, &info)) printf("file %s\n", info.dli_fname);
#endif
    printf("version %s\nsource-id %s\n", version(), source_id());
    for (int n = 0; option && option(n); n++) printf("option %s\n", option(n));
    return 0;
}
