// SPDX-License-Identifier: Apache-2.0
// A folder of files that appears whole or not at all, for results that are many files.
//
//   NewFolder folder(fs, "samples/");
//   folder.write("00000.png", png);   // beside its place, unseen
//   folder.keep();                    // without it, everything is removed again
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "isthmus/base/fs.h"

namespace isthmus {

class NewFolder {
 public:
  /// The files go beside `path`; into a folder below it when it exists.
  NewFolder(Fs& fs, const std::string& path);
  ~NewFolder();
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;

  void write(const std::string& name, std::span<const std::byte> bytes);
  /// Files of these names, in the folder that exists, go when the new ones come.
  void replace(std::vector<std::string> names) { replaced_ = std::move(names); }
  /// Gives the folder its name, or its files theirs in the folder that exists; what had the same
  /// name is replaced.
  void keep();

 private:
  Fs& fs_;
  std::string path_;
  bool existed_;
  std::string hidden_;  // where the files are until then
  std::string old_;     // below it: where the replaced ones are
  std::vector<std::string> names_;
  std::vector<std::string> replaced_;
  std::vector<std::string> aside_;  // of these, what was moved there
  std::vector<std::string> moved_;  // new in the folder that exists, until all are there
  bool kept_ = false;
};

}  // namespace isthmus
