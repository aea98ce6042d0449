// SPDX-License-Identifier: Apache-2.0
// The one door to the file system. Everything that writes goes through Fs, so that a test can fail
// the Nth operation. Errors are Error E30xx (reading) and E50xx/E51xx (writing), with path and the
// system's reason.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace isthmus {

using Bytes = std::vector<std::byte>;

enum class Durability { kRename, kSynced };  // kSynced: fsync file and folder, for checkpoints

struct FileInfo {
  uint64_t bytes = 0;
  bool is_folder = false;
  bool is_regular = false;
  bool is_link = false;  // a symbolic link; the rest describes what it leads to
};

/// An open file, read front to back; what happens to its name meanwhile does not matter.
class ReadFile {
 public:
  virtual ~ReadFile() = default;
  /// The size when it was opened; 0 for what has none, such as a pipe.
  virtual uint64_t bytes() const = 0;
  /// How many bytes were read: fewer than asked for only at the end.
  virtual size_t read(std::span<std::byte> out) = 0;
};

/// Borrows bytes in memory.
class MemoryFile : public ReadFile {
 public:
  explicit MemoryFile(std::span<const std::byte> content)
      : rest_(content), bytes_(content.size()) {}
  uint64_t bytes() const override { return bytes_; }
  size_t read(std::span<std::byte> out) override;

 private:
  std::span<const std::byte> rest_;
  uint64_t bytes_;
};

/// Up to `bytes` bytes from here; memory is taken as they come, not on the word of the file.
Bytes read_up_to(ReadFile& file, uint64_t bytes);

/// A file that only grows: one write() per append.
class AppendFile {
 public:
  virtual ~AppendFile() = default;
  virtual void append(std::string_view text) = 0;
  virtual void sync() = 0;
  virtual uint64_t bytes() const = 0;
};

/// A lock held by the kernel (open file description lock): nothing stale after kill -9.
class FolderLock {
 public:
  virtual ~FolderLock() = default;
};

class Fs {
 public:
  virtual ~Fs() = default;

  virtual std::optional<FileInfo> stat(const std::string& path) = 0;  // nullopt: does not exist
  virtual std::unique_ptr<ReadFile> open_read(const std::string& path) = 0;  // E3001, E3002
  /// The same, with E3004 for a file of more than max_bytes.
  std::unique_ptr<ReadFile> open_read_within(const std::string& path, uint64_t max_bytes);
  /// Whole file; E3001 missing, E3002 unreadable, E3004 above max_bytes.
  Bytes read_file(const std::string& path, uint64_t max_bytes);
  /// The first `bytes` bytes (fewer if the file is shorter).
  Bytes read_prefix(const std::string& path, uint64_t bytes);
  /// Names (not paths) in a folder, sorted bytewise; without . and ..
  virtual std::vector<std::string> list_folder(const std::string& path) = 0;

  /// The file appears whole or not at all: temporary file `.<name>.tmp.<pid>.<random>`, mode from
  /// umask or from the old file, space reserved, write, fsync (kSynced), rename, fsync of the
  /// folder (kSynced). On failure the temporary is removed and the old file is as it was.
  virtual void write_file(const std::string& path, std::span<const std::byte> bytes,
                          Durability durability) = 0;
  /// A new file is durable as an empty one, so that sync() can promise its content.
  virtual std::unique_ptr<AppendFile> open_append(const std::string& path) = 0;
  virtual void truncate(const std::string& path, uint64_t bytes) = 0;
  /// What was at `to` before is replaced: a file by a file, an empty folder by a folder.
  virtual void rename(const std::string& from, const std::string& to) = 0;
  /// Creates the folder and its parents, durably; an existing folder is fine.
  virtual void make_folders(const std::string& path) = 0;
  /// Creates exactly this folder, durably; false if it exists already (then nothing is changed).
  virtual bool make_new_folder(const std::string& path) = 0;
  virtual void remove_file(const std::string& path) = 0;    // missing is fine
  virtual void remove_folder(const std::string& path) = 0;  // must be empty
  virtual uint64_t free_bytes(const std::string& folder) = 0;
  /// `folder` as a file system of its own. Its paths are the same as before ("runs/a/log.txt"), but
  /// whatever is opened, written or removed lies in the folder that was opened, even after a
  /// rename. Nothing in it leads out of it: E5011 for symbolic links, pipes and devices, and for
  /// files with a second name that would be written in place. `folder` itself may be a link. E3001,
  /// E3002.
  virtual std::unique_ptr<Fs> open_folder(const std::string& folder) = 0;
  /// Where a path in an opened folder is now: the path itself unless the folder was moved; "" when
  /// no path is known. Other file systems return the path.
  virtual std::string path_now(const std::string& path) = 0;
  /// Locks `folder/.lock`; Error E8001 naming PID, host and time of the holder.
  virtual std::unique_ptr<FolderLock> lock_folder(const std::string& folder) = 0;
};

/// The real file system. One instance, no state.
Fs& posix_fs();

void write_text(Fs& fs, const std::string& path, std::string_view text, Durability durability);
std::string join_path(std::string_view folder, std::string_view name);
std::string file_name(std::string_view path);  // "a/b.png" -> "b.png"
std::string extension(std::string_view path);  // "a/b.PNG" -> "png", "x.csv.gz" -> "csv.gz"

}  // namespace isthmus
