// SPDX-License-Identifier: Apache-2.0
// Reads a list of images. Two passes: headers first, to prove sizes and take memory once, then the
// pixels. Finding the files is image_list.cc, decoding one of them image_file.cc.
#include "isthmus/data/image_folder.h"

#include <algorithm>
#include <utility>

#include "isthmus/base/fs.h"
#include "isthmus/base/log.h"
#include "isthmus/base/text.h"
#include "isthmus/data/arrange.h"
#include "isthmus/data/image_file.h"

namespace isthmus {
namespace {

constexpr size_t kShown = 3;

std::string counted(int64_t n, const std::string& one, const std::string& many) {
  return group_digits(n) + " " + (n == 1 ? one : many);
}

/// A size that suits most of the images and is small enough for a network without convolutions.
std::string suggested_size(std::vector<int64_t> heights, std::vector<int64_t> widths) {
  constexpr int64_t kGreatestSide = 128;
  const auto middle = [](std::vector<int64_t>& sides) {
    const auto at = sides.begin() + static_cast<ptrdiff_t>(sides.size() / 2);
    std::nth_element(sides.begin(), at, sides.end());
    return *at;
  };
  int64_t height = middle(heights), width = middle(widths);
  while (std::max(height, width) > kGreatestSide) {
    height = (height + 1) / 2;
    width = (width + 1) / 2;
  }
  return item_shape_text({height, width});
}

class ImageReader {
 public:
  ImageReader(Fs& fs, const ImageList& images, const DataOptions& options, const Limits& limits,
              std::vector<BadFile>& bad)
      : fs_(fs), images_(images), options_(options), limits_(limits), bad_(bad) {}

  ParsedData read() {
    for (size_t i = 0; i < images_.paths.size(); ++i) read_header(i);
    require_few_bad();
    decide_form();
    Shape shape = made_shape();
    shape.insert(shape.begin(), static_cast<int64_t>(good_.size()));
    const Dtype dtype = num_deep_ > 0 || deep_model() ? Dtype::kF32 : Dtype::kU8;
    limits_.require_data_bytes(checked_product(shape) * size_of(dtype));
    Tensor values(dtype, shape);
    ParsedData data;
    data.kind = DataKind::kImage;
    int64_t count = 0;
    for (size_t k = 0; k < good_.size(); ++k) {
      if (!read_pixels(k, values, count)) continue;
      if (!images_.labels.empty()) data.labels.push_back(images_.labels[good_[k]]);
      ++count;
    }
    require_few_bad();
    const bool all = count == values.shape()[0];
    data.values = all ? std::move(values) : values.rows(0, count);
    if (!data.labels.empty()) data.class_names = images_.class_names;
    say_what_is_missing();
    const bool made_bytes = take_depth_of_model(data, options_, num_deep_);
    const std::string depth = std::exchange(data.note, {});
    data.note = notes(made_bytes ? depth : multiplied());
    return data;
  }

