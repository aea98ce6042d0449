// SPDX-License-Identifier: Apache-2.0
// Is the first row a header? Each table with the answer that a person gives.
#include "isthmus/data/formats.h"
#include "isthmus/data/testing.h"

namespace isthmus {
namespace {

using testing::error_of;
using testing::number_of;
using testing::to_bytes;
using Names = std::vector<std::string>;

ParsedData parse(std::string_view text, const ColumnChoice& choice = {}) {
  return parse_csv(to_bytes(text), choice, Limits{});
}

struct First {
  std::string_view text;
  Names names;
  bool doubt = false;
};
class FirstRow : public ::testing::TestWithParam<First> {};
TEST_P(FirstRow, IsHeaderOrData) {
  // The first column may hold text: the others are asked for by the names they should have.
  const ParsedData data = parse(GetParam().text, {.columns = GetParam().names});
  EXPECT_EQ(data.column_names, GetParam().names);
  EXPECT_EQ(!data.warnings.empty(), GetParam().doubt);
}
INSTANTIATE_TEST_SUITE_P(
    Tables, FirstRow,
    ::testing::Values(
        First{"x,a,b\n1,2,3\n4,5,6\n", {"a", "b"}},
        First{"9,4.09,4.29\n9,-9.72,-11.15\n9,1,2\n", {"c2", "c3"}},
        // The first of the text column is among the others, and numbers stand over numbers.
        First{"M,4.09,4.29\nB,-9.72,-11.15\nM,1,2\n", {"c2", "c3"}},
        First{"NA,4.09,4.29\n1,-9.72,-11.15\n2,1,2\n", {"c2", "c3"}},
        // Names that are numbers: years, and what pandas writes for columns without names.
        First{"9,2019,2020\n9,0.5,0.8\n9,-0.3,1.3\n9,0.9,0.4\n", {"c2", "c3"}},
        First{"id,2019,2020\n1,0.5,0.8\n2,-0.3,1.3\n3,0.9,0.4\n", {"2019", "2020"}},
        First{",0,1,2\n0,0.5,0.8,1.5\n1,0.3,1.3,2.5\n", {"0", "1", "2"}},
        First{"0,1,2,3\n.5,.5,.6,.7\n.7,.2,.5,.1\n.4,.1,.8,.5\n", {"1", "2", "3"}, true},
        First{"0,1,2,3,4,5,6,7\n1,0,0,5,9,2,0,0\n0,0,3,9,8,1,0,0\n",
              {"1", "2", "3", "4", "5", "6", "7"},
              true},
        First{"id,400.5,410.2\n1,0.5,0.6\n2,0.1,0.3\n", {"400.5", "410.2"}, true},
        // A series that rises begins below all that follows, and is no header.
        First{"0,1\n1,3\n2,5\n3,7\n", {"c2"}}, First{"0,1,2\n3,4,5\n6,7,8\n", {"c2", "c3"}, true},
        First{"0,1\n1,0\n0,0\n1,1\n", {"c2"}}, First{"5,7\n0.5,1.5\n0.25,2.5\n0.1,3.5\n", {"c2"}}));

TEST(CsvHeader, YearsAreNames) {
  const ParsedData data = parse("2019,2020\n0.3456,0.8216\n0.3304,-1.3032\n0.9054,0.4464\n");
  EXPECT_EQ(data.column_names, (Names{"2019", "2020"}));
  EXPECT_EQ(data.values.shape(), (Shape{3, 2}));
  ASSERT_EQ(data.warnings.size(), 1u);
  EXPECT_EQ(data.warnings[0].text, "the first row (2019, 2020) is taken as names of columns");
  EXPECT_EQ(data.warnings[0].hint, "--header no if it is data");
}

TEST(CsvHeader, CanBeSaid) {
  EXPECT_EQ(parse("1,2\n3,4\n", {.header = TableHeader::kYes}).column_names, (Names{"1", "2"}));
  EXPECT_EQ(parse("2019,2020\n.1,.2\n.3,.4\n.5,.6\n", {.header = TableHeader::kNo}).values.shape(),
            (Shape{4, 2}));
  EXPECT_EQ(number_of([] { parse("a,b\n1,2\n", {.header = TableHeader::kNo}); }), 3104);
}

TEST(CsvHeader, AMissingValueInTheFirstRowIsAMissingValue) {
  const Error error = error_of([] { parse("4.09,NA,4.29\n-9.72,-15.87,-11.15\n1,2,3\n"); });
  EXPECT_EQ(error.message(),
            "column \"c2\" has missing values in 1 of 3 rows, first \"NA\" in line 1");
}

struct Asked {
  std::string_view text;
  Names model;
  Shape shape;
};
class ModelColumns : public ::testing::TestWithParam<Asked> {};
TEST_P(ModelColumns, AreFoundWhateverElseIsThere) {
  const ParsedData data = parse(GetParam().text, {.model_columns = GetParam().model});
  EXPECT_EQ(data.values.shape(), GetParam().shape);
}
INSTANTIATE_TEST_SUITE_P(
    Tables, ModelColumns,
    ::testing::Values(Asked{"a,b,name\n1,2,x\n3,4,y\n", {"a", "b"}, {2, 2}},
                      Asked{"day,b,a\n2024-01-01,2,1\n", {"a", "b"}, {1, 2}},
                      Asked{"a,b,b,Gr\xf6\xdf"
                            "e\n1,2,,\n",
                            {"a"},
                            {1, 1}},
                      Asked{",a,b\n0,1,2\n1,3,4\n", {"b"}, {2, 1}},
                      Asked{"2,2,3\n4,5,6\n", {"x", "y", "z"}, {2, 3}},
                      Asked{"4.09,M,4.29\n1,B,2\n", {"c1", "c3"}, {2, 2}},
                      // Trained with --header no, or with --header yes.
                      Asked{"2019,2020\n.1,.2\n.3,.4\n.5,.6\n", {"c1", "c2"}, {4, 2}},
                      Asked{"7,8\n1,2\n3,4\n", {"7", "8"}, {2, 2}}));

TEST(CsvModelColumns, ThatAreMissingAreListed) {
  const Error error = error_of([] {
    parse("a,b,name\n1,2,x\n", {.model_columns = {"a", "c", "d"}});
  });
  EXPECT_EQ(error.code(), ErrorCode::kDataMismatch);
  EXPECT_EQ(error.message(), "the table lacks 2 of the 3 columns of the model: c, d");
  EXPECT_EQ(error.hint(), "the table has a, b, name");
  EXPECT_EQ(number_of([] { parse("1,2,3\n", {.model_columns = {"a", "b"}}); }), 3501);
  EXPECT_EQ(number_of([] { parse("a,b\n1,2\n", {.exclude = {"a"}, .model_columns = {"a"}}); }),
            3501);
}

TEST(CsvModelColumns, ThatWereConstantAreReadWhereTheyAreNumbers) {
  const ColumnChoice choice{.model_columns = {"a"}, .model_extras = {"k", "t"}};
  EXPECT_EQ(parse("t,k,a\nx,7,1\ny,7,2\n", choice).column_names, (Names{"k", "a"}));
  EXPECT_EQ(parse("a\n1\n2\n", choice).column_names, (Names{"a"}));
}

TEST(CsvModelColumns, ALabelMayBeOneOfThem) {
  const ParsedData data =
      parse("a,y\n1,0\n2,1\n", {.label_column = "y", .model_columns = {"a", "y"}});
  EXPECT_EQ(data.column_names, (Names{"a", "y"}));
  EXPECT_EQ(data.class_names, (Names{"0", "1"}));
}

}  // namespace
}  // namespace isthmus
