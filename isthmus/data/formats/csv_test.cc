// SPDX-License-Identifier: Apache-2.0
// Tables: what is accepted and with which values; what is refused, at which line and field.
#include "isthmus/data/csv_number.h"
#include "isthmus/data/csv_records.h"
#include "isthmus/data/csv_write.h"
#include "isthmus/data/formats.h"
#include "isthmus/data/testing.h"

namespace isthmus {
namespace {

using testing::error_of;
using testing::number_of;
using testing::to_bytes;
using Floats = std::vector<float>;
using Names = std::vector<std::string>;

ParsedData parse(std::string_view text, const ColumnChoice& choice = {},
                 const Limits& limits = {}) {
  return parse_csv(to_bytes(text), choice, limits);
}
Floats floats(std::string_view text, const ColumnChoice& choice = {}) {
  return testing::floats_of(parse(text, choice).values);
}

struct Good {
  std::string_view text;
  Floats values;
};
class GoodCsv : public ::testing::TestWithParam<Good> {};
TEST_P(GoodCsv, GivesTheseValues) { EXPECT_EQ(floats(GetParam().text), GetParam().values); }
INSTANTIATE_TEST_SUITE_P(
    Texts, GoodCsv,
    ::testing::Values(Good{"1,2\n3,4\n", {1, 2, 3, 4}}, Good{"1,2\n3,4", {1, 2, 3, 4}},
                      Good{"a,b\n1,2\n", {1, 2}}, Good{"1;2\n3;4\n", {1, 2, 3, 4}},
                      Good{"1\t2\n3\t4\n", {1, 2, 3, 4}}, Good{"1,2\r\n3,4\r\n", {1, 2, 3, 4}},
                      Good{"1,2\r3,4\r", {1, 2, 3, 4}},
                      Good{"\xEF\xBB\xBF"
                           "1,2\n",
                           {1, 2}},
                      Good{"\xEF\xBB\xBF"
                           "a,b\n1,2\n",
                           {1, 2}},
                      Good{"\n\n1,2\n\n3,4\n\n", {1, 2, 3, 4}}, Good{"\"1\",\"2\"\n", {1, 2}},
                      Good{"\"a b\",c\n1,\"2\"\n3,4", {1, 2, 3, 4}}, Good{"5\n6\n", {5, 6}},
                      Good{"x\n5\n", {5}}, Good{" 1 , +2 \n", {1, 2}},
                      Good{"-1e3,.5\n", {-1000, 0.5}}, Good{"1.,1E-2\n", {1, 0.01f}},
                      Good{"1e-60,-0\n", {0, 0}}, Good{"\"a,b\",\"c;d\"\n1,2\n", {1, 2}},
                      Good{"\"a\"\"b\",c\n1,2\n", {1, 2}}, Good{"a;b\n1;2\n", {1, 2}},
                      Good{"16777217,3.4028235e38\n", {16777216, 3.4028235e38f}}));

struct Bad {
  std::string_view text;
  int number;
  int64_t line, column;
};
class BadCsv : public ::testing::TestWithParam<Bad> {};
TEST_P(BadCsv, IsRefusedAtItsPlace) {
  const Error error = error_of([] { parse(GetParam().text); });
  EXPECT_EQ(static_cast<int>(error.code()), GetParam().number) << error.what();
  EXPECT_EQ(error.where().line.value_or(0), GetParam().line) << error.what();
  EXPECT_EQ(error.where().column.value_or(0), GetParam().column) << error.what();
}
INSTANTIATE_TEST_SUITE_P(
    Texts, BadCsv,
    ::testing::Values(Bad{"", 3402, 0, 0}, Bad{"\n\r\n\n", 3402, 0, 0}, Bad{"a,b\n", 3402, 0, 0},
                      Bad{"1,2\n3\n", 3101, 2, 1}, Bad{"1,2\n3,4,5\n", 3101, 2, 3},
                      Bad{"1,2\n\n3,4\n5\n", 3101, 4, 1}, Bad{"a,b\n1,2,3\n", 3101, 2, 3},
                      Bad{"1,2\n3,x\n", 3104, 2, 2}, Bad{"a,b\r\n1,2\r\nx,4\r\n", 3104, 3, 1},
                      Bad{"a,b\n1,\n", 3104, 2, 2}, Bad{"a,b\n,1\n", 3104, 2, 1},
                      Bad{"a,b\n1,0x10\n", 3104, 2, 2}, Bad{"a,b\n1,1 2\n", 3104, 2, 2},
                      Bad{"a,b\n1,++2\n", 3104, 2, 2}, Bad{"a,b\n1,+-2\n", 3104, 2, 2},
                      Bad{"a,b\n1,1e\n", 3104, 2, 2}, Bad{"a,b\n1,.\n", 3104, 2, 2},
                      Bad{"a,b\n1,$5\n", 3104, 2, 2}, Bad{"a,b\n1,12abc\n", 3104, 2, 2},
                      Bad{"a,b\n1,NaN\n", 3401, 2, 2}, Bad{"1,2\nnan,4\n", 3401, 2, 1},
                      Bad{"1,2\n3,-inf\n", 3401, 2, 2}, Bad{"1,2\n3,infinity\n", 3401, 2, 2},
                      Bad{"1,2\n3,1e309\n", 3401, 2, 2}, Bad{"1,2\n3,-1e999\n", 3401, 2, 2},
                      Bad{"a,b\n\"1\"x,2\n", 3102, 2, 1}, Bad{"a,b\n1,\"2\n", 3102, 2, 2},
                      Bad{"a,b\n1,\"2\n3,4\n5,6\n", 3102, 2, 2},
                      Bad{"a,b\n\"x\ny\",1\n", 3104, 2, 1}, Bad{"a,b\n\"1\n\",x\n", 3104, 2, 1},
                      Bad{"a,a\n1,2\n", 3103, 1, 2}, Bad{"a,\xff\n1,2\n", 3103, 1, 2},
                      Bad{"a,b\x1b[2J\n1,2\n", 3103, 1, 2},
                      Bad{std::string_view("1,2\n3,\0\n", 8), 3009, 2, 2},
                      Bad{std::string_view("1,2\n\"3\0\",4\n", 11), 3009, 2, 1}));

TEST(Csv, ShowsNoControlBytes) {
  const Error error = error_of([] { parse("a,b\n1,\x1b[31mred\n"); });
  EXPECT_EQ(std::string_view(error.what()).find('\x1b'), std::string_view::npos);
}

TEST(Csv, RaggedRowsNameTheDelimiter) {
  const Error error = error_of([] { parse("1\t2\n3\n"); });
  EXPECT_EQ(error.message(), "1 field, but the first row has 2 (delimiter tab)");
}

TEST(Csv, RefusesUtf16) {
  EXPECT_EQ(number_of([] {
              parse(
                  "\xff\xfe"
                  "1");
            }),
            3003);
}

TEST(Csv, NamesComeFromTheHeaderOrNumbers) {
  EXPECT_EQ(parse("x,\"y z\"\n1,2\n").column_names, (Names{"x", "y z"}));
  EXPECT_EQ(parse("1,2\n").column_names, (Names{"c1", "c2"}));
}

TEST(Csv, ColumnsCanBeChosen) {
  const std::string_view text = "a,b,c\n1,x,3\n4,y,6\n";
  EXPECT_EQ(floats(text, {.columns = {}, .exclude = {"b"}, .label_column = ""}),
            (Floats{1, 3, 4, 6}));
  EXPECT_EQ(floats(text, {.columns = {"c"}, .exclude = {}, .label_column = ""}), (Floats{3, 6}));
  EXPECT_EQ(floats("1,2\n", {.columns = {}, .exclude = {"2"}, .label_column = ""}), (Floats{1}));
  EXPECT_EQ(floats("1,2\n", {.columns = {}, .exclude = {"c1"}, .label_column = ""}), (Floats{2}));
}

TEST(Csv, RefusesUnknownColumnsAndEmptyChoices) {
  const Error error = error_of([] {
    parse("price,size\n1,2\n", {.columns = {}, .exclude = {"prise"}, .label_column = ""});
  });
  EXPECT_EQ(error.code(), ErrorCode::kBadValue);
  EXPECT_EQ(error.hint(), "did you mean price?");
  EXPECT_EQ(
      number_of([] { parse("a\n1\n", {.columns = {}, .exclude = {"a"}, .label_column = ""}); }),
      3402);
}

TEST(Csv, ALabelColumnOfTextBecomesClasses) {
  const ParsedData data = parse("x,kind\n1,cat\n2,ant\n3,cat\n",
                                {.columns = {}, .exclude = {}, .label_column = "kind"});
  EXPECT_EQ(data.labels, (std::vector<int32_t>{1, 0, 1}));
  EXPECT_EQ(data.class_names, (Names{"ant", "cat"}));
  EXPECT_EQ(data.values.shape(), (Shape{3, 1}));
}

TEST(Csv, ALabelColumnOfNumbersBecomesClasses) {
  const ParsedData data =
      parse("x,y\n1,7\n2,-2\n", {.columns = {}, .exclude = {}, .label_column = "y"});
  EXPECT_EQ(data.labels, (std::vector<int32_t>{1, 0}));
  EXPECT_EQ(data.class_names, (Names{"-2", "7"}));
}

TEST(Csv, RefusesTooManyCategories) {
  std::string text = "x,kind\n";
  for (int i = 0; i < 10001; ++i) text += "1,k" + std::to_string(i) + "\n";
  const Error error =
      error_of([&] { parse(text, {.columns = {}, .exclude = {}, .label_column = "kind"}); });
  EXPECT_EQ(error.code(), ErrorCode::kCsvCategories);
  EXPECT_EQ(error.where().line, 10002);
}

TEST(Csv, LimitsHoldAtTheirEdge) {
  Limits limits;
  limits.csv_line_bytes.bytes = 5;
  EXPECT_EQ(number_of([&] { parse("12,34\r\n1,2\n", {}, limits); }), 0);
  const Error error = error_of([&] { parse("12,34\n12,345\n", {}, limits); });
  EXPECT_EQ(error.code(), ErrorCode::kCsvLineTooLong);
  EXPECT_EQ(error.where().line, 2);
  limits = {};
  limits.csv_columns = 2;
  EXPECT_EQ(number_of([&] { parse("1,2\n", {}, limits); }), 0);
  EXPECT_EQ(number_of([&] { parse("1,2,3\n", {}, limits); }), 3004);
  limits = {};
  limits.data_bytes.bytes = 16;
  EXPECT_EQ(number_of([&] { parse("1,2\n", {}, limits); }), 0);
  limits.data_bytes.bytes = 15;
  EXPECT_EQ(number_of([&] { parse("1,2\n", {}, limits); }), 3004);
}

TEST(Csv, AnOpenQuoteIsStoppedByTheLineLimit) {
  const std::string text = "a,b\n1,\"2\n" + std::string(size_t{2} << 20, '3');
  Limits limits;
  limits.csv_line_bytes.bytes = uint64_t{1} << 20;
  const Error error = error_of([&] { parse(text, {}, limits); });
  EXPECT_EQ(error.code(), ErrorCode::kCsvLineTooLong);
  EXPECT_EQ(error.where().line, 2);
}

TEST(Csv, ARunOfBlankLinesIsBounded) {
  Limits limits;
  limits.csv_line_bytes.bytes = 5;
  EXPECT_EQ(number_of([&] { parse("1\n\n\n\n\n\n2\n", {}, limits); }), 0);
  EXPECT_EQ(number_of([&] { parse("1\n\n\n\n\n\n\n2\n", {}, limits); }), 3105);
}

TEST(Csv, BlocksOfInputDoNotShow) {
  std::string text = "a,b\n";
  Floats expected;
  for (int i = 0; i < 30000; ++i) {
    text += std::to_string(i) + ",\"" + std::to_string(i % 7) + ".5\"\r\n";
    expected.insert(expected.end(), {static_cast<float>(i), static_cast<float>(i % 7) + 0.5f});
  }
  EXPECT_EQ(floats(text), expected);
  EXPECT_EQ(parse_csv(deflate_gzip(to_bytes(text)), {}, {}).values.shape(), (Shape{30000, 2}));
}

TEST(CsvNumber, TellsTooSmallFromTooLarge) {
  double v = 1;
  EXPECT_EQ(parse_cell("0." + std::string(400, '0') + "1", v), CellKind::kNumber);
  EXPECT_EQ(v, 0.0);
  EXPECT_EQ(parse_cell("100000e-400", v), CellKind::kNumber);
  EXPECT_EQ(parse_cell("0.00001e400", v), CellKind::kTooLarge);
  EXPECT_EQ(parse_cell(std::string(400, '9'), v), CellKind::kTooLarge);
  EXPECT_EQ(parse_cell("1e99999999999999999999", v), CellKind::kTooLarge);
  EXPECT_EQ(parse_cell("-1e-99999999999999999999", v), CellKind::kNumber);
  EXPECT_EQ(parse_cell("1e-41", v), CellKind::kNumber);
  EXPECT_EQ(v, 1e-41);
  EXPECT_EQ(parse_cell("-4.8e38", v), CellKind::kNumber);
  EXPECT_EQ(v, -4.8e38);
}

TEST(CsvWriter, RoundTripsEveryFloat) {
  const Floats values = {0.1f, -1e-30f, 3.4028235e38f, 16777216.0f, 1.0f / 3, 0.0f};
  const std::string text = write_csv({"a", "b,\"c"}, Tensor::from<float>({3, 2}, values), {});
  EXPECT_EQ(floats(text), values);
  EXPECT_EQ(parse(text).column_names, (Names{"a", "b,\"c"}));
}

TEST(CsvWriter, RestoresWholeNumbers) {
  const Floats values = {1.4f, 1.4f, 1e7f, -2.6f};
  EXPECT_EQ(write_csv({"n", "x"}, Tensor::from<float>({2, 2}, values),
                      {.safe = false, .integer = {true, false}}),
            "n,x\n1,1.4\n10000000,-2.6\n");
}

TEST(CsvWriter, DefusesFormulasWhenAsked) {
  for (const std::string_view cell : {"=1+1", "+1", "-x", "@sum", "\tx"}) {
    CsvText safe(true), plain(false);
    safe.text(cell);
    plain.text(cell);
    EXPECT_NE(safe.take().find('\''), std::string::npos) << cell;
    EXPECT_EQ(plain.take().find('\''), std::string::npos) << cell;
  }
  CsvText numbers(true);
  numbers.number(table_number(-1.5f, false));
  EXPECT_EQ(numbers.take(), "-1.5");
}

}  // namespace
}  // namespace isthmus
