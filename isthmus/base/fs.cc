// SPDX-License-Identifier: Apache-2.0
// The real file system: reading, folders and the mapping of system errors to error numbers. Atomic
// writing is in fs_write.cc, the folder lock in fs_lock.cc, opening in fs_place.cc.
#include "isthmus/base/fs.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <climits>
#include <cstring>
#include <system_error>

#include "isthmus/base/fs_posix.h"
#include "isthmus/base/text.h"
#include "isthmus/base/work.h"

namespace isthmus {
namespace posix {

Descriptor::~Descriptor() { close(); }

int Descriptor::close() {
  if (fd_ < 0) return 0;
  const int fd = fd_;
  fd_ = -1;
  return ::close(fd) == 0 ? 0 : errno;
}

std::string reason(int number) { return std::generic_category().message(number); }

namespace {

void throw_if_process_limit(const std::string& path, int number) {
  if (number != EMFILE && number != ENFILE) return;
  throw Error(ErrorCode::kProcessLimit, "cannot be opened: " + reason(number),
              "raise the limit of open files (ulimit -n)", {.file = path});
}

}  // namespace

void throw_read_error(const std::string& path, int number) {
  if (number == ENOENT || number == ENOTDIR) {
    throw Error(ErrorCode::kFileMissing, "no such file or folder", {}, {.file = path});
  }
  throw_if_process_limit(path, number);
  throw Error(ErrorCode::kUnreadable, "cannot be read: " + reason(number), {}, {.file = path});
}

void throw_write_error(const std::string& path, int number, uint64_t bytes_needed) {
  throw_if_process_limit(path, number);
  switch (number) {
    case ENOENT:
    case ENOTDIR:
      throw Error(ErrorCode::kNoFolder, "the folder does not exist: " + reason(number), {},
                  {.file = path});
    case EACCES:
    case EPERM:
    case EROFS:
    case ETXTBSY:
      throw Error(ErrorCode::kPermission, "cannot be written: " + reason(number), {},
                  {.file = path});
    case ENOSPC:
    case EDQUOT:
    case EFBIG: {
      std::string message = reason(number);
      if (bytes_needed > 0) {
        message += ": " + std::to_string(bytes_needed) + " bytes (" + format_bytes(bytes_needed) +
                   ") are needed";
      }
      throw Error(ErrorCode::kDiskFull, std::move(message), {}, {.file = path});
    }
    default:
      throw Error(ErrorCode::kIoError, "cannot be written: " + reason(number), {}, {.file = path});
  }
}

std::string parent_folder(const std::string& path) {
  const size_t end = path.find_last_not_of('/');  // "a/b/" lies in "a"
  const size_t slash = end == std::string::npos ? 0 : path.find_last_of('/', end);
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

namespace {

FileInfo info_of(const struct ::stat& s) {
  return {.bytes = static_cast<uint64_t>(s.st_size),
          .is_folder = S_ISDIR(s.st_mode),
          .is_regular = S_ISREG(s.st_mode)};
}

class PosixReadFile : public ReadFile {
 public:
  explicit PosixReadFile(const Place& place) : path_(place.path), fd_(open_place(place, O_RDONLY)) {
    if (!fd_.valid()) throw_read_error(path_, errno);
    struct ::stat s {};
    if (fstat(fd_.get(), &s) != 0) throw_read_error(path_, errno);
    const FileInfo info = info_of(s);
    if (info.is_folder) throw_read_error(path_, EISDIR);
    bytes_ = info.bytes;
  }
  uint64_t bytes() const override { return bytes_; }
  size_t read(std::span<std::byte> out) override {
    size_t have = 0;
    while (have < out.size()) {
      const size_t piece = std::min(out.size() - have, kPiece);
      const ssize_t got = ::read(fd_.get(), out.data() + have, piece);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw_read_error(path_, errno);
      if (got == 0) break;
      have += static_cast<size_t>(got);
      done_ += static_cast<uint64_t>(got);
      if (bytes_ > kPiece) note_work("reading", std::min(done_, bytes_), bytes_);
    }
    return have;
  }

 private:
  static constexpr size_t kPiece = size_t{16} << 20;  // smaller files are read at once
  std::string path_;
  Descriptor fd_;
  uint64_t bytes_ = 0, done_ = 0;
};

/// Paths as they stand; or, with a folder that was opened, what lies in that one.
class PosixFs : public Fs {
 public:
  PosixFs() = default;
  PosixFs(Descriptor folder, std::string path)
      : folder_(std::move(folder)), folder_path_(std::move(path)) {}

  std::optional<FileInfo> stat(const std::string& path) override {
    const Place at = place(path);
    struct ::stat s {};
    if (fstatat(at.folder, at.name.c_str(), &s, AT_SYMLINK_NOFOLLOW) == 0) {
      if (at.inside) require_plain(at, s);
      const bool is_link = S_ISLNK(s.st_mode);
      if (!is_link || fstatat(at.folder, at.name.c_str(), &s, 0) == 0) {
        FileInfo info = info_of(s);
        info.is_link = is_link;
        return info;
      }
    }
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    throw_read_error(path, errno);
  }

  std::unique_ptr<ReadFile> open_read(const std::string& path) override {
    return std::make_unique<PosixReadFile>(place(path));
  }

  std::vector<std::string> list_folder(const std::string& path) override {
    Descriptor opened = open_place(place(path), O_RDONLY | O_DIRECTORY);
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(
        opened.valid() ? fdopendir(opened.get()) : nullptr, closedir);
    if (!folder) throw_read_error(path, errno);
    opened.release();  // closed by closedir
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = readdir(folder.get())) {
      const std::string name = entry->d_name;
      if (name != "." && name != "..") names.push_back(name);
      errno = 0;
    }
    if (errno != 0) throw_read_error(path, errno);
    std::sort(names.begin(), names.end());
    return names;
  }

  std::unique_ptr<Fs> open_folder(const std::string& path) override {
    Descriptor opened = open_place(place(path), O_RDONLY | O_DIRECTORY);
    if (!opened.valid()) throw_read_error(path, errno);
    return std::make_unique<PosixFs>(std::move(opened), path);
  }

  std::string path_now(const std::string& path) override {
    if (!folder_.valid()) return path;
    struct ::stat here {};
    if (fstat(folder_.get(), &here) != 0) return {};
    const auto leads_here = [&](const std::string& name) {
      struct ::stat s {};
      return ::stat(name.c_str(), &s) == 0 && s.st_dev == here.st_dev && s.st_ino == here.st_ino;
    };
    const std::string rest = path.substr(folder_path_.size());
    if (leads_here(folder_path_)) return path;
    char name[PATH_MAX] = {};
    const std::string link = "/proc/self/fd/" + std::to_string(folder_.get());
    if (readlink(link.c_str(), name, sizeof name - 1) <= 0 || !leads_here(name)) return {};
    return name + rest;
  }

  void write_file(const std::string& path, std::span<const std::byte> bytes,
                  Durability durability) override {
    write_file_atomically(place(path), bytes, durability);
  }

  std::unique_ptr<AppendFile> open_append(const std::string& path) override {
    return open_append_file(place(path));
  }

  void truncate(const std::string& path, uint64_t bytes) override {
    const Place at = place(path);
    const Descriptor fd = open_place(at, O_WRONLY);
    if (!fd.valid()) throw_write_error(path, errno);
    require_single_name(at, fd);
    if (ftruncate(fd.get(), static_cast<off_t>(bytes)) != 0) throw_write_error(path, errno);
  }

  void rename(const std::string& from, const std::string& to) override {
    const Place source = place(from), target = place(to);
    if (renameat(source.folder, source.name.c_str(), target.folder, target.name.c_str()) != 0) {
      throw_write_error(to, errno);
    }
  }

  void make_folders(const std::string& path) override {
    if (path.empty()) return;
    for (size_t end = path.find('/', folder_path_.size() + 1);; end = path.find('/', end + 1)) {
      const std::string part = path.substr(0, end);
      if (part.back() != '/') make_one(place(part), path);
      if (end == std::string::npos) return;
    }
  }

  bool make_new_folder(const std::string& path) override {
    const Place at = place(path);
    if (mkdirat(at.folder, at.name.c_str(), 0777) != 0) {
      if (errno == EEXIST) return false;
      throw_write_error(path, errno);
    }
    sync_entry(at);
    return true;
  }

  void remove_file(const std::string& path) override { remove(place(path), 0); }
  void remove_folder(const std::string& path) override { remove(place(path), AT_REMOVEDIR); }

  uint64_t free_bytes(const std::string& folder) override {
    const Descriptor fd = open_place(place(folder), O_RDONLY | O_DIRECTORY);
    struct statvfs info {};
    if (!fd.valid() || fstatvfs(fd.get(), &info) != 0) throw_write_error(folder, errno);
    return static_cast<uint64_t>(info.f_bavail) * info.f_frsize;
  }

  std::unique_ptr<FolderLock> lock_folder(const std::string& folder) override {
    return posix::lock_folder(place(join_path(folder, ".lock")), folder);
  }

 private:
  /// Of an opened folder: each step of the path is opened in the one before it.
  Place place(const std::string& path) const {
    if (!folder_.valid()) return {.path = path, .name = path};
    ISTHMUS_CHECK(path.starts_with(folder_path_), "a path outside of the opened folder");
    std::vector<std::string> steps = split(path.substr(folder_path_.size()), '/');
    std::erase(steps, "");
    Place at{.path = path, .folder = folder_.get(), .name = ".", .inside = true};
    for (size_t i = 0; i < steps.size(); ++i) {
      ISTHMUS_CHECK(steps[i] != "..", "a path that leaves the opened folder");
      if (i > 0) {
        Descriptor next = open_place(at, O_RDONLY | O_DIRECTORY);
        if (!next.valid()) throw_read_error(path, errno);
        const int folder = next.get();
        at = Place{.path = path, .folder = folder, .inside = true, .owned = std::move(next)};
      }
      at.name = steps[i];
    }
    return at;
  }

  static void remove(const Place& at, int flags) {
    if (unlinkat(at.folder, at.name.c_str(), flags) == 0) return;
    if (errno != ENOENT || flags != 0) throw_write_error(at.path, errno);
  }

  static void make_one(const Place& at, const std::string& whole) {
    if (mkdirat(at.folder, at.name.c_str(), 0777) == 0) return sync_entry(at);
    const int number = errno;
    // EEXIST is also said of files; other errors (EROFS, EACCES) of folders that exist.
    if (open_place(at, O_PATH | O_DIRECTORY).valid()) return;
    throw_write_error(whole, number == EEXIST ? ENOTDIR : number);
  }

  Descriptor folder_;
  std::string folder_path_;
};

}  // namespace
}  // namespace posix

Fs& posix_fs() {
  static posix::PosixFs fs;
  return fs;
}

size_t MemoryFile::read(std::span<std::byte> out) {
  const size_t count = std::min(out.size(), rest_.size());
  std::copy_n(rest_.begin(), count, out.begin());
  rest_ = rest_.subspan(count);
  return count;
}

Bytes read_up_to(ReadFile& file, uint64_t bytes) {
  constexpr uint64_t kStep = uint64_t{1} << 20;
  Bytes out;
  // One byte more than announced tells whether that was all.
  for (uint64_t step = file.bytes() + 1; out.size() < bytes; step = kStep) {
    const size_t have = out.size();
    out.resize(have + std::min(step, bytes - have));
    const size_t got = file.read(std::span(out).subspan(have));
    if (have + got == out.size()) continue;
    out.resize(have + got);
    break;
  }
  return out;
}

namespace {

[[noreturn]] void refuse_size(const std::string& path, const std::string& size, uint64_t max) {
  throw Error(ErrorCode::kOverLimit,
              "the file has " + size + " bytes, the limit is " + std::to_string(max), {},
              {.file = path});
}

}  // namespace

std::unique_ptr<ReadFile> Fs::open_read_within(const std::string& path, uint64_t max_bytes) {
  std::unique_ptr<ReadFile> file = open_read(path);
  if (file->bytes() > max_bytes) refuse_size(path, std::to_string(file->bytes()), max_bytes);
  return file;
}

Bytes Fs::read_file(const std::string& path, uint64_t max_bytes) {
  const std::unique_ptr<ReadFile> file = open_read_within(path, max_bytes);
  Bytes bytes = isthmus::read_up_to(*file, max_bytes == UINT64_MAX ? max_bytes : max_bytes + 1);
  if (bytes.size() > max_bytes) {
    refuse_size(path, "more than " + std::to_string(max_bytes), max_bytes);
  }
  return bytes;
}

Bytes Fs::read_prefix(const std::string& path, uint64_t bytes) {
  return read_up_to(*open_read(path), bytes);
}

void write_text(Fs& fs, const std::string& path, std::string_view text, Durability durability) {
  fs.write_file(path, std::as_bytes(std::span(text.data(), text.size())), durability);
}

std::string join_path(std::string_view folder, std::string_view name) {
  if (folder.empty() || name.starts_with('/')) return std::string(name);
  std::string path(folder);
  if (path.back() != '/') path += '/';
  path += name;
  return path;
}

std::string file_name(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  const size_t slash = path.find_last_of('/');
  return std::string(slash == std::string_view::npos || path.size() == 1 ? path
                                                                         : path.substr(slash + 1));
}

std::string extension(std::string_view path) {
  std::string name = file_name(path);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const size_t dot = name.rfind('.');
  if (dot == std::string::npos || dot == 0) return {};
  const std::string last = name.substr(dot + 1);
  const bool packed = last == "gz" || last == "zst" || last == "xz" || last == "bz2";
  const size_t inner = packed ? name.rfind('.', dot - 1) : std::string::npos;
  if (inner == std::string::npos || inner == 0) return last;
  return name.substr(inner + 1);
}

}  // namespace isthmus
