// SPDX-License-Identifier: Apache-2.0
// What IDX and NPY have in common: element types, checked sizes, conversion to three types (bytes
// stay bytes; what float32 holds exactly becomes float32, the rest float64), and the kind that a
// shape suggests.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "isthmus/base/limits.h"
#include "isthmus/data/formats.h"
#include "isthmus/data/gzip.h"

namespace isthmus {

enum class Element : uint8_t {
  kU8,
  kI8,
  kBool,
  kU16,
  kI16,
  kU32,
  kI32,
  kU64,
  kI64,
  kF16,
  kF32,
  kF64
};
uint64_t size_of(Element element);
std::string_view element_name(Element element);  // "i16"

struct ArrayLayout {
  Element element = Element::kU8;
  bool big_endian = false;
  bool fortran_order = false;
  Shape shape;  // at least one axis, checked by read_array
};

/// Reads the elements that follow a header, and the end of the file. Everything is checked before
/// memory is taken: E3204 shape of no axes, E3402 an axis of size 0, E3004 overflow or limits,
/// E3005 and E3006 for a length that the header does not announce.
/// Of more than max_items items only the first are read; packed data are then not read to the end.
ParsedData read_array(ByteStream& in, const ArrayLayout& layout, int64_t max_items,
                      const Limits& limits);

/// Items as what their shape suggests: (N) and (N, D) are tables, (N, H, W) and (N, H, W, 1 or 3)
/// images. `rounded`: whole numbers that float64 could not hold.
ParsedData array_items(Tensor values, int64_t rounded, const Limits& limits);

}  // namespace isthmus
