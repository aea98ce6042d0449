// SPDX-License-Identifier: Apache-2.0
// The common second half of the IDX and NPY readers: from a header that was understood to a tensor.
// Sizes are proved against the limits and the file before memory is taken. Not here: the grammar
// of the headers (formats/idx.cc, formats/npy.cc) and the facts about values (facts.cc).
#include "isthmus/data/array_reader.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include "isthmus/base/text.h"

namespace isthmus {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr uint64_t kBlockBytes = uint64_t{1} << 16;

struct ElementInfo {
  std::string_view name;
  uint64_t bytes;
};
constexpr std::array<ElementInfo, 12> kElements = {{{"u8", 1},
                                                    {"i8", 1},
                                                    {"bool", 1},
                                                    {"u16", 2},
                                                    {"i16", 2},
                                                    {"u32", 4},
                                                    {"i32", 4},
                                                    {"u64", 8},
                                                    {"i64", 8},
                                                    {"f16", 2},
                                                    {"f32", 4},
                                                    {"f64", 8}}};

template <class T>
T load(const std::byte* at, bool big_endian) {
  std::array<std::byte, sizeof(T)> raw;
  std::memcpy(raw.data(), at, sizeof(T));
  if (big_endian) std::reverse(raw.begin(), raw.end());
  return std::bit_cast<T>(raw);
}

/// Converts out.size() values; returns how many whole numbers float64 could not hold exactly.
template <class T, class Out>
int64_t convert(const std::byte* in, bool big_endian, std::span<Out> out) {
  int64_t rounded = 0;
  for (size_t i = 0; i < out.size(); ++i) {
    const T value = load<T>(in + i * sizeof(T), big_endian);
    out[i] = static_cast<Out>(value);
    if constexpr (std::is_integral_v<T> && sizeof(T) == 8) {
      if (static_cast<long double>(out[i]) != static_cast<long double>(value)) ++rounded;
    }
  }
  return rounded;
}

int64_t convert_half(const std::byte* in, bool big_endian, std::span<float> out) {
  for (size_t i = 0; i < out.size(); ++i) {
    out[i] = f16_to_float(load<uint16_t>(in + 2 * i, big_endian));
  }
  return 0;
}

int64_t convert_bool(const std::byte* in, std::span<float> out) {
  for (size_t i = 0; i < out.size(); ++i) out[i] = in[i] == std::byte{0} ? 0.0f : 1.0f;
  return 0;
}

/// Types that float32 holds exactly.
bool fits_float(Element element) {
  switch (element) {
    case Element::kU32:
    case Element::kI32:
    case Element::kU64:
    case Element::kI64:
    case Element::kF64:
      return false;
    default:
      return true;
  }
}

int64_t convert_elements(Element element, const std::byte* in, bool big, std::span<float> out) {
  switch (element) {
    case Element::kI8:
      return convert<int8_t>(in, big, out);
    case Element::kBool:
      return convert_bool(in, out);
    case Element::kU16:
      return convert<uint16_t>(in, big, out);
    case Element::kI16:
      return convert<int16_t>(in, big, out);
    case Element::kF16:
      return convert_half(in, big, out);
    case Element::kF32:
      return convert<float>(in, big, out);
    default:
      break;
  }
  ISTHMUS_CHECK(false, "a type that float32 does not hold");
  return 0;
}

int64_t convert_elements(Element element, const std::byte* in, bool big, std::span<double> out) {
  switch (element) {
    case Element::kU32:
      return convert<uint32_t>(in, big, out);
    case Element::kI32:
      return convert<int32_t>(in, big, out);
    case Element::kU64:
      return convert<uint64_t>(in, big, out);
    case Element::kI64:
      return convert<int64_t>(in, big, out);
    case Element::kF64:
      return convert<double>(in, big, out);
    default:
      break;
  }
  ISTHMUS_CHECK(false, "a type that float32 holds");
  return 0;
}

uint64_t kept_bytes(Element element) {
  if (element == Element::kU8) return 1;
  return fits_float(element) ? sizeof(float) : sizeof(double);
}

/// The part of an array that is read: the first items, where they stand together.
Shape shape_of_first(const ArrayLayout& layout, int64_t max_items) {
  Shape shape = layout.shape;
  const bool together = !layout.fortran_order || shape.size() == 1;
  if (!shape.empty() && together) shape.front() = std::min(shape.front(), max_items);
  return shape;
}

void require_sizes(const ByteStream& in, const ArrayLayout& layout, int64_t max_items,
                   const Limits& limits) {
  const ErrorWhere where{.offset = static_cast<int64_t>(in.offset())};
  if (layout.shape.empty()) {
    throw Error(ErrorCode::kArrayShape, "the array has no axes (a single number)",
                "an array of items needs a first axis that counts them", where);
  }
  if (static_cast<int64_t>(layout.shape.size()) > limits.tensor_rank) {
    throw Error(ErrorCode::kOverLimit,
                "the array has " + std::to_string(layout.shape.size()) + " axes, the limit is " +
                    std::to_string(limits.tensor_rank),
                "raise it with --set limits.tensor_rank=N if the file is trusted", where);
  }
  const CheckedU64 count = checked_product(layout.shape);
  const uint64_t as_stored = (count * size_of(layout.element)).value();
  if (count.value() == 0) {
    throw Error(ErrorCode::kEmptyData,
                "the array of shape " + shape_text(layout.shape) + " holds no values", {}, where);
  }
  if (as_stored > in.most_remaining()) {
    throw Error(ErrorCode::kTruncated,
                "shape " + shape_text(layout.shape) + " of " +
                    std::string(element_name(layout.element)) + " needs " +
                    std::to_string(as_stored) + " bytes, but " +
                    (in.is_gzip() ? "at most " : "only ") + std::to_string(in.most_remaining()) +
                    " follow the header",
                {}, where);
  }
  if (!in.is_gzip() && as_stored < in.most_remaining()) {
    throw Error(ErrorCode::kSizesDisagree,
                "shape " + shape_text(layout.shape) + " of " +
                    std::string(element_name(layout.element)) + " needs " +
                    std::to_string(as_stored) + " bytes, but " +
                    std::to_string(in.most_remaining()) + " follow the header",
                {}, where);
  }
  // Last: no limit that is raised mends a file that does not hold what it announces.
  limits.require_data_bytes(checked_product(shape_of_first(layout, max_items)) *
                            kept_bytes(layout.element));
}

/// Fortran order of `shape` (what `reversed` holds row by row in reversed axes) to row-major.
template <class T>
Tensor transposed(const Tensor& reversed, const Shape& shape) {
  Tensor out(reversed.dtype(), shape);
  auto from = reversed.values<T>();
  auto to = out.values<T>();
  const size_t rank = shape.size();
  std::vector<int64_t> stride(rank), index(rank, 0);
  int64_t step = 1;
  for (size_t axis = 0; axis < rank; ++axis) {
    stride[axis] = step;
    step *= shape[axis];
  }
  int64_t source = 0;
  for (T& value : to) {
    value = from[static_cast<size_t>(source)];
    for (size_t axis = rank; axis-- > 0;) {
      source += stride[axis];
      if (++index[axis] < shape[axis]) break;
      source -= stride[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return out;
}

/// (N) and (N, D) are tables; (N, H, W) and (N, H, W, 1 or 3) are images; arrange.cc tells others.
DataKind kind_of(const Shape& shape, const Limits& limits) {
  if (shape.size() == 3) return DataKind::kImage;
  if (shape.size() == 4 && (shape[3] == 1 || shape[3] == 3)) return DataKind::kImage;
  const bool table = shape.size() == 1 || (shape.size() == 2 && shape[1] <= limits.csv_columns);
  return table ? DataKind::kTable : DataKind::kArray;
}

Shape item_axes(const Shape& shape) { return shape.size() == 1 ? Shape{shape[0], 1} : shape; }

template <class Out>
int64_t read_converted(ByteStream& in, const ArrayLayout& layout, Tensor& values) {
  const uint64_t width = size_of(layout.element);
  auto out = values.values<Out>();
  Bytes block(std::min<uint64_t>(kBlockBytes, out.size() * width));
  int64_t rounded = 0;
  for (size_t done = 0; done < out.size();) {
    const size_t count = std::min(block.size() / width, out.size() - done);
    in.read_exact(std::span(block).first(count * width), "values");
    rounded +=
        convert_elements(layout.element, block.data(), layout.big_endian, out.subspan(done, count));
    done += count;
  }
  return rounded;
}

Tensor transposed(const Tensor& reversed, const Shape& shape) {
  switch (reversed.dtype()) {
    case Dtype::kU8:
      return transposed<uint8_t>(reversed, shape);
    case Dtype::kF64:
      return transposed<double>(reversed, shape);
    default:
      return transposed<float>(reversed, shape);
  }
}

}  // namespace

uint64_t size_of(Element element) { return kElements[static_cast<size_t>(element)].bytes; }
std::string_view element_name(Element element) {
  return kElements[static_cast<size_t>(element)].name;
}

ParsedData read_array(ByteStream& in, const ArrayLayout& layout, int64_t max_items,
                      const Limits& limits) {
  require_sizes(in, layout, max_items, limits);
  const Shape shape = shape_of_first(layout, max_items);
  int64_t rounded = 0;
  Tensor values;
  if (layout.element == Element::kU8) {
    values = Tensor(Dtype::kU8, shape);
    in.read_exact(values.bytes(), "values");
  } else if (fits_float(layout.element)) {
    values = Tensor(Dtype::kF32, shape);
    rounded = read_converted<float>(in, layout, values);
  } else {
    values = Tensor(Dtype::kF64, shape);
    rounded = read_converted<double>(in, layout, values);
  }
  if (shape == layout.shape) in.expect_end();
  if (layout.fortran_order && shape.size() > 1) values = transposed(values, shape);
  return array_items(std::move(values), rounded, limits);
}

ParsedData array_items(Tensor values, int64_t rounded, const Limits& limits) {
  const Shape shape = values.shape();
  ParsedData data;
  data.kind = kind_of(shape, limits);
  data.values = values.reshaped(item_axes(shape));
  if (data.kind == DataKind::kArray && shape.size() == 2) {
    data.note = "more than " + group_digits(limits.csv_columns) +
                " columns: one scale and one sigma for all of them; --as table gives each its own";
  }
  if (data.kind == DataKind::kTable) {
    data.column_names = numbered_names(data.values.shape()[1]);
  }
  if (rounded > 0) {
    data.note = group_digits(rounded) + " whole numbers were rounded to 53 bits";
  }
  return data;
}

}  // namespace isthmus
