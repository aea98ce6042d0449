// SPDX-License-Identifier: Apache-2.0
// What a disk may hold after the power failed. Of the changes to a folder since its last sync any
// subset may have arrived, in any order; of a file any sectors that were not synced may be missing,
// old, or zeros. What was synced is there.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "recording_fs.h"

namespace isthmus {

class Disk {
 public:
  Disk() = default;
  /// All of `image` is durable; file numbers as in RecordingFs(image).
  explicit Disk(const DiskImage& image) {
    for (const std::string& folder : image.folders) entry(folder) = kFolder;
    int number = 0;
    for (const auto& [path, content] : image.files) {
      entry(path) = number;
      files_[number++] = {content, content};
    }
    for (auto& [path, folder] : folders_) folder.live = folder.durable;
  }

  void apply(const DiskStep& step) {
    Folder& folder = folders_[step.folder];
    switch (step.kind) {
      case DiskStep::kMakeFolder:
        return change(folder, {.add = step.name, .file = kFolder});
      case DiskStep::kCreate:
        files_[step.file] = {std::make_shared<Bytes>(), std::make_shared<Bytes>()};
        return change(folder, {.add = step.name, .file = step.file});
      case DiskStep::kContent:
        if (files_.contains(step.file)) files_[step.file].live = step.content;
        return;
      case DiskStep::kSyncFile:
        if (files_.contains(step.file)) files_[step.file].durable = files_[step.file].live;
        return;
      case DiskStep::kRename:
        return change(folder, {step.name, step.to, folder.live.at(step.name)});
      case DiskStep::kRemove:
        return change(folder, {.take = step.name});
      case DiskStep::kSyncFolder:
        folder.durable = folder.live;
        folder.pending.clear();
        return;
      case DiskStep::kAnnounce:
        announced = step.number;
    }
  }

  /// Calls visit(image, key) for states after a loss at this point; the key tells states apart.
  /// Exhaustive in the changes of each folder and in the damage to each one file, with the other
  /// files as old as possible and as new as possible.
  void visit_states(const std::function<void(const DiskImage&, const std::string&)>& visit) const {
    std::vector<const Folder*> changed;
    for (const auto& [path, folder] : folders_) {
      if (!folder.pending.empty()) changed.push_back(&folder);
    }
    std::map<const Folder*, uint64_t> arrived;
    choose_changes(changed, 0, arrived, visit);
  }

  int64_t announced = -1;

 private:
  static constexpr int kFolder = -1;
  static constexpr size_t kSector = 512;
  static constexpr size_t kMostExhaustive = 5;  // changes of one folder: 32 subsets

  struct Change {
    std::string take, add;
    int file = 0;
  };
  struct Folder {
    std::map<std::string, int> durable, live;
    std::vector<Change> pending;
  };
  struct File {
    std::shared_ptr<const Bytes> durable, live;
  };
  using Entries = std::map<std::string, int>;  // path -> file
  using Visit = std::function<void(const DiskImage&, const std::string&)>;

  int& entry(const std::string& path) {
    const size_t slash = path.rfind('/');
    if (slash == std::string::npos) return folders_[""].durable[path];
    return folders_[path.substr(0, slash)].durable[path.substr(slash + 1)];
  }
  static void alter(std::map<std::string, int>& entries, const Change& change) {
    entries.erase(change.take);
    if (!change.add.empty()) entries[change.add] = change.file;
  }
  static void change(Folder& folder, Change change) {
    alter(folder.live, change);
    folder.pending.push_back(std::move(change));
  }

  /// Bit sets of the pending changes that arrived: all when they are few, else each alone, each
  /// missing, and each beginning.
  static std::vector<uint64_t> subsets(size_t count) {
    std::vector<uint64_t> sets;
    const uint64_t all = (uint64_t{1} << count) - 1;
    if (count <= kMostExhaustive) {
      for (uint64_t set = 0; set <= all; ++set) sets.push_back(set);
      return sets;
    }
    for (size_t i = 0; i < count; ++i) {
      const uint64_t one = uint64_t{1} << i;
      for (uint64_t set : {one, all ^ one, one - 1}) sets.push_back(set);
    }
    sets.push_back(all);
    std::sort(sets.begin(), sets.end());
    sets.erase(std::unique(sets.begin(), sets.end()), sets.end());
    return sets;
  }

