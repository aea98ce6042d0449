// SPDX-License-Identifier: Apache-2.0
// IDX, the format of MNIST and Fashion-MNIST: two zero bytes, a type, the number of axes, then the
// sizes and the values, all big-endian. Reads one file; which labels belong to which images is
// decided in idx_pair.cc.
#include <optional>

#include "isthmus/base/byte_cursor.h"
#include "isthmus/data/array_reader.h"
#include "isthmus/data/formats.h"

namespace isthmus {
namespace {

constexpr uint64_t kMagicBytes = 4;

std::optional<Element> idx_element(uint8_t code) {
  switch (code) {
    case 0x08:
      return Element::kU8;
    case 0x09:
      return Element::kI8;
    case 0x0B:
      return Element::kI16;
    case 0x0C:
      return Element::kI32;
    case 0x0D:
      return Element::kF32;
    case 0x0E:
      return Element::kF64;
    default:
      return std::nullopt;
  }
}

bool looks_like_idx(std::span<const std::byte> head) {
  return head.size() >= kMagicBytes && head[0] == std::byte{0} && head[1] == std::byte{0} &&
         idx_element(static_cast<uint8_t>(head[2])) && head[3] != std::byte{0};
}

ArrayLayout parse_idx_header(ByteStream& in, const Limits& limits) {
  const Bytes magic = in.read_up_to(kMagicBytes);
  ByteCursor cursor(magic);
  if (cursor.u8() != 0 || cursor.u8() != 0) {
    throw Error(ErrorCode::kIdxHeader, "an IDX file starts with two zero bytes", {}, {.offset = 0});
  }
  const uint8_t code = cursor.u8();
  const auto element = idx_element(code);
  if (!element) {
    throw Error(ErrorCode::kIdxHeader, "unknown IDX element type " + std::to_string(code),
                "known are 8, 9, 11, 12, 13 and 14", {.offset = 2});
  }
  const int64_t rank = cursor.u8();
  if (rank == 0 || rank > limits.tensor_rank) {
    throw Error(ErrorCode::kIdxHeader,
                "an IDX file with " + std::to_string(rank) + " axes; 1 to " +
                    std::to_string(limits.tensor_rank) + " are possible",
                {}, {.offset = 3});
  }
  Bytes sizes(static_cast<size_t>(4 * rank));
  in.read_exact(sizes, "sizes");
  ArrayLayout layout{.element = *element, .big_endian = true, .shape = {}};
  ByteCursor size_cursor(sizes);
  for (int64_t axis = 0; axis < rank; ++axis) layout.shape.push_back(size_cursor.be32());
  return layout;
}

}  // namespace

ParsedData parse_idx(ReadFile& file, const ColumnChoice& choice, const Limits& limits) {
  ByteStream in(file);
  const ArrayLayout layout = parse_idx_header(in, limits);
  return read_array(in, layout, choice.max_items, limits);
}

namespace formats {
FormatDef idx() {
  return {.name = "idx",
          .summary =
              "IDX as in MNIST, plain or .gz; labels are found beside images "
              "(train-images-idx3-ubyte.gz)",
          .extensions = {"idx", "idx.gz", "gz", "ubyte"},
          .sniff = looks_like_idx,
          .parse = parse_idx};
}
}  // namespace formats

}  // namespace isthmus
