/* Loaded into a test executable that runs under valgrind or a sanitizer: leaks blocks on purpose, which the tool must
   report. If it does not, it does not see what this very process allocates, or was switched off in it. Linux and glibc.

   It takes its orders from COMPATRIX_WITNESS_*, if it is in the executable COMPATRIX_WITNESS_OF, and removes them, and itself from LD_PRELOAD, before `main`: the tests and
   what they start see the environment that they see without it. The report, one fact a line:

     begin               it was loaded
     map BASE PATH       where a file is loaded, from the start or later
     threads N           so many threads came to their end and left their blocks
     exit STATUS         the process came to its end by `exit`, with this status, and left its blocks

   With COMPATRIX_WITNESS_TRIAL the executable's `main` is not called: blocks are left that come from its own allocator,
   COMPATRIX_WITNESS_ALLOC being where `__rust_alloc` is in it, and from the `malloc` that its C code would call. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of each plant, because an address that is left in a register or on a stack makes a block reachable. */
#define COPIES 4
#define HIDDEN __attribute__((noinline))

typedef int (*main_function)(int, char **, char **);
typedef void *(*alloc_function)(size_t size, size_t align);

static main_function real_main;
static pid_t own;
static char report[PATH_MAX];
static unsigned long alloc_at, trial, reads, threads;
static alloc_function allocate;

static void say(const char *line) {
  int file = open(report, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return;
  ssize_t n = write(file, line, strlen(line));
  (void)n;
  close(file);
}

/* Writes over what is left of the blocks' addresses on the stack. */
HIDDEN static int clobber(void) {
  volatile char stack[8 * 1024];
  for (size_t n = 0; n < sizeof stack; n++) stack[n] = (char)n;
  return stack[77];
}

static void touch(void *volatile *block, size_t size) {
  if (*block) memset(*block, 1, size < 64 ? size : 64);
  *block = NULL;
}

/* Each plant has a function of its own, whose name says in the stack which it is. */
#define PLANT(name, size, get)                    \
  HIDDEN static void compatrix_plant_##name(void) { \
    for (int n = 0; n < COPIES; n++) {              \
      void *volatile block = get;                   \
      touch(&block, size);                          \
    }                                               \
  }

PLANT(exit, 24, malloc(24))
PLANT(thread, 40, malloc(40))
PLANT(malloc_32, 32, malloc(32))
PLANT(malloc_5000, 5000, malloc(5000))
PLANT(malloc_3000000, 3000000, malloc(3000000))
PLANT(rust_32, 32, allocate(32, 8))
PLANT(rust_1000, 1000, allocate(1000, 1))
PLANT(rust_40000, 40000, allocate(40000, 16))
PLANT(rust_3000000, 3000000, allocate(3000000, 8))

/* A read beyond a block, which valgrind reports unless the thread was told to be silent. */
HIDDEN static void compatrix_plant_read(void) {
  volatile char *block = calloc(1, 8);
  if (block) (void)block[8];
  free((void *)block);
}

/* The executable itself has no name, and comes first; so has the vdso of some kernels. */
static int map(struct dl_phdr_info *info, size_t size, void *seen) {
  static char path[PATH_MAX], line[PATH_MAX + 64];
  const char *name = info->dlpi_name;
  if (!*(int *)seen) {
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    path[n > 0 ? n : 0] = 0;
    name = path;
  }
  *(int *)seen = 1;
  if (!*name) return 0;
  snprintf(line, sizeof line, "map %lx %s\n", (unsigned long)info->dlpi_addr, name);
  say(line);
  return 0;
}

static void maps(void) {
  int seen = 0;
  dl_iterate_phdr(map, &seen);
}

/* Also after std::process::exit, which is how a harness ends whose test failed. */
static void at_exit(int status, void *none) {
  if (getpid() != own) return;
  char line[64];
  snprintf(line, sizeof line, "threads %lu\n", __atomic_load_n(&threads, __ATOMIC_SEQ_CST));
  say(line);
  compatrix_plant_exit();
  if (reads) compatrix_plant_read();
  clobber();
  maps();
  snprintf(line, sizeof line, "exit %d\n", status);
  say(line);
}

static void plants(void) {
  compatrix_plant_malloc_32();
  compatrix_plant_malloc_5000();
  compatrix_plant_malloc_3000000();
  if (alloc_at) {
    allocate = (alloc_function)(_r_debug.r_map->l_addr + alloc_at);
    compatrix_plant_rust_32();
    compatrix_plant_rust_1000();
    compatrix_plant_rust_40000();
    compatrix_plant_rust_3000000();
  }
  clobber();
}

static int wrapped_main(int argc, char **argv, char **envp) {
  /* Not before: what is registered last is called first, and the sanitizers look for leaks in a handler too. */
  if (getpid() == own) on_exit(at_exit, NULL);
  if (!trial) return real_main(argc, argv, envp);
  plants();
  return 0;
}

struct start {
  void *(*function)(void *);
  void *argument;
};

static void *whole_thread(void *given) {
  struct start start = *(struct start *)given;
  free(given);
  void *result = start.function(start.argument);
  if (getpid() == own) {
    compatrix_plant_thread();
    if (reads) compatrix_plant_read();
    clobber();
    __atomic_fetch_add(&threads, 1, __ATOMIC_SEQ_CST);
  }
  return result;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*function)(void *), void *argument) {
  int (*next)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) = dlsym(RTLD_NEXT, "pthread_create");
  struct start *start = own == getpid() ? malloc(sizeof *start) : NULL;
  if (!start) return next(thread, attributes, function, argument);
  *start = (struct start){function, argument};
  int failed = next(thread, attributes, whole_thread, start);
  if (failed) free(start);
  return failed;
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
  const char *to = getenv("COMPATRIX_WITNESS_REPORT"), *of = getenv("COMPATRIX_WITNESS_OF");
  static char path[PATH_MAX];
  if (!to || !of || strlen(to) >= sizeof report) return;
  /* What starts the executable (valgrind, or a script named so) is let alone, and hands everything on. */
  ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
  if (n <= 0 || strcmp(path, of)) return;
  strcpy(report, to);
  unsetenv("COMPATRIX_WITNESS_REPORT");
  unsetenv("COMPATRIX_WITNESS_OF");
  restore("LD_PRELOAD", "COMPATRIX_WITNESS_PRELOAD");
  restore("LD_LIBRARY_PATH", "COMPATRIX_WITNESS_PATH");
  alloc_at = number("COMPATRIX_WITNESS_ALLOC");
  trial = number("COMPATRIX_WITNESS_TRIAL");
  reads = number("COMPATRIX_WITNESS_READS");
  own = getpid();
  say("begin\n");
  maps();
}

int __libc_start_main(main_function main, int argc, char **argv, void (*init)(void), void (*fini)(void),
                      void (*rtld_fini)(void), void *stack_end) {
  int (*next)(main_function, int, char **, void (*)(void), void (*)(void), void (*)(void), void *) =
      dlsym(RTLD_NEXT, "__libc_start_main");
  real_main = main;
  return next(own ? wrapped_main : main, argc, argv, init, fini, rtld_fini, stack_end);
}
