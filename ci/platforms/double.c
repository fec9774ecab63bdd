/* Stands in for cargo and rustc under wine: those of this machine read no path of Windows. Named `cargo.exe`, it answers
   `cargo metadata` with the file `cargo metadata` beside it. Where `cargo metadata hangs` is there instead, a program that
   it starts adds letters to that file, and then it does, too, until somebody ends them. What has no such file fails as a
   compiler that cannot be started.

   Named `interrupt.exe`, with `FILE TIMES PROGRAM…` it starts the program in a console, presses Ctrl-C so many times as soon
   as the file is not empty, and ends as the program does, with 99 if that takes too long. */
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE_MS 60000
#define STEP_MS 20

static BOOL WINAPI goes_on(DWORD event) {
    (void)event;
    return TRUE;
}

/* Starts a program with our own streams. */
static HANDLE start(char *line) {
    STARTUPINFOA how = {.cb = sizeof how, .dwFlags = STARTF_USESTDHANDLES};
    how.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
    how.hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
    how.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    PROCESS_INFORMATION is;
    if (!CreateProcessA(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &how, &is)) {
        fprintf(stderr, "cannot start %s: error %lu\n", line, GetLastError());
        exit(98);
    }
    return is.hProcess;
}

static long size_of(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) return 0;
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    fclose(file);
    return size;
}

static int interrupt(int count, char **words) {
    static char line[8192];
    for (int n = 3; n < count; n++) snprintf(line + strlen(line), sizeof line - strlen(line), "\"%s\" ", words[n]);
    FreeConsole();
    if (!AllocConsole() || !SetConsoleCtrlHandler(goes_on, TRUE)) return 97;
    HANDLE program = start(line);
    for (int waited = 0; size_of(words[1]) == 0; waited += STEP_MS) {
        if (waited > PATIENCE_MS || WaitForSingleObject(program, STEP_MS) == WAIT_OBJECT_0) break;
    }
    for (int n = atoi(words[2]); n > 0; n--)
        if (!GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0)) return 96;
    DWORD code = 99;
    if (WaitForSingleObject(program, PATIENCE_MS) == WAIT_OBJECT_0) GetExitCodeProcess(program, &code);
    return code;
}

static void add_letters(const char *path, char letter) {
    for (;; Sleep(STEP_MS)) {
        FILE *file = fopen(path, "ab");
        if (!file) continue;
        fputc(letter, file);
        fclose(file);
    }
}

static const char *name_in(const char *path) {
    const char *name = path;
    for (; *path; path++)
        if (*path == '\\' || *path == '/') name = path + 1;
    return name;
}

int main(int count, char **words) {
    char path[1024], line[3072];
    snprintf(path, sizeof path, "%s", words[0]);
    char *end = strrchr(path, '.');
    if (!end || end < strrchr(path, '\\')) end = path + strlen(path);
    *end = 0;
    if (count > 3 && !strcmp(name_in(path), "interrupt")) return interrupt(count, words);
    if (count > 2 && !strcmp(words[1], "add-letters")) add_letters(words[2], 'c');
    snprintf(end, path + sizeof path - end, " %s", count > 1 ? words[1] : "");
    FILE *answer = fopen(path, "rb");
    if (!answer) {
        strncat(path, " hangs", sizeof path - strlen(path) - 1);
        if (GetFileAttributesA(path) != INVALID_FILE_ATTRIBUTES) {
            snprintf(line, sizeof line, "\"%s\" add-letters \"%s\"", words[0], path);
            start(line);
            while (size_of(path) == 0) Sleep(STEP_MS);
            add_letters(path, 'p');
        }
        fprintf(stderr, "error: a stand-in has no answer to `%s`\n", count > 1 ? words[1] : "");
        return 101;
    }
    char piece[4096];
    size_t size;
    while ((size = fread(piece, 1, sizeof piece, answer)) > 0) fwrite(piece, 1, size, stdout);
    return 0;
}
