// SPDX-License-Identifier: Apache-2.0
// Malformed NPY files, plain and packed, each with its number. What a good one gives is in
// formats/npy_test.cc.
#include "isthmus/data/formats.h"
#include "isthmus/data/gzip.h"
#include "isthmus/data/malformed_fixture.h"

namespace isthmus {
namespace {

using namespace std::string_literals;
using testing::Malformed;

constexpr int kOver = 3004, kTruncated = 3005, kSizes = 3006, kDamaged = 3009, kHeader = 3202,
              kType = 3203, kEmpty = 3402;
const std::string kMagic = "\x93NUMPY";

std::string with_header(const std::string& header, const std::string& values,
                        const std::string& version = "\1\0"s) {
  std::string length;
  for (int k = 0; k < (version[0] == 1 ? 2 : 4); ++k) {
    length += static_cast<char>(header.size() >> (8 * k) & 0xff);
  }
  return kMagic + version + length + header + values;
}
std::string npy(const std::string& type, const std::string& shape, const std::string& values) {
  return with_header("{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }",
                     values);
}
std::string packed(const std::string& plain) {
  return testing::to_text(deflate_gzip(testing::to_bytes(plain)));
}

void add_beginnings(std::vector<Malformed>& cases) {
  const std::string good = npy("|u1", "(2, 2)", "abcd");
  const auto versioned = [&](const std::string& version) {
    return kMagic + version + good.substr(8);
  };
  cases.insert(cases.end(), {{"empty", "", kTruncated},
                             {"magic alone", kMagic, kTruncated},
                             {"no length", good.substr(0, 8), kTruncated},
                             {"half of the length", good.substr(0, 9), kTruncated},
                             {"cut in the header", good.substr(0, 30), kTruncated},
                             {"length beyond the file", kMagic + "\1\0\xff\x0f{}"s, kTruncated},
                             {"first byte without its high bit", "\x13" + good.substr(1), kHeader},
                             {"magic in small letters", "\x93numpy" + good.substr(6), kHeader},
                             {"version 0.0", versioned("\0\0"s), kHeader},
                             {"version 4.0", versioned("\4\0"s), kHeader},
                             {"version 1.1", versioned("\1\1"s), kHeader},
                             {"length of 4 GiB", kMagic + "\2\0\xff\xff\xff\xff{}"s, kOver},
                             {"length of 2 GiB", kMagic + "\3\0\xff\xff\xff\x7f{}"s, kOver}});
}

void add_headers(std::vector<Malformed>& cases) {
  const std::string type = "'descr': '|u1'", order = "'fortran_order': False",
                    shape = "'shape': (2,)";
  const auto add = [&cases](const std::string& header) {
    cases.push_back({header, with_header(header, "ab"), kHeader});
  };
  add("");
  add("{}");
  add("{" + type + "}");
  add("{" + type + ", " + order + "}");
  add("{" + order + ", " + shape + "}");
  add("{" + type + ", " + order + ", " + shape);
  add(type + ", " + order + ", " + shape + "}");
  add("{" + type + ", " + order + ", " + shape + "} + {}");
  add("{" + type + ", " + type + ", " + order + ", " + shape + "}");
  add("{" + type + ", " + order + ", " + shape + ", 'more': 1}");
  add("{" + type + " " + order + ", " + shape + "}");
  add("{" + type + ", 'fortran_order': Maybe, " + shape + "}");
  add("{" + type + ", 'fortran_order': 0, " + shape + "}");
  add("{'descr: '|u1', " + order + ", " + shape + "}");
  add("{'descr': \"|u1', " + order + ", " + shape + "}");
  add("{'de\\x73cr': '|u1', " + order + ", " + shape + "}");
  add("{descr: '|u1', " + order + ", " + shape + "}");
  for (const char* sizes : {"2", "(2)", "(2", "[2]", "(-2,)", "(2.0,)", "(2,,)", "(2 2)", "(0x2,)",
                            "(two,)", "(9223372036854775808,)", "(2,;)", "__import__('os')"}) {
    add("{" + type + ", " + order + ", 'shape': " + sizes + "}");
  }
}

void add_types(std::vector<Malformed>& cases) {
  for (const char* type : {"|O", "<O8", "|V4", "|S3", "<U3", "<c8", "<M8[s]", "<m8", "<f16", "<f3",
                           "<u3", "=f4", "f4", "|f4", "|u2", "<", ""}) {
    cases.push_back({"type "s + type, npy(type, "(1,)", "abcdefgh"), kType});
  }
  cases.push_back(
      {"a structured type",
       with_header("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", "abcd"),
       kType});
}

void add_sizes(std::vector<Malformed>& cases) {
  const std::string most = "9223372036854775807";
  cases.insert(cases.end(),
               {{"no items", npy("<f4", "(0, 3)", ""), kEmpty},
                {"items of size 0", npy("<f4", "(3, 0)", ""), kEmpty},
                {"product over 64 bits", npy("|u1", "(" + most + ", 3)", "a"), kOver},
                {"bytes over 64 bits", npy("<f8", "(" + most + ",)", "a"), kOver},
                {"more than any memory", npy("|u1", "(4294967295, 28, 28)", "a"), kTruncated},
                {"more than follows", npy("<f4", "(1000000,)", "abcd"), kTruncated},
                {"no values", npy("<f4", "(2,)", ""), kTruncated},
                {"half a value", npy("<f4", "(1,)", "ab"), kTruncated},
                {"the last byte missing", npy("<f8", "(2,)", "abcdefghijklmno"), kTruncated},
                {"a byte too many", npy("|u1", "(2, 2)", "abcde"), kSizes},
                {"two files in one", npy("|u1", "(1,)", "a" + npy("|u1", "(1,)", "a")), kSizes},
                {"doubles announced as floats", npy("<f4", "(1,)", "abcdefgh"), kSizes},
                {"packed, cut", packed(npy("|u1", "(2, 2)", "abcd")).substr(0, 20), kTruncated},
                {"packed, a value missing", packed(npy("|u1", "(2, 2)", "abc")), kTruncated},
                {"packed, text behind it", packed(npy("|u1", "(2,)", "ab")) + "text", kDamaged}});
}

TEST(MalformedNpy, IsRefusedWithItsNumber) {
  std::vector<Malformed> cases;
  add_beginnings(cases);
  add_headers(cases);
  add_types(cases);
  add_sizes(cases);
  testing::expect_refusals("npy", cases, 40, [](const Bytes& bytes) { parse_npy(bytes, {}); });
}

// Advice to raise a limit would lead nowhere.
TEST(MalformedNpy, AFileThatEndsEarlyIsToldBeforeMemory) {
  Limits limits;
  limits.memory_bytes = 1000;
  const std::string file = npy("|u1", "(100000000, 256, 256, 3)", std::string(100, 'a'));
  const auto error_in = [&](const std::string& bytes) {
    return testing::error_of([&] { parse_npy(testing::to_bytes(bytes), limits); });
  };
  const Error error = error_in(file);
  EXPECT_EQ(error.code(), ErrorCode::kTruncated);
  EXPECT_EQ(error.message(),
            "shape (100000000, 256, 256, 3) of u8 needs 19660800000000 bytes, but only 100 follow "
            "the header");
  EXPECT_EQ(error_in(packed(file)).code(), ErrorCode::kTruncated);
  EXPECT_EQ(error_in(npy("|u1", "(1001,)", std::string(1001, 'a'))).code(),
            ErrorCode::kOutOfMemory);
  EXPECT_EQ(error_in(packed(npy("|u1", "(1001,)", "a"))).code(), ErrorCode::kOutOfMemory);
}

}  // namespace
}  // namespace isthmus
