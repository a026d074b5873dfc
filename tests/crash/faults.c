/* Ends the process with SIGKILL at its n-th change of a folder: a write (half of which is done), a
   rename, a removal, a new folder, an fsync. Preloaded; `faults_arm` says where and at which. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static char folder[PATH_MAX];
static size_t length;
static long count, at;
static int told = -1; /* where the changes are written down */

void faults_arm(const char *path, long number, int descriptor) {
    length = path ? strlen(path) : 0;
    if (length >= sizeof folder) abort();
    memcpy(folder, path ? path : "", length);
    count = 0;
    at = number;
    told = descriptor;
}

long faults_count(void) { return count; }

static int inside(const char *path) {
    char here[PATH_MAX], whole[2 * PATH_MAX];
    if (!length) return 0;
    if (path[0] != '/') {
        if (!getcwd(here, sizeof here)) return 0;
        snprintf(whole, sizeof whole, "%s/%s", here, path);
        path = whole;
    }
    return !strncmp(path, folder, length);
}

/* One more change: returns whether the process ends at it. */
static int due(const char *what, const char *path) {
    if (!inside(path)) return 0;
    if (told >= 0) dprintf(told, "%s %s\n", what, path);
    return ++count == at;
}

static int due_file(const char *what, int file) {
    char link[64], path[PATH_MAX];
    if (!length || file == told) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size < 0) return 0;
    path[size] = 0;
    return due(what, path);
}

static void end(void) { kill(getpid(), SIGKILL); }

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int file, const void *bytes, size_t size) {
    if (due_file("write", file)) {
        REAL(write)(file, bytes, size / 2);
        end();
    }
    return REAL(write)(file, bytes, size);
}

ssize_t pwrite(int file, const void *bytes, size_t size, off_t place) {
    if (due_file("write", file)) {
        REAL(pwrite)(file, bytes, size / 2, place);
        end();
    }
    return REAL(pwrite)(file, bytes, size, place);
}

ssize_t pwrite64(int file, const void *bytes, size_t size, off64_t place) {
    if (due_file("write", file)) {
        REAL(pwrite64)(file, bytes, size / 2, place);
        end();
    }
    return REAL(pwrite64)(file, bytes, size, place);
}

ssize_t writev(int file, const struct iovec *parts, int number) {
    if (due_file("write", file)) {
        REAL(writev)(file, parts, number / 2);
        end();
    }
    return REAL(writev)(file, parts, number);
}

ssize_t sendfile(int to, int from, off_t *place, size_t size) {
    if (due_file("write", to)) {
        REAL(sendfile)(to, from, place, size / 2);
        end();
    }
    return REAL(sendfile)(to, from, place, size);
}

ssize_t sendfile64(int to, int from, off64_t *place, size_t size) {
    if (due_file("write", to)) {
        REAL(sendfile64)(to, from, place, size / 2);
        end();
    }
    return REAL(sendfile64)(to, from, place, size);
}

int fsync(int file) {
    if (due_file("fsync", file)) end();
    return REAL(fsync)(file);
}

int rename(const char *from, const char *to) {
    if (due("rename", to)) end();
    return REAL(rename)(from, to);
}

int unlink(const char *path) {
    if (due("remove", path)) end();
    return REAL(unlink)(path);
}

int unlinkat(int parent, const char *path, int flags) {
    if (parent == AT_FDCWD ? due("remove", path) : due_file("remove within", parent)) end();
    return REAL(unlinkat)(parent, path, flags);
}

int rmdir(const char *path) {
    if (due("remove", path)) end();
    return REAL(rmdir)(path);
}

int mkdir(const char *path, mode_t mode) {
    if (due("mkdir", path)) end();
    return REAL(mkdir)(path, mode);
}
