// SPDX-License-Identifier: Apache-2.0
// Writing that survives accidents: a file appears whole or not at all (temporary file, reserve,
// write, fsync, rename, fsync of the folder), and log files grow by whole lines. Rules: never
// truncate an existing file to rewrite it, never retry a failed fsync.
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "isthmus/base/fs_posix.h"
#include "isthmus/base/text.h"

namespace isthmus::posix {
namespace {

uint64_t random_number() {
  uint64_t value = 0;
  if (getrandom(&value, sizeof value, GRND_NONBLOCK) != sizeof value) {
    // Only a name: O_EXCL decides whether it is free.
    static thread_local uint64_t counter = 0;
    value = reinterpret_cast<uintptr_t>(&value) + ++counter;
  }
  return value;
}

std::string temporary_name(const std::string& name) {
  char random[17];
  std::snprintf(random, sizeof random, "%016llx", static_cast<unsigned long long>(random_number()));
  std::string start = "." + name;
  const std::string end = ".tmp." + std::to_string(getpid()) + "." + random;
  constexpr size_t kLongestName = 255;  // of every file system in use
  if (start.size() + end.size() > kLongestName) start.resize(kLongestName - end.size());
  return start + end;
}

/// A temporary file inside an open folder; removed unless it was renamed.
class TemporaryFile {
 public:
  TemporaryFile(int folder, const Place& place)
      : folder_(folder), path_(place.path), target_(file_name(place.path)) {
    struct ::stat old {};
    const bool replaces = fstatat(folder, target_.c_str(), &old, place.no_follow()) == 0;
    if (replaces && S_ISDIR(old.st_mode)) throw_write_error(path_, EISDIR);
    for (int attempt = 0; attempt < 16 && fd_ < 0; ++attempt) {
      name_ = temporary_name(target_);
      // The kernel takes the umask off the mode.
      fd_ = openat(folder, name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      if (fd_ < 0 && errno != EEXIST && errno != EINTR) break;
    }
    if (fd_ < 0) throw_write_error(path_, errno);
    // Refused by some network file systems: then the mode from the umask stays.
    if (replaces) (void)!fchmod(fd_, old.st_mode & 07777);
  }
  ~TemporaryFile() {
    if (fd_ >= 0) ::close(fd_);
    if (!renamed_) unlinkat(folder_, name_.c_str(), 0);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  void reserve(uint64_t bytes) {
    if (bytes == 0) return;
    int result = 0;
    do {
      result = fallocate(fd_, 0, 0, static_cast<off_t>(bytes)) == 0 ? 0 : errno;
    } while (result == EINTR);
    const bool unsupported = result == EOPNOTSUPP || result == ENOSYS || result == EINVAL;
    if (result != 0 && !unsupported) throw_write_error(path_, result, bytes);
  }
  void write(std::span<const std::byte> bytes) {
    if (const int e = write_all(fd_, bytes)) throw_write_error(path_, e, bytes.size());
  }
  void sync() {
    if (fsync(fd_) != 0) throw_write_error(path_, errno);
  }
  void close() {
    const int fd = fd_;
    fd_ = -1;
    if (::close(fd) != 0 && errno != EINTR) throw_write_error(path_, errno);
  }
  void rename() {
    if (renameat(folder_, name_.c_str(), folder_, target_.c_str()) != 0) {
      throw_write_error(path_, errno);
    }
    renamed_ = true;
  }

 private:
  int folder_;
  int fd_ = -1;
  bool renamed_ = false;
  const std::string& path_;
  std::string target_;
  std::string name_;
};

/// Devices and pipes are written to; a rename would put a plain file in their place.
bool is_special(const Place& place) {
  struct ::stat info {};
  return fstatat(place.folder, place.name.c_str(), &info, place.no_follow()) == 0 &&
         !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode);
}

void write_in_place(const Place& place, std::span<const std::byte> bytes) {
  Descriptor fd = open_place(place, O_WRONLY);
  if (!fd.valid()) throw_write_error(place.path, errno);
  if (const int e = write_all(fd.get(), bytes)) throw_write_error(place.path, e, bytes.size());
  if (const int e = fd.close(); e != 0 && e != EINTR) throw_write_error(place.path, e);
}

class PosixAppendFile : public AppendFile {
 public:
  PosixAppendFile(std::string path, Descriptor fd, uint64_t bytes)
      : path_(std::move(path)), fd_(std::move(fd)), bytes_(bytes) {}

  void append(std::string_view text) override {
    const auto bytes = std::as_bytes(std::span(text.data(), text.size()));
    if (const int e = write_all(fd_.get(), bytes)) throw_write_error(path_, e, bytes.size());
    bytes_ += bytes.size();
  }
  void sync() override {
    if (fdatasync(fd_.get()) != 0) throw_write_error(path_, errno);
  }
  uint64_t bytes() const override { return bytes_; }

 private:
  std::string path_;
  Descriptor fd_;
  uint64_t bytes_;
};

}  // namespace

int write_all(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return 0;
}

void write_file_atomically(const Place& place, std::span<const std::byte> bytes,
                           Durability durability) {
  if (is_special(place)) return write_in_place(place, bytes);
  const Descriptor folder = open_parent(place);
  if (!folder.valid()) throw_write_error(parent_folder(place.path), errno);
  TemporaryFile file(folder.get(), place);
  file.reserve(bytes.size());
  file.write(bytes);
  if (durability == Durability::kSynced) file.sync();
  file.close();
  file.rename();
  if (durability == Durability::kSynced) sync_folder(folder.get(), place.path);
}

void sync_folder(int folder, const std::string& path) {
  // EINVAL: this file system has no durability of its own for folders.
  if (fsync(folder) == 0 || errno == EINVAL) return;
  throw Error(ErrorCode::kNotDurable,
              "the folder entry could not be made durable: " + reason(errno), {}, {.file = path});
}

void sync_entry(const Place& place) {
  const Descriptor folder = open_parent(place);
  // A folder that may be written to but not read cannot be synced.
  if (!folder.valid() && errno != EACCES) throw_write_error(place.path, errno);
  if (folder.valid()) sync_folder(folder.get(), place.path);
}

std::unique_ptr<AppendFile> open_append_file(const Place& place) {
  constexpr int kFlags = O_WRONLY | O_APPEND | O_CREAT;
  const std::string& path = place.path;
  Descriptor fresh = open_place(place, kFlags | O_EXCL, 0666);
  if (fresh.valid()) sync_entry(place);
  if (!fresh.valid() && errno != EEXIST) throw_write_error(path, errno);
  Descriptor fd = fresh.valid() ? std::move(fresh) : open_place(place, kFlags, 0666);
  if (!fd.valid()) throw_write_error(path, errno);
  require_single_name(place, fd);
  struct ::stat info {};
  if (fstat(fd.get(), &info) != 0) throw_write_error(path, errno);
  return std::make_unique<PosixAppendFile>(path, std::move(fd),
                                           static_cast<uint64_t>(info.st_size));
}

}  // namespace isthmus::posix
