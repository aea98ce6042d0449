// SPDX-License-Identifier: Apache-2.0
// Headers that are accepted: at the limits, with escapes, in any order, within the memory promised.
#include <gtest/gtest.h>

#include "isthmus/checkpoint/container_fixture.h"

namespace isthmus {
namespace {

using fixture::file_with_header;
using fixture::parse_header;

TEST(Header, AcceptsTheLimitsThemselves) {
  const auto accepted = [](const std::string& header, size_t data_bytes) {
    return fixture::code_of([&] { parse_header(file_with_header(header, data_bytes)); }) ==
           ErrorCode::kInternal;
  };
  EXPECT_TRUE(accepted("{}", 0));
  EXPECT_TRUE(accepted("{\t\r\n }   ", 0));
  EXPECT_TRUE(accepted(R"({"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}})", 4));
  EXPECT_TRUE(
      accepted(R"({"a":{"dtype":"U8","shape":[1,1,1,1,1,1,1,1],"data_offsets":[0,1]}})", 1));
  EXPECT_TRUE(accepted(
      "{\"" + std::string(128, 'n') + R"(":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1));
  EXPECT_TRUE(
      accepted(R"({"__metadata__":{"x":")" + std::string(size_t{1} << 20, 'x') + R"("}})", 0));
  EXPECT_TRUE(accepted("{}" + std::string((size_t{4} << 20) - 2, ' '), 0));
}

TEST(Header, TakesLittleMemoryForTwentyThousandTensors) {
  std::string header = "{";
  for (int i = 0; i < 20000; ++i) {
    const std::string at = std::to_string(i), next = std::to_string(i + 1);
    header += (i > 0 ? ",\"" : "\"") + std::string("opt/m/encoder/layers/") + at +
              R"(/weight":{"dtype":"U8","shape":[1,1],"data_offsets":[)" + at + "," + next + "]}";
  }
  const Bytes file = file_with_header(header + "}", 20000);
  size_t tensors = 0;
  const int64_t extra =
      fixture::peak_allocation([&] { tensors = parse_header(file).tensors.size(); });
  EXPECT_EQ(tensors, 20000u);
  EXPECT_LE(extra, fixture::kMaxExtraBytes);
}

TEST(Header, TakesMemoryByItsOwnSizeNotByTheLimit) {
  for (const std::string entry : {R"("a":"")", R"("a23456789012345678901234567890":"b")"}) {
    std::string header = R"({"__metadata__":{)";
    for (int i = 0; header.size() < size_t{6} << 20; ++i) {
      header += (i > 0 ? "," : "") + std::string("\"") + std::to_string(i) + entry.substr(1);
    }
    const Bytes file = file_with_header(header + "}}", 0);
    const int64_t extra = fixture::peak_allocation(
        [&] { EXPECT_EQ(fixture::code_of([&] { parse_header(file); }), ErrorCode::kModelCounts); });
    EXPECT_LE(extra, fixture::kMaxExtraBytes + static_cast<int64_t>(file.size())) << entry;
  }
  const std::string text = R"({"__metadata__":{"x":")" + std::string(size_t{60} << 20, 'x');
  EXPECT_EQ(fixture::code_of([&] { parse_header(file_with_header(text + R"("}})", 0)); }),
            ErrorCode::kInternal);
}

TEST(Header, DecodesEscapesAndKeepsTheOrderOfTheData) {
  const auto header =
      parse_header(file_with_header(R"({"b":{"data_offsets":[1,2],"shape":[1],"dtype":"U8"},)"
                                    R"("__metadata__":{"k":"\u00e9\ud83c\udfb2\n\t\/\"\\\b\f\r"},)"
                                    R"("c":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
                                    2));
  EXPECT_EQ(header.metadata.at("k"), "é🎲\n\t/\"\\\b\f\r");
  ASSERT_EQ(header.tensors.size(), 2u);
  EXPECT_EQ(header.tensors[0].name, "c");
  EXPECT_EQ(header.tensors[1].name, "b");
}

TEST(Header, FollowsChangedLimits) {
  Limits limits;
  limits.tensors = 1;
  limits.tensor_rank = 1;
  limits.string_bytes.bytes = 20;
  limits.header_bytes.bytes = 1000;
  const auto code = [&](const std::string& header, size_t data_bytes) {
    return fixture::code_of([&] { parse_header(file_with_header(header, data_bytes), limits); });
  };
  const std::string a = R"("a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]})";
  const std::string b = R"("b":{"dtype":"U8","shape":[1,1],"data_offsets":[0,1]})";
  EXPECT_EQ(code("{" + a + "}", 1), ErrorCode::kInternal);
  EXPECT_EQ(code("{" + a + "," + b + "}", 2), ErrorCode::kModelCounts);
  EXPECT_EQ(code("{" + b + "}", 1), ErrorCode::kModelTensorShape);
  EXPECT_EQ(code(R"({"__metadata__":{"x":"12345678901234567890"}})", 0), ErrorCode::kInternal);
  EXPECT_EQ(code(R"({"__metadata__":{"x":"123456789012345678901"}})", 0), ErrorCode::kModelCounts);
  EXPECT_EQ(code("{}" + std::string(999, ' '), 0), ErrorCode::kModelHeaderLength);
}

}  // namespace
}  // namespace isthmus
