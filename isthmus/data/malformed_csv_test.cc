// SPDX-License-Identifier: Apache-2.0
// Malformed tables, each with its number. The place that an error names, and what a good table
// gives, are in formats/csv_test.cc.
#include "isthmus/data/formats.h"
#include "isthmus/data/gzip.h"
#include "isthmus/data/malformed_fixture.h"

namespace isthmus {
namespace {

using namespace std::string_literals;
using testing::Malformed;

constexpr int kUtf16 = 3003, kOver = 3004, kTruncated = 3005, kDamaged = 3009, kRagged = 3101,
              kQuote = 3102, kHeader = 3103, kNumber = 3104, kTooLong = 3105, kFinite = 3401,
              kEmpty = 3402;

std::string packed(const std::string& plain) {
  return testing::to_text(deflate_gzip(testing::to_bytes(plain)));
}

/// One case per text; the text is its name.
void add(std::vector<Malformed>& cases, int number, const std::vector<std::string>& texts) {
  for (const std::string& text : texts) cases.push_back({text.substr(0, 60), text, number});
}

void add_structure(std::vector<Malformed>& cases) {
  add(cases, kEmpty, {"", "\n", "\r\n\r\n", "\xEF\xBB\xBF", "a,b\n", "a;b", "\xEF\xBB\xBF\"a\"\n"});
  add(cases, kRagged,
      {"1,2\n3\n", "1,2\n3,4,5\n", "1,2\n3,4,\n", "a,b\n1,2,3\n", "a,b,c\n1,2\n", "1\t2\n3\n",
       "1;2\n3;4;5\n", "1,2\n\n3\n", "1,2\n \n", "1,2\r3\r", "1,2\n\"3,4\"\n"});
  add(cases, kQuote,
      {"a,b\n1,\"2\n", "a,b\n1,\"2\n3,4\n", "a,b\n\"1\"x,2\n", "a,b\n\"1\" ,2\n", "\"a\"b,c\n1,2\n",
       "a,\"b\n1,2\n", "1,2\n3,\"", "a,b\n1,\"2\"\"\n", "a,b\n\"1\"\"2\"3,4\n"});
  add(cases, kHeader,
      {"a,a\n1,2\n", "a,b,a\n1,2,3\n", "a, a \n1,2\n", "a,\xff\n1,2\n", "a,\xc0\x80\n1,2\n",
       "a,\xed\xa0\x80\n1,2\n", "a,b\x1b[2J\n1,2\n", "a,b\x7f\n1,2\n"});
}

void add_cells(std::vector<Malformed>& cases) {
  for (const std::string cell : {"x",
                                 "",
                                 " ",
                                 "0x10",
                                 "1 2",
                                 "++2",
                                 "+-2",
                                 "--2",
                                 "1e",
                                 "1e+",
                                 ".",
                                 "-",
                                 "+",
                                 "e5",
                                 "1.2.3",
                                 "1,234.5",
                                 "1,234,567",
                                 "$5",
                                 "5%",
                                 "12abc",
                                 "1_000",
                                 "1'000",
                                 "true",
                                 "NULL",
                                 "N/A",
                                 "1e5.5",
                                 "1f",
                                 "\xC2\xBD",
                                 "\xE2\x88\x92"
                                 "1"}) {
    cases.push_back({"cell " + cell, "a;b\n1;" + cell + "\n", kNumber});
  }
  for (const std::string cell : {"NaN", "nan", "-nan", "inf", "-inf", "+1e309", "infinity", "1e309",
                                 "-1e999", "1.8e309", "1e99999999999999999999"}) {
    cases.push_back({"cell " + cell, "a,b\n1," + cell + "\n", kFinite});
  }
}

void add_bytes(std::vector<Malformed>& cases) {
  add(cases, kDamaged, {"\0"s, "1,2\n3,\0\n"s, "1,2\n\"3\0\",4\n"s, "a\0b,c\n1,2\n"s});
  add(cases, kUtf16,
      {"\xff\xfe"s + "1\0,\0"s, "\xfe\xff"s + "\0"
                                              "1\0,"s});
  const std::string good = packed("a,b\n1,2\n");
  std::string flipped = good;
  flipped[good.size() - 8] ^= 1;
  cases.insert(
      cases.end(),
      {{"packed, nothing inside", packed(""), kEmpty},
       {"packed, ragged", packed("1,2\n3\n"), kRagged},
       {"packed, its end missing", good.substr(0, good.size() - 4), kTruncated},
       {"packed, another checksum", flipped, kDamaged},
       {"packed, text behind it", good + "3,4\n", kDamaged},
       {"a line over the limit", "a,b\n1," + std::string(size_t{17} << 20, '2') + "\n", kTooLong},
       {"an open quote over the limit", "a,b\n1,\"" + std::string(size_t{17} << 20, '\n'),
        kTooLong},
       {"packed, blank lines over the limit", packed("1\n" + std::string(size_t{17} << 20, '\n')),
        kTooLong},
       {"columns over the limit", "1" + std::string(200000, ',') + "\n", kOver}});
}

TEST(MalformedCsv, IsRefusedWithItsNumber) {
  std::vector<Malformed> cases;
  add_structure(cases);
  add_cells(cases);
  add_bytes(cases);
  Limits limits;
  limits.csv_line_bytes.bytes = uint64_t{1} << 20;
  testing::expect_refusals("csv", cases, 60,
                           [&](const Bytes& bytes) { parse_csv(bytes, {}, limits); });
}

}  // namespace
}  // namespace isthmus
