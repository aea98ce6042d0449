// SPDX-License-Identifier: Apache-2.0
// Opening files where they are said to be: for a path as it stands, and strictly inside of a folder
// that was opened before. There a stranger may have put links, pipes and devices; none is opened.
#include <unistd.h>

#include <cerrno>

#include "isthmus/base/fs_posix.h"

namespace isthmus::posix {
namespace {

[[noreturn]] void refuse(const Place& place, const char* what) {
  throw Error(ErrorCode::kForeignEntry,
              std::string("is ") + what + "; inside this folder none is followed or written to", {},
              {.file = place.path});
}

/// Looks at what was opened, or at what could not be; errno stays.
void require_plain_entry(const Place& place, const Descriptor& opened) {
  const int number = errno;
  struct ::stat s {};
  const int result = opened.valid()
                         ? fstat(opened.get(), &s)
                         : fstatat(place.folder, place.name.c_str(), &s, AT_SYMLINK_NOFOLLOW);
  if (result == 0) require_plain(place, s);
  errno = number;
}

}  // namespace

void require_plain(const Place& place, const struct ::stat& found) {
  if (S_ISLNK(found.st_mode)) refuse(place, "a symbolic link");
  if (S_ISREG(found.st_mode) || S_ISDIR(found.st_mode)) return;
  refuse(place, "a pipe, a socket or a device");
}

Descriptor open_place(const Place& place, int flags, unsigned mode) {
  // Opening a pipe must not wait for its other end.
  if (place.inside) flags |= O_NOFOLLOW | O_NONBLOCK;
  int fd = -1;
  do {
    fd = openat(place.folder, place.name.c_str(), flags | O_CLOEXEC, mode);
  } while (fd < 0 && errno == EINTR);
  Descriptor opened(fd);
  const bool exclusive = (flags & O_EXCL) != 0 && (opened.valid() || errno == EEXIST);
  if (place.inside && !exclusive) require_plain_entry(place, opened);
  return opened;
}

Descriptor open_parent(const Place& place) {
  return open_place({.path = place.path,
                     .folder = place.folder,
                     .name = place.inside ? "." : parent_folder(place.path)},
                    O_RDONLY | O_DIRECTORY);
}

void require_single_name(const Place& place, const Descriptor& opened) {
  struct ::stat s {};
  if (place.inside && fstat(opened.get(), &s) == 0 && s.st_nlink > 1) {
    refuse(place, "a file with a second name (a hard link)");
  }
}

}  // namespace isthmus::posix
