// SPDX-License-Identifier: Apache-2.0
// Shared by the files that implement the real file system; nobody else includes it.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "isthmus/base/error.h"
#include "isthmus/base/fs.h"

namespace isthmus::posix {

/// An open file descriptor; closed on destruction.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  Descriptor& operator=(Descriptor&&) = delete;
  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  /// Closes and returns 0 or errno.
  int close();

 private:
  int fd_;
};

/// open(2) with O_CLOEXEC, repeated on EINTR; on failure an invalid descriptor and errno.
Descriptor open_descriptor(const std::string& path, int flags, unsigned mode = 0);
/// The error of a failed read: E3001 or E3002. `number` is errno.
[[noreturn]] void throw_read_error(const std::string& path, int number);
/// The error of a failed write: E5001, E5002, E5101 (with `bytes_needed`), E5102.
[[noreturn]] void throw_write_error(const std::string& path, int number, uint64_t bytes_needed = 0);
/// Writes everything; returns 0 or errno.
int write_all(int fd, std::span<const std::byte> bytes);
std::string parent_folder(const std::string& path);
/// Makes the entries of an open folder durable; E5103 with `path` when that fails.
void sync_folder(int folder, const std::string& path);
/// The same for the folder that holds `path`, whose entry is new.
void sync_entry(const std::string& path);
std::string reason(int number);
uint64_t free_bytes_at(const std::string& folder);

void write_file_atomically(const std::string& path, std::span<const std::byte> bytes,
                           Durability durability);
std::unique_ptr<AppendFile> open_append_file(const std::string& path);
std::unique_ptr<FolderLock> lock_folder(const std::string& folder);

}  // namespace isthmus::posix
