// SPDX-License-Identifier: Apache-2.0
// Writes under a hidden name and renames at the end: a full disk is met before anything is seen.
#include "isthmus/base/new_folder.h"

#include <unistd.h>

#include "isthmus/base/error.h"

namespace isthmus {
namespace {

constexpr size_t kShownName = 200;  // of 255 bytes that a name may have

std::string without_slashes(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

}  // namespace

NewFolder::NewFolder(Fs& fs, const std::string& path) : fs_(fs), path_(without_slashes(path)) {
  const auto info = fs.stat(path_);
  existed_ = info && info->is_folder;
  if (info && !existed_) fs.make_folders(path_);  // the error of a file in its place
  const std::string name = file_name(path_);
  const std::string beside = path_.substr(0, path_.size() - name.size());
  const std::string start = join_path(existed_ ? path_ : beside, "." + name.substr(0, kShownName)) +
                            ".tmp." + std::to_string(getpid()) + ".";
  int number = 0;
  do {
    hidden_ = start + std::to_string(number++);
  } while (!fs.make_new_folder(hidden_));
  old_ = join_path(hidden_, ".replaced");
}

NewFolder::~NewFolder() {
  if (kept_) return;
  try {
    for (const std::string& name : names_) fs_.remove_file(join_path(hidden_, name));
    for (const std::string& path : moved_) fs_.remove_file(path);
    for (const std::string& name : aside_) {
      fs_.rename(join_path(old_, name), join_path(path_, name));
    }
    if (fs_.stat(old_)) fs_.remove_folder(old_);
    fs_.remove_folder(hidden_);
  } catch (const Error&) {
    // The failure that led here is the one to report.
  }
}

void NewFolder::write(const std::string& name, std::span<const std::byte> bytes) {
  names_.push_back(name);
  fs_.write_file(join_path(hidden_, name), bytes, Durability::kRename);
}

void NewFolder::keep() {
  if (!existed_) {
    fs_.rename(hidden_, path_);
    kept_ = true;
    return;
  }
  if (!replaced_.empty()) fs_.make_new_folder(old_);
  for (const std::string& name : replaced_) {
    fs_.rename(join_path(path_, name), join_path(old_, name));
    aside_.push_back(name);
  }
  for (const std::string& name : names_) {
    const std::string target = join_path(path_, name);
    const bool is_new = !fs_.stat(target);
    fs_.rename(join_path(hidden_, name), target);
    if (is_new) moved_.push_back(target);
  }
  kept_ = true;
  try {
    for (const std::string& name : aside_) fs_.remove_file(join_path(old_, name));
    if (fs_.stat(old_)) fs_.remove_folder(old_);
    fs_.remove_folder(hidden_);
  } catch (const Error&) {
    // It is hidden; all files are where they belong.
  }
}

}  // namespace isthmus
