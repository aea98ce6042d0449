// SPDX-License-Identifier: Apache-2.0
// Labels of any value become dense classes with names, in every way in which labels arrive.
#include "isthmus/data/label_values.h"

#include "isthmus/data/dataset.h"
#include "isthmus/data/testing.h"

namespace isthmus {
namespace {

using testing::be32;
using testing::error_of;
using testing::new_folder;
using testing::put;
using testing::to_bytes;
using Names = std::vector<std::string>;
using Ids = std::vector<int32_t>;

Labels labels_of(const Names& texts) {
  LabelValues labels("the label file");
  for (const std::string& text : texts) labels.add(text);
  return labels.finish();
}

std::string idx32(const std::vector<int32_t>& values) {
  std::string text = std::string("\0\0\x0c\x01", 4) + be32(static_cast<uint32_t>(values.size()));
  for (const int32_t v : values) text += be32(static_cast<uint32_t>(v));
  return text;
}
Dataset with_idx_labels(const std::vector<int32_t>& values) {
  const std::string folder = new_folder("set");
  const auto count = static_cast<uint32_t>(values.size());
  put(folder, "train-images-idx3-ubyte",
      to_bytes(std::string("\0\0\x08\3", 4) + be32(count) + be32(2) + be32(2) +
               std::string(4 * values.size(), 'x')));
  put(folder, "train-labels-idx1-ubyte", to_bytes(idx32(values)));
  return open_dataset(posix_fs(), folder, {}, {}, "train");
}

TEST(LabelValues, NumbersAreOrderedBySizeAndWrittenInOneWay) {
  const Labels labels = labels_of({"10", "9", "-2", "9.0", "0010", "-0", "0.5"});
  EXPECT_EQ(labels.values, (Ids{4, 3, 0, 3, 4, 1, 2}));
  EXPECT_EQ(labels.class_names, (Names{"-2", "0", "0.5", "9", "10"}));
}

TEST(LabelValues, OneTextMakesAllOfThemTexts) {
  const Labels labels = labels_of({"10", "9", "a", "9.0"});
  EXPECT_EQ(labels.class_names, (Names{"10", "9", "9.0", "a"}));
  EXPECT_EQ(labels.values, (Ids{0, 1, 3, 2}));
}

TEST(LabelValues, NumbersBeyondDoublesStayApart) {
  EXPECT_EQ(labels_of({"9007199254740993", "9007199254740992"}).class_names,
            (Names{"9007199254740992", "9007199254740993"}));
}

TEST(LabelValues, ControlBytesInNamesAreEscaped) {
  EXPECT_EQ(labels_of({"\x1b[2J"}).class_names, (Names{"\\x1b[2J"}));
}

TEST(LabelValues, MoreThanTenThousandAreNoClasses) {
  LabelValues labels("the label file");
  for (int i = 0; i < 10000; ++i) labels.add(std::to_string(i));
  labels.add("17");
  EXPECT_EQ(labels.finish().class_names.size(), 10000u);
  const Error error = error_of([&] { labels.add("10000", {.line = 3}); });
  EXPECT_EQ(error.code(), ErrorCode::kCsvCategories);
  EXPECT_EQ(error.message(), "the label file has more than 10,000 different values");
  EXPECT_EQ(error.where().line, 3);
}

// These numbers were used as indices: memory before the first class was written, or gigabytes of
// empty classes were counted.
TEST(LabelValues, OfAnIdxFileMayBeAnyNumbers) {
  const Dataset data = with_idx_labels({-16000000, 3, 16000000, 3});
  EXPECT_EQ(data.labels, (Ids{0, 1, 2, 1}));
  EXPECT_EQ(data.class_names, (Names{"-16000000", "3", "16000000"}));
}

// Every type of numpy ends in one of three types of memory.
TEST(LabelValues, OfArraysMayHaveAnyType) {
  const std::string data = put(new_folder("x"), "x.csv", std::string_view("1\n2\n3\n4\n5\n6\n"));
  for (const std::string type :
       {"u1", "i1", "little_f2", "big_f4", "little_f8", "big_i2", "little_i8", "big_u8"}) {
    std::string one_axis = testing::to_text(testing::fixture("x_" + type + ".npy"));
    one_axis.replace(one_axis.find("(2, 3)"), 6, "(6,)  ");
    DataOptions options;
    options.labels = put(new_folder("y"), "y.npy", one_axis);
    EXPECT_EQ(open_dataset(posix_fs(), data, options, {}, "train").class_names,
              (Names{"0", "1", "2", "3", "100", "127"}))
        << type;
  }
}

TEST(LabelValues, OfATableMayBeAnyNumbers) {
  const std::string table =
      put(new_folder("table"), "t.csv", std::string_view("x,y\n1,-1\n2,-2\n3,2000000000\n4,-1\n"));
  DataOptions options;
  options.labels = "y";
  const Dataset data = open_dataset(posix_fs(), table, options, {}, "train");
  EXPECT_EQ(data.labels, (Ids{1, 0, 2, 1}));
  EXPECT_EQ(data.class_names, (Names{"-2", "-1", "2000000000"}));
}

TEST(LabelValues, OfSeveralDataAreMatchedByValue) {
  const std::string folder = new_folder("parts");
  const std::string a = put(folder, "a.csv", std::string_view("x,y\n1,7\n2,9\n"));
  const std::string b = put(folder, "b.csv", std::string_view("x,y\n1,9\n2,11\n"));
  DataOptions options;
  options.labels = "y";
  const Dataset data = open_datasets(posix_fs(), {a, b}, options, {}, "train");
  EXPECT_EQ(data.labels, (Ids{0, 1, 1, 2}));
  EXPECT_EQ(data.class_names, (Names{"7", "9", "11"}));
}

}  // namespace
}  // namespace isthmus
