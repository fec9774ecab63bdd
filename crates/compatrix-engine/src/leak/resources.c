/* Loaded before a test executable: writes down what the process still holds when its tests are over, and, where asked,
   calls the test harness again and again to see whether memory grows. Linux and glibc.

   It takes its orders from COMPATRIX_LOOK_* and removes them, and itself from LD_PRELOAD, before `main`: the tests and
   what they start see the environment that they see without it. The report, one fact a line, fields escaped as %XX:

     begin 2                    it was loaded
     look CALL BLOCKS BYTES ALL after this call: live blocks of malloc, their bytes, blocks ever made
     fd TARGET                  a descriptor that was not open before `main`
     thread NAME
     child HOW NAME COMMAND     HOW: `running`, `ended` (and never waited for), `apart` (a descendant that has another
                                parent by now)
     end                        nothing is missing

   malloc and its like are counted on their way to glibc: what glibc itself tells of its heap is not exact, since a
   block may be given more than it needs, and does not see what its caches hold.

   It allocates nothing that it keeps, so that what it counts is not its own. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* For how long what is about to end (a thread just joined, a child just killed) may take to do so. */
#define SETTLE_MS (calls ? 150 : 300)
#define STEP_MS 2
#define MARK "COMPATRIX_MARK="

typedef int (*main_function)(int, char **, char **);
typedef void (*harness_function)(void);

static main_function real_main;
static pid_t own;
static char report[PATH_MAX];
static unsigned long harness_at, calls;
static unsigned long long started;
static char mark[256];
static int looked;

/* Descriptors open before main: number and target. */
#define KNOWN 64
static struct { int fd; char target[256]; } known[KNOWN];
static int knowns;

/* The report is written in whole looks: to a buffer, then to the file, which stays closed in between. */
static char buffer[1 << 16];
static size_t filled;
static int file = -1;

/* Blocks of malloc: live ones, their bytes, all that were ever made. */
static long blocks, bytes, made;

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

static void count(long *what, long n) { __atomic_fetch_add(what, n, __ATOMIC_RELAXED); }

static void *came(void *block) {
  if (block) {
    count(&blocks, 1);
    count(&made, 1);
    count(&bytes, malloc_usable_size(block));
  }
  return block;
}

static void went(size_t size) {
  count(&blocks, -1);
  count(&bytes, -(long)size);
}

void *malloc(size_t size) { return came(__libc_malloc(size)); }
void *calloc(size_t n, size_t size) { return came(__libc_calloc(n, size)); }
void *memalign(size_t align, size_t size) { return came(__libc_memalign(align, size)); }
void *aligned_alloc(size_t align, size_t size) { return memalign(align, size); }

int posix_memalign(void **to, size_t align, size_t size) {
  if (align % sizeof(void *) || !align || (align & (align - 1))) return EINVAL;
  int before = errno;
  void *block = memalign(align, size);
  errno = before;
  if (!block) return ENOMEM;
  *to = block;
  return 0;
}

void *realloc(void *old, size_t size) {
  size_t was = old ? malloc_usable_size(old) : 0;
  void *block = __libc_realloc(old, size);
  if (old && (block || size == 0)) went(was);
  return came(block);
}

void free(void *block) {
  if (!block) return;
  went(malloc_usable_size(block));
  __libc_free(block);
}

static void flush(void) {
  size_t at = 0;
  while (at < filled) {
    ssize_t n = write(file, buffer + at, filled - at);
    if (n <= 0) break;
    at += n;
  }
  filled = 0;
}

static void put(const char *text) {
  size_t n = strlen(text);
  if (filled + n > sizeof buffer) flush();
  if (n <= sizeof buffer) {
    memcpy(buffer + filled, text, n);
    filled += n;
  }
}

static void escaped(const char *text, size_t n) {
  char out[4];
  if (n == 0) put("%");
  for (size_t i = 0; i < n; i++) {
    unsigned char c = text[i];
    if (c > ' ' && c < 0x7f && c != '%') {
      out[0] = c;
      out[1] = 0;
    } else {
      snprintf(out, sizeof out, "%%%02X", c);
    }
    put(out);
  }
}

static int open_report(void) {
  file = open(report, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  return file >= 0;
}

static void close_report(void) {
  flush();
  close(file);
  file = -1;
}

/* A small file of /proc, NUL-terminated; its length. */
static ssize_t slurp(const char *path, char *to, size_t size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  ssize_t all = 0, n;
  while ((size_t)all < size - 1 && (n = read(fd, to + all, size - 1 - all)) > 0) all += n;
  close(fd);
  to[all] = 0;
  return all;
}

static ssize_t target_of(int fd, char *to, size_t size) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(path, to, size - 1);
  if (n >= 0) to[n] = 0;
  return n;
}

