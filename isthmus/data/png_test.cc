// SPDX-License-Identifier: Apache-2.0
// PNG: every colour type against pixels written by numpy (testdata/make_fixtures.py), damage, and
// the limits.
#include "isthmus/data/png.h"

#include <zlib.h>

#include <cmath>

#include "isthmus/base/byte_cursor.h"
#include "isthmus/data/formats.h"
#include "isthmus/data/testing.h"

namespace isthmus {
namespace {

using testing::fixture;
using testing::number_of;
using testing::to_bytes;

std::vector<float> numbers_of(const Tensor& tensor) {
  if (tensor.dtype() == Dtype::kF32) {
    const auto v = tensor.values<float>();
    return {v.begin(), v.end()};
  }
  const auto v = tensor.values<uint8_t>();
  return {v.begin(), v.end()};
}
/// The fixture's pixels as numpy wrote them.
std::vector<float> expected_pixels(const std::string& name) {
  return numbers_of(parse_npy(fixture(name + ".npy"), {}).values);
}

class PngType : public ::testing::TestWithParam<const char*> {};
TEST_P(PngType, DecodesToTheTruePixels) {
  const std::string name = GetParam();
  const PngImage image = decode_png(fixture(name + ".png"), {});
  const bool grey = name.starts_with("grey");
  EXPECT_EQ(image.pixels.shape(), grey ? (Shape{7, 5}) : (Shape{7, 5, 3}));
  EXPECT_EQ(image.pixels.dtype(), name.find("16") != name.npos ? Dtype::kF32 : Dtype::kU8);
  EXPECT_EQ(numbers_of(image.pixels), expected_pixels(name));
  const bool alpha = name.ends_with("a8") || name.ends_with("a16") || name.ends_with("transparent");
  EXPECT_EQ(image.over_white, alpha);
}
INSTANTIATE_TEST_SUITE_P(Fixtures, PngType,
                         ::testing::Values("grey1", "grey2", "grey4", "grey8", "grey16",
                                           "grey8_interlaced", "grey4_transparent",
                                           "grey8_transparent", "grey16_transparent", "grey_alpha8",
                                           "grey_alpha16", "rgb8", "rgb16", "rgb8_interlaced",
                                           "rgb8_transparent", "rgb16_transparent", "rgba8",
                                           "rgba8_opaque", "rgba16", "palette1", "palette2",
                                           "palette4", "palette8", "palette4_transparent"));

/// The palette of a PNG cut to so many entries.
Bytes with_palette_of(const Bytes& png, uint32_t entries) {
  const std::string_view text(reinterpret_cast<const char*>(png.data()), png.size());
  const size_t at = text.find("PLTE") - 4;
  std::string chunk;
  const auto put_be32 = [&](uint32_t v) {
    for (const int shift : {24, 16, 8, 0}) chunk += static_cast<char>(v >> shift);
  };
  const size_t old_bytes = ByteCursor(std::span(png).subspan(at)).be32();
  put_be32(3 * entries);
  chunk += text.substr(at + 4, 4 + 3 * entries);
  put_be32(static_cast<uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(chunk.data()) + 4,
                                       static_cast<uInt>(chunk.size() - 4))));
  std::string whole(text);
  return to_bytes(whole.replace(at, 12 + old_bytes, chunk));
}

TEST(Png, IndicesBeyondThePaletteAreDamageAndNotBlack) {
  for (const std::string name : {"palette1", "palette2", "palette4", "palette8"}) {
    const Error error =
        testing::error_of([&] { decode_png(with_palette_of(fixture(name + ".png"), 1), {}); });
    EXPECT_EQ(error.code(), ErrorCode::kPngCorrupt) << name;
    EXPECT_NE(error.message().find("its palette has 1 entry"), std::string::npos)
        << error.message();
  }
  const Error error =
      testing::error_of([] { decode_png(with_palette_of(fixture("palette4.png"), 2), {}); });
  EXPECT_TRUE(error.message().ends_with(", its palette has 2 entries")) << error.message();
}

