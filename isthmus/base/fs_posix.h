// SPDX-License-Identifier: Apache-2.0
// Shared by the files that implement the real file system; nobody else includes it.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include <cstddef>
#include <span>
#include <string>
#include <utility>

#include "isthmus/base/error.h"
#include "isthmus/base/fs.h"

namespace isthmus::posix {

/// An open file descriptor; closed on destruction.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  /// Closes and returns 0 or errno.
  int close();
  /// Somebody else closes it.
  void release() { fd_ = -1; }

 private:
  int fd_;
};

/// A path as the kernel gets it: a name that is looked up in an open folder.
struct Place {
  std::string path;  // as the caller knows it: for messages
  int folder = AT_FDCWD;
  std::string name;
  bool inside = false;  // of Fs::open_folder: nothing but plain files and folders is opened
  Descriptor owned = Descriptor();  // `folder`, when it was opened for this place

  int no_follow() const { return inside ? AT_SYMLINK_NOFOLLOW : 0; }
};

/// openat(2) with O_CLOEXEC, repeated on EINTR; on failure an invalid descriptor and errno. Inside
/// of an opened folder E5011 for links, pipes and devices.
Descriptor open_place(const Place& place, int flags, unsigned mode = 0);
/// The folder that holds the place.
Descriptor open_parent(const Place& place);
/// E5011 for what is neither a plain file nor a folder.
void require_plain(const Place& place, const struct ::stat& found);
/// E5011 when the open file has other names: what writes in place would change those, too.
void require_single_name(const Place& place, const Descriptor& opened);
/// The error of a failed read: E3001 or E3002. `number` is errno.
[[noreturn]] void throw_read_error(const std::string& path, int number);
/// The error of a failed write: E5001, E5002, E5101 (with `bytes_needed`), E5102.
[[noreturn]] void throw_write_error(const std::string& path, int number, uint64_t bytes_needed = 0);
/// Writes everything; returns 0 or errno.
int write_all(int fd, std::span<const std::byte> bytes);
std::string parent_folder(const std::string& path);
/// Makes the entries of an open folder durable; E5103 with `path` when that fails.
void sync_folder(int folder, const std::string& path);
/// The same for the folder that holds `place`, whose entry is new.
void sync_entry(const Place& place);
std::string reason(int number);

void write_file_atomically(const Place& place, std::span<const std::byte> bytes,
                           Durability durability);
std::unique_ptr<AppendFile> open_append_file(const Place& place);
/// `lock_file` is the place of `.lock` in `folder`.
std::unique_ptr<FolderLock> lock_folder(const Place& lock_file, const std::string& folder);

}  // namespace isthmus::posix
