// SPDX-License-Identifier: Apache-2.0
// Which files of a folder are images, and of which class. Opens none of them.
#include <algorithm>

#include "isthmus/base/fs.h"
#include "isthmus/base/text.h"
#include "isthmus/data/image_file.h"
#include "isthmus/data/image_folder.h"

namespace isthmus {
namespace {

constexpr int kMaxDepth = 16;

class Scan {
 public:
  Scan(Fs& fs, const std::string& root) : fs_(fs), root_(root) { folder("", 0); }

  ImageList take() {
    const size_t below = list_.paths.size();
    if (below >= beside_.size()) {
      list_.num_stray = static_cast<int64_t>(below > 0 ? beside_.size() : 0);
      return std::move(list_);
    }
    list_.num_stray = static_cast<int64_t>(below);
    list_.paths = std::move(beside_);
    list_.labels.clear();
    list_.class_names.clear();
    return std::move(list_);
  }

 private:
  void folder(const std::string& name, int depth) {
    const std::string here = name.empty() ? root_ : join_path(root_, name);
    const size_t before = list_.paths.size();
    std::vector<std::string> subfolders;
    for (const std::string& entry : fs_.list_folder(here)) {
      if (!entry.starts_with('.')) add(here, entry, name.empty(), subfolders);
    }
    if (list_.paths.size() > before) {
      list_.labels.resize(list_.paths.size(), static_cast<int32_t>(list_.class_names.size()));
      list_.class_names.push_back(escape_for_terminal(name));
    }
    if (depth == kMaxDepth) return;
    for (const std::string& sub : subfolders) {
      folder(name.empty() ? sub : join_path(name, sub), depth + 1);
    }
  }
  void add(const std::string& here, const std::string& entry, bool top,
           std::vector<std::string>& subfolders) {
    const std::string path = join_path(here, entry);
    const auto info = fs_.stat(path);
    if (info && info->is_folder) {
      if (info->is_link) {
        ++list_.num_links;
      } else {
        subfolders.push_back(entry);
      }
    } else if (info && !info->is_regular) {
      ++list_.num_special;
    } else if (is_image_extension(extension(entry))) {
      (top ? beside_ : list_.paths).push_back(path);
    } else {
      ++(is_foreign_image_extension(extension(entry)) ? list_.num_foreign : list_.num_others);
    }
  }

  Fs& fs_;
  const std::string& root_;
  ImageList list_;                   // of the folders below
  std::vector<std::string> beside_;  // directly in the folder
};

}  // namespace

ImageList list_images(Fs& fs, const std::string& folder) { return Scan(fs, folder).take(); }

void require_images(const ImageList& images, const std::string& folder) {
  if (!images.paths.empty()) return;
  std::string message = "no PNG or JPEG images in the folder or its subfolders (" +
                        group_digits(images.num_others) + " other files";
  if (images.num_foreign > 0) {
    message += ", " + group_digits(images.num_foreign) + " images of kinds that are not read";
  }
  throw Error(ErrorCode::kImageFolder, message + ")",
              images.num_foreign > 0
                  ? "convert them to PNG or JPEG"
                  : "give a folder of PNG or JPEG files, or name the data files: \"folder/*.csv\"",
              {.file = folder});
}

}  // namespace isthmus