TEST(Png, RoundTripsGreyAndColour) {
  for (const Shape& shape : {Shape{3, 4}, Shape{3, 4, 3}}) {
    Tensor pixels(Dtype::kU8, shape);
    uint8_t next = 7;
    for (uint8_t& v : pixels.values<uint8_t>()) v = next = static_cast<uint8_t>(next * 31 + 11);
    const Bytes png = encode_png(pixels);
    EXPECT_EQ(encode_png(pixels), png);
    const PngImage image = decode_png(png, {});
    EXPECT_EQ(image.pixels.shape(), shape);
    EXPECT_EQ(numbers_of(image.pixels), numbers_of(pixels));
  }
}

TEST(Png, RoundTripsNumbersOf16Bits) {
  for (const Shape& shape : {Shape{2, 3}, Shape{2, 3, 3}}) {
    Tensor pixels(Dtype::kF32, shape);
    float next = 255;
    for (float& v : pixels.values<float>()) {
      v = next;
      next = std::fmod(next * 31 + 257, 65536.0f);
    }
    pixels.values<float>()[0] = 65535;
    const Bytes png = encode_png(pixels);
    EXPECT_EQ(16, read_png_header(png, {}).bit_depth);
    EXPECT_EQ(numbers_of(decode_png(png, {}).pixels), numbers_of(pixels));
  }
}

TEST(Png, RefusesEveryTruncation) {
  for (const std::string name : {"grey8.png", "palette4_transparent.png"}) {
    const Bytes whole = fixture(name);
    for (size_t n = 0; n < whole.size(); ++n) {
      const std::span<const std::byte> part(whole.data(), n);
      EXPECT_EQ(number_of([&] { decode_png(part, {}); }), 3301) << name << " " << n;
    }
  }
}

TEST(Png, NoticesEveryFlippedByte) {
  const Bytes whole = fixture("rgb8.png");
  for (size_t i = 0; i < whole.size(); ++i) {
    Bytes bad = whole;
    bad[i] ^= std::byte{0x04};
    EXPECT_NE(number_of([&] { decode_png(bad, {}); }), 0) << i;
  }
}

TEST(Png, IgnoresTrailingBytes) {
  Bytes bytes = fixture("grey8.png");
  bytes.insert(bytes.end(), 10, std::byte{1});
  EXPECT_EQ(numbers_of(decode_png(bytes, {}).pixels), expected_pixels("grey8"));
}

TEST(Png, LimitsHoldAtTheirEdge) {
  const Bytes bytes = fixture("rgb8.png");
  Limits limits;
  limits.image_pixels = 35;
  EXPECT_EQ(number_of([&] { decode_png(bytes, limits); }), 0);
  limits.image_pixels = 34;
  EXPECT_EQ(number_of([&] { decode_png(bytes, limits); }), 3004);
  limits = {};
  limits.data_bytes.bytes = 105;
  EXPECT_EQ(number_of([&] { decode_png(bytes, limits); }), 0);
  limits.data_bytes.bytes = 104;
  EXPECT_EQ(number_of([&] { decode_png(bytes, limits); }), 3004);
}

TEST(Png, PixelDataMayBeLargerThanAChunkLimit) {
  Tensor pixels(Dtype::kU8, {1200, 1200});
  uint32_t state = 1;
  for (uint8_t& v : pixels.values<uint8_t>()) {
    state = state * 1664525 + 1013904223;
    v = static_cast<uint8_t>(state >> 24);
  }
  const Bytes png = encode_png(pixels);
  EXPECT_GT(png.size(), size_t{1} << 20);
  EXPECT_EQ(numbers_of(decode_png(png, {}).pixels), numbers_of(pixels));
}

TEST(Png, ParsesAsADataSetOfOneImage) {
  const ParsedData data = parse_image(fixture("rgba8.png"), {});
  EXPECT_EQ(data.values.shape(), (Shape{1, 7, 5, 3}));
  EXPECT_EQ(data.note, "alpha was laid over white");
}

}  // namespace
}  // namespace isthmus
