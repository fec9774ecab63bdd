/* Stands in for cargo and rustc under wine: those of this machine read no path of Windows. Named `cargo.exe`, it answers `cargo metadata` with the
   file `cargo metadata` beside it; what has no such file fails as a compiler that cannot be started. */
#include <stdio.h>
#include <string.h>

int main(int count, char **words) {
    char path[1024];
    snprintf(path, sizeof path, "%s", words[0]);
    char *end = strrchr(path, '.');
    if (!end || end < strrchr(path, '\\')) end = path + strlen(path);
    snprintf(end, path + sizeof path - end, " %s", count > 1 ? words[1] : "");
    FILE *answer = fopen(path, "rb");
    if (!answer) {
        fprintf(stderr, "error: a stand-in has no answer to `%s`\n", count > 1 ? words[1] : "");
        return 101;
    }
    char piece[4096];
    size_t size;
    while ((size = fread(piece, 1, sizeof piece, answer)) > 0) fwrite(piece, 1, size, stdout);
    return 0;
}
