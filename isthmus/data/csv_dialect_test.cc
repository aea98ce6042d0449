// SPDX-License-Identifier: Apache-2.0
// Dialects of tables that programs write: the delimiter, comments, decimal commas, row names. What
// each should give is written beside it by hand.
#include "isthmus/data/csv_dialect.h"

#include "isthmus/data/formats.h"
#include "isthmus/data/testing.h"

namespace isthmus {
namespace {

using testing::error_of;
using testing::number_of;
using testing::to_bytes;
using Floats = std::vector<double>;
using Names = std::vector<std::string>;

ParsedData parse(std::string_view text, const ColumnChoice& choice = {}) {
  return parse_csv(to_bytes(text), choice, Limits{});
}

TEST(CsvDialect, SniffsTheDelimiter) {
  EXPECT_EQ(sniff_delimiter("1,5;2,5\n3,5;4,5\n"), ';');
  EXPECT_EQ(sniff_delimiter("a b,c\n1,2\n"), ',');
  EXPECT_EQ(sniff_delimiter("\"a;b\",c\n1,2\n"), ',');
  EXPECT_EQ(sniff_delimiter("a,b\tc\n1\t2\n"), '\t');
  EXPECT_EQ(sniff_delimiter("1\n2\n"), ',');
  EXPECT_EQ(sniff_delimiter(""), ',');
  EXPECT_EQ(sniff_delimiter("a;b;c\n1;2\n"), ';');
  EXPECT_EQ(sniff_delimiter("a|b\n1|2\n"), '|');
  EXPECT_EQ(sniff_delimiter("1.0 2.0\n3.0 4.0\n"), kBlankRuns);
  EXPECT_EQ(sniff_delimiter("  1.0\t 2.0 \n3.0    4.0\n"), kBlankRuns);
  EXPECT_EQ(sniff_delimiter("# made by X, Y, Z\n1 2\n3 4\n"), kBlankRuns);
  EXPECT_EQ(sniff_delimiter("1,5 2,5\n3,5 4,5\n"), kBlankRuns);
  EXPECT_EQ(sniff_delimiter("two words\n5\n6\n"), ',');
}

struct Dialect {
  std::string_view name, text;
  Names names;
  Floats values;
};
class GoodDialect : public ::testing::TestWithParam<Dialect> {};
TEST_P(GoodDialect, IsRead) {
  const ParsedData data = parse(GetParam().text);
  const auto values = data.values.values<double>();
  EXPECT_EQ(data.column_names, GetParam().names);
  EXPECT_EQ(Floats(values.begin(), values.end()), GetParam().values);
}
INSTANTIATE_TEST_SUITE_P(
    Texts, GoodDialect,
    ::testing::Values(
        Dialect{
            "numpy.savetxt", "1.0e+00 -2.0e+00\n3.0e+00 4.0e+00\n", {"c1", "c2"}, {1, -2, 3, 4}},
        Dialect{"runs of blanks", "  1   2\t3 \n 4 5  6\n", {"c1", "c2", "c3"}, {1, 2, 3, 4, 5, 6}},
        Dialect{"numpy.savetxt with a header", "# a b\n1 2\n3 4\n", {"a", "b"}, {1, 2, 3, 4}},
        Dialect{"a commented header", "#a,b\n1,2\n3,4\n", {"a", "b"}, {1, 2, 3, 4}},
        Dialect{"bars", "a|b\n1|2\n", {"a", "b"}, {1, 2}},
        Dialect{"comments",
                "# by X\n# m, kg, s\na,b\n1,2\n# half time\n3,4\n# end\n",
                {"a", "b"},
                {1, 2, 3, 4}},
        Dialect{"a commented row in front", "#9,9\n1,2\n3,4\n", {"c1", "c2"}, {1, 2, 3, 4}},
        Dialect{"decimal commas", "a;b\n1,5;2\n-,5;3,25\n", {"a", "b"}, {1.5, 2, -0.5, 3.25}},
        Dialect{"decimal commas and blanks", "1,5 2,5\n3,5 4\n", {"c1", "c2"}, {1.5, 2.5, 3.5, 4}},
        Dialect{"pandas.to_csv", ",a,b\n0,5,6\n1,7,8\n", {"a", "b"}, {5, 6, 7, 8}},
        Dialect{"R's write.csv", "\"\",\"a\"\n\"1\",5\n\"2\",7\n", {"a"}, {5, 7}},
        Dialect{"R's write.csv with names", "\"\",\"a\"\n\"Fiat\",5\n\"Volvo\",7\n", {"a"}, {5, 7}},
        Dialect{"R's write.table", "\"a\" \"b\"\n\"1\" 5 6\n\"2\" 7 8\n", {"a", "b"}, {5, 6, 7, 8}},
        Dialect{"a trailing comma", "a,b,\n1,2,\n3,4,\n", {"a", "b"}, {1, 2, 3, 4}},
        Dialect{"a trailing comma in the header", "a,b,\n1,2\n3,4\n", {"a", "b"}, {1, 2, 3, 4}},
        Dialect{"a trailing comma in the rows", "a,b\n1,2,\n3,4,\n", {"a", "b"}, {1, 2, 3, 4}},
        Dialect{"a trailing comma, no header", "1,2,\n3,4,\n", {"c1", "c2"}, {1, 2, 3, 4}},
        Dialect{"an empty column of a spreadsheet", "a,,b\n1,,2\n3,,4\n", {"a", "b"}, {1, 2, 3, 4}},
        Dialect{"a column without a name", "a,\n1,2\n", {"a", "c2"}, {1, 2}},
        Dialect{"a first column that counts no rows", ",a\n0,5\n7,6\n", {"c1", "a"}, {0, 5, 7, 6}},
        Dialect{"a name taken by c1", ",c1\n4,5\n7,6\n", {"c1_", "c1"}, {4, 5, 7, 6}},
        Dialect{"a name of two lines", "a,\"b\nc\"\n1,2\n", {"a", "b c"}, {1, 2}},
        Dialect{"blanks around names", "a, b\n1, 2\n", {"a", "b"}, {1, 2}}),
    [](const auto& dialect) {
      std::string name;
      for (const char c : dialect.param.name) name += std::isalnum(c) != 0 ? c : '_';
      return name;
    });

struct Refused {
  std::string_view text;
  int number;
  std::string_view words;
};
class BadDialect : public ::testing::TestWithParam<Refused> {};
TEST_P(BadDialect, IsRefusedWithTheTrueReason) {
  const Error error = error_of([] { parse(GetParam().text); });
  EXPECT_EQ(static_cast<int>(error.code()), GetParam().number) << error.what();
  EXPECT_NE(std::string_view(error.what()).find(GetParam().words), std::string_view::npos)
      << error.what();
}
INSTANTIATE_TEST_SUITE_P(
    Texts, BadDialect,
    ::testing::Values(Refused{"a;b\n1,234;5,678\n", 3108, "can be 1234 or 1.234"},
                      Refused{"a;b\n1.234;5,6\n", 3108, "one of them separates decimals"},
                      Refused{"a;b\n1.234,5;2\n", 3104, "thousands separators"},
                      Refused{"a,b\n\"1,234.5\",2\n", 3104, "thousands separators"},
                      Refused{"a,b\n\"1,5\",2\n", 3104, "decimal commas"},
                      Refused{"x\n1,5\n2,5\n", 3101, "delimiter ,"},
                      Refused{"id,price\n1,2,5\n2,3,5\n", 3101, "decimal commas another delimiter"},
                      Refused{"a,b\n1,2\n#3,4\n", 3104, "\"#3\""},
                      Refused{"# nothing\n", 3402, "comments and no rows"},
                      Refused{"a,b\nm,kg\n1,2\n3,4\n", 3107, "(m, kg)"},
                      Refused{"n,a,b\nname,m,kg\nx,1,2\ny,3,4\n", 3107, "sed 2d"},
                      Refused{"a,b\n1,$2\n", 3104, "remove the currency signs"},
                      Refused{"a,b\n1,2%\n", 3104, "remove the % signs"},
                      Refused{"a,b\n1,0xff\n", 3104, "hexadecimal"},
                      Refused{"a,b\n1,2024-01-31\n", 3104, "dates or times"},
                      Refused{"a,b\n1,31.01.2024\n", 3104, "dates or times"},
                      Refused{"a,b\n1,2024-01-31T10:00:00\n", 3104, "dates or times"},
                      Refused{"a,b\n1,True\n", 3104, "write 1 and 0"},
                      Refused{"a,b\n1,#REF!\n", 3104, "errors of a spreadsheet"},
                      Refused{"a,b\n1,5 kg\n", 3104, "remove the unit"},
                      Refused{"a,Gr\xf6\xdf"
                              "e\n1,2\n",
                              3103, "--exclude 2"},
                      Refused{"a,a\n1,2\n", 3103, "--exclude 2"},
                      Refused{"{\"a\":1}\n{\"a\":2}\n", 3003, "JSON"},
                      Refused{std::string_view("1\0,\0"
                                               "2\0\n\0",
                                               8),
                              3003, "UTF-16"},
                      Refused{std::string_view("\0001\0,\0002\0\n", 8), 3003, "UTF-16"},
                      Refused{"\xff\xfe"
                              "1",
                              3003, "UTF-16"}));

TEST(CsvDialect, ALineThatNamesTheDelimiterIsNoData) {
  // The hint for this table was to delete the line of names.
  for (const std::string_view end : {"\n", "\r\n"}) {
    const ParsedData data = parse("sep=;" + std::string(end) + "a;b\n1;2\n3;4\n");
    EXPECT_EQ(data.column_names, (Names{"a", "b"}));
    EXPECT_EQ(data.values.shape(), (Shape{2, 2}));
  }
  EXPECT_EQ(error_of([] { parse("sep=;\na;b\n1;x\n"); }).where().line, 3);
}

TEST(CsvDialect, SaysWhatItLeftOut) {
  const ParsedData index = parse(",a\n0,5\n1,6\n");
  ASSERT_EQ(index.warnings.size(), 1u);
  EXPECT_EQ(index.warnings[0].code, "W3101");
  EXPECT_EQ(index.warnings[0].text, "left out column 1, which has no name and counts the rows");
  EXPECT_EQ(parse(",a\n4,5\n7,6\n").warnings.at(0).code, "W3103");
  EXPECT_EQ(parse("a;b\n1,5;2\n").note, "decimal commas were read (\"1,5\")");
  EXPECT_EQ(parse("a,b,\n1,2,\n").note, "column 3 has no name and no values and was left out");
}

TEST(CsvDialect, AnIndexCanBeKeptAndLeftOut) {
  EXPECT_EQ(parse(",a\n0,5\n1,6\n", {.columns = {"c1", "a"}}).column_names, (Names{"c1", "a"}));
  const ParsedData without = parse(",a\n0,5\n1,6\n", {.exclude = {"1"}});
  EXPECT_EQ(without.column_names, (Names{"a"}));
  EXPECT_TRUE(without.warnings.empty());
}

TEST(CsvDialect, WhatIsNotChosenNeedsNoUsableName) {
  EXPECT_EQ(parse("a,Gr\xf6\xdf"
                  "e\n1,2\n",
                  {.exclude = {"2"}})
                .column_names,
            (Names{"a"}));
  EXPECT_EQ(parse("a,b,b\n1,2,3\n", {.columns = {"a"}}).column_names, (Names{"a"}));
}

TEST(CsvDialect, ARunOfCommentsIsBounded) {
  Limits limits;
  limits.csv_line_bytes.bytes = 10;
  EXPECT_EQ(number_of([&] { parse_csv(to_bytes("#a\n#b\n1\n2\n"), {}, limits); }), 0);
  EXPECT_EQ(number_of([&] { parse_csv(to_bytes("#aa\n#bb\n#cc\n#dd\n1\n2\n"), {}, limits); }),
            3105);
  EXPECT_EQ(number_of([&] { parse_csv(to_bytes("#0123456789\n1\n"), {}, limits); }), 3105);
}

}  // namespace
}  // namespace isthmus
