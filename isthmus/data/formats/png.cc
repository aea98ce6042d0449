// SPDX-License-Identifier: Apache-2.0
// One PNG file as a data set of one image. Folders, which are the usual case, share the decoder
// (png.cc) and are read in image_folder.cc.
#include "isthmus/data/png.h"

#include "isthmus/data/formats.h"

namespace isthmus {
namespace {

ParsedData parse_as_format(ReadFile& file, const ColumnChoice&, const Limits& limits) {
  return parse_png(file, limits);
}

}  // namespace

ParsedData parse_png(ReadFile& file, const Limits& limits) {
  const PngImage image = decode_png(read_up_to(file, limits.data_bytes.bytes), limits);
  ParsedData data;
  data.kind = DataKind::kImage;
  Shape shape = image.pixels.shape();
  shape.insert(shape.begin(), 1);
  data.values = image.pixels.reshaped(shape);
  if (image.alpha_dropped) data.note = "alpha was dropped";
  return data;
}

namespace formats {
FormatDef png() {
  return {.name = "png",
          .summary = "folder of PNG images of one size, class subfolders = labels: photos/",
          .extensions = {"png"},
          .sniff = looks_like_png,
          .parse = parse_as_format};
}
}  // namespace formats

}  // namespace isthmus
