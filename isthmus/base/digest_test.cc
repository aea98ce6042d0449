// SPDX-License-Identifier: Apache-2.0
// Known answers of the digests.
#include "isthmus/base/digest.h"

#include <gtest/gtest.h>

namespace isthmus {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

TEST(Sha256, HasTheAnswersOfTheStandard) {
  EXPECT_EQ(sha256_hex(bytes_of("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex({}), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex(bytes_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256_hex(bytes_of(std::string(1000000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, PadsEveryLengthAroundABlock) {
  // Lengths whose padding just fits or just does not; answers of coreutils' sha256sum.
  EXPECT_EQ(sha256_hex(bytes_of(std::string(55, 'a'))),
            "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318");
  EXPECT_EQ(sha256_hex(bytes_of(std::string(56, 'a'))),
            "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a");
  EXPECT_EQ(sha256_hex(bytes_of(std::string(64, 'a'))),
            "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb");
}

TEST(Xxh3, HasTheKnownAnswers) {
  EXPECT_EQ(xxh3_128_label({}), "xxh3-128:99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(xxh3_128_label(bytes_of("abc")), "xxh3-128:06b05ab6733a618578af5f94892f3950");
}

TEST(Xxh3, StreamEqualsOneShot) {
  const std::string text(10000, 'q');
  for (size_t step : {size_t{1}, size_t{63}, size_t{256}, size_t{4096}}) {
    Xxh3Stream stream;
    for (size_t at = 0; at < text.size(); at += step) {
      stream.update(bytes_of(std::string_view(text).substr(at, step)));
    }
    EXPECT_EQ(stream.label(), xxh3_128_label(bytes_of(text)));
  }
  EXPECT_EQ(Xxh3Stream().label(), xxh3_128_label({}));
}

}  // namespace
}  // namespace isthmus
