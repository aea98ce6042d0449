// SPDX-License-Identifier: Apache-2.0
// A file system in memory that also writes down what a real disk would be asked to do, in the small
// steps of the real one (crash.whole_run checks those): temporary, content, sync, rename, sync of
// the folder. power_loss_test.cc replays the steps and lets the power fail between them.
#pragma once

#include <unistd.h>

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "isthmus/base/error.h"
#include "isthmus/base/fs.h"

namespace isthmus {

struct DiskStep {
  enum Kind {
    kMakeFolder,  // folder/name
    kCreate,      // folder/name is a new, empty file
    kContent,     // the file holds `content` from now on
    kSyncFile,
    kRename,  // folder/name becomes folder/to
    kRemove,
    kSyncFolder,
    kAnnounce,  // the user was told that the checkpoint of step `number` is safe
  };
  Kind kind;
  std::string folder, name, to;
  int file = -1;
  std::shared_ptr<const Bytes> content;
  int64_t number = 0;
};

/// Folders, and files with their content, by path.
struct DiskImage {
  std::set<std::string> folders;
  std::map<std::string, std::shared_ptr<const Bytes>> files;
};

class RecordingFs : public Fs {
 public:
  RecordingFs() = default;
  explicit RecordingFs(DiskImage image) : folders_(std::move(image.folders)) {
    for (auto& [path, content] : image.files) files_[path] = {next_file_++, std::move(content)};
  }

  const std::vector<DiskStep>& steps() const { return steps_; }
  void announce(int64_t number) {
    const std::lock_guard hold(mutex_);
    note({.kind = DiskStep::kAnnounce, .number = number});
  }
  DiskImage image() const {
    DiskImage image{folders_, {}};
    for (const auto& [path, file] : files_) image.files[path] = file.content;
    return image;
  }

  std::optional<FileInfo> stat(const std::string& path) override {
    const std::lock_guard hold(mutex_);
    if (folders_.contains(path)) return FileInfo{.is_folder = true};
    const auto at = files_.find(path);
    if (at == files_.end()) return std::nullopt;
    return FileInfo{.bytes = at->second.content->size(), .is_regular = true};
  }
  std::unique_ptr<ReadFile> open_read(const std::string& path) override {
    const std::lock_guard hold(mutex_);
    return std::make_unique<OpenFile>(at(path).content);
  }
  std::vector<std::string> list_folder(const std::string& path) override {
    const std::lock_guard hold(mutex_);
    std::set<std::string> names;
    for (const auto& [file, unused] : files_) add_child(names, path, file);
    for (const std::string& folder : folders_) add_child(names, path, folder);
    return {names.begin(), names.end()};
  }
  uint64_t free_bytes(const std::string&) override { return uint64_t{1} << 40; }

  void write_file(const std::string& path, std::span<const std::byte> bytes,
                  Durability durability) override {
    const std::lock_guard hold(mutex_);
    const auto [folder, name] = parts(path);
    const std::string temporary =
        "." + name + ".tmp." + std::to_string(getpid()) + "." + std::to_string(next_file_);
    const int file = create(join_path(folder, temporary));
    set_content(join_path(folder, temporary), Bytes(bytes.begin(), bytes.end()));
    if (durability == Durability::kSynced) note({.kind = DiskStep::kSyncFile, .file = file});
    files_[path] = files_.extract(join_path(folder, temporary)).mapped();
    note({.kind = DiskStep::kRename, .folder = folder, .name = temporary, .to = name});
    if (durability == Durability::kSynced) sync_folder(folder);
  }
  std::unique_ptr<AppendFile> open_append(const std::string& path) override {
    const std::lock_guard hold(mutex_);
    if (!files_.contains(path)) {
      create(path);
      sync_folder(parts(path).first);
    }
    return std::make_unique<GrowingFile>(*this, path);
  }
  void truncate(const std::string& path, uint64_t bytes) override {
    const std::lock_guard hold(mutex_);
    Bytes content = *at(path).content;
    content.resize(bytes);
    set_content(path, std::move(content));
  }
  void make_folders(const std::string& path) override {
    for (size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
      make_new_folder(path.substr(0, end));
      if (end == std::string::npos) return;
    }
  }
  bool make_new_folder(const std::string& path) override {
    const std::lock_guard hold(mutex_);
    if (!folders_.insert(path).second) return false;
    const auto [folder, name] = parts(path);
    note({.kind = DiskStep::kMakeFolder, .folder = folder, .name = name});
    sync_folder(folder);
    return true;
  }
  void remove_file(const std::string& path) override {
    const std::lock_guard hold(mutex_);
    if (files_.erase(path) == 0) return;
    const auto [folder, name] = parts(path);
    note({.kind = DiskStep::kRemove, .folder = folder, .name = name});
  }
  void remove_folder(const std::string& path) override {
    throw Error(ErrorCode::kIoError, "no run removes a folder", {}, {.file = path});
  }
  void rename(const std::string&, const std::string& to) override {
    throw Error(ErrorCode::kIoError, "no run renames", {}, {.file = to});
  }
  std::unique_ptr<Fs> open_folder(const std::string&) override {
    return std::make_unique<OpenFolder>(*this);
  }
  std::string path_now(const std::string& path) override { return path; }
  std::unique_ptr<FolderLock> lock_folder(const std::string&) override {
    return std::make_unique<FolderLock>();
  }

