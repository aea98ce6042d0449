// SPDX-License-Identifier: Apache-2.0
// A file system for tests that fails on purpose. It wraps a real Fs, counts every operation that
// writes and, apart from these, every one that reads, and throws a chosen error at the Nth one
// (counting from 1) instead of doing it.
//
//   FaultFs fs(posix_fs());
//   save(fs);                                  // learns fs.writes()
//   for (int64_t n = 1; n <= total; ++n) {
//     FaultFs broken(posix_fs());
//     broken.fail_at(n, ErrorCode::kDiskFull);
//     EXPECT_THROW(save(broken), Error);       // and the old state must still be there
//   }
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "isthmus/base/error.h"
#include "isthmus/base/fs.h"

namespace isthmus {

class FaultFs : public Fs {
 public:
  explicit FaultFs(Fs& inner) : inner_(inner) {}
  /// A folder of another one: its writes count there.
  FaultFs(FaultFs& whole, std::unique_ptr<Fs> folder)
      : folder_(std::move(folder)), inner_(*folder_), whole_(whole.whole_) {}

  /// The nth write fails with `code`; with `and_later` all writes from then on fail, too, as if the
  /// process had died or the disk were gone.
  void fail_at(int64_t nth, ErrorCode code, bool and_later = false) {
    nth_ = nth;
    code_ = code;
    and_later_ = and_later;
  }
  /// The nth operation that reads fails: a look at a path, a list, an open or a read of a file.
  void fail_read_at(int64_t nth, ErrorCode code) {
    nth_read_ = nth;
    read_code_ = code;
  }
  int64_t writes() const { return static_cast<int64_t>(log_.size()); }
  /// "write_file <path>", "append <path>", ... in the order of their calls, failed ones included.
  const std::vector<std::string>& log() const { return log_; }
  /// "stat <path>", "open_read <path>", "read <path>", "list_folder <path>".
  const std::vector<std::string>& reads() const { return reads_; }

  std::optional<FileInfo> stat(const std::string& path) override {
    count_read("stat", path);
    return inner_.stat(path);
  }
  std::unique_ptr<ReadFile> open_read(const std::string& path) override {
    count_read("open_read", path);
    return std::make_unique<FaultReadFile>(*this, path, inner_.open_read(path));
  }
  std::vector<std::string> list_folder(const std::string& path) override {
    count_read("list_folder", path);
    return inner_.list_folder(path);
  }
  uint64_t free_bytes(const std::string& folder) override { return inner_.free_bytes(folder); }

  void write_file(const std::string& path, std::span<const std::byte> bytes,
                  Durability durability) override {
    count("write_file", path);
    inner_.write_file(path, bytes, durability);
  }
  std::unique_ptr<AppendFile> open_append(const std::string& path) override {
    count("open_append", path);
    return std::make_unique<FaultAppendFile>(*this, path, inner_.open_append(path));
  }
  void truncate(const std::string& path, uint64_t bytes) override {
    count("truncate", path);
    inner_.truncate(path, bytes);
  }
  void rename(const std::string& from, const std::string& to) override {
    count("rename", to);
    inner_.rename(from, to);
  }
  std::unique_ptr<Fs> open_folder(const std::string& folder) override {
    return std::make_unique<FaultFs>(*this, inner_.open_folder(folder));
  }
  std::string path_now(const std::string& path) override { return inner_.path_now(path); }
  void make_folders(const std::string& path) override {
    count("make_folders", path);
    inner_.make_folders(path);
  }
  bool make_new_folder(const std::string& path) override {
    count("make_new_folder", path);
    return inner_.make_new_folder(path);
  }
  void remove_file(const std::string& path) override {
    count("remove_file", path);
    inner_.remove_file(path);
  }
  void remove_folder(const std::string& path) override {
    count("remove_folder", path);
    inner_.remove_folder(path);
  }
  std::unique_ptr<FolderLock> lock_folder(const std::string& folder) override {
    count("lock_folder", folder);
    return inner_.lock_folder(folder);
  }

 private:
  class FaultReadFile : public ReadFile {
   public:
    FaultReadFile(FaultFs& fs, std::string path, std::unique_ptr<ReadFile> inner)
        : fs_(fs), path_(std::move(path)), inner_(std::move(inner)) {}
    uint64_t bytes() const override { return inner_->bytes(); }
    size_t read(std::span<std::byte> out) override {
      fs_.count_read("read", path_);
      return inner_->read(out);
    }

   private:
    FaultFs& fs_;
    std::string path_;
    std::unique_ptr<ReadFile> inner_;
  };

  class FaultAppendFile : public AppendFile {
   public:
    FaultAppendFile(FaultFs& fs, std::string path, std::unique_ptr<AppendFile> inner)
        : fs_(fs), path_(std::move(path)), inner_(std::move(inner)) {}
    void append(std::string_view text) override {
      fs_.count("append", path_);
      inner_->append(text);
    }
    void sync() override {
      fs_.count("sync", path_);
      inner_->sync();
    }
    uint64_t bytes() const override { return inner_->bytes(); }

   private:
    FaultFs& fs_;
    std::string path_;
    std::unique_ptr<AppendFile> inner_;
  };

  void count(const char* operation, const std::string& path) {
    if (whole_ != this) return whole_->count(operation, path);
    const std::lock_guard<std::mutex> hold(mutex_);  // checkpoints are written by another thread
    log_.push_back(std::string(operation) + " " + path);
    const int64_t now = static_cast<int64_t>(log_.size());
    const bool fails = nth_ > 0 && (now == nth_ || (and_later_ && now > nth_));
    if (fails) throw Error(code_, "injected at write " + std::to_string(nth_), {}, {.file = path});
  }

  void count_read(const char* operation, const std::string& path) {
    if (whole_ != this) return whole_->count_read(operation, path);
    const std::lock_guard<std::mutex> hold(mutex_);
    reads_.push_back(std::string(operation) + " " + path);
    if (std::ssize(reads_) != nth_read_) return;
    throw Error(read_code_, "injected at read " + std::to_string(nth_read_), {}, {.file = path});
  }

  std::unique_ptr<Fs> folder_;
  Fs& inner_;
  FaultFs* whole_ = this;
  int64_t nth_ = 0;
  ErrorCode code_ = ErrorCode::kIoError;
  bool and_later_ = false;
  int64_t nth_read_ = 0;
  ErrorCode read_code_ = ErrorCode::kUnreadable;
  std::vector<std::string> log_, reads_;
  std::mutex mutex_;
};

}  // namespace isthmus
