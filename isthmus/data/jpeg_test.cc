// SPDX-License-Identifier: Apache-2.0
// JPEG against pixels of PIL, damage and limits; conversions of images against PIL.
#include "isthmus/data/jpeg.h"

#include <array>
#include <cmath>

#include "isthmus/data/formats.h"
#include "isthmus/data/image_convert.h"
#include "isthmus/data/testing.h"

namespace isthmus {
namespace {

using testing::error_of;
using testing::fixture;
using testing::number_of;
using testing::to_bytes;
using testing::to_text;

std::vector<uint8_t> bytes_of(const Tensor& tensor) {
  const auto v = tensor.values<uint8_t>();
  return {v.begin(), v.end()};
}
std::vector<uint8_t> expected(const std::string& name) {
  return bytes_of(parse_npy(fixture(name + ".npy"), {}).values);
}

TEST(Jpeg, DecodesToThePixelsOfPil) {
  for (const std::string name : {"jpeg_grey", "jpeg_rgb", "jpeg_progressive"}) {
    const JpegImage image = decode_jpeg(fixture(name + ".jpg"), {});
    EXPECT_EQ(image.pixels.shape(), name == "jpeg_grey" ? (Shape{16, 24}) : (Shape{16, 24, 3}));
    EXPECT_EQ(bytes_of(image.pixels), expected(name)) << name;
    EXPECT_FALSE(image.turned || image.doubtful);
  }
}

TEST(Jpeg, IsTurnedUprightByAllEightOrientations) {
  for (int turn = 1; turn <= 8; ++turn) {
    const std::string name = "jpeg_turn" + std::to_string(turn);
    const JpegImage image = decode_jpeg(fixture(name + ".jpg"), {});
    EXPECT_EQ(image.pixels.shape(), turn > 4 ? (Shape{24, 16}) : (Shape{16, 24}));
    EXPECT_EQ(bytes_of(image.pixels), expected(name)) << name;
    EXPECT_EQ(image.turned, turn != 1);
  }
}

TEST(Jpeg, CmykIsRefusedByName) {
  const Error error = error_of([] { decode_jpeg(fixture("jpeg_cmyk.jpg"), {}); });
  EXPECT_EQ(error.code(), ErrorCode::kJpegCorrupt);
  EXPECT_NE(error.message().find("CMYK"), std::string::npos);
}

TEST(Jpeg, RefusesEveryTruncation) {
  const Bytes whole = fixture("jpeg_progressive.jpg");
  for (size_t n = 0; n < whole.size(); ++n) {
    const Bytes part(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(n));
    EXPECT_EQ(number_of([&] { decode_jpeg(part, {}); }), 3305) << n;
  }
}

TEST(Jpeg, FlippedBitsGiveAnErrorOrAnImageOfTheSameSize) {
  const Bytes whole = fixture("jpeg_rgb.jpg");
  for (size_t i = 0; i < 8 * whole.size(); ++i) {
    Bytes bad = whole;
    bad[i / 8] ^= static_cast<std::byte>(1 << i % 8);
    const int number = number_of([&] { decode_jpeg(bad, {}); });
    EXPECT_TRUE(number == 0 || number == 3305 || number == 3004) << number;
  }
}

TEST(Jpeg, PixelsAreLimitedBeforeDecoding) {
  Limits limits;
  limits.image_pixels = 16 * 24;
  EXPECT_EQ(number_of([&] { decode_jpeg(fixture("jpeg_rgb.jpg"), limits); }), 0);
  limits.image_pixels = 16 * 24 - 1;
  EXPECT_EQ(number_of([&] { decode_jpeg(fixture("jpeg_rgb.jpg"), limits); }), 3004);
}

// A scan costs the decoder a pass over all pixels and the file some bytes.
TEST(Jpeg, ManyScansAreRefused) {
  const std::string whole = to_text(fixture("jpeg_progressive.jpg"));
  const size_t scan = whole.find("\xff\xda");
  const size_t end = whole.find("\xff", scan + 14);
  std::string bomb = whole.substr(0, scan);
  for (int i = 0; i < 101; ++i) bomb += whole.substr(scan, end - scan);
  bomb += "\xff\xd9";
  EXPECT_EQ(number_of([&] { decode_jpeg(to_bytes(bomb), {}); }), 3004);
}

int greatest_difference(const Tensor& a, const std::vector<uint8_t>& b) {
  const auto v = a.values<uint8_t>();
  EXPECT_EQ(v.size(), b.size());
  int greatest = 0;
  for (size_t i = 0; i < b.size(); ++i) greatest = std::max(greatest, std::abs(v[i] - b[i]));
  return greatest;
}

TEST(ImageConvert, ResizesLikePilWithinOneLevel) {
  const Tensor image = parse_npy(fixture("resize_from.npy"), {}).values;
  constexpr std::array<std::array<int64_t, 2>, 5> kSizes = {
      {{5, 7}, {3, 2}, {26, 20}, {13, 4}, {1, 1}}};
  for (const auto& [height, width] : kSizes) {
    const Tensor made = convert_images(image, {height, width, 0});
    EXPECT_EQ(made.shape(), (Shape{1, height, width, 3}));
    const std::string name = "resize_" + std::to_string(height) + "x" + std::to_string(width);
    EXPECT_LE(greatest_difference(made, expected(name)), 1) << name;
  }
}

TEST(ImageConvert, GreyIsThatOfPil) {
  const Tensor image = parse_npy(fixture("resize_from.npy"), {}).values;
  EXPECT_EQ(bytes_of(convert_images(image, {0, 0, 1})), expected("resize_grey"));
}

TEST(ImageConvert, ColourOfGreyHasThreeEqualChannels) {
  const std::vector<uint8_t> grey = {1, 2, 3, 4};
  const Tensor made = convert_images(Tensor::from<uint8_t>({1, 2, 2}, grey), {0, 0, 3});
  EXPECT_EQ(bytes_of(made), (std::vector<uint8_t>{1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4}));
}

TEST(ImageConvert, WholeNumbersGiveTheSameInEveryType) {
  const Tensor bytes = parse_npy(fixture("resize_from.npy"), {}).values;
  Tensor floats(Dtype::kF32, bytes.shape());
  std::ranges::copy(bytes.values<uint8_t>(), floats.values<float>().begin());
  const Tensor a = convert_images(bytes, {6, 5, 1}), b = convert_images(floats, {6, 5, 1});
  for (size_t i = 0; i < 30; ++i) {
    EXPECT_EQ(static_cast<float>(a.values<uint8_t>()[i]), b.values<float>()[i]);
  }
}

TEST(ImageConvert, RealNumbersStayReal) {
  const std::vector<float> values = {0.25f, 0.75f};
  const Tensor made = convert_images(Tensor::from<float>({1, 1, 2}, values), {1, 1, 0});
  EXPECT_EQ(made.values<float>()[0], 0.5f);
}

}  // namespace
}  // namespace isthmus