 private:
  struct File {
    int number = 0;
    std::shared_ptr<const Bytes> content;
  };

  /// Nothing here is ever moved, so a folder that was opened is the same file system.
  class OpenFolder : public Fs {
   public:
    explicit OpenFolder(Fs& fs) : fs_(fs) {}
    std::optional<FileInfo> stat(const std::string& path) override { return fs_.stat(path); }
    std::unique_ptr<ReadFile> open_read(const std::string& path) override {
      return fs_.open_read(path);
    }
    std::vector<std::string> list_folder(const std::string& path) override {
      return fs_.list_folder(path);
    }
    void write_file(const std::string& path, std::span<const std::byte> bytes,
                    Durability durability) override {
      fs_.write_file(path, bytes, durability);
    }
    std::unique_ptr<AppendFile> open_append(const std::string& path) override {
      return fs_.open_append(path);
    }
    void truncate(const std::string& path, uint64_t bytes) override { fs_.truncate(path, bytes); }
    void rename(const std::string& from, const std::string& to) override { fs_.rename(from, to); }
    void make_folders(const std::string& path) override { fs_.make_folders(path); }
    bool make_new_folder(const std::string& path) override { return fs_.make_new_folder(path); }
    void remove_file(const std::string& path) override { fs_.remove_file(path); }
    void remove_folder(const std::string& path) override { fs_.remove_folder(path); }
    uint64_t free_bytes(const std::string& folder) override { return fs_.free_bytes(folder); }
    std::unique_ptr<Fs> open_folder(const std::string& folder) override {
      return fs_.open_folder(folder);
    }
    std::string path_now(const std::string& path) override { return path; }
    std::unique_ptr<FolderLock> lock_folder(const std::string& folder) override {
      return fs_.lock_folder(folder);
    }

   private:
    Fs& fs_;
  };

  class OpenFile : public ReadFile {
   public:
    explicit OpenFile(std::shared_ptr<const Bytes> content)
        : content_(std::move(content)), file_(*content_) {}
    uint64_t bytes() const override { return file_.bytes(); }
    size_t read(std::span<std::byte> out) override { return file_.read(out); }

   private:
    std::shared_ptr<const Bytes> content_;
    MemoryFile file_;
  };

  class GrowingFile : public AppendFile {
   public:
    GrowingFile(RecordingFs& fs, std::string path) : fs_(fs), path_(std::move(path)) {}
    void append(std::string_view text) override {
      const std::lock_guard hold(fs_.mutex_);
      Bytes content = *fs_.at(path_).content;
      const auto bytes = std::as_bytes(std::span(text.data(), text.size()));
      content.insert(content.end(), bytes.begin(), bytes.end());
      fs_.set_content(path_, std::move(content));
    }
    void sync() override {
      const std::lock_guard hold(fs_.mutex_);
      fs_.note({.kind = DiskStep::kSyncFile, .file = fs_.at(path_).number});
    }
    uint64_t bytes() const override {
      const std::lock_guard hold(fs_.mutex_);
      return fs_.at(path_).content->size();
    }

   private:
    RecordingFs& fs_;
    std::string path_;
  };

  /// "a/b" -> "a", "b"; "a" -> "", "a".
  static std::pair<std::string, std::string> parts(const std::string& path) {
    const size_t slash = path.rfind('/');
    if (slash == std::string::npos) return {"", path};
    return {path.substr(0, slash), path.substr(slash + 1)};
  }
  static void add_child(std::set<std::string>& names, const std::string& folder,
                        const std::string& path) {
    const auto [parent, name] = parts(path);
    if (parent == folder) names.insert(name);
  }
  const File& at(const std::string& path) const {
    const auto found = files_.find(path);
    if (found == files_.end()) throw Error(ErrorCode::kFileMissing, "", {}, {.file = path});
    return found->second;
  }
  int create(const std::string& path) {
    const auto [folder, name] = parts(path);
    files_[path] = {next_file_, std::make_shared<Bytes>()};
    note({.kind = DiskStep::kCreate, .folder = folder, .name = name, .file = next_file_});
    return next_file_++;
  }
  void set_content(const std::string& path, Bytes bytes) {
    File& file = files_.at(path);
    file.content = std::make_shared<Bytes>(std::move(bytes));
    note({.kind = DiskStep::kContent, .file = file.number, .content = file.content});
  }
  void sync_folder(const std::string& folder) {
    note({.kind = DiskStep::kSyncFolder, .folder = folder});
  }
  void note(DiskStep step) { steps_.push_back(std::move(step)); }

  mutable std::mutex mutex_;  // checkpoints are written by another thread
  std::set<std::string> folders_;
  std::map<std::string, File> files_;
  int next_file_ = 0;
  std::vector<DiskStep> steps_;
};

}  // namespace isthmus
