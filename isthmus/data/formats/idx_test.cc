// SPDX-License-Identifier: Apache-2.0
// IDX: round trips of all types, and every malformed header by number and offset.
#include "isthmus/data/formats.h"
#include "isthmus/data/gzip.h"
#include "isthmus/data/testing.h"

namespace isthmus {
namespace {

using testing::be32;
using testing::error_of;
using testing::number_of;
using testing::to_bytes;

std::string idx(int type, const std::vector<uint32_t>& sizes, std::string_view values) {
  std::string text("\0\0", 2);
  text += static_cast<char>(type);
  text += static_cast<char>(sizes.size());
  for (const uint32_t size : sizes) text += be32(size);
  return text.append(values);
}
int refusal(std::string_view text, const Limits& limits = {}) {
  const Bytes bytes = to_bytes(text);
  return number_of([&] { parse_idx(bytes, limits); });
}
std::vector<float> floats(const ParsedData& data) { return testing::floats_of(data.values); }

TEST(Idx, BytesStayBytes) {
  const ParsedData data = parse_idx(to_bytes(idx(8, {2, 2, 3}, "abcdefghijkl")), {});
  EXPECT_EQ(data.kind, DataKind::kImage);
  EXPECT_EQ(data.values.shape(), (Shape{2, 2, 3}));
  EXPECT_EQ(data.values.dtype(), Dtype::kU8);
  EXPECT_EQ(data.values.values<uint8_t>()[11], 'l');
}

TEST(Idx, PackedIsLikePlain) {
  const std::string text = idx(8, {2, 3}, "abcdef");
  const ParsedData data = parse_idx(deflate_gzip(to_bytes(text)), {});
  EXPECT_EQ(data.values.values<uint8_t>()[5], 'f');
}

TEST(Idx, OtherTypesBecomeFloats) {
  EXPECT_EQ(floats(parse_idx(to_bytes(idx(9, {2}, "\xff\x02")), {})), (std::vector<float>{-1, 2}));
  EXPECT_EQ(floats(parse_idx(to_bytes(idx(11, {1, 2}, std::string("\xff\xfe\x01\x00", 4))), {})),
            (std::vector<float>{-2, 256}));
  EXPECT_EQ(floats(parse_idx(to_bytes(idx(12, {1}, std::string("\x00\x01\x00\x00", 4))), {})),
            (std::vector<float>{65536}));
  EXPECT_EQ(floats(parse_idx(to_bytes(idx(13, {1}, std::string("\x3f\xc0\x00\x00", 4))), {})),
            (std::vector<float>{1.5}));
  EXPECT_EQ(floats(parse_idx(
                to_bytes(idx(14, {1}, std::string("\xc0\x04\x00\x00\x00\x00\x00\x00", 8))), {})),
            (std::vector<float>{-2.5}));
}

TEST(Idx, OneAxisGivesItemsOfOneValue) {
  EXPECT_EQ(parse_idx(to_bytes(idx(8, {3}, "abc")), {}).values.shape(), (Shape{3, 1}));
}

TEST(Idx, RefusesBadHeadersByNumber) {
  EXPECT_EQ(refusal(""), 3005);
  EXPECT_EQ(refusal(std::string("\0\0\x08", 3)), 3005);
  EXPECT_EQ(refusal(std::string("\1\0\x08\1", 4) + be32(1) + "a"), 3201);
  EXPECT_EQ(refusal(std::string("\0\1\x08\1", 4) + be32(1) + "a"), 3201);
  for (const int type : {0, 1, 7, 10, 15, 255}) EXPECT_EQ(refusal(idx(type, {1}, "a")), 3201);
  EXPECT_EQ(refusal(idx(8, {}, "a")), 3201);
  EXPECT_EQ(refusal(idx(8, {1, 1, 1, 1, 1, 1, 1, 1, 1}, "a")), 3201);
  EXPECT_EQ(refusal(idx(8, {1, 1, 1, 1, 1, 1, 1, 1}, "a")), 0);
  EXPECT_EQ(refusal(idx(8, {2, 2}, "").substr(0, 9)), 3005);
}

TEST(Idx, RefusesBadSizesBeforeTakingMemory) {
  EXPECT_EQ(refusal(idx(8, {0xffffffff, 0xffffffff, 0xffffffff}, "a")), 3004);
  EXPECT_EQ(refusal(idx(14, {0x80000000, 0x80000000}, "a")), 3004);
  EXPECT_EQ(refusal(idx(8, {0x7fffffff, 16}, "a")), 3005);
  EXPECT_EQ(refusal(idx(8, {0x7fffffff, 4}, "a")), 3005);
  EXPECT_EQ(refusal(idx(8, {0, 28}, "")), 3402);
  EXPECT_EQ(refusal(idx(8, {3, 0}, "")), 3402);
}

TEST(Idx, RefusesAnotherLength) {
  EXPECT_EQ(refusal(idx(8, {2, 2}, "abc")), 3005);
  EXPECT_EQ(refusal(idx(8, {2, 2}, "abcde")), 3006);
  EXPECT_EQ(refusal(idx(11, {2}, "abc")), 3005);
  const Bytes packed_long = deflate_gzip(to_bytes(idx(8, {2, 2}, "abcde")));
  EXPECT_EQ(number_of([&] { parse_idx(packed_long, {}); }), 3006);
  const Bytes packed_short = deflate_gzip(to_bytes(idx(8, {2, 2}, "abc")));
  EXPECT_EQ(number_of([&] { parse_idx(packed_short, {}); }), 3005);
}

TEST(Idx, NamesTheOffset) {
  const Bytes bytes = to_bytes(idx(8, {2, 2}, "abc"));
  const Error error = error_of([&] { parse_idx(bytes, {}); });
  EXPECT_EQ(error.where().offset, 12);
  EXPECT_EQ(error.message(), "shape (2, 2) of u8 needs 4 bytes, but only 3 follow the header");
}

TEST(Idx, LimitsHoldAtTheirEdge) {
  Limits limits;
  limits.data_bytes.bytes = 4;
  EXPECT_EQ(refusal(idx(8, {2, 2}, "abcd"), limits), 0);
  EXPECT_EQ(refusal(idx(8, {5}, "abcde"), limits), 3004);
  limits.tensor_rank = 2;
  EXPECT_EQ(refusal(idx(8, {1, 2, 2}, "abcd"), limits), 3201);
}

// A megabyte of zeros packs to a kilobyte: the header says 4 bytes, so the rest is never unpacked.
TEST(Idx, UnpacksABombOnlyToItsDeclaredSize) {
  std::string text = idx(8, {2, 2}, "");
  text.resize(size_t{64} << 20);
  const Bytes packed = deflate_gzip(to_bytes(text));
  const Error error = error_of([&] { parse_idx(packed, {}); });
  EXPECT_EQ(error.code(), ErrorCode::kSizesDisagree);
  EXPECT_EQ(error.where().offset, 16);
}

TEST(Idx, RefusesADeclaredSizeThatGzipCannotHold) {
  const Bytes packed = deflate_gzip(to_bytes(idx(8, {0x7fffffff, 4}, "abc")));
  EXPECT_EQ(number_of([&] { parse_idx(packed, {}); }), 3005);
}

TEST(Idx, WholeNumbersAboveFloat32AreKept) {
  const ParsedData data =
      parse_idx(to_bytes(idx(12, {2}, std::string("\x01\x00\x00\x01\x01\x00\x00\x00", 8))), {});
  EXPECT_EQ(data.values.values<double>()[0], 16777217);
  EXPECT_EQ(data.values.values<double>()[1], 16777216);
}

}  // namespace
}  // namespace isthmus
