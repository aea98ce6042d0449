// SPDX-License-Identifier: Apache-2.0
// The run folder on disk: names, lock, streams that grow (metrics, log) and files that are replaced
// whole. It decides nothing about training; what is durable and when is the loop's business.
#include "isthmus/train/run_folder.h"

#include <algorithm>
#include <array>

#include "isthmus/base/clock.h"
#include "isthmus/base/log.h"
#include "isthmus/base/text.h"
#include "isthmus/checkpoint/generations.h"

namespace isthmus {
namespace {

constexpr int kMaxNumber = 999999;

std::string parent_of(const std::string& path) {
  std::string trimmed = path;
  while (trimmed.size() > 1 && trimmed.back() == '/') trimmed.pop_back();
  const size_t slash = trimmed.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : trimmed.substr(0, slash);
}

std::string numbered(const std::string& name, int number) {
  std::string digits = std::to_string(number);
  while (digits.size() < 3) digits.insert(digits.begin(), '0');
  return "runs/" + name + "-" + digits;
}

/// Makes the next free runs/<name>-NNN; two processes that ask at once get different ones.
std::string make_numbered_folder(Fs& fs, const std::string& name) {
  fs.make_folders("runs");
  int number = 1;
  for (const std::string& present : fs.list_folder("runs")) {
    if (present.rfind(name + "-", 0) != 0) continue;
    const std::string digits = present.substr(name.size() + 1);
    const bool all_digits = !digits.empty() && digits.size() < 7 &&
                            digits.find_first_not_of("0123456789") == std::string::npos;
    if (all_digits) number = std::max(number, std::stoi(digits) + 1);
  }
  while (number < kMaxNumber && !fs.make_new_folder(numbered(name, number))) ++number;
  return numbered(name, number);
}

/// What a run writes before its first checkpoint, and how each of these files begins: 0 stands for
/// a digit. A disk that was full leaves some of them, and a log without a line.
struct StartFile {
  std::string_view name, begins;
  bool may_be_empty = false;
};
constexpr std::array<StartFile, 4> kOfAStart = {{
    {.name = "config.toml", .begins = "# The resolved options of this run."},
    {.name = "run.json", .begins = "{\n  \"schema\": \"isthmus.run/"},
    {.name = "bad.csv", .begins = "path,reason\n"},
    {.name = "log.txt", .begins = "0000-00-00T00:00:00Z ", .may_be_empty = true},
}};

bool is_of_a_start(Fs& fs, const std::string& path) {
  const auto* file = std::ranges::find(kOfAStart, file_name(path), &StartFile::name);
  if (file == kOfAStart.end()) return false;
  const auto info = fs.stat(path);
  if (!info || !info->is_regular) return false;
  if (info->bytes == 0) return file->may_be_empty;
  const Bytes first = fs.read_prefix(path, file->begins.size());
  return std::ranges::equal(first, file->begins, [](std::byte byte, char expected) {
    const char c = static_cast<char>(byte);
    return expected == '0' ? c >= '0' && c <= '9' : c == expected;
  });
}

/// What it opens before that and leaves without content.
bool is_empty_of_a_start(Fs& fs, const std::string& path) {
  const std::string name = file_name(path);
  if (name != "metrics.jsonl" && name != "checkpoints") return false;
  const auto info = fs.stat(path);
  if (!info) return false;
  if (name == "metrics.jsonl") return info->is_regular && info->bytes == 0;
  if (!info->is_folder) return false;
  return std::ranges::all_of(fs.list_folder(path),
                             [](const std::string& file) { return temporary_owner(file) > 0; });
}

/// Removes the start of a run, the locked folder's only content; false when it is none.
bool remove_start(Fs& fs, const std::string& path) {
  if (!RunFolder::holds_a_start_alone(fs, path)) return false;
  remove_stale_temporaries(fs, path);
  remove_stale_temporaries(fs, checkpoint_folder(path));
  for (const std::string& present : fs.list_folder(path)) {
    const std::string file = join_path(path, present);
    if (is_of_a_start(fs, file) || present == "metrics.jsonl") fs.remove_file(file);
    if (present == "checkpoints" && fs.list_folder(file).empty()) fs.remove_folder(file);
  }
  return true;
}

/// What may be done instead of a new run in a folder that is not empty.
std::string other_than_new(Fs& fs, const std::string& path) {
  if (list_checkpoints(fs, path).empty()) return "choose another -o, or remove what is there";
  return "choose another -o, or continue that run: isthmus train --resume " +
         quote_path_for_shell(path);
}

bool is_written_by_runs(const std::string& name) {
  constexpr std::array<std::string_view, 10> kNames = {
      "config.toml", "run.json",    "metrics.jsonl",     "metrics.csv", "checkpoints",
      "log.txt",     "report.html", "model.safetensors", "eval.json",   "look.json"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end() ||
         extension(name) == "png" || name == "bad.csv";
}

}  // namespace

bool RunFolder::holds_a_start_alone(Fs& fs, const std::string& path) {
  bool written = false;
  for (const std::string& present : fs.list_folder(path)) {
    const std::string file = join_path(path, present);
    if (present == ".lock" || temporary_owner(present) > 0) continue;
    if (is_of_a_start(fs, file)) {
      written = true;
    } else if (!is_empty_of_a_start(fs, file)) {
      return false;
    }
  }
  return written;
}

RunFolder::RunFolder(std::unique_ptr<Fs> fs, std::string path, std::unique_ptr<FolderLock> lock)
    : fs_(std::move(fs)), path_(std::move(path)), lock_(std::move(lock)) {
  remove_stale_temporaries(*fs_, path_);
  log_ = fs_->open_append(file("log.txt"));
}

RunFolder RunFolder::create(Fs& fs, const std::string& out, const std::string& name) {
  if (out == "auto") {
    const std::string path = make_numbered_folder(fs, name);
    std::unique_ptr<Fs> folder = fs.open_folder(path);
    auto lock = folder->lock_folder(path);
    return RunFolder(std::move(folder), path, std::move(lock));
  }
  fs.make_folders(parent_of(out));
  fs.make_new_folder(out);
  std::unique_ptr<Fs> folder = fs.open_folder(out);
  auto lock = folder->lock_folder(out);
  const bool anew = remove_start(*folder, out);
  for (const std::string& present : folder->list_folder(out)) {
    if (present == ".lock") continue;
    throw Error(ErrorCode::kOutputExists,
                "the run folder is not empty (" + escape_for_terminal(present) + " is there)",
                other_than_new(*folder, out), {.file = out});
  }
  RunFolder created(std::move(folder), out, std::move(lock));
  created.began_anew_ = anew;
  return created;
}

RunFolder RunFolder::reopen(Fs& fs, const std::string& path) {
  const auto info = fs.stat(path);
  if (!info || !info->is_folder) {
    throw Error(ErrorCode::kFileMissing, "there is no run folder here",
                "give the folder that train has printed", {.file = path});
  }
  std::unique_ptr<Fs> own = fs.open_folder(path);
  auto lock = own->lock_folder(path);
  refuse_foreign_entries(*own, path);
  RunFolder folder(std::move(own), path, std::move(lock));
  remove_stale_temporaries(folder.fs(), checkpoint_folder(path));
  return folder;
}

void RunFolder::remember(const std::string& name) {
  if (std::find(written_.begin(), written_.end(), name) == written_.end()) written_.push_back(name);
}

void RunFolder::write(std::string_view name, std::string_view text) {
  write_text(*fs_, file(name), text, Durability::kRename);
  remember(std::string(name));
}

void RunFolder::write(std::string_view name, std::span<const std::byte> bytes) {
  fs_->write_file(file(name), bytes, Durability::kRename);
  remember(std::string(name));
}

void RunFolder::log(std::string_view text) {
  if (!log_) return;
  try {
    log_->append(wall_time_utc() + " " + escape_for_terminal(text) + "\n");
  } catch (const Error& error) {
    // The log stops before checkpoints do: a full disk must not end training here.
    if (exit_status(error.code()) != 5) throw;
    log_.reset();
    log_warning("W5102", "no more lines in log.txt: " + error.message(), error.hint());
  }
}

void RunFolder::open_metrics(uint64_t bytes) {
  metrics_.reset();
  const std::string path = file("metrics.jsonl");
  const auto info = fs_->stat(path);
  if (info && info->bytes < bytes) {
    throw Error(ErrorCode::kResumeNone,
                "metrics.jsonl has " + std::to_string(info->bytes) +
                    " bytes, the checkpoint says " + std::to_string(bytes),
                "the file was cut by hand: restore it, or start a new run", {.file = path});
  }
  if (info && info->bytes > bytes) fs_->truncate(path, bytes);
  metrics_ = fs_->open_append(path);
  remember("metrics.jsonl");
}

void RunFolder::append_metrics(const Json& line) { metrics_->append(line.dump() + "\n"); }
void RunFolder::sync_metrics() { metrics_->sync(); }
uint64_t RunFolder::metrics_bytes() const { return metrics_->bytes(); }

void refuse_foreign_entries(Fs& fs, const std::string& path) {
  for (const std::string& name : fs.list_folder(path)) {
    if (is_written_by_runs(name)) fs.stat(join_path(path, name));
  }
}

std::string run_name_from_data(const std::string& source) {
  std::string first = source.substr(0, source.find(", "));
  first = first.substr(0, first.find('@'));
  while (first.size() > 1 && first.back() == '/') first.pop_back();
  std::string name = file_name(first);
  const std::string suffix = extension(name);
  if (!suffix.empty() && suffix.size() + 1 < name.size()) {
    name.resize(name.size() - suffix.size() - 1);
  }
  for (char& c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.';
    if (!plain) c = '_';
  }
  const bool descriptor = first.starts_with("/dev/fd/") || first.starts_with("/proc/self/fd/");
  const bool usable =
      !descriptor && name.find_first_not_of("._") != std::string::npos && name[0] != '.';
  return usable ? name.substr(0, 64) : "run";
}

std::string bad_files_csv(const std::vector<BadFile>& files) {
  const auto quoted = [](const std::string& text) {
    std::string out = "\"";
    for (char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
    return out + "\"";
  };
  std::string text = "path,reason\n";
  for (const BadFile& file : files) {
    text += quoted(escape_for_terminal(file.path)) + "," + quoted(file.reason) + "\n";
  }
  return text;
}

}  // namespace isthmus
