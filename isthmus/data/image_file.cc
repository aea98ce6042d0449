// SPDX-License-Identifier: Apache-2.0
// The kind of an image is told by its content. Decoding is png.cc and jpeg.cc.
#include "isthmus/data/image_file.h"

#include <algorithm>
#include <utility>

#include "isthmus/base/text.h"
#include "isthmus/data/formats.h"
#include "isthmus/data/jpeg.h"
#include "isthmus/data/png.h"

namespace isthmus {
namespace {

// A camera writes a preview of some ten thousand bytes before the size of the image.
constexpr uint64_t kFirstBytes = uint64_t{1} << 12;
constexpr uint64_t kMostHeaderBytes = uint64_t{1} << 24;
// Beside the pixels: text, profiles, previews; 8 bytes hold a pixel of any kind as it is.
constexpr uint64_t kMostBytesPerPixel = 8;

}  // namespace

bool is_image_extension(std::string_view extension) {
  return extension == "png" || extension == "jpg" || extension == "jpeg";
}

bool is_foreign_image_extension(std::string_view extension) {
  constexpr std::string_view kForeign[] = {"gif", "bmp", "webp", "tif", "tiff", "heic", "avif"};
  return std::find(std::begin(kForeign), std::end(kForeign), extension) != std::end(kForeign);
}

ImageFile::ImageFile(ReadFile& file, const Limits& limits) : file_(file), limits_(limits) {
  bytes_ = read_up_to(file_, kFirstBytes);
  if (read_header()) return;
  const Bytes more = read_up_to(file_, kMostHeaderBytes - bytes_.size());
  bytes_.insert(bytes_.end(), more.begin(), more.end());
  if (!read_header()) {
    throw Error(ErrorCode::kJpegCorrupt, "not a readable JPEG image: it ends before its pixels");
  }
}

/// False if the bytes so far are too few.
bool ImageFile::read_header() {
  if (!looks_like_jpeg(bytes_)) {
    const PngHeader png = read_png_header(bytes_, limits_);
    header_ = {png.height, png.width, png.colour, png.bit_depth == 16};
    return true;
  }
  const auto jpeg = read_jpeg_header(bytes_, limits_);
  if (!jpeg) return false;
  header_ = {jpeg->height, jpeg->width, jpeg->colour, false};
  if (jpeg->lies()) std::swap(header_.height, header_.width);
  return true;
}

DecodedImage ImageFile::decode() {
  const auto pixels = static_cast<uint64_t>(header_.height * header_.width);
  const uint64_t most = kMostHeaderBytes + kMostBytesPerPixel * pixels;
  if (file_.bytes() <= most) {
    const Bytes more = read_up_to(file_, most - std::min<uint64_t>(most, bytes_.size()) + 1);
    bytes_.insert(bytes_.end(), more.begin(), more.end());
  }
  if (std::max<uint64_t>(file_.bytes(), bytes_.size()) > most) {
    throw Error(ErrorCode::kOverLimit,
                "an image of " + item_shape_text({header_.height, header_.width}) +
                    " pixels in a file of more than " + format_bytes(most),
                "save the image again");
  }
  if (looks_like_jpeg(bytes_)) {
    JpegImage jpeg = decode_jpeg(bytes_, limits_);
    return {.pixels = jpeg.pixels, .turned = jpeg.turned, .doubtful = jpeg.doubtful};
  }
  PngImage png = decode_png(bytes_, limits_);
  return {.pixels = png.pixels, .over_white = png.over_white};
}

ParsedData parse_image(ReadFile& file, const ColumnChoice&, const Limits& limits) {
  const DecodedImage image = ImageFile(file, limits).decode();
  ParsedData data;
  data.kind = DataKind::kImage;
  Shape shape = image.pixels.shape();
  shape.insert(shape.begin(), 1);
  data.values = image.pixels.reshaped(shape);
  if (image.over_white) data.note = "alpha was laid over white";
  if (image.turned) data.note = "the image was turned upright (EXIF)";
  if (image.doubtful) data.note = "the damaged JPEG image was mended by the decoder";
  return data;
}

}  // namespace isthmus
