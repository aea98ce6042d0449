// SPDX-License-Identifier: Apache-2.0
// The folder of a run: created once and never overwritten, locked while it is written to. It is
// held by a handle: a folder that is renamed meanwhile is the same folder, and whatever takes its
// old name is not touched. Links inside of it are not followed (Fs::open_folder).
//
//   config.toml            resolved options, origin and reason as comments
//   run.json               isthmus.run/1: status, choices, terms, machine; clock times are only
//   here,
//                          in log.txt and in eval.json
//   metrics.jsonl          isthmus.metrics/1, one line per epoch and validation, and events
//   metrics.csv            the same epochs as a table
//   model.safetensors      the best model
//   checkpoints/           step-000004310.safetensors, the last K
//   look.json              isthmus.look/1: a first look at a table
//   samples.png, reconstructions.png, epoch-0010-samples.png, epoch-0010-reconstructions.png
//   log.txt, bad.csv (when images were skipped), report.html (report/)
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "isthmus/base/fs.h"
#include "isthmus/base/json.h"
#include "isthmus/data/dataset.h"
#include "isthmus/train/choices.h"

namespace isthmus {

class RunFolder {
 public:
  /// Whether all that is there was written by a run that ended before its first checkpoint, which
  /// create() takes away. Files are told by how a run begins them: others of their names stay.
  static bool holds_a_start_alone(Fs& fs, const std::string& path);
  /// `out` "auto": runs/<name>-NNN with the next free number. Error E2006 when the folder holds
  /// anything else than the start of a run, E8001 when it is in use, E50xx when it cannot be
  /// written.
  static RunFolder create(Fs& fs, const std::string& out, const std::string& name);
  /// Error E3001 when it does not exist, E8001 when it is in use.
  static RunFolder reopen(Fs& fs, const std::string& path);

  /// create() has taken away such a start.
  bool began_anew() const { return began_anew_; }
  /// As it was opened; all paths for fs() begin with it.
  const std::string& path() const { return path_; }
  std::string file(std::string_view name) const { return join_path(path_, name); }
  Fs& fs() const { return *fs_; }
  /// Where it is now, other than path() when it was moved; "" when nobody knows.
  std::string path_now() const { return fs_->path_now(path_); }

  void write(std::string_view name, std::string_view text);
  void write(std::string_view name, std::span<const std::byte> bytes);
  /// One line with wall time in log.txt; warning W5102 once when it cannot be written.
  void log(std::string_view text);
  /// Names of the files written so far, each once, in order.
  const std::vector<std::string>& written() const { return written_; }
  void remember(const std::string& name);

  /// Cuts metrics.jsonl to `bytes` (0 for a new run) and opens it.
  void open_metrics(uint64_t bytes);
  void append_metrics(const Json& line);
  void sync_metrics();  // may be called from another thread
  uint64_t metrics_bytes() const;
  void close_metrics() { metrics_.reset(); }  // no more lines; gives its descriptor back
  /// metrics.csv from metrics.jsonl.
  void write_metrics_csv();

 private:
  RunFolder(std::unique_ptr<Fs> fs, std::string path, std::unique_ptr<FolderLock> lock);
  std::unique_ptr<Fs> fs_;  // of this folder
  std::string path_;
  std::unique_ptr<FolderLock> lock_;
  std::unique_ptr<AppendFile> log_, metrics_;
  std::vector<std::string> written_;
  bool began_anew_ = false;
};

/// Error E5011 when a file that a run writes is a link, a pipe or a device in this folder.
void refuse_foreign_entries(Fs& fs, const std::string& path);

/// "fashion-mnist" from "fashion-mnist@train", "photos" from "photos/", "sales" from "a/sales.csv":
/// letters, digits, - _ and . only.
std::string run_name_from_data(const std::string& source);

/// Options as TOML, all of `choices`; the keys `as_comments` are not to act when it is read again.
std::string config_toml(const TrainOptions& options, const std::vector<Choice>& choices,
                        std::span<const std::string_view> as_comments = {});
/// The text of config.toml in a run folder: read with --config it starts a new run.
std::string run_config_toml(const TrainOptions& options, const std::vector<Choice>& choices,
                            const std::string& data);

/// The text of bad.csv.
std::string bad_files_csv(const std::vector<BadFile>& files);

}  // namespace isthmus
