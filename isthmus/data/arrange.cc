// SPDX-License-Identifier: Apache-2.0
// The rules by which arrays and tables become images. Whatever is not stated by an option is done
// only where it is unambiguous, and said.
#include "isthmus/data/arrange.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "isthmus/base/log.h"
#include "isthmus/base/text.h"

namespace isthmus {
namespace {

constexpr double kByteWhite = 255, kDeepWhite = 65535;
/// Numbers that would be this much darker than the images of training are no images of 16 bits.
constexpr double kFarLevels = 64;

Shape item_shape(const ParsedData& data) {
  const Shape& shape = data.values.shape();
  return Shape(shape.begin() + 1, shape.end());
}

/// What alpha needs to be asked for: items of 4 channels are pictures, or anything else.
bool alpha_asked(const DataOptions& options) { return options.channels != "auto"; }

bool is_channels(int64_t size, const DataOptions& options) {
  return size == 1 || size == 3 || (size == 4 && alpha_asked(options));
}

bool is_image(const Shape& item) { return item.size() == 2 || (item.size() == 3 && item[2] == 3); }

const DataSpec* image_model(const DataOptions& options) {
  const bool images = options.model && options.model->kind == DataKind::kImage &&
                      is_image(options.model->item_shape);
  return images ? &*options.model : nullptr;
}

void add_note(ParsedData& data, const std::string& note) {
  if (note.empty()) return;
  if (!data.note.empty()) data.note += "; ";
  data.note += note;
}

std::string describe(const ParsedData& data) {
  return describe_item({.kind = data.kind, .item_shape = item_shape(data)});
}

std::string describe_images(const ParsedData& data) {
  return describe_item({.kind = DataKind::kImage, .item_shape = item_shape(data)});
}

int64_t channels_of(const Shape& item) { return item.size() == 3 ? item[2] : 1; }

void set_item_shape(ParsedData& data, Shape item) {
  if (item.size() == 3 && item[2] == 1) item.pop_back();
  data.kind = is_image(item) ? DataKind::kImage : DataKind::kArray;
  data.column_names.clear();
  item.insert(item.begin(), data.values.shape()[0]);
  data.values = data.values.reshaped(item);
}

void keep_channels(ParsedData& data) {
  const Shape have = item_shape(data);
  set_item_shape(data, have);
  add_note(data, "items of " + item_shape_text(have) + " were read with channels last, as " +
                     describe_images(data));
}

void move_channels(ParsedData& data) {
  const Shape have = data.values.shape();
  data.values = with_channels_last(data.values);
  if (data.flat_order == FlatOrder::kChannelsLast) data.flat_order = FlatOrder::kChannelsFirst;
  set_item_shape(data, {have[2], have[3], have[1]});
  add_note(data, "items of " + item_shape_text({have[1], have[2], have[3]}) +
                     " were read with channels first, as " + describe_images(data));
}

Shape without_ones(Shape shape) {
  std::erase(shape, 1);
  return shape;
}

/// How flat items hold the model's colour images: as an option says, or as those of training did.
FlatOrder flat_order_of(const ParsedData& data, const DataSpec& model, const DataOptions& options) {
  if (model.item_shape.size() < 3) return FlatOrder::kUntold;  // grey: there is one order
  if (options.layout == "nchw") return FlatOrder::kChannelsFirst;
  if (options.layout == "nhwc") return FlatOrder::kChannelsLast;
  if (model.flat_order != FlatOrder::kUntold) return model.flat_order;
  throw Error(ErrorCode::kImageOption,
              describe(data) + " may be " + describe_item(model) + " with channels last or first",
              "say which: --layout nhwc has channels last, as isthmus writes them, --layout nchw "
              "first");
}

/// Flat items as the images of the model.
void shape_as_model(ParsedData& data, const DataSpec& model, const DataOptions& options) {
  data.flat_order = flat_order_of(data, model, options);
  std::string note = describe(data) + " were read as " + describe_item(model);
  if (data.flat_order == FlatOrder::kChannelsFirst) {
    const Shape& item = model.item_shape;
    data.values = with_channels_last(
        data.values.reshaped({data.values.shape()[0], item[2], item[0], item[1]}));
    note += " with channels first";
  }
  set_item_shape(data, model.item_shape);
  add_note(data, note + ", as in the model");
}

/// True where the order of channels is known by then.
bool apply_shape(ParsedData& data, const DataOptions& options, const Limits& limits) {
  const Shape have = item_shape(data);
  const DataSpec* model = image_model(options);
  if (options.shape == "none") {
    const bool fits = model != nullptr && have.size() == 1 && have[0] == model->num_values();
    if (fits) shape_as_model(data, *model, options);
    return fits;
  }
  const Shape wanted = parse_sizes(options.shape, "data.shape", limits);
  if (value_count(wanted) != value_count(have)) {
    throw Error(ErrorCode::kImageOption,
                "--shape " + options.shape + " has " + group_digits(value_count(wanted)) +
                    " values, the items have " + group_digits(value_count(have)) + " (" +
                    describe(data) + ")",
                data.kind == DataKind::kTable
                    ? "leave out columns that are no pixels (--exclude, --labels)"
                    : "");
  }
  if (have.size() > 1 && without_ones(have) != without_ones(wanted)) {
    throw Error(
        ErrorCode::kImageOption,
        "--shape " + options.shape + " reads flat items, these have axes: " + describe(data),
        "leave it out; the order of axes is told by --layout");
  }
  set_item_shape(data, wanted);
  // Where the channels are first, apply_layout moves them.
  if (have.size() == 1 && wanted.size() == 3) data.flat_order = FlatOrder::kChannelsLast;
  return false;
}

/// Images of these axes in the order that memory has.
Shape image_axes(int64_t height, int64_t width, int64_t channels) {
  return channels == 1 ? Shape{height, width} : Shape{height, width, channels};
}

void guess_layout(ParsedData& data, const DataOptions& options) {
  const Shape item = item_shape(data);
  const bool first = is_channels(item[0], options), last = is_channels(item[2], options);
  if (!first && !last) {
    if ((item[0] == 4 || item[2] == 4) && !options.model) {
      add_note(data, "if the 4 channels are RGBA: --channels 3 lays them over white");
    }
    return;
  }
  const Shape as_last = image_axes(item[0], item[1], item[2]);
  const Shape as_first = image_axes(item[1], item[2], item[0]);
  const DataSpec* model = image_model(options);
  const bool fits_last = model != nullptr && model->item_shape == as_last;
  const bool fits_first = model != nullptr && model->item_shape == as_first;
  if (fits_first != fits_last) return fits_first ? move_channels(data) : keep_channels(data);
  if (first && last) {
    throw Error(ErrorCode::kImageOption,
                "items of " + item_shape_text(item) + " may be " +
                    describe_item({.kind = DataKind::kImage, .item_shape = as_last}) + " or " +
                    describe_item({.kind = DataKind::kImage, .item_shape = as_first}),
                "say which: --layout nhwc has channels last, --layout nchw first; --as table for "
                "other numbers");
  }
  return first ? move_channels(data) : keep_channels(data);
}

void apply_layout(ParsedData& data, const DataOptions& options) {
  const Shape item = item_shape(data);
  const bool axes = item.size() == 3;
  if (options.layout == "nchw") {
    if (axes) return move_channels(data);
    throw Error(
        ErrorCode::kImageOption,
        "--layout nchw needs items of channels, height and width; these are " + describe(data));
  }
  if (options.as == "table" || !axes) return;
  if (options.layout == "auto") return guess_layout(data, options);
  if (is_channels(item[2], options)) set_item_shape(data, item);
}

template <class T>
PixelLevels levels_of(const Tensor& images) {
  PixelLevels levels;
  for (const T v : images.values<T>()) {
    const auto value = static_cast<double>(v);
    if (std::isnan(value)) continue;  // the facts tell where
    levels.least = std::min(levels.least, value);
    levels.most = std::max(levels.most, value);
    levels.whole &= value == std::floor(value);
  }
  return levels;
}

double opaque_level(const Tensor& images) {
  if (images.dtype() == Dtype::kU8) return kByteWhite;
  const PixelLevels levels = levels_of(images);
  if (levels.least >= 0 && levels.most <= 1) return 1;
  if (levels.within(kDeepWhite)) return levels.within(kByteWhite) ? kByteWhite : kDeepWhite;
  throw Error(ErrorCode::kImageOption,
              "the last of 4 channels is read as alpha, but values go from " +
                  print_value(levels.least) + " to " + print_value(levels.most),
              "alpha and colours are reals from 0 to 1, or whole numbers up to 255 or 65535; leave "
              "out the fourth channel if it is something else");
}

template <class T>
Tensor as_bytes_of_deep(const Tensor& images) {
  Tensor out(images.dtype(), images.shape());
  std::ranges::transform(images.values<T>(), out.values<T>().begin(), [](T v) {
    return std::floor(v / static_cast<T>(kDeepOfByte) + static_cast<T>(0.5));
  });
  return out;
}

/// Three channels of four.
void apply_alpha(ParsedData& data, const DataOptions& options) {
  if (!alpha_asked(options) || item_shape(data).size() != 3 || item_shape(data)[2] != 4) return;
  const double opaque = opaque_level(data.values);
  data.values = over_white(data.values, opaque);
  data.kind = DataKind::kImage;
  add_note(data, "the fourth channel was read as alpha (opaque: " + print_value(opaque) +
                     ") and laid over white");
}

void apply_form(ParsedData& data, const DataOptions& options, const Limits& limits) {
  const bool asked = options.resize != "none" || options.channels != "auto";
  if (data.kind != DataKind::kImage || !is_image(item_shape(data))) {
    if (!asked) return;
    throw Error(ErrorCode::kImageOption,
                "--resize and --channels are for images; the items are " + describe(data),
                "flat pixels become images with --shape HxW");
  }
  const ImageForm form = wanted_form(options, limits);
  const Shape item = item_shape(data);
  require_channels(form.channels > 0 ? form.channels : channels_of(item), options);
  CheckedU64 made = static_cast<uint64_t>(form.height > 0 ? form.height : item[0]);
  made = made * static_cast<uint64_t>(form.width > 0 ? form.width : item[1]) * uint64_t{3};
  limits.require_data_bytes(made * static_cast<uint64_t>(data.values.shape()[0]) *
                            size_of(data.values.dtype()));
  data.values = convert_images(data.values, form);
  Conversion conversion;
  for (int64_t n = 0; n < data.values.shape()[0]; ++n) conversion.add(item, item_shape(data));
  add_note(data, conversion.note(describe(data), options));
}

}  // namespace

Shape parse_sizes(std::string_view text, std::string_view key, const Limits& limits) {
  Shape sizes;
  CheckedU64 product = 1;
  for (const std::string& part : split(std::string(text), 'x')) {
    int64_t size = 0;
    const char* end = part.data() + part.size();
    const auto [stop, status] = std::from_chars(part.data(), end, size);
    const bool good = status == std::errc() && stop == end && size > 0 && sizes.size() < 3;
    if (good) product = product * static_cast<uint64_t>(size);
    if (!good || product.value() > static_cast<uint64_t>(limits.image_pixels)) {
      throw Error(ErrorCode::kBadValue, "\"" + std::string(text) + "\" is not a size of images",
                  "height x width, such as 28x28, 32x32x3 or 3x32x32", {.key = std::string(key)});
    }
    sizes.push_back(size);
  }
  if (sizes.size() == 1) sizes.push_back(sizes[0]);
  return sizes;
}

ImageForm wanted_form(const DataOptions& options, const Limits& limits) {
  ImageForm form;
  const DataSpec* model = image_model(options);
  if (model != nullptr && !options.own_size) {
    form = {.height = model->item_shape[0], .width = model->item_shape[1]};
  }
  if (options.resize != "none") {
    const Shape sizes = parse_sizes(options.resize, "data.resize", limits);
    if (sizes.size() != 2) {
      throw Error(ErrorCode::kBadValue, "\"" + options.resize + "\" is not a height and a width",
                  "such as 64x64", {.key = "data.resize"});
    }
    form.height = sizes[0];
    form.width = sizes[1];
  }
  if (options.channels != "auto") form.channels = options.channels == "1" ? 1 : 3;
  return form;
}

void require_channels(int64_t have, const DataSpec& model) {
  const int64_t wanted = channels_of(model.item_shape);
  if (have == wanted) return;
  throw Error(ErrorCode::kDataMismatch,
              std::string("the images are ") + (have == 1 ? "grey" : "rgb") +
                  ", the model was trained on " + describe_item(model),
              wanted == 1 ? "--channels 1 takes their luma, 0.299 r + 0.587 g + 0.114 b"
                          : "--channels 3 gives grey to all three channels");
}

void require_channels(int64_t have, const DataOptions& options) {
  if (const DataSpec* model = image_model(options)) require_channels(have, *model);
}

bool PixelLevels::bytes() const { return within(kByteWhite) && most > 1; }
bool PixelLevels::deep() const { return within(kDeepWhite) && most > kByteWhite; }

PixelLevels levels_of(const Tensor& values) {
  if (values.dtype() == Dtype::kF32) return levels_of<float>(values);
  if (values.dtype() == Dtype::kF64) return levels_of<double>(values);
  if (values.num_values() == 0) return {};
  return {.most = static_cast<double>(std::ranges::max(values.values<uint8_t>()))};
}

Tensor multiplied_by_257(const Tensor& images) {
  const auto times = [](auto v) { return static_cast<float>(v) * kDeepOfByte; };
  Tensor out(images.dtype() == Dtype::kF64 ? Dtype::kF64 : Dtype::kF32, images.shape());
  if (images.dtype() == Dtype::kU8) {
    std::ranges::transform(images.values<uint8_t>(), out.values<float>().begin(), times);
  } else if (images.dtype() == Dtype::kF32) {
    std::ranges::transform(images.values<float>(), out.values<float>().begin(), times);
  } else {
    std::ranges::transform(images.values<double>(), out.values<double>().begin(),
                           [](double v) { return v * static_cast<double>(kDeepOfByte); });
  }
  return out;
}

bool is_byte_beside(double most, double of) { return kFarLevels * most <= of; }

PixelDepth pixel_depth(const DataSpec& spec) {
  if (spec.kind != DataKind::kImage || spec.fields.size() != 1) return PixelDepth::kOther;
  const FieldSpec& pixels = spec.fields.front();
  const bool is_level = pixels.integer && pixels.min >= 0 && pixels.max <= kDeepWhite;
  if (!is_level || pixels.max <= 1) return PixelDepth::kOther;
  return pixels.max <= kByteWhite ? PixelDepth::kByte : PixelDepth::kDeep;
}

PixelDepth model_depth(const DataOptions& options) {
  const DataSpec* model = image_model(options);
  return model == nullptr ? PixelDepth::kOther : pixel_depth(*model);
}

bool take_depth_of_model(ParsedData& data, const DataOptions& options, int64_t count) {
  const PixelDepth depth = model_depth(options);
  if (data.kind != DataKind::kImage || depth == PixelDepth::kOther) return false;
  if (depth == PixelDepth::kByte && data.values.dtype() == Dtype::kU8) return false;
  const PixelLevels levels = levels_of(data.values);
  if (depth == PixelDepth::kDeep) {
    if (!levels.bytes() || !is_byte_beside(levels.most, options.model->fields.front().max)) {
      return false;
    }
    data.values = multiplied_by_257(data.values);
    add_note(data,
             group_digits(count) +
                 " images of 8 bits were multiplied by 257, the model was trained on 16 bits");
    return true;
  }
  if (!levels.deep()) return false;
  if (kFarLevels * levels.most / kDeepOfByte < options.model->fields.front().max) return false;
  data.values = data.values.dtype() == Dtype::kF64 ? as_bytes_of_deep<double>(data.values)
                                                   : as_bytes_of_deep<float>(data.values);
  add_note(data, group_digits(count) +
                     " images of 16 bits were divided by 257, the model was trained on 8 bits");
  return true;
}

void Conversion::add(const Shape& before, const Shape& after) {
  if (before == after) return;
  const std::string text = describe_item({.kind = DataKind::kImage, .item_shape = before});
  if (count == 0) from = text;
  if (text != from) from = "other sizes or channels";
  ++count;
  // No one factor brings both sides there, up to a pixel.
  const auto follows = [](int64_t side, int64_t other, int64_t other_made) {
    return std::llround(static_cast<double>(side) * static_cast<double>(other_made) /
                        static_cast<double>(other));
  };
  const bool kept = follows(before[0], before[1], after[1]) == after[0] ||
                    follows(before[1], before[0], after[0]) == after[1];
  if (!kept) ++stretched;
}

std::string Conversion::note(const std::string& to, const DataOptions& options) const {
  if (count == 0) return {};
  std::string text = group_digits(count) + " images of " + from + " were converted to " + to;
  if (stretched > 0) {
    text += stretched == count ? ", stretched" : ", " + group_digits(stretched) + " stretched";
  }
  if (options.resize == "none" && options.channels == "auto") {
    log_warning("W3312", text + ", which the model was trained on", "to choose it: --resize HxW");
  }
  return text;
}

void regard_as(ParsedData& data, const std::string& as) {
  const Shape shape = data.values.shape();
  const int64_t width = value_count(Shape(shape.begin() + 1, shape.end()));
  if (as == "table" && data.kind != DataKind::kTable) {
    data.values = data.values.reshaped({shape[0], width});
    data.column_names = numbered_names(width);
    data.kind = DataKind::kTable;
  } else if (as == "images" && data.kind != DataKind::kImage) {
    if (shape.size() == 2) {
      const auto side = static_cast<int64_t>(std::lround(std::sqrt(static_cast<double>(width))));
      if (side * side != width) {
        throw Error(ErrorCode::kArrayShape,
                    std::to_string(width) + " values per item are no square image",
                    "say their size: --shape HxW", {.key = "data.as"});
      }
      data.values = data.values.reshaped({shape[0], side, side});
    }
    data.column_names.clear();
    data.kind = DataKind::kImage;
  }
}

/// A single image without the axis that counts items would be taken for many small ones.
void require_item_axis(const ParsedData& data, const DataOptions& options) {
  const DataSpec* model = image_model(options);
  if (model == nullptr || data.values.shape() != model->item_shape) return;
  throw Error(
      ErrorCode::kImageOption,
      "the array of shape " + shape_text(data.values.shape()) + " has the axes of one item (" +
          describe_item(*model) + ") and none for items",
      "give one item as an array of shape " + shape_text(data.values.shape()).insert(1, "1, "));
}

void arrange_items(ParsedData& data, const DataOptions& options, const Limits& limits) {
  require_item_axis(data, options);
  const bool as_model = apply_shape(data, options, limits);
  if (options.as == "images") regard_as(data, options.as);
  if (!as_model) apply_layout(data, options);
  apply_alpha(data, options);
  take_depth_of_model(data, options, data.values.shape()[0]);
  apply_form(data, options, limits);
}

}  // namespace isthmus
