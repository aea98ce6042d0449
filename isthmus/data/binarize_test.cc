// SPDX-License-Identifier: Apache-2.0
// The draws of the published protocol, bit for bit, and what is refused.
#include "isthmus/data/binarize.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "isthmus/base/digest.h"
#include "isthmus/data/testing.h"

namespace isthmus {
namespace {

using testing::number_of;

Dataset fashion_mnist(const std::string& split) {
  return open_dataset(posix_fs(), "fashion-mnist@" + split, {}, {}, split);
}

/// As bytes 0 and 1.
Tensor bits(const Dataset& drawn) {
  Tensor out(Dtype::kU8, drawn.values.shape());
  const std::span<const uint8_t> values = drawn.values.values<uint8_t>();
  for (size_t i = 0; i < values.size(); ++i) out.values<uint8_t>()[i] = values[i] == 255 ? 1 : 0;
  return out;
}

int64_t ones(const Tensor& b) {
  const std::span<const uint8_t> values = b.values<uint8_t>();
  return std::accumulate(values.begin(), values.end(), int64_t{0});
}

TEST(Binarize, StaticSetHasTheKnownDigest) {
  if (number_of([&] { fashion_mnist("test"); }) == 3008) {
    GTEST_SKIP() << "the Debian package dataset-fashion-mnist is not installed";
  }
  const Dataset train = fashion_mnist("train");
  std::vector<int64_t> last(10000);
  std::iota(last.begin(), last.end(), int64_t{50000});
  const Tensor val = bits(binarized(select_rows(train, last), {0, 255}, 777));
  EXPECT_EQ(ones(val), 2263696);
  EXPECT_EQ(sha256_hex(val.bytes()),
            "b0087ff633317072b4d0b97725ba7f87f5233daf6df29dc5432f421601877c61");
  const Tensor test =
      bits(binarized(fashion_mnist("test"), {0, 255}, 777, uint64_t{10000} * 28 * 28));
  EXPECT_EQ(ones(test), 2248637);
  EXPECT_EQ(sha256_hex(test.bytes()),
            "33bc86729d1a5fabe7fc26556683b981e41cc8e110df6b260f45f515fd283c24");
}

Dataset grey(std::vector<float> values) {
  const auto n = static_cast<int64_t>(values.size());
  return make_dataset(Tensor::from<float>({n, 1}, std::span<const float>(values)));
}

TEST(Binarize, AnItemKeepsItsBitsWhenOthersFollow) {
  std::vector<float> values(4000);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 100) / 100.0f;
  const Dataset all = binarized(grey(values), {}, 5);
  values.resize(1000);
  const Dataset some = binarized(grey(values), {}, 5);
  for (size_t i = 0; i < 1000; ++i) {
    ASSERT_EQ(some.values.values<uint8_t>()[i], all.values.values<uint8_t>()[i]) << i;
  }
}

TEST(Binarize, ShareOfWhiteIsTheGreyValue) {
  for (const float p : {0.0f, 0.125f, 0.5f, 0.9375f, 1.0f}) {
    std::vector<float> values(40000, p);
    values[0] = 0;  // two values at least
    values[1] = 1;
    const Dataset drawn = binarized(grey(values), {}, 1);
    double white = 0;
    for (const uint8_t v : drawn.values.values<uint8_t>()) white += v;
    EXPECT_NEAR(white / 40000, p, 5 * std::sqrt(p * (1 - p) / 40000) + 1e-4) << p;
  }
}

TEST(Binarize, BlackAndWhiteStayWhatTheyAre) {
  const Dataset drawn = binarized(grey({0, 1, 1, 0, 1}), {}, 3);
  const std::span<const uint8_t> v = drawn.values.values<uint8_t>();
  EXPECT_EQ(std::vector<uint8_t>(v.begin(), v.end()), (std::vector<uint8_t>{0, 1, 1, 0, 1}));
  EXPECT_TRUE(is_black_and_white(drawn.spec, {}));
}

TEST(Binarize, ValuesOutsideAreRefusedWithTheItem) {
  EXPECT_EQ(number_of([] { black_and_white(grey({0, 0.5, 7.5}).spec); }), 3404);
  EXPECT_EQ(number_of([] { binarized(grey({0, 0.5, 1.5}), {}, 0); }), 3404);
}

}  // namespace
}  // namespace isthmus
