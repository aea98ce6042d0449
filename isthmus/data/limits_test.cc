// SPDX-License-Identifier: Apache-2.0
// Every limit on data holds at its edge: a thing of size S is refused with the limit S - 1 and
// accepted with S and S + 1.
#include <functional>

#include "isthmus/data/formats.h"
#include "isthmus/data/gzip.h"
#include "isthmus/data/npy_write.h"
#include "isthmus/data/png.h"
#include "isthmus/data/testing.h"

namespace isthmus {
namespace {

using testing::number_of;

void expect_edge(int64_t size, int refusal, const std::function<void(Limits&, int64_t)>& set,
                 const std::function<void(const Limits&)>& read) {
  const auto with = [&](int64_t limit) {
    Limits limits;
    set(limits, limit);
    return number_of([&] { read(limits); });
  };
  EXPECT_EQ(with(size - 1), refusal);
  EXPECT_EQ(with(size), 0);
  EXPECT_EQ(with(size + 1), 0);
}

uint64_t bytes_of(int64_t n) { return static_cast<uint64_t>(n); }

TEST(DataLimits, BytesOfOneSet) {
  const auto set = [](Limits& l, int64_t n) { l.data_bytes.bytes = bytes_of(n); };
  const std::string values(12, 'v');
  const Bytes idx = testing::to_bytes(std::string("\0\0\x08\2", 4) + testing::be32(3) +
                                      testing::be32(4) + values);
  expect_edge(12, 3004, set, [&](const Limits& l) { parse_idx(idx, l); });
  const Bytes packed = deflate_gzip(idx);
  expect_edge(12, 3004, set, [&](const Limits& l) { parse_idx(packed, l); });
}

TEST(DataLimits, ColumnsOfATable) {
  const Bytes table = testing::to_bytes("a,b,c\n1,2,3\n4,5,6\n");
  expect_edge(
      3, 3004, [](Limits& l, int64_t n) { l.csv_columns = n; },
      [&](const Limits& l) { parse_csv(table, {}, l); });
}

TEST(DataLimits, BytesOfALine) {
  const Bytes table = testing::to_bytes("a,b\n1,2.0000\n4,5\n");
  expect_edge(
      8, 3105, [](Limits& l, int64_t n) { l.csv_line_bytes.bytes = bytes_of(n); },
      [&](const Limits& l) { parse_csv(table, {}, l); });
}

TEST(DataLimits, BytesOfAnNpyHeader) {
  const std::string header = "{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }";
  const Bytes file = testing::to_bytes(std::string("\x93NUMPY\1\0", 8) +
                                       static_cast<char>(header.size()) + '\0' + header + "ab");
  expect_edge(
      static_cast<int64_t>(header.size()), 3004,
      [](Limits& l, int64_t n) { l.npy_header_bytes.bytes = bytes_of(n); },
      [&](const Limits& l) { parse_npy(file, l); });
}

TEST(DataLimits, PixelsOfAnImage) {
  const Bytes image = encode_png(Tensor(Dtype::kU8, {5, 7}));
  expect_edge(
      35, 3004, [](Limits& l, int64_t n) { l.image_pixels = n; },
      [&](const Limits& l) { decode_png(image, l); });
}

}  // namespace
}  // namespace isthmus
