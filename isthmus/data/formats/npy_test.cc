// SPDX-License-Identifier: Apache-2.0
// NPY: all types as numpy wrote them (testdata/make_fixtures.py), the writer, and headers that
// must be refused, each by its number.
#include "isthmus/data/formats.h"
#include "isthmus/data/gzip.h"
#include "isthmus/data/npy_write.h"
#include "isthmus/data/testing.h"

namespace isthmus {
namespace {

using testing::fixture;
using testing::number_of;
using testing::to_bytes;

std::string npy(const std::string& header, std::string_view values = "") {
  std::string text("\x93NUMPY\x01\x00", 8);
  text += static_cast<char>(header.size() & 0xff);
  text += static_cast<char>(header.size() >> 8);
  return text.append(header).append(values);
}
std::string header(const std::string& type, const std::string& order, const std::string& shape) {
  return "{'descr': '" + type + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }\n";
}
int refusal(const std::string& text, const Limits& limits = {}) {
  const Bytes bytes = to_bytes(text);
  return number_of([&] { parse_npy(bytes, limits); });
}
int header_refusal(const std::string& text) { return refusal(npy(text, std::string(6, 'a'))); }

const std::string kGood = header("|u1", "False", "(2, 3)");

TEST(Npy, ReadsAllTypesOfNumpy) {
  for (const std::string kind : {"f2", "f4", "f8", "u2", "i2", "u4", "i4", "u8", "i8"}) {
    for (const std::string order : {"little_", "big_"}) {
      const ParsedData data = parse_npy(fixture("x_" + order + kind + ".npy"), {});
      EXPECT_EQ(testing::floats_of(data.values), (std::vector<float>{0, 1, 2, 3, 100, 127}))
          << order << kind;
      EXPECT_EQ(data.values.shape(), (Shape{2, 3}));
      EXPECT_EQ(data.kind, DataKind::kTable);
      EXPECT_EQ(data.column_names, (std::vector<std::string>{"c1", "c2", "c3"}));
    }
  }
}

TEST(Npy, ReadsSingleByteTypes) {
  const ParsedData bytes = parse_npy(fixture("x_u1.npy"), {});
  EXPECT_EQ(bytes.values.dtype(), Dtype::kU8);
  EXPECT_EQ(bytes.kind, DataKind::kTable);  // as of any other type
  EXPECT_EQ(bytes.values.values<uint8_t>()[5], 127);
  EXPECT_EQ(parse_npy(fixture("x_i1.npy"), {}).values.values<float>()[4], 100.0f);
  const auto truth = parse_npy(fixture("x_bool.npy"), {}).values;
  EXPECT_EQ(truth.values<float>()[0], 1.0f);
  EXPECT_EQ(truth.values<float>()[1], 0.0f);
}

TEST(Npy, TransposesFortranOrder) {
  const ParsedData data = parse_npy(fixture("x_fortran.npy"), {});
  EXPECT_EQ(data.values.shape(), (Shape{2, 3, 4}));
  for (size_t i = 0; i < 24; ++i) {
    EXPECT_EQ(testing::floats_of(data.values)[i], static_cast<float>(i));
  }
}

TEST(Npy, ShapesTellTheKind) {
  const auto kind = [](const std::string& type, const std::string& shape, size_t bytes) {
    return parse_npy(to_bytes(npy(header(type, "False", shape), std::string(bytes, '\1'))), {});
  };
  EXPECT_EQ(kind("|u1", "(2, 2, 2)", 8).kind, DataKind::kImage);
  EXPECT_EQ(kind("|u1", "(2, 2, 2, 3)", 24).kind, DataKind::kImage);
  EXPECT_EQ(kind("|u1", "(2, 2, 2, 2)", 16).kind, DataKind::kArray);
  // The axis of 1 stays until --layout is known.
  EXPECT_EQ(kind("|u1", "(2, 2, 2, 1)", 8).kind, DataKind::kImage);
  EXPECT_EQ(kind("|u1", "(2, 2, 2, 1)", 8).values.shape(), (Shape{2, 2, 2, 1}));
  EXPECT_EQ(kind("|i1", "(4,)", 4).values.shape(), (Shape{4, 1}));
  EXPECT_EQ(kind("|i1", "(4,)", 4).kind, DataKind::kTable);
  EXPECT_EQ(kind("|i1", "(1, 2000)", 2000).kind, DataKind::kTable);
  EXPECT_EQ(kind("|u1", "(1, 2000)", 2000).kind, DataKind::kTable);
  EXPECT_EQ(kind("|i1", "(1, 70000)", 70000).kind, DataKind::kArray);
}

TEST(Npy, AcceptsWhatPythonWouldWriteOtherwise) {
  EXPECT_EQ(refusal(npy("{\"shape\":(2,3),\"fortran_order\":False,\"descr\":\"|u1\"}", "abcdef")),
            0);
  EXPECT_EQ(
      refusal(npy("  {'descr': '|u1', 'fortran_order': True , 'shape': (2, 3,) }   \n", "abcdef")),
      0);
  std::string version2("\x93NUMPY\x02\x00", 8);
  version2 += static_cast<char>(kGood.size());
  version2 += std::string("\0\0\0", 3) + kGood + "abcdef";
  EXPECT_EQ(refusal(version2), 0);
  version2[6] = 3;
  EXPECT_EQ(refusal(version2), 0);
}

TEST(Npy, RefusesMagicAndVersions) {
  EXPECT_EQ(refusal(""), 3005);
  EXPECT_EQ(refusal("\x93NUMP"), 3005);
  EXPECT_EQ(refusal("\x93NUMPX\x01\x01\x01\x01"), 3202);
  for (const char major : {'\0', '\4', '\7'}) {
    std::string text = npy(kGood, "abcdef");
    text[6] = major;
    EXPECT_EQ(refusal(text), 3202);
  }
  std::string minor = npy(kGood, "abcdef");
  minor[7] = 1;
  EXPECT_EQ(refusal(minor), 3202);
}

class BadNpyHeader : public ::testing::TestWithParam<const char*> {};
TEST_P(BadNpyHeader, IsRefused) { EXPECT_EQ(header_refusal(GetParam()), 3202) << GetParam(); }
INSTANTIATE_TEST_SUITE_P(
    Grammar, BadNpyHeader,
    ::testing::Values("", "{}", "[]", "{'descr': '|u1'}",
                      "{'descr': '|u1', 'fortran_order': False}",
                      "'descr': '|u1', 'fortran_order': False, 'shape': (2, 3)",
                      "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3)",
                      "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3)} + 1",
                      "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), 'more': 1}",
                      "{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': (2, 3)}",
                      "{'descr': '|u1', 'fortran_order': false, 'shape': (2, 3)}",
                      "{'descr': '|u1', 'fortran_order': 0, 'shape': (2, 3)}",
                      "{'descr': '|u1', 'fortran_order': False, 'shape': [2, 3]}",
                      "{'descr': '|u1', 'fortran_order': False, 'shape': (2 3)}",
                      "{'descr': '|u1', 'fortran_order': False, 'shape': (6)}",
                      "{'descr': '|u1', 'fortran_order': False, 'shape': (2, -3)}",
                      "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3.0)}",
                      "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 0x3)}",
                      "{'descr': '|u1', 'fortran_order': False, 'shape': (2, n)}",
                      "{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999999999,)}",
                      "{'descr': '|u1', 'fortran_order': False, 'shape': (,)}",
                      "{'des\\x63r': '|u1', 'fortran_order': False, 'shape': (2, 3)}",
                      "{descr: '|u1', 'fortran_order': False, 'shape': (2, 3)}",
                      "{'descr' '|u1', 'fortran_order': False, 'shape': (2, 3)}",
                      "{'descr': __import__('os'), 'fortran_order': False, 'shape': (2, 3)}",
                      "{'descr': '|u1' 'fortran_order': False, 'shape': (2, 3)}",
                      "{,'descr': '|u1', 'fortran_order': False, 'shape': (2, 3)}"));

class BadNpyType : public ::testing::TestWithParam<const char*> {};
TEST_P(BadNpyType, IsRefused) {
  EXPECT_EQ(header_refusal(header(GetParam(), "False", "(2, 3)")), 3203) << GetParam();
}
INSTANTIATE_TEST_SUITE_P(Types, BadNpyType,
                         ::testing::Values("|O", "O", "|S3", "<U3", "<c8", "<M8[ns]", "|V4", "<f16",
                                           "=f4", "|f4", "f4", "", "<", "<x4", "<f3"));

TEST(Npy, RefusesStructuredTypes) {
  EXPECT_EQ(header_refusal("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}"),
            3203);
}

TEST(Npy, SaysWhyObjectsAreRefused) {
  const Bytes bytes = to_bytes(npy(header("|O", "False", "(1,)")));
  const Error error = testing::error_of([&] { parse_npy(bytes, {}); });
  EXPECT_EQ(error.message(), "an array of Python objects; they are pickles, which can run code");
  EXPECT_EQ(error.hint(), "save numbers: numpy.save(file, array.astype('float32'))");
}

TEST(Npy, RefusesShapes) {
  const auto shape = [](const std::string& text) {
    return header_refusal(header("|u1", "False", text));
  };
  EXPECT_EQ(shape("()"), 3204);
  EXPECT_EQ(shape("(0, 3)"), 3402);
  EXPECT_EQ(shape("(3, 0)"), 3402);
  EXPECT_EQ(shape("(2, 2)"), 3006);
  EXPECT_EQ(shape("(2, 4)"), 3005);
  EXPECT_EQ(shape("(1, 1, 1, 1, 1, 1, 1, 1, 6)"), 3004);
  EXPECT_EQ(shape("(4294967296, 4294967296, 4294967296)"), 3004);
  EXPECT_EQ(shape("(9223372036854775807,)"), 3005);
  EXPECT_EQ(shape("(1000000000, 0, 1000000000)"), 3402);
}

TEST(Npy, RefusesTruncationEverywhere) {
  const std::string whole = npy(kGood, "abcdef");
  for (size_t n = 0; n < whole.size(); ++n) EXPECT_EQ(refusal(whole.substr(0, n)), 3005) << n;
  EXPECT_EQ(refusal(whole + "g"), 3006);
}

TEST(Npy, HeaderLimitHoldsAtItsEdge) {
  Limits limits;
  limits.npy_header_bytes.bytes = kGood.size();
  EXPECT_EQ(refusal(npy(kGood, "abcdef"), limits), 0);
  EXPECT_EQ(refusal(npy(kGood + " ", "abcdef"), limits), 3004);
  EXPECT_EQ(refusal(std::string("\x93NUMPY\x02\x00\xff\xff\xff\xff", 12)), 3004);
}

TEST(Npy, ReadsGzip) {
  EXPECT_EQ(parse_npy(deflate_gzip(to_bytes(npy(kGood, "abcdef"))), {}).values.shape(),
            (Shape{2, 3}));
}

TEST(NpyWriter, WritesWhatNumpyWrites) {
  const std::vector<float> values = {0, 1, 2, 3, 100, 127};
  EXPECT_EQ(write_npy(Tensor::from<float>({2, 3}, values)), fixture("x_little_f4.npy"));
  const std::vector<uint8_t> bytes = {0, 1, 2, 3, 100, 127};
  EXPECT_EQ(write_npy(Tensor::from<uint8_t>({2, 3}, bytes)), fixture("x_u1.npy"));
}

TEST(NpyWriter, RoundTripsShapesOfOneAxis) {
  const std::vector<float> values = {1.5f, -2.25f};
  const ParsedData data = parse_npy(write_npy(Tensor::from<float>({2}, values)), {});
  EXPECT_EQ(data.values.shape(), (Shape{2, 1}));
  EXPECT_EQ(data.values.values<float>()[1], -2.25f);
}

}  // namespace
}  // namespace isthmus