/* Calls `each` for every descriptor but the one that it looks through. */
static void descriptors(void (*each)(int fd, const char *target)) {
  DIR *dir = opendir("/proc/self/fd");
  if (!dir) return;
  struct dirent *entry;
  static char target[PATH_MAX];
  while ((entry = readdir(dir))) {
    int fd = atoi(entry->d_name);
    if (entry->d_name[0] == '.' || fd == dirfd(dir) || fd == file) continue;
    if (target_of(fd, target, sizeof target) >= 0) each(fd, target);
  }
  closedir(dir);
}

static void know(int fd, const char *target) {
  if (knowns == KNOWN) return;
  known[knowns].fd = fd;
  snprintf(known[knowns].target, sizeof known[knowns].target, "%s", target);
  knowns++;
}

static void tell_new(int fd, const char *target) {
  for (int i = 0; i < knowns; i++)
    if (known[i].fd == fd && !strncmp(known[i].target, target, sizeof known[i].target - 1)) return;
  put("fd ");
  escaped(target, strlen(target));
  put("\n");
}

/* Threads other than the first one; writes them down if `tell`. */
static int threads(int tell) {
  DIR *dir = opendir("/proc/self/task");
  if (!dir) return 0;
  struct dirent *entry;
  int count = 0;
  while ((entry = readdir(dir))) {
    if (entry->d_name[0] == '.' || atoi(entry->d_name) == own) continue;
    count++;
    if (!tell) continue;
    char path[64], name[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/comm", atoi(entry->d_name));
    ssize_t n = slurp(path, name, sizeof name);
    if (n < 0) continue;
    if (n > 0 && name[n - 1] == '\n') n--;
    put("thread ");
    escaped(name, n);
    put("\n");
  }
  closedir(dir);
  return count;
}

/* State, parent and start (clock ticks since boot) in /proc/PID/stat, proc_pid_stat(5), fields 3, 4 and 22; the name. */
static int stat_of(int pid, char *state, int *parent, unsigned long long *start, char *name, size_t size) {
  char path[64];
  static char text[2048];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  if (slurp(path, text, sizeof text) <= 0) return 0;
  char *from = strchr(text, '('), *to = strrchr(text, ')');
  if (!from || !to) return 0;
  *to = 0;
  snprintf(name, size, "%s", from + 1);
  char *at = to + 2;
  if (sscanf(at, "%c %d", state, parent) != 2) return 0;
  for (int field = 3; field < 22 && at; field++) {
    at = strchr(at, ' ');
    if (at) at++;
  }
  return at && sscanf(at, "%llu", start) == 1;
}

/* Whether it carries the mark that our own process was given: it descends from it. */
static int is_marked(int pid) {
  char path[64];
  static char text[1 << 16];
  if (!*mark) return 0;
  snprintf(path, sizeof path, "/proc/%d/environ", pid);
  ssize_t n = slurp(path, text, sizeof text);
  for (char *at = text; n > 0 && at < text + n; at += strlen(at) + 1)
    if (!strcmp(at, mark)) return 1;
  return 0;
}

static int children(int tell) {
  DIR *dir = opendir("/proc");
  if (!dir) return 0;
  struct dirent *entry;
  int count = 0;
  while ((entry = readdir(dir))) {
    int pid = atoi(entry->d_name), parent;
    char state, name[64];
    unsigned long long start;
    if (pid <= 0 || pid == own || !stat_of(pid, &state, &parent, &start, name, sizeof name)) continue;
    if (start < started) continue;
    int ended = state == 'Z' || state == 'X';
    /* What a child started is the child's, as long as that is there. */
    if (parent != own && (ended || !is_marked(pid) || is_marked(parent))) continue;
    count++;
    if (!tell) continue;
    char path[64];
    static char line[4096];
    snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
    ssize_t n = slurp(path, line, sizeof line);
    for (ssize_t i = 0; i < n; i++)
      if (!line[i]) line[i] = ' ';
    while (n > 0 && line[n - 1] == ' ') n--;
    put(parent != own ? "child apart " : ended ? "child ended " : "child running ");
    escaped(name, strlen(name));
    put(" ");
    escaped(line, n > 0 ? n : 0);
    put("\n");
  }
  closedir(dir);
  return count;
}

static void pause_ms(int ms) {
  struct timespec t = {0, ms * 1000000L};
  nanosleep(&t, NULL);
}

static void *nothing(void *none) { return none; }

/* Makes glibc give back what belonged to threads that have ended; it does so only when the next one is joined, and keeps
   nothing with glibc.pthread.stack_cache_size=0. */
static void sweep(void) {
  pthread_t thread;
  if (!pthread_create(&thread, NULL, nothing, NULL)) pthread_join(thread, NULL);
}

/* What is left after this call. Waits a moment while there is more than before. */
static void look(unsigned long call) {
  static int held_threads, held_children;
  int with_children = !calls, now_threads = 0, now_children = 0;
  for (int waited = 0;; waited += STEP_MS) {
    now_threads = threads(0);
    now_children = with_children ? children(0) : 0;
    if ((now_threads <= held_threads && now_children <= held_children) || waited >= SETTLE_MS) break;
    pause_ms(STEP_MS);
  }
  held_threads = now_threads;
  held_children = now_children;
  if (calls) sweep();
  long heap[3] = {blocks, bytes, made};
  if (!open_report()) return;
  char line[128];
  snprintf(line, sizeof line, "look %lu %ld %ld %ld\n", call, heap[0], heap[1], heap[2]);
  put(line);
  descriptors(tell_new);
  threads(1);
  if (with_children) children(1);
  close_report();
}

static void end(void) {
  if (open_report()) {
    put("end\n");
    close_report();
  }
}

/* Also after std::process::exit, which is how a harness ends whose test failed. */
static void at_exit(void) {
  if (getpid() != own || looked) return;
  looked = 1;
  if (calls) return;
  look(1);
  end();
}

static int wrapped_main(int argc, char **argv, char **envp) {
  if (getpid() == own) descriptors(know);
  int status = real_main(argc, argv, envp);
  if (status || !calls || getpid() != own) return status;
  looked = 1;
  look(1);
  harness_function harness = (harness_function)(_r_debug.r_map->l_addr + harness_at);
  for (unsigned long call = 2; call <= calls; call++) {
    harness();
    look(call);
  }
  end();
  /* What the tests registered for the end has run its course often enough. */
  _exit(0);
}

static unsigned long number(const char *name) {
  const char *text = getenv(name);
  unsigned long n = text ? strtoul(text, NULL, 0) : 0;
  unsetenv(name);
  return n;
}

/* Puts a variable back to what it was before ours was added: it stands in another one. */
static void restore(const char *name, const char *from) {
  const char *was = getenv(from);
  if (was && *was)
    setenv(name, was, 1);
  else
    unsetenv(name);
  unsetenv(from);
}

__attribute__((constructor)) static void prepare(void) {
  const char *to = getenv("COMPATRIX_LOOK_REPORT");
  if (!to || strlen(to) >= sizeof report) return;
  strcpy(report, to);
  unsetenv("COMPATRIX_LOOK_REPORT");
  restore("LD_PRELOAD", "COMPATRIX_LOOK_PRELOAD");
  restore("LD_LIBRARY_PATH", "COMPATRIX_LOOK_PATH");
  if (getenv("COMPATRIX_LOOK_CALLS")) restore("GLIBC_TUNABLES", "COMPATRIX_LOOK_TUNABLES");
  harness_at = number("COMPATRIX_LOOK_HARNESS");
  calls = number("COMPATRIX_LOOK_CALLS");
  const char *given = getenv("COMPATRIX_MARK");
  if (given) snprintf(mark, sizeof mark, MARK "%s", given);
  own = getpid();
  char state, name[64];
  int parent;
  stat_of(own, &state, &parent, &started, name, sizeof name);
  if (calls) {
    /* A call that dies leaves no core. */
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
  }
  if (open_report()) {
    put("begin 2\n");
    close_report();
  }
  atexit(at_exit);
}

int __libc_start_main(main_function main, int argc, char **argv, void (*init)(void), void (*fini)(void),
                      void (*rtld_fini)(void), void *stack_end) {
  int (*next)(main_function, int, char **, void (*)(void), void (*)(void), void (*)(void), void *) =
      dlsym(RTLD_NEXT, "__libc_start_main");
  if (!own) return next(main, argc, argv, init, fini, rtld_fini, stack_end);
  real_main = main;
  return next(wrapped_main, argc, argv, init, fini, rtld_fini, stack_end);
}