  void choose_changes(const std::vector<const Folder*>& changed, size_t next,
                      std::map<const Folder*, uint64_t>& arrived, const Visit& visit) const {
    if (next == changed.size()) return choose_contents(arrived, visit);
    for (uint64_t set : subsets(changed[next]->pending.size())) {
      arrived[changed[next]] = set;
      choose_changes(changed, next + 1, arrived, visit);
    }
  }

  void choose_contents(const std::map<const Folder*, uint64_t>& arrived, const Visit& visit) const {
    DiskImage image;
    Entries present;
    add_entries("", arrived, image, present);
    std::vector<std::string> torn;
    for (const auto& [path, number] : present) {
      const File& file = files_.at(number);
      if (*file.live != *file.durable) torn.push_back(path);
    }
    for (const bool others_new : {false, true}) {
      std::string key;
      for (const auto& [path, number] : present) {
        const File& file = files_.at(number);
        image.files[path] = others_new ? file.live : file.durable;
        key +=
            path + std::to_string(number) + ":" + std::to_string(image.files[path]->size()) + ";";
      }
      visit(image, key);
      for (const std::string& path : torn) {
        const std::shared_ptr<const Bytes> kept = image.files[path];
        visit_damage(files_.at(present.at(path)), path, key, image, visit);
        image.files[path] = kept;
      }
    }
  }

  /// The tree below `folder`, as far as it hangs together.
  void add_entries(const std::string& folder, const std::map<const Folder*, uint64_t>& arrived,
                   DiskImage& image, Entries& present) const {
    const auto at = folders_.find(folder);
    if (at == folders_.end()) return;
    std::map<std::string, int> entries = at->second.durable;
    const auto set = arrived.find(&at->second);
    for (size_t i = 0; i < at->second.pending.size(); ++i) {
      if ((set->second >> i & 1) != 0) alter(entries, at->second.pending[i]);
    }
    for (const auto& [name, number] : entries) {
      const std::string path = folder.empty() ? name : folder + "/" + name;
      if (number != kFolder) {
        present[path] = number;
        continue;
      }
      image.folders.insert(path);
      add_entries(path, arrived, image, present);
    }
  }

  /// Prefixes at sectors; the rest zeros; one sector zeros; one sector old.
  static void visit_damage(const File& file, const std::string& path, const std::string& key,
                           DiskImage& image, const Visit& visit) {
    const Bytes &now = *file.live, &old = *file.durable;
    const auto give = [&](Bytes bytes, const char* how, size_t at) {
      image.files[path] = std::make_shared<Bytes>(std::move(bytes));
      visit(image, key + path + how + std::to_string(at));
    };
    for (size_t at = 0; at < now.size(); at += kSector) {
      const size_t end = std::min(at + kSector, now.size());
      size_t same = at;  // up to here the sector is as it was synced
      while (same < end && same < old.size() && now[same] == old[same]) ++same;
      if (same == end) continue;
      const auto first = static_cast<std::ptrdiff_t>(at);
      const auto last = static_cast<std::ptrdiff_t>(end);
      const auto known = static_cast<std::ptrdiff_t>(same);
      Bytes bytes = now;
      std::fill(bytes.begin() + known, bytes.begin() + last, std::byte{0});
      give(bytes, " hole ", at);
      std::fill(bytes.begin() + known, bytes.end(), std::byte{0});
      give(bytes, " zeros ", at);
      bytes.resize(static_cast<size_t>(known));
      give(bytes, " prefix ", at);
      if (old.size() <= at) continue;
      const size_t old_end = std::min(end, old.size());
      bytes = now;
      std::copy(old.begin() + first, old.begin() + static_cast<std::ptrdiff_t>(old_end),
                bytes.begin() + first);
      give(bytes, " old ", at);
    }
  }

  std::map<std::string, Folder> folders_;
  std::map<int, File> files_;
};

}  // namespace isthmus
