// SPDX-License-Identifier: Apache-2.0
// Facts of the byte stream: what gzip allows and what it refuses, with the number of each fault.
#include "isthmus/data/gzip.h"

#include "isthmus/data/testing.h"

namespace isthmus {
namespace {

using testing::number_of;
using testing::to_bytes;
using testing::to_text;

Bytes joined(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TEST(Gzip, UnpacksWhatWasPacked) {
  std::string text;
  for (int i = 0; i < 20000; ++i) text += std::to_string(i * i);
  const Bytes packed = deflate_gzip(to_bytes(text));
  EXPECT_TRUE(looks_like_gzip(packed));
  EXPECT_EQ(to_text(inflate_gzip(packed, text.size())), text);
}

// Written by `printf 'isthmus\n' | gzip -9n`.
TEST(Gzip, ReadsWhatGzipWrites) {
  const Bytes packed = to_bytes(std::string_view(
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\x2c\x2e\xc9\xc8\x2d\x2d\xe6\x02\x00\x5a\x9b"
      "\x46\x31\x08\x00\x00\x00",
      28));
  EXPECT_EQ(to_text(inflate_gzip(packed, 100)), "isthmus\n");
}

TEST(Gzip, MembersInARowAreOneStream) {
  const Bytes two = joined(deflate_gzip(to_bytes("one ")), deflate_gzip(to_bytes("two")));
  EXPECT_EQ(to_text(inflate_gzip(two, 100)), "one two");
  const Bytes empty_first = joined(deflate_gzip({}), deflate_gzip(to_bytes("x")));
  EXPECT_EQ(to_text(inflate_gzip(empty_first, 100)), "x");
}

TEST(Gzip, RefusesEveryTruncation) {
  const Bytes packed = deflate_gzip(to_bytes("some text that is packed, some text"));
  for (size_t n = 2; n < packed.size(); ++n) {
    const std::span<const std::byte> part(packed.data(), n);
    EXPECT_EQ(number_of([&] { inflate_gzip(part, 1000); }), 3005) << n;
  }
}

TEST(Gzip, RefusesTrailingBytes) {
  const Bytes packed = joined(deflate_gzip(to_bytes("text")), to_bytes("tail"));
  const Error error = testing::error_of([&] { inflate_gzip(packed, 100); });
  EXPECT_EQ(error.code(), ErrorCode::kCorruptFile);
  EXPECT_EQ(error.where().offset, static_cast<int64_t>(packed.size()) - 4);
}

TEST(Gzip, NoticesEveryFlippedByteOfContentAndChecksum) {
  const Bytes packed = deflate_gzip(to_bytes("checksums are checked, checksums are"));
  constexpr size_t kHeader = 10;
  for (size_t i = kHeader; i < packed.size(); ++i) {
    Bytes bad = packed;
    bad[i] ^= std::byte{0x10};
    const int number = number_of([&] { inflate_gzip(bad, 1000); });
    EXPECT_TRUE(number == 3009 || number == 3005 || number == 3004) << i << " " << number;
  }
}

TEST(Gzip, StopsAtTheLimit) {
  const Bytes packed = deflate_gzip(Bytes(1000));
  EXPECT_EQ(inflate_gzip(packed, 1000).size(), 1000u);
  EXPECT_EQ(number_of([&] { inflate_gzip(packed, 999); }), 3004);
  EXPECT_EQ(number_of([&] { inflate_gzip(packed, 0); }), 3004);
}

TEST(ByteStream, ReadsPlainAndPackedAlike) {
  const Bytes plain = to_bytes("0123456789");
  const Bytes packed = deflate_gzip(plain);
  for (const Bytes& stored : {plain, packed}) {
    ByteStream in(stored);
    EXPECT_EQ(to_text(in.read_up_to(4)), "0123");
    Bytes rest(6);
    in.read_exact(rest, "digits");
    EXPECT_EQ(to_text(rest), "456789");
    EXPECT_EQ(in.offset(), 10u);
    in.expect_end();
  }
}

TEST(ByteStream, NamesWhatIsMissing) {
  const Bytes plain = to_bytes("0123");
  ByteStream in(plain);
  Bytes more(5);
  const Error error = testing::error_of([&] { in.read_exact(more, "values"); });
  EXPECT_EQ(error.code(), ErrorCode::kTruncated);
  EXPECT_EQ(error.message(), "the data end after 4 of 5 bytes of values");
}

TEST(ByteStream, BoundsWhatCanFollow) {
  const Bytes packed = deflate_gzip(Bytes(10000000));
  ByteStream in(packed);
  EXPECT_GE(in.most_remaining(), 10000000u);
  EXPECT_LT(in.most_remaining(), 12000000u);
}

}  // namespace
}  // namespace isthmus
