// SPDX-License-Identifier: Apache-2.0
// One run per folder: an open file description lock on folder/.lock. The kernel drops it when the
// process dies in whatever way, so no lock is ever stale; the text inside only serves the message.
// The folder itself is locked, too (flock), so that removing .lock lets nobody else in.
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "isthmus/base/clock.h"
#include "isthmus/base/fs_posix.h"
#include "isthmus/base/log.h"

namespace isthmus::posix {
namespace {

class PosixFolderLock : public FolderLock {
 public:
  PosixFolderLock(Descriptor fd, Descriptor folder)
      : fd_(std::move(fd)), folder_(std::move(folder)) {}

 private:
  Descriptor fd_, folder_;  // closing them releases the locks
};

struct flock whole_file() {
  struct flock region {};
  region.l_type = F_WRLCK;
  region.l_whence = SEEK_SET;
  return region;  // l_pid must be 0 for open file description locks
}

std::string host_name() {
  char name[256] = {};
  if (gethostname(name, sizeof name - 1) != 0) return "unknown-host";
  return name;
}

/// "pid 123 on host since 2026-01-31T12:34:56Z" from what the holder wrote.
std::string holder_text(int fd) {
  char text[512];
  const ssize_t length = pread(fd, text, sizeof text, 0);
  std::string_view rest(text, length > 0 ? static_cast<size_t>(length) : 0);
  while (!rest.empty() && rest.back() == '\n') rest.remove_suffix(1);
  const size_t first = rest.find(' ');
  const size_t second = first == std::string_view::npos ? first : rest.find(' ', first + 1);
  if (second == std::string_view::npos) return "another process";
  return "process " + std::string(rest.substr(0, first)) + " on " +
         std::string(rest.substr(first + 1, second - first - 1)) + " since " +
         std::string(rest.substr(second + 1));
}

}  // namespace

std::unique_ptr<FolderLock> lock_folder(const Place& lock_file, const std::string& folder) {
  const std::string& path = lock_file.path;
  Descriptor fd = open_place(lock_file, O_RDWR | O_CREAT, 0666);
  if (!fd.valid()) throw_write_error(path, errno);
  require_single_name(lock_file, fd);
  struct flock region = whole_file();
  if (fcntl(fd.get(), F_OFD_SETLK, &region) != 0) {
    if (errno == ENOLCK || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS) {
      log_warning("", folder + ": the file system has no locks (" + reason(errno) + ")",
                  "make sure that no other run uses this folder");
      return std::make_unique<PosixFolderLock>(std::move(fd), Descriptor());
    }
    if (errno != EAGAIN && errno != EACCES) throw_write_error(path, errno);
    throw Error(ErrorCode::kFolderLocked, "the folder is in use by " + holder_text(fd.get()), {},
                {.file = folder});
  }
  Descriptor opened = open_parent(lock_file);
  if (opened.valid() && flock(opened.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    throw Error(ErrorCode::kFolderLocked, "the folder is in use by another process", {},
                {.file = folder});
  }
  // The text is for people only: the lock holds even if the disk is full.
  const std::string text =
      std::to_string(getpid()) + " " + host_name() + " " + wall_time_utc() + "\n";
  if (ftruncate(fd.get(), 0) == 0) {
    (void)!pwrite(fd.get(), text.data(), text.size(), 0);
  }
  return std::make_unique<PosixFolderLock>(std::move(fd), std::move(opened));
}

}  // namespace isthmus::posix
