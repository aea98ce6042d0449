// SPDX-License-Identifier: Apache-2.0
// Malformed IDX files, plain and packed, each with its number. What a good one gives is in
// formats/idx_test.cc.
#include "isthmus/data/formats.h"
#include "isthmus/data/gzip.h"
#include "isthmus/data/malformed_fixture.h"

namespace isthmus {
namespace {

using namespace std::string_literals;
using testing::be32;
using testing::Malformed;

constexpr int kOver = 3004, kTruncated = 3005, kSizes = 3006, kDamaged = 3009, kHeader = 3201,
              kEmpty = 3402;
constexpr char kBytes = 8, kShorts = 11, kInts = 12, kFloats = 13, kDoubles = 14;

std::string idx(char type, const std::vector<uint32_t>& sizes, const std::string& values) {
  std::string text = "\0\0"s + type + static_cast<char>(sizes.size());
  for (const uint32_t size : sizes) text += be32(size);
  return text + values;
}
std::string packed(const std::string& plain) {
  return testing::to_text(deflate_gzip(testing::to_bytes(plain)));
}
std::string with_byte(std::string bytes, size_t at, char value) {
  bytes[at] = value;
  return bytes;
}

void add_headers(std::vector<Malformed>& cases) {
  const std::string good = idx(kBytes, {2, 2}, "abcd");
  cases.insert(cases.end(), {{"empty", "", kTruncated},
                             {"one byte", "\0"s, kTruncated},
                             {"three bytes", good.substr(0, 3), kTruncated},
                             {"no sizes", good.substr(0, 4), kTruncated},
                             {"half of the first size", good.substr(0, 6), kTruncated},
                             {"one of two sizes", good.substr(0, 8), kTruncated},
                             {"half of the last size", good.substr(0, 11), kTruncated},
                             {"first byte 1", with_byte(good, 0, 1), kHeader},
                             {"second byte 1", with_byte(good, 1, 1), kHeader},
                             {"both first bytes 255", "\xff\xff"s + good.substr(2), kHeader},
                             {"little-endian magic", "\2\x08\0\0"s + good.substr(4), kHeader},
                             {"no axes", idx(kBytes, {}, "a"), kHeader},
                             {"9 axes", idx(kBytes, std::vector<uint32_t>(9, 1), "a"), kHeader},
                             {"255 axes", idx(kBytes, std::vector<uint32_t>(255, 1), "a"), kHeader},
                             {"255 axes announced", with_byte(good, 3, '\xff'), kHeader}});
  for (const char type : {'\0', '\1', '\7', '\x0a', '\x0f', '\x10', '\x80', '\xff'}) {
    cases.push_back({"type " + std::to_string(static_cast<unsigned char>(type)),
                     with_byte(good, 2, type), kHeader});
  }
}

void add_sizes(std::vector<Malformed>& cases) {
  constexpr uint32_t kMost = 0xffffffff;
  cases.insert(
      cases.end(),
      {{"no items", idx(kBytes, {0, 28, 28}, ""), kEmpty},
       {"rows of size 0", idx(kBytes, {3, 0}, ""), kEmpty},
       {"all sizes 0", idx(kFloats, {0, 0, 0}, ""), kEmpty},
       {"no items, but values", idx(kBytes, {0, 2}, "ab"), kEmpty},
       {"product over 64 bits", idx(kBytes, {kMost, kMost, kMost}, "a"), kOver},
       {"product of eight over 64 bits", idx(kBytes, std::vector<uint32_t>(8, kMost), "a"), kOver},
       {"bytes over 64 bits", idx(kDoubles, {0x80000000, 0x80000000}, "a"), kOver},
       {"items beyond any memory", idx(kBytes, {kMost, 28, 28}, "a"), kTruncated},
       {"a row beyond any memory", idx(kBytes, {1, kMost, 16}, "a"), kTruncated},
       {"little-endian sizes", idx(kBytes, {0x02000000, 0x1c000000}, "a"), kTruncated},
       {"more than follows", idx(kBytes, {0x7fffffff}, "a"), kTruncated}});
}

void add_lengths(std::vector<Malformed>& cases) {
  cases.insert(cases.end(),
               {{"no values", idx(kBytes, {2, 2}, ""), kTruncated},
                {"one value missing", idx(kBytes, {2, 2}, "abc"), kTruncated},
                {"one value too many", idx(kBytes, {2, 2}, "abcde"), kSizes},
                {"two files in one", idx(kBytes, {1}, "a" + idx(kBytes, {1}, "a")), kSizes},
                {"half a short", idx(kShorts, {2}, "abc"), kTruncated},
                {"a short and a half", idx(kShorts, {1}, "abc"), kSizes},
                {"half an int", idx(kInts, {1}, "ab"), kTruncated},
                {"an int too many", idx(kInts, {1}, "abcdefgh"), kSizes},
                {"half a float", idx(kFloats, {1}, "ab"), kTruncated},
                {"floats stored as doubles", idx(kFloats, {1}, "abcdefgh"), kSizes},
                {"half a double", idx(kDoubles, {1}, "abcd"), kTruncated},
                {"doubles stored as floats", idx(kDoubles, {2}, "abcdefgh"), kTruncated}});
}

void add_packed(std::vector<Malformed>& cases) {
  const std::string good = packed(idx(kBytes, {2, 2}, "abcd"));
  const size_t sum = good.size() - 8, length = good.size() - 4;
  cases.insert(
      cases.end(),
      {{"packed, nothing inside", packed(""), kTruncated},
       {"packed, one value missing", packed(idx(kBytes, {2, 2}, "abc")), kTruncated},
       {"packed, one value too many", packed(idx(kBytes, {2, 2}, "abcde")), kSizes},
       {"packed, type 10", packed(idx(10, {2}, "ab")), kHeader},
       {"packed, no items", packed(idx(kBytes, {0, 2}, "")), kEmpty},
       {"packed, more than gzip can hold", packed(idx(kBytes, {0x7fffffff, 4}, "a")), kTruncated},
       {"packed, its end missing", good.substr(0, length), kTruncated},
       {"packed, cut in its values", good.substr(0, sum - 3), kTruncated},
       {"packed, cut in its beginning", good.substr(0, 5), kTruncated},
       {"packed, another checksum", with_byte(good, sum, static_cast<char>(good[sum] ^ 1)),
        kDamaged},
       {"packed, another length", with_byte(good, length, '\x7f'), kDamaged},
       {"packed, an unknown method", with_byte(good, 2, '\x07'), kDamaged},
       {"packed, text behind it", good + "text", kDamaged}});
}

TEST(MalformedIdx, IsRefusedWithItsNumber) {
  std::vector<Malformed> cases;
  add_headers(cases);
  add_sizes(cases);
  add_lengths(cases);
  add_packed(cases);
  testing::expect_refusals("idx", cases, 40, [](const Bytes& bytes) { parse_idx(bytes, {}); });
}

}  // namespace
}  // namespace isthmus
