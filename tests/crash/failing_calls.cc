// SPDX-License-Identifier: Apache-2.0
// Preloaded into the isthmus program: counts the system calls that change files, over all threads,
// and does something to the Nth one. (strace counts per thread and so cannot name a call of a
// program with two.) Part of the crash tests, never of the product.
//
//   FAILING_CALLS_LOG=F      appends a line to F per counted call: its name, its path, its result;
//                            with FAILING_CALLS_AT only the line of that call, if it goes on
//   FAILING_CALLS_AT=N       which call, from 1
//   FAILING_CALLS_HOW=WORD   kill: dies before the call; torn: writes half, then dies;
//                            short: writes half and says so;
//                            full: from that call on nothing that needs room succeeds;
//                            slow: from that call on each fsync takes two seconds longer;
//                            a number: fails with that errno, and nothing happened
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#define EXPORTED extern "C" __attribute__((visibility("default")))

namespace {

constexpr int kMostDescriptors = 4096;

std::atomic<long> calls{0};
std::atomic<bool> written_to[kMostDescriptors];

struct Orders {
  long at = 0;
  const char* how = "";
  int log = -1;

  Orders() {
    if (const char* text = std::getenv("FAILING_CALLS_AT")) at = std::atol(text);
    if (const char* text = std::getenv("FAILING_CALLS_HOW")) how = text;
    if (const char* path = std::getenv("FAILING_CALLS_LOG")) {
      log = static_cast<int>(
          syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
    }
  }
  bool say(const char* word) const { return std::strcmp(how, word) == 0; }
};

const Orders& orders() {
  static const Orders orders;
  return orders;
}

[[noreturn]] void die() {
  syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
  while (true) pause();
}

/// One counted call: its place among all of them, and its line for the log.
class Call {
 public:
  Call(const char* name, int fd, const char* path = nullptr)
      : number_(++calls), needs_room_(takes_room(name, fd)) {
    if (orders().log < 0) return;
    char folder[PATH_MAX] = {};
    char link[64];
    std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    if (fd >= 0) (void)!syscall(SYS_readlink, link, folder, sizeof folder - 1);
    std::snprintf(line_, sizeof line_, "%s %s%s%s", name, folder, fd >= 0 && path ? "/" : "",
                  path ? path : "");
  }

  bool is_chosen() const { return number_ == orders().at; }
  bool is_slow() const { return number_ >= orders().at && orders().say("slow"); }
  bool finds_disk_full() const {
    return number_ >= orders().at && orders().say("full") && needs_room_;
  }

  long log(long result) const {
    const Orders& o = orders();
    if (o.log < 0 || (o.at != 0 && !is_chosen())) return result;
    const int number = errno;
    char line[sizeof line_ + 32];
    const int length = std::snprintf(line, sizeof line, "%s %ld\n", line_, result);
    (void)!syscall(SYS_write, o.log, line, length);
    errno = number;
    return result;
  }

 private:
  /// What prints to the terminal needs no disk.
  static bool takes_room(const char* name, int fd) {
    if (fd >= 0 && fd <= STDERR_FILENO) return false;
    for (const char* taker : {"write", "pwrite", "fallocate", "openat", "mkdirat"}) {
      if (std::strcmp(name, taker) == 0) return true;
    }
    return false;
  }

  long number_;
  bool needs_room_;
  char line_[PATH_MAX + 300] = {};
};

/// Runs a call of which half can be done; `run` gets the bytes to do.
template <typename Run>
long partial(const Call& call, size_t bytes, Run run) {
  const Orders& o = orders();
  if (call.finds_disk_full()) {
    errno = ENOSPC;
    return call.log(-1);
  }
  if (!call.is_chosen() || o.say("slow") || o.say("full")) return call.log(run(bytes));
  if (o.say("kill")) die();
  if (const int number = std::atoi(o.how)) {
    errno = number;
    return call.log(-1);
  }
  const long result = run(bytes > 1 ? bytes / 2 : bytes);
  if (o.say("torn")) die();
  return call.log(result);
}

/// Runs a call that is done or not done as a whole.
template <typename Run>
long whole(const Call& call, Run run) {
  return partial(call, 0, [&](size_t) { return run(); });
}

void note_written_to(long fd) {
  if (fd >= 0 && fd < kMostDescriptors) written_to[fd] = true;
}

}  // namespace

EXPORTED ssize_t write(int fd, const void* data, size_t bytes) {
  return partial({"write", fd}, bytes, [&](size_t n) { return syscall(SYS_write, fd, data, n); });
}

EXPORTED ssize_t pwrite(int fd, const void* data, size_t bytes, off_t at) {
  return partial({"pwrite", fd}, bytes,
                 [&](size_t n) { return syscall(SYS_pwrite64, fd, data, n, at); });
}

EXPORTED int openat(int folder, const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  const auto call = [&] { return syscall(SYS_openat, folder, path, flags, mode); };
  if ((flags & O_CREAT) == 0) return static_cast<int>(call());
  const long fd = whole({"openat", folder, path}, call);
  note_written_to(fd);
  return static_cast<int>(fd);
}

/// An error of close leaves the descriptor closed.
EXPORTED int close(int fd) {
  const bool counted = fd >= 0 && fd < kMostDescriptors && written_to[fd].exchange(false);
  if (!counted) return static_cast<int>(syscall(SYS_close, fd));
  long result = 0;
  const long outcome = whole({"close", fd}, [&] { return result = syscall(SYS_close, fd); });
  if (outcome < 0 && result == 0) {
    const int number = errno;
    syscall(SYS_close, fd);
    errno = number;
  }
  return static_cast<int>(outcome);
}

EXPORTED int fsync(int fd) {
  const Call call("fsync", fd);
  if (call.is_slow()) sleep(2);
  return static_cast<int>(whole(call, [&] { return syscall(SYS_fsync, fd); }));
}
EXPORTED int fdatasync(int fd) {
  return static_cast<int>(whole({"fdatasync", fd}, [&] { return syscall(SYS_fdatasync, fd); }));
}
EXPORTED int fallocate(int fd, int mode, off_t at, off_t bytes) {
  return static_cast<int>(
      whole({"fallocate", fd}, [&] { return syscall(SYS_fallocate, fd, mode, at, bytes); }));
}
EXPORTED int ftruncate(int fd, off_t bytes) noexcept {
  return static_cast<int>(
      whole({"ftruncate", fd}, [&] { return syscall(SYS_ftruncate, fd, bytes); }));
}
EXPORTED int renameat(int from_folder, const char* from, int to_folder, const char* to) noexcept {
  return static_cast<int>(whole({"renameat", to_folder, to}, [&] {
    return syscall(SYS_renameat, from_folder, from, to_folder, to);
  }));
}
EXPORTED int unlinkat(int folder, const char* path, int flags) noexcept {
  return static_cast<int>(whole({"unlinkat", folder, path},
                                [&] { return syscall(SYS_unlinkat, folder, path, flags); }));
}
EXPORTED int mkdirat(int folder, const char* path, mode_t mode) noexcept {
  return static_cast<int>(
      whole({"mkdirat", folder, path}, [&] { return syscall(SYS_mkdirat, folder, path, mode); }));
}
