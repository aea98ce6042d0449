// SPDX-License-Identifier: Apache-2.0
// One error for all faulty columns of a table: counts, examples and the way on.
#include "isthmus/data/csv_faults.h"

#include "isthmus/data/formats.h"
#include "isthmus/data/testing.h"

namespace isthmus {
namespace {

using testing::error_of;
using testing::number_of;
using testing::to_bytes;

ParsedData parse(std::string_view text, const ColumnChoice& choice = {},
                 const Limits& limits = {}) {
  return parse_csv(to_bytes(text), choice, limits);
}

TEST(CsvFaults, AllFaultyColumnsAreListedAtOnce) {
  std::string text = "a,s,flag,m,x\n";
  for (int i = 0; i < 20; ++i) {
    text += std::to_string(i) + ",s" + std::to_string(i % 3) + (i % 2 ? ",True," : ",False,") +
            (i == 4 ? "" : "1") + (i == 7 ? ",nan\n" : ",2\n");
  }
  const Error error = error_of([&] { parse(text); });
  EXPECT_EQ(error.code(), ErrorCode::kCsvNotANumber);
  EXPECT_EQ(
      error.message(),
      "4 of 5 columns have cells that are not numbers:\n"
      "    s             text in 20 of 20 rows, first \"s0\" in line 2 (3 different)\n"
      "    flag          true and false in 20 of 20 rows, first \"False\" in line 2 (2 "
      "different)\n"
      "    m             empty cells in 1 of 20 rows, first in line 6\n"
      "    x             values that are not finite in 1 of 20 rows, first \"nan\" in line 9");
  EXPECT_EQ(error.hint(),
            "leave out what is listed: --exclude s,flag,m,x; or keep classes as labels: --labels s "
            "--exclude flag,m,x; or fill the cells or drop their rows");
  EXPECT_EQ(number_of([&] { parse(text, {.exclude = {"s", "flag", "m", "x"}}); }), 0);
  EXPECT_EQ(number_of([&] {
              parse(text, {.exclude = {"flag", "m", "x"}, .label_column = "s"});
            }),
            0);
}

TEST(CsvFaults, OneColumnIsOneLine) {
  std::string text = "id,price\n";
  for (int i = 0; i < 1200; ++i) text += std::to_string(i) + (i % 3 == 1 ? ",N/A?\n" : ",2.5\n");
  const Error error = error_of([&] { parse(text); });
  EXPECT_EQ(error.message(),
            "column \"price\" has text in 400 of 1,200 rows, first \"N/A?\" in line 3");
  EXPECT_EQ(error.where().line, 3);
  EXPECT_EQ(error.where().column, 2);
  EXPECT_EQ(error.where().row, 1);
}

TEST(CsvFaults, AreCutOffWithACount) {
  std::string header = "good", row = "1";
  for (int i = 0; i < 500; ++i) {
    header += ",a rather long name " + std::to_string(i);
    row += ",x";
  }
  const Error error = error_of([&] { parse(header + "\n" + row + "\n"); });
  EXPECT_NE(error.message().find("500 of 501 columns"), std::string::npos);
  EXPECT_NE(error.message().find("\n    and 485 more"), std::string::npos);
  EXPECT_LT(error.message().size(), 2000u);
  EXPECT_EQ(error.hint(), "leave out what is listed: --columns good");
}

TEST(CsvFaults, NamesArePastedIntoAShellAsTheyAre) {
  const Error error = error_of([] { parse("it's,\"b, c\",x\nu,v,1\n"); });
  EXPECT_EQ(error.hint(), "leave out what is listed: --exclude 'it'\\''s,b\\, c'");
}

TEST(CsvFaults, WhatWasChosenBeforeStaysChosen) {
  const std::string_view text = "id,a,s\n7,1,x\n5,2,y\n6,3,z\n";
  EXPECT_EQ(error_of([&] { parse(text, {.exclude = {"id"}}); }).hint(),
            "leave out what is listed: --exclude id,s");
  EXPECT_EQ(error_of([&] {
              parse(text, {.columns = {"a", "s"}});
            }).hint(),
            "leave out what is listed: --columns a");
}

TEST(CsvFaults, AFirstRowOfTextInANumberColumnIsNamedWithTheHeaderOption) {
  const Error error = error_of([] { parse("1.5,2x5,3\n4,5,6\n7,8,9\n", {}); });
  EXPECT_NE(error.hint().find("--header yes"), std::string::npos) << error.hint();
  // Names of one-hot columns: nothing else is at fault, so the option comes first.
  const std::string hint =
      error_of([] { parse("0,1_a,1_b\n1,0,1\n2,1,0\n3,0,0\n4,0,1\n", {}); }).hint();
  EXPECT_LT(hint.find("--header yes"), hint.find("--exclude")) << hint;
}

TEST(CsvFaults, RowsAreNoLongerStoredOnceTheTableIsFaulty) {
  std::string text = "a,b\nx,1\n";
  for (int i = 0; i < 100; ++i) text += "1,2\n";
  Limits limits;
  limits.data_bytes.bytes = 200;  // 25 rows
  EXPECT_EQ(number_of([&] { parse(text, {}, limits); }), 3104);
  limits.data_bytes.bytes = 20;  // the count ends, the fault is told
  EXPECT_EQ(number_of([&] { parse(text, {}, limits); }), 3104);
}

TEST(CsvLimits, ReadingEndsBehindTheRowsThatAreAskedFor) {
  Limits limits;
  limits.data_bytes.bytes = 64;
  std::string text = "a,b\n1,2\n3,4\n5,6\n";
  for (int i = 0; i < 5000; ++i) text += "1,2\n";
  text += "what,\"ever\n";
  EXPECT_EQ(number_of([&] { parse(text, {}, limits); }), 3004);
  EXPECT_EQ(parse(text, {.max_items = 3}, limits).values.shape(), (Shape{3, 2}));
}

TEST(CsvLimits, ALabelIsNoDocument) {
  const std::string text = "a,y\n1," + std::string(1001, 'y') + "\n";
  EXPECT_EQ(number_of([&] { parse(text, {.label_column = "y"}); }), 3106);
}

TEST(CsvLabels, AreValuesAndNoIndices) {
  const ParsedData data =
      parse("y,a\n-1,0\n-2,1\n2147483647,2\n16000000,3\n-1,4\n", {.label_column = "y"});
  EXPECT_EQ(data.class_names, (std::vector<std::string>{"-2", "-1", "16000000", "2147483647"}));
  EXPECT_EQ(data.labels, (std::vector<int32_t>{1, 0, 3, 2, 1}));
}

}  // namespace
}  // namespace isthmus
