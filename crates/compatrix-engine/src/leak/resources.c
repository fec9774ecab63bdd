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

/* For how long what is about to end (a thread let go, a child just killed) may take to do so: after the only call, and
   after the last of many. A moment in which it runs, or would if the machine let it, counts for a quarter. */
#define ONCE_MS 500
#define LAST_MS 2000
/* After each other call it may take a quarter of what is left of this. Only waits in vain use it up: where each call
   leaves a thread behind, only the first few take long. */
#define ALL_MS 2400
#define LEAST_MS 20
#define STEP_MS 2
/* The longest time that a process may take to become another program. */
#define BECOMES_MS 1000
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

/* What a file such as /proc/PID/stat says, proc_pid_stat(5): fields 2 to 4, 20 (how many threads), 22 (when it started,
   in clock ticks since boot), 23 (the size of its memory), 50 and 51 (where its environment begins and ends). */
struct stat_file {
  char name[64], state;
  int parent, threads;
  unsigned long long start, memory, env_start, env_end;
};

static int read_stat(const char *path, struct stat_file *to) {
  static char text[2048];
  if (slurp(path, text, sizeof text) <= 0) return 0;
  char *from = strchr(text, '('), *end = strrchr(text, ')');
  if (!from || !end) return 0;
  *end = 0;
  snprintf(to->name, sizeof to->name, "%s", from + 1);
  char *at = end + 2;
  if (sscanf(at, "%c %d", &to->state, &to->parent) != 2) return 0;
  int field = 3;
  while (field < 51 && (at = strchr(at, ' '))) {
    unsigned long long value = strtoull(++at, NULL, 10);
    switch (++field) {
      case 20: to->threads = value; break;
      case 22: to->start = value; break;
      case 23: to->memory = value; break;
      case 50: to->env_start = value; break;
      case 51: to->env_end = value; break;
    }
  }
  return field == 51;
}

/* Whether it will go on as soon as the machine lets it. */
static int goes_on(char state) { return state == 'R' || state == 'D'; }

/* Threads, by their numbers. */
#define THREADS 4096
struct threads {
  int ids[THREADS], count, next;
};

/* They are asked for in their order, mostly. */
static int has(struct threads *these, int id) {
  for (int n = 0; n < these->count; n++) {
    int at = (these->next + n) % these->count;
    if (these->ids[at] != id) continue;
    these->next = at + 1;
    return 1;
  }
  return 0;
}

/* All threads but the first one. Returns how many of them are not known, and whether one of these goes on. */
static int threads(struct threads *all, struct threads *known, int *on) {
  DIR *dir = opendir("/proc/self/task");
  if (!dir) return 0;
  struct dirent *entry;
  struct stat_file stat;
  int seen = 0, unknown = 0;
  all->count = 0;
  while ((entry = readdir(dir))) {
    int id = atoi(entry->d_name);
    if (entry->d_name[0] == '.') continue;
    seen++;
    if (id == own) continue;
    if (all->count < THREADS) all->ids[all->count++] = id;
    if (has(known, id)) continue;
    unknown++;
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", id);
    *on |= !read_stat(path, &stat) || goes_on(stat.state);
  }
  closedir(dir);
  /* Where a thread ends as the folder is read, those behind it are not seen. */
  if (read_stat("/proc/self/stat", &stat) && seen < stat.threads) {
    unknown++;
    *on = 1;
  }
  return unknown;
}

