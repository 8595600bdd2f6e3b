/*
 * Preloaded into a server: makes its writes to files of the log fail or wait. What to do is read from the file
 * FAULTY_IO_CONTROL before each call: "eio" (fail with EIO), "delay <ms>" (wait first); no file: nothing.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static int is_log(int fd) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  return strstr(path, "/wal/") != NULL;
}

/* 0: go on. -1: the call fails. */
static int fault(int fd) {
  const char *control = getenv("FAULTY_IO_CONTROL");
  if (control == NULL || !is_log(fd)) return 0;
  int file = syscall(SYS_openat, AT_FDCWD, control, O_RDONLY);
  if (file < 0) return 0;
  char text[64] = {0};
  syscall(SYS_read, file, text, sizeof text - 1);
  syscall(SYS_close, file);
  if (strncmp(text, "eio", 3) == 0) {
    errno = EIO;
    return -1;
  }
  if (strncmp(text, "delay ", 6) == 0) {
    long ms = atol(text + 6);
    struct timespec wait = {ms / 1000, (ms % 1000) * 1000000};
    nanosleep(&wait, NULL);
  }
  return 0;
}

#define NEXT(name) __typeof__(&name) next = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
  NEXT(pwrite64);
  return fault(fd) < 0 ? -1 : next(fd, bytes, count, offset);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) {
  NEXT(pwrite);
  return fault(fd) < 0 ? -1 : next(fd, bytes, count, offset);
}

int fdatasync(int fd) {
  NEXT(fdatasync);
  return fault(fd) < 0 ? -1 : next(fd);
}

int fsync(int fd) {
  NEXT(fsync);
  return fault(fd) < 0 ? -1 : next(fd);
}
