// SPDX-License-Identifier: Apache-2.0
// Folders of PNG images. Two passes: headers first, to prove sizes and take memory once, then the
// pixels, decoded straight into their place. Decoding itself is png.cc.
#include "isthmus/data/image_folder.h"

#include <algorithm>
#include <cmath>

#include "isthmus/base/fs.h"
#include "isthmus/base/text.h"
#include "isthmus/data/png.h"

namespace isthmus {
namespace {

bool is_hidden(const std::string& name) { return name.starts_with('.'); }

/// Appends the images directly in a folder; returns its subfolders.
std::vector<std::string> scan(const std::string& folder, ImageList& images) {
  std::vector<std::string> subfolders;
  for (const std::string& name : posix_fs().list_folder(folder)) {
    if (is_hidden(name)) continue;
    const std::string path = join_path(folder, name);
    if (extension(name) == "png") {
      images.paths.push_back(path);
      continue;
    }
    const auto info = posix_fs().stat(path);
    if (info && info->is_folder && info->is_link) {
      ++images.num_links;
    } else if (info && info->is_folder) {
      subfolders.push_back(name);
    } else {
      ++images.num_others;
    }
  }
  return subfolders;
}

class ImageReader {
 public:
  ImageReader(const ImageList& images, const DataOptions& options, const Limits& limits,
              std::vector<BadFile>& bad)
      : images_(images), options_(options), limits_(limits), bad_(bad) {}

  ParsedData read() {
    for (size_t i = 0; i < images_.paths.size(); ++i) read_header(i);
    require_few_bad();
    ParsedData data;
    data.kind = DataKind::kImage;
    const int channels = colour_ ? 3 : 1;
    Shape shape = {static_cast<int64_t>(good_.size()), first_.height, first_.width};
    if (colour_) shape.push_back(channels);
    limits_.require_data_bytes(checked_product(shape));
    Tensor values(Dtype::kU8, shape);
    const auto item = static_cast<size_t>(first_.height * first_.width * channels);
    int64_t count = 0;
    for (const size_t i : good_) {
      auto out = values.values<uint8_t>().subspan(static_cast<size_t>(count) * item, item);
      if (!read_pixels(i, channels, out)) continue;
      if (!images_.labels.empty()) data.labels.push_back(images_.labels[i]);
      ++count;
    }
    require_few_bad();
    const bool all = count == values.shape()[0];
    data.values = all ? std::move(values) : values.rows(0, count);
    if (!data.labels.empty()) data.class_names = images_.class_names;
    data.note = notes();
    return data;
  }

 private:
  void add_bad(size_t i, Error error) {
    error.in_file(images_.paths[i]);
    if (options_.strict) throw error;
    bad_.push_back({images_.paths[i], error.message()});
  }
  void read_header(size_t i) {
    const std::string& path = images_.paths[i];
    PngHeader header;
    try {
      header = read_png_header(posix_fs().read_prefix(path, kPngHeaderBytes), limits_);
    } catch (const Error& error) {
      return add_bad(i, error);
    }
    if (good_.empty()) {
      first_ = header;
    } else if (header.height != first_.height || header.width != first_.width) {
      throw Error(ErrorCode::kImageSizes, escape_for_terminal(images_.paths[good_[0]]) + " is " +
                                              item_shape_text({first_.height, first_.width}) +
                                              ", but " + escape_for_terminal(path) + " is " +
                                              item_shape_text({header.height, header.width}));
    }
    colour_ = colour_ || header.colour;
    good_.push_back(i);
  }
  bool read_pixels(size_t i, int channels, std::span<uint8_t> out) {
    try {
      const Bytes stored = posix_fs().read_file(images_.paths[i], limits_.data_bytes.bytes);
      // The size was proved from the header; a file that changed since must not pass.
      const PngHeader header = read_png_header(stored, limits_);
      if (header.height != first_.height || header.width != first_.width ||
          (header.colour && channels == 1)) {
        throw Error(ErrorCode::kChangedWhileRead, "the image changed while it was read");
      }
      if (decode_png_into(stored, channels, limits_, out)) ++num_alpha_;
      return true;
    } catch (const Error& error) {
      add_bad(i, error);
      return false;
    }
  }
  void require_few_bad() const {
    const size_t all = images_.paths.size();
    const double most = options_.max_bad * static_cast<double>(all);
    if (static_cast<double>(bad_.size()) <= most && bad_.size() < all) return;
    constexpr size_t kShown = 3;
    std::vector<std::string> shown;
    for (size_t i = 0; i < std::min(kShown, bad_.size()); ++i) {
      shown.push_back(escape_for_terminal(bad_[i].path) + ": " + bad_[i].reason);
    }
    throw Error(ErrorCode::kTooManyBadImages, group_digits(static_cast<int64_t>(bad_.size())) +
                                                  " of " + group_digits(static_cast<int64_t>(all)) +
                                                  " images are unreadable, " +
                                                  format_fixed(100 * options_.max_bad, 1) +
                                                  " % are tolerated (" + join(shown, "; ") + ")");
  }
  std::string notes() const {
    std::vector<std::string> parts;
    if (num_alpha_ > 0)
      parts.push_back("alpha was dropped in " + group_digits(num_alpha_) + " images");
    if (images_.num_others > 0) {
      parts.push_back(group_digits(images_.num_others) +
                      " files that are not PNG were passed over");
    }
    if (images_.num_links > 0) {
      parts.push_back(group_digits(images_.num_links) +
                      " links to folders were passed over (name such a folder as DATA instead)");
    }
    return join(parts, "; ");
  }

  const ImageList& images_;
  const DataOptions& options_;
  const Limits& limits_;
  std::vector<BadFile>& bad_;
  std::vector<size_t> good_;  // indices of images with a good header
  PngHeader first_;
  bool colour_ = false;
  int64_t num_alpha_ = 0;
};

}  // namespace

ImageList list_images(const std::string& folder) {
  ImageList images;
  const std::vector<std::string> subfolders = scan(folder, images);
  if (!images.paths.empty()) return images;
  for (const std::string& name : subfolders) {
    const size_t before = images.paths.size();
    scan(join_path(folder, name), images);
    if (images.paths.size() == before) continue;
    images.labels.resize(images.paths.size(), static_cast<int32_t>(images.class_names.size()));
    images.class_names.push_back(escape_for_terminal(name));
  }
  return images;
}

void require_images(const ImageList& images, const std::string& folder) {
  if (!images.paths.empty()) return;
  throw Error(ErrorCode::kImageFolder,
              "no PNG images in the folder or its subfolders (" + group_digits(images.num_others) +
                  " other files)",
              "give a folder of PNG files, or name the data files: \"folder/*.csv\"",
              {.file = folder});
}

ParsedData read_images(const ImageList& images, const DataOptions& options, const Limits& limits,
                       std::vector<BadFile>& bad) {
  return ImageReader(images, options, limits, bad).read();
}

}  // namespace isthmus