static void tell_threads(const struct threads *all) {
  for (int n = 0; n < all->count; n++) {
    char path[64], name[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/comm", all->ids[n]);
    ssize_t size = slurp(path, name, sizeof name);
    if (size < 0) continue;
    if (size > 0 && name[size - 1] == '\n') size--;
    put("thread ");
    escaped(name, size);
    put("\n");
  }
}

static void pause_ms(int ms) {
  struct timespec t = {0, ms * 1000000L};
  nanosleep(&t, NULL);
}

/* Whether it carries the mark that our own process was given: it descends from it. While it becomes another program, its
   environment seems to be empty; whoever started it goes on before that is over. */
static int is_marked(int pid) {
  char path[64];
  static char text[1 << 16];
  if (!*mark) return 0;
  for (int left = BECOMES_MS; left > 0; left--) {
    snprintf(path, sizeof path, "/proc/%d/environ", pid);
    ssize_t n = slurp(path, text, sizeof text);
    for (char *at = text; n > 0 && at < text + n; at += strlen(at) + 1)
      if (!strcmp(at, mark)) return 1;
    if (n) return 0;
    struct stat_file stat;
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    /* A thread of the kernel and an ended process have no memory. */
    if (!read_stat(path, &stat) || !stat.memory) return 0;
    if (!stat.env_end)
      pause_ms(1);
    else if (stat.env_start == stat.env_end)
      return 0;
  }
  return 0;
}

/* Child processes, and whether one of them goes on; writes them down if `tell`. */
static int children(int tell, int *on) {
  DIR *dir = opendir("/proc");
  if (!dir) return 0;
  struct dirent *entry;
  int count = 0;
  while ((entry = readdir(dir))) {
    int pid = atoi(entry->d_name);
    struct stat_file stat;
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    if (pid <= 0 || pid == own || !read_stat(path, &stat) || stat.start < started) continue;
    int ended = stat.state == 'Z' || stat.state == 'X';
    /* What a child started is the child's, as long as that is there. */
    if (stat.parent != own && (ended || !is_marked(pid) || is_marked(stat.parent))) continue;
    count++;
    *on |= goes_on(stat.state);
    if (!tell) continue;
    static char line[4096];
    snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
    ssize_t n = slurp(path, line, sizeof line);
    for (ssize_t i = 0; i < n; i++)
      if (!line[i]) line[i] = ' ';
    while (n > 0 && line[n - 1] == ' ') n--;
    put(stat.parent != own ? "child apart " : ended ? "child ended " : "child running ");
    escaped(stat.name, strlen(stat.name));
    put(" ");
    escaped(line, n > 0 ? n : 0);
    put("\n");
  }
  closedir(dir);
  return count;
}

static void *nothing(void *none) { return none; }

/* Makes glibc give back what belonged to threads that have ended; it does so only when the next one is joined, and keeps
   nothing with glibc.pthread.stack_cache_size=0. */
static void sweep(void) {
  pthread_t thread;
  if (!pthread_create(&thread, NULL, nothing, NULL)) pthread_join(thread, NULL);
}

/* Waits until no threads are there besides these, and after an only call no child processes. Puts down which threads
   there are; returns whether it waited in vain. */
static int settle(struct threads *all, struct threads *known, int ms) {
  for (long waited = 0;; pause_ms(STEP_MS)) {
    int on = 0, more = threads(all, known, &on);
    if (!calls) more += children(0, &on);
    if (!more) return 0;
    if (waited >= 4L * ms) return 1;
    waited += on ? STEP_MS : 4 * STEP_MS;
  }
}

/* What is left after this call. Which threads there are counts, not how many: the place of one that was late to end
   is for no other. After the last call all must be gone that were not there after the first. */
static void look(unsigned long call) {
  static struct threads first, before, now;
  static int left = ALL_MS;
  if (!calls) {
    settle(&now, &before, ONCE_MS);
  } else if (call == calls) {
    settle(&now, &first, LAST_MS);
  } else {
    int ms = left / 4 > LEAST_MS ? left / 4 : LEAST_MS;
    if (settle(&now, &before, ms)) left = left > ms ? left - ms : 0;
  }
  before = now;
  if (call == 1) first = now;
  if (calls) sweep();
  long heap[3] = {blocks, bytes, made};
  if (!open_report()) return;
  char line[128];
  snprintf(line, sizeof line, "look %lu %ld %ld %ld\n", call, heap[0], heap[1], heap[2]);
  put(line);
  descriptors(tell_new);
  tell_threads(&now);
  int on = 0;
  if (!calls) children(1, &on);
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
  struct stat_file stat;
  if (read_stat("/proc/self/stat", &stat)) started = stat.start;
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
