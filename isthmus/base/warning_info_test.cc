// SPDX-License-Identifier: Apache-2.0
// Every number that a warning is printed with is in the table, and the table has no other.
#include "isthmus/base/warning_info.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>

namespace isthmus {
namespace {

namespace files = std::filesystem;

/// The numbers in quotes in all sources that are not tests.
std::set<std::string> numbers_in_sources() {
  std::set<std::string> numbers;
  const std::regex quoted("\"(W[0-9]{4})\"");
  for (const auto& entry :
       files::recursive_directory_iterator(std::string(ISTHMUS_SOURCE_DIR) + "/isthmus")) {
    const std::string path = entry.path().string();
    if (!path.ends_with(".cc") || path.ends_with("_test.cc")) continue;
    std::ifstream in(path);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    for (std::sregex_iterator at(text.begin(), text.end(), quoted), end; at != end; ++at) {
      numbers.insert((*at)[1]);
    }
  }
  return numbers;
}

TEST(WarningTable, HoldsTheNumbersThatAreSaid) {
  std::set<std::string> known;
  for (const WarningInfo& info : all_warning_infos()) known.insert(warning_label(info));
  EXPECT_EQ(known, numbers_in_sources());
}

TEST(WarningTable, EveryRowIsASentenceAndARemedy) {
  std::set<std::string_view> names;
  for (const WarningInfo& info : all_warning_infos()) {
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    EXPECT_TRUE(info.summary.ends_with('.')) << info.name;
    EXPECT_TRUE(info.remedy.ends_with('.')) << info.name;
  }
}

TEST(WarningTable, NumbersAreFoundAsUsersTypeThem) {
  for (const char* text : {"W3408", "w3408"}) {
    const WarningInfo* info = find_warning_info(text);
    ASSERT_NE(info, nullptr) << text;
    EXPECT_EQ(info->number, 3408);
  }
  for (const char* text : {"", "W", "3408", "E3408", "W9999", "W3408x", "W03408", " W3408"}) {
    EXPECT_EQ(find_warning_info(text), nullptr) << text;
  }
}

}  // namespace
}  // namespace isthmus