 private:
  void add_bad(size_t i, Error error) {
    error.in_file(images_.paths[i]);
    if (options_.strict) throw error;
    bad_.push_back({images_.paths[i], error.message()});
    const bool own = error.hint() != error_info(error.code()).remedy;
    const bool known = std::ranges::find(remedies_, error.hint()) != remedies_.end();
    if (own && !known && remedies_.size() < kShown) remedies_.push_back(error.hint());
  }
  /// What helps against the faults that were met, then `rest`.
  std::string with_remedies(std::string_view rest) const {
    std::vector<std::string> parts = remedies_;
    parts.emplace_back(rest);
    return join(parts, "; ");
  }
  void read_header(size_t i) {
    try {
      const auto file = fs_.open_read(images_.paths[i]);
      headers_.push_back(ImageFile(*file, limits_).header());
      good_.push_back(i);
      if (headers_.back().deep) ++num_deep_;
    } catch (const Error& error) {
      add_bad(i, error);
    }
  }
  static std::string size_text(const ImageHeader& header) {
    return item_shape_text({header.height, header.width});
  }
  void decide_form() {
    form_ = wanted_form(options_, limits_);
    const bool colour =
        std::ranges::any_of(headers_, [](const ImageHeader& h) { return h.colour; });
    if (form_.channels == 0) form_.channels = colour ? 3 : 1;
    require_model_channels();
    if (form_.height > 0) return;
    const ImageHeader& first = headers_.front();
    form_.height = first.height;
    form_.width = first.width;
    for (size_t k = 0; k < headers_.size(); ++k) {
      const ImageHeader& header = headers_[k];
      if (header.height == first.height && header.width == first.width) continue;
      std::vector<int64_t> heights, widths;
      for (const ImageHeader& each : headers_) {
        heights.push_back(each.height);
        widths.push_back(each.width);
      }
      throw Error(ErrorCode::kImageSizes,
                  escape_for_terminal(images_.paths[good_[0]]) + " is " + size_text(first) +
                      ", but " + escape_for_terminal(images_.paths[good_[k]]) + " is " +
                      size_text(header),
                  "bring them to one size: --resize " + suggested_size(heights, widths));
    }
  }
  /// A model of 16 bits takes 8 bits at their worth.
  bool deep_model() const { return model_depth(options_) == PixelDepth::kDeep; }
  Shape made_shape() const {
    return form_.channels == 3 ? Shape{form_.height, form_.width, 3}
                               : Shape{form_.height, form_.width};
  }
  void require_model_channels() const {
    try {
      require_channels(form_.channels, options_);
    } catch (Error& error) {
      const auto colour = std::ranges::find(headers_, true, &ImageHeader::colour);
      const auto at = colour == headers_.end() ? 0 : colour - headers_.begin();
      error.in_file(images_.paths[good_[static_cast<size_t>(at)]]);
      throw;
    }
  }
  /// Decodes into place `count` of values.
  bool read_pixels(size_t k, Tensor& values, int64_t count) {
    const size_t i = good_[k];
    try {
      const auto file = fs_.open_read(images_.paths[i]);
      ImageFile image(*file, limits_);
      // Sizes were proved from the headers; a file that changed since must not pass.
      if (size_text(image.header()) != size_text(headers_[k]) ||
          image.header().deep != headers_[k].deep) {
        throw Error(ErrorCode::kChangedWhileRead, "the image changed while it was read");
      }
      const DecodedImage decoded = image.decode();
      if (decoded.doubtful && options_.strict) {
        throw Error(ErrorCode::kJpegCorrupt, "the JPEG image is damaged and was mended");
      }
      store(decoded.pixels, values, count);
      if (decoded.over_white) ++num_over_white_;
      if (decoded.turned) ++num_turned_;
      if (decoded.doubtful) ++num_doubtful_;
      return true;
    } catch (const Error& error) {
      add_bad(i, error);
      return false;
    }
  }
  void store(const Tensor& pixels, Tensor& values, int64_t count) {
    Shape one = pixels.shape();
    one.insert(one.begin(), 1);
    Tensor image = pixels.reshaped(one);
    if (values.dtype() == Dtype::kF32 && image.dtype() == Dtype::kU8) {
      Tensor deep(Dtype::kF32, one);
      std::ranges::transform(image.values<uint8_t>(), deep.values<float>().begin(),
                             [](uint8_t v) { return kDeepOfByte * static_cast<float>(v); });
      image = deep;
    }
    const Tensor made = convert_images(image, form_);
    // Grey among colour is no conversion that anybody asked for.
    const bool resized = pixels.shape()[0] != form_.height || pixels.shape()[1] != form_.width;
    if (resized || options_.channels != "auto") conversion_.add(pixels.shape(), made_shape());
    const auto bytes = made.bytes();
    std::copy(bytes.begin(), bytes.end(),
              values.data() + static_cast<uint64_t>(count) * bytes.size());
  }
  std::string first_bad() const {
    std::vector<std::string> shown;
    for (size_t i = 0; i < std::min(kShown, bad_.size()); ++i) {
      shown.push_back(escape_for_terminal(bad_[i].path) + ": " + bad_[i].reason);
    }
    return join(shown, "; ");
  }
  void require_few_bad() const {
    const size_t all = images_.paths.size();
    const double most = options_.max_bad * static_cast<double>(all);
    if (static_cast<double>(bad_.size()) <= most && bad_.size() < all) return;
    throw Error(
        ErrorCode::kTooManyBadImages,
        group_digits(std::ssize(bad_)) + " of " + group_digits(std::ssize(images_.paths)) +
            " images are unreadable, " + format_fixed(100 * options_.max_bad, 1) +
            " % are tolerated (" + first_bad() + ")",
        remedies_.empty() ? "" : with_remedies("mend or remove the others, or raise --max-bad"));
  }
  void say_what_is_missing() const {
    if (!bad_.empty()) {
      log_warning("W3311",
                  "left out: " + counted(static_cast<int64_t>(bad_.size()), "image", "images") +
                      " that could not be read (" + first_bad() + ")",
                  with_remedies("replace or remove them; --max-bad 0 refuses them"));
    }
    if (images_.num_stray > 0) {
      const bool classes = !images_.class_names.empty();
      log_warning("W3310",
                  "left out: " + counted(images_.num_stray, "image", "images") +
                      (classes ? " beside the class folders" : " in subfolders"),
                  classes ? "move them into a class folder, or name them as DATA"
                          : "name the subfolder as DATA, or move the images that are beside it");
    }
    if (images_.num_foreign > 0) {
      log_warning("W3313",
                  "left out: " + counted(images_.num_foreign, "image", "images") +
                      " of kinds that are not read",
                  "convert them to PNG or JPEG");
    }
    if (images_.num_special > 0) {
      log_warning("W3314",
                  "left out: " + counted(images_.num_special, "pipe, socket or device",
                                         "pipes, sockets or devices"),
                  "only regular files of a folder are read");
    }
  }
  /// Images of 8 bits among others of 16, or for a model of 16.
  std::string multiplied() const {
    const int64_t n = std::ssize(good_) - num_deep_;
    if (n == 0 || (num_deep_ == 0 && !deep_model())) return {};
    return group_digits(n) + " images of 8 bits were multiplied by 257, " +
           (num_deep_ > 0 ? "others have 16 bits" : "the model was trained on 16 bits");
  }
  std::string notes(const std::string& depth) const {
    std::vector<std::string> parts;
    const auto say = [&](int64_t n, const std::string& text) {
      if (n > 0) parts.push_back(group_digits(n) + text);
    };
    if (num_over_white_ > 0) {
      parts.push_back("alpha was laid over white in " +
                      counted(num_over_white_, "image", "images"));
    }
    say(num_turned_, " images were turned upright (EXIF)");
    say(num_doubtful_, " damaged JPEG images were mended by the decoder");
    if (!depth.empty()) parts.push_back(depth);
    if (conversion_.count > 0) {
      parts.push_back(conversion_.note(
          describe_item({.kind = DataKind::kImage, .item_shape = made_shape()}), options_));
    }
    say(images_.num_others, " files that are no images were passed over");
    say(images_.num_links,
        " links to folders were passed over (name such a folder as DATA instead)");
    return join(parts, "; ");
  }

  Fs& fs_;
  const ImageList& images_;
  const DataOptions& options_;
  const Limits& limits_;
  std::vector<BadFile>& bad_;
  std::vector<size_t> good_;          // indices of images with a good header
  std::vector<ImageHeader> headers_;  // of these
  ImageForm form_;
  std::vector<std::string> remedies_;  // of the bad ones, where an error has one of its own
  Conversion conversion_;
  int64_t num_deep_ = 0, num_over_white_ = 0, num_turned_ = 0, num_doubtful_ = 0;
};

}  // namespace

ParsedData read_images(Fs& fs, const ImageList& images, const DataOptions& options,
                       const Limits& limits, std::vector<BadFile>& bad) {
  return ImageReader(fs, images, options, limits, bad).read();
}

}  // namespace isthmus
