// SPDX-License-Identifier: Apache-2.0
// Masks are read by the parsers of data, but never as a data set: columns of one value, which a
// table loses there, are what most masks consist of.
#include "isthmus/data/mask.h"

#include <algorithm>

#include "isthmus/base/options.h"
#include "isthmus/base/shown_list.h"
#include "isthmus/base/text.h"
#include "isthmus/data/formats.h"
#include "isthmus/data/join.h"
#include "isthmus/data/locate.h"
#include "isthmus/data/source_file.h"

namespace isthmus {
namespace {

[[noreturn]] void fail(ErrorCode code, const std::string& path, const std::string& message,
                       const std::string& hint) {
  throw Error(code, message, hint, {.file = path});
}

ParsedData parse_mask(Fs& fs, const std::string& path, const Limits& limits) {
  const FileAndKey place = split_key(fs, path);
  SourceFile source(fs, place.path, limits);
  const FormatDef& format = format_of(source.start());
  require_key_fits(place.key, format);
  const auto file = source.take();
  try {
    return format.parse(*file, {.key = place.key}, limits);
  } catch (Error& error) {
    error.in_file(path);
    throw;
  }
}

/// A mask that names its columns means those of the model by name, in whatever order.
void take_named_columns(const std::string& path, const DataSpec& spec, ParsedData& parsed) {
  const std::vector<std::string>& names = parsed.column_names;
  if (spec.kind != DataKind::kTable || names.empty()) return;
  if (names == numbered_names(static_cast<int64_t>(names.size()))) return;
  std::vector<std::string> wanted;
  for (const FieldSpec& field : spec.fields) wanted.push_back(field.name);
  const std::vector<size_t> order = match_columns(wanted, names);
  std::vector<std::string> missing;
  for (size_t i = 0; i < order.size(); ++i) {
    if (order[i] == SIZE_MAX) missing.push_back(wanted[i]);
  }
  if (!missing.empty()) {
    fail(ErrorCode::kDataMismatch, path,
         "the mask lacks columns of the model: " + escape_for_terminal(shown_list(missing)),
         "name its columns as those of the data, or leave the names out");
  }
  parsed.values = take_columns(parsed.values, order);
}

std::vector<double> numbers_of(const Tensor& values) {
  const auto copied = [](auto cells) { return std::vector<double>(cells.begin(), cells.end()); };
  if (values.dtype() == Dtype::kU8) return copied(values.values<uint8_t>());
  if (values.dtype() == Dtype::kF32) return copied(values.values<float>());
  return copied(values.values<double>());
}

/// Where value `at` of a mask stands, counted from 0.
std::string place_text(int64_t at, const Shape& shape) {
  std::string text;
  int64_t size = value_count(shape);
  for (const int64_t axis : shape) {
    size /= axis;
    text += (text.empty() ? "[" : ", ") + std::to_string(at / size);
    at %= size;
  }
  return text + "]";
}

/// 0 and 1; in pictures white, the largest byte, is 1, too.
std::vector<uint8_t> bits_of(const std::string& path, const ParsedData& parsed) {
  const bool picture = parsed.kind == DataKind::kImage;
  std::vector<uint8_t> bits;
  for (const double v : numbers_of(parsed.values)) {
    if (v != 0 && v != 1 && !(picture && v == 255)) {
      fail(ErrorCode::kBadValue, path,
           "the mask holds " + print_value(v) + " at " +
               place_text(static_cast<int64_t>(bits.size()), parsed.values.shape()),
           picture
               ? "a mask is white (255) where a pixel is known and black (0) where it is missing"
               : "a mask is 1 where a value is known and 0 where it is missing");
    }
    bits.push_back(v != 0);
  }
  return bits;
}

/// How many masks a file holds, and how those of images in colour lie.
struct Arrangement {
  int64_t rows = 0;
  bool per_pixel = false, channels_first = false;
};

bool ends_with(const Shape& shape, const Shape& last) {
  return shape.size() >= last.size() && std::equal(last.rbegin(), last.rend(), shape.rbegin());
}

/// By the axes of the file. Equal numbers of values are not enough: channels that come first would
/// be taken for pixels.
std::optional<Arrangement> arrangement_of(const std::string& path, Shape file, const DataSpec& spec,
                                          const ItemCounts& items) {
  const Shape& item = spec.item_shape;
  const int64_t width = spec.num_values(), count = value_count(file);
  if (item.size() < 2 || ends_with(file, item)) {
    if (count % width != 0) return std::nullopt;
    return Arrangement{.rows = count / width};
  }
  if (file.size() > 1 && file.back() == 1) file.pop_back();
  const Shape pixels(item.begin(), item.begin() + 2);
  const bool colour = item.size() == 3;
  const bool first = colour && ends_with(file, {item[2], item[0], item[1]});
  const int64_t images = count / value_count(pixels);
  const bool each = images >= items.used && images <= items.all;
  if (first && file.size() == 3 && each) {
    fail(ErrorCode::kSizesDisagree, path,
         "the mask of shape " + shape_text(file) + " may be one with channels first, or " +
             std::to_string(images) + " of " + item_shape_text(pixels),
         "give channels last, " + item_shape_text(item) + ", or one more axis for the items");
  }
  if (first) return Arrangement{.rows = count / width, .channels_first = true};
  if (ends_with(file, pixels)) return Arrangement{.rows = images, .per_pixel = colour};
  if (file.size() > 2 || file.back() % width != 0) return std::nullopt;
  if (colour && spec.flat_order == FlatOrder::kUntold) {
    fail(ErrorCode::kSizesDisagree, path,
         "the mask of shape " + shape_text(file) + " may have channels last or first",
         "give it with the axes " + item_shape_text(item) + " or, for all channels, " +
             item_shape_text(pixels));
  }
  return Arrangement{.rows = count / width,
                     .channels_first = spec.flat_order == FlatOrder::kChannelsFirst};
}

std::vector<uint8_t> channels_last(const std::vector<uint8_t>& bits, const Shape& item) {
  const auto pixels = static_cast<size_t>(item[0] * item[1]),
             channels = static_cast<size_t>(item[2]);
  std::vector<uint8_t> turned(bits.size());
  for (size_t i = 0; i < bits.size(); ++i) {
    const size_t mask = i / (pixels * channels), channel = i / pixels % channels;
    turned[(mask * pixels + i % pixels) * channels + channel] = bits[i];
  }
  return turned;
}

/// Each pixel's number for all its channels.
std::vector<uint8_t> for_channels(const std::vector<uint8_t>& pixels, int64_t channels) {
  std::vector<uint8_t> bits;
  for (const uint8_t pixel : pixels) bits.insert(bits.end(), static_cast<size_t>(channels), pixel);
  return bits;
}

/// `of`: "" or " of the first 6 items".
void require_use(const std::string& path, std::span<const uint8_t> bits, const std::string& of) {
  const auto known = std::count(bits.begin(), bits.end(), uint8_t{1});
  const std::string whose = of.empty() ? "all its values" : "all their values";
  if (known == std::ssize(bits)) {
    fail(ErrorCode::kImpossible, path, "the mask hides nothing" + of + ": " + whose + " are 1",
         "set the places to be filled in to 0");
  }
  if (known == 0) {
    fail(ErrorCode::kImpossible, path, "the mask hides everything" + of + ": " + whose + " are 0",
         "set the known places to 1; for items from nothing use: isthmus sample MODEL");
  }
}

/// What a mask has to look like for these items.
std::string wanted_sizes(const DataSpec& spec, const ItemCounts& items) {
  const int64_t width = spec.num_values();
  std::string text = "give one mask for all items (" + group_digits(width) +
                     " values), or one for each (" + group_digits(width * items.all) + ")";
  if (items.used < items.all) {
    text += ", or for the first " + group_digits(items.used) + " (" +
            group_digits(width * items.used) + ")";
  }
  if (spec.item_shape.size() > 1) {
    text += ", each with the axes " + item_shape_text(spec.item_shape);
    if (spec.item_shape.size() == 3) text += " or, for all channels, without the last";
  }
  const std::vector<std::string>& told = spec.condition.columns;
  if (told.empty()) return text;
  return text + "; " + escape_for_terminal(shown_list(told)) +
         (told.size() == 1 ? " is the condition of the model and no part of an item: leave it out"
                           : " are the condition of the model and no part of an item: leave them "
                             "out");
}

}  // namespace

Mask::Mask(Tensor known) : known_(std::move(known)) {}

std::span<const uint8_t> Mask::row(int64_t item) const {
  const auto width = static_cast<size_t>(known_.shape()[1]);
  const size_t at = known_.shape()[0] == 1 ? 0 : static_cast<size_t>(item);
  return known_.values<uint8_t>().subspan(at * width, width);
}

int64_t Mask::num_missing(int64_t count) const {
  int64_t missing = 0;
  for (int64_t i = 0; i < count; ++i) {
    const std::span<const uint8_t> bits = row(i);
    missing += std::count(bits.begin(), bits.end(), uint8_t{0});
  }
  return missing;
}

Mask read_mask(Fs& fs, const std::string& path, const DataSpec& spec, const ItemCounts& items,
               const Limits& limits) {
  ParsedData parsed = parse_mask(fs, path, limits);
  take_named_columns(path, spec, parsed);
  std::vector<uint8_t> bits = bits_of(path, parsed);
  const int64_t width = spec.num_values();
  const auto count = static_cast<int64_t>(bits.size());
  const std::optional<Arrangement> found = arrangement_of(path, parsed.values.shape(), spec, items);
  const int64_t rows = found ? found->rows : 0;
  const bool for_each = rows >= items.used && rows <= items.all;
  if (rows != 1 && !for_each) {
    const bool flat = spec.item_shape.size() < 2;
    const std::string sides = flat ? "" : item_shape_text(spec.item_shape) + " = ";
    fail(ErrorCode::kSizesDisagree, path,
         "the mask has shape " + shape_text(parsed.values.shape()) + ", " + group_digits(count) +
             " values; an item has " + sides + group_digits(width) + ", and there are " +
             group_digits(items.all) + " items",
         wanted_sizes(spec, items));
  }
  if (found->per_pixel) bits = for_channels(bits, spec.item_shape[2]);
  if (found->channels_first) bits = channels_last(bits, spec.item_shape);
  if (rows > items.used) {
    require_use(path, std::span(bits).first(static_cast<size_t>(width * items.used)),
                " of the first " + group_digits(items.used) + " items");
  } else {
    require_use(path, bits, "");
  }
  return Mask(Tensor::from<uint8_t>({rows, width}, bits));
}

Mask with_absent(const std::optional<Mask>& mask, const Dataset& data, int64_t count) {
  const int64_t width = data.spec.num_values();
  Tensor known(Dtype::kU8, {count, width});
  const std::span<uint8_t> bits = known.values<uint8_t>();
  std::ranges::fill(bits, uint8_t{1});
  for (int64_t i = 0; mask && i < count; ++i) {
    std::ranges::copy(mask->row(i), bits.begin() + i * width);
  }
  for (size_t at = 0; data.absent.num_values() > 0 && at < bits.size(); ++at) {
    if (data.absent.values<uint8_t>()[at] != 0) bits[at] = 0;
  }
  return Mask(known);
}

}  // namespace isthmus
