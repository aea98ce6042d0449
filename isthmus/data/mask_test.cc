// SPDX-License-Identifier: Apache-2.0
// Masks from files: all arrangements that mean the same, and what is said of those that mean
// nothing.
#include "isthmus/data/mask.h"

#include <gtest/gtest.h>

#include "isthmus/base/fs.h"
#include "isthmus/data/npy_write.h"
#include "isthmus/data/png.h"

namespace isthmus {
namespace {

const DataSpec kImages = {.kind = DataKind::kImage, .item_shape = {2, 3}};
const DataSpec kColours = {.kind = DataKind::kImage, .item_shape = {2, 3, 3}};

std::string file(const std::string& name, std::span<const std::byte> bytes) {
  const std::string path = ::testing::TempDir() + "isthmus-mask-" + name;
  posix_fs().write_file(path, bytes, Durability::kRename);
  return path;
}
std::string text_file(const std::string& name, const std::string& text) {
  return file(name, std::as_bytes(std::span(text)));
}
template <class T>
std::string npy(const std::string& name, const Shape& shape, const std::vector<T>& values) {
  return file(name + ".npy", write_npy(Tensor::from<T>(shape, values)));
}
std::vector<int> bits(const Mask& mask, int64_t item) {
  const auto row = mask.row(item);
  return {row.begin(), row.end()};
}
std::string refusal(const std::string& path, const DataSpec& spec, ErrorCode code) {
  try {
    read_mask(posix_fs(), path, spec, {2, 2}, {});
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code);
    return error.message();
  }
  return "accepted";
}

TEST(ReadMask, TakesOneForAllInAnyArrangement) {
  const std::vector<int> expected = {1, 0, 0, 1, 1, 0};
  const std::vector<float> numbers = {1, 0, 0, 1, 1, 0};
  const std::vector<uint8_t> bytes = {1, 0, 0, 1, 1, 0}, pixels = {255, 0, 0, 255, 255, 0};
  for (const std::string& path :
       {npy<float>("f", {2, 3}, numbers), npy<uint8_t>("b", {6}, bytes),
        npy<uint8_t>("i", {1, 2, 3}, bytes), text_file("rows.csv", "1,0,0\n1,1,0\n"),
        text_file("row.csv", "1,0,0,1,1,0\n"),
        file("white.png", encode_png(Tensor::from<uint8_t>({2, 3}, pixels)))}) {
    const Mask mask = read_mask(posix_fs(), path, kImages, {5, 5}, {});
    EXPECT_EQ(bits(mask, 0), expected) << path;
    EXPECT_EQ(bits(mask, 4), expected) << path;
    EXPECT_EQ(mask.num_missing(5), 15) << path;
  }
}

TEST(ReadMask, TakesOneForEach) {
  const std::string path = npy<uint8_t>("each", {2, 2, 3}, {1, 0, 0, 1, 1, 0, 1, 1, 1, 1, 1, 1});
  const Mask mask = read_mask(posix_fs(), path, kImages, {2, 2}, {});
  EXPECT_EQ(bits(mask, 0), (std::vector<int>{1, 0, 0, 1, 1, 0}));
  EXPECT_EQ(bits(mask, 1), (std::vector<int>{1, 1, 1, 1, 1, 1}));
  EXPECT_EQ(mask.num_missing(2), 3);
}

TEST(ReadMask, TakesOnePerPixelOfColours) {
  const Mask mask =
      read_mask(posix_fs(), npy<uint8_t>("c", {2, 3}, {1, 0, 0, 1, 1, 0}), kColours, {2, 2}, {});
  EXPECT_EQ(bits(mask, 1),
            (std::vector<int>{1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 0, 0, 0}));
}

TEST(ReadMask, TakesOnePerPixelOfEachColourImage) {
  const std::string path = npy<uint8_t>("each", {2, 2, 3}, {1, 0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 1});
  const Mask mask = read_mask(posix_fs(), path, kColours, {2, 2}, {});
  EXPECT_EQ(mask.num_missing(2), 3 * 4);
  EXPECT_EQ(bits(mask, 1)[0], 0);
  EXPECT_EQ(bits(mask, 1)[3], 1);
}

TEST(ReadMask, TurnsChannelsThatComeFirst) {  // they were once read as pixels
  const std::vector<uint8_t> values = {1, 0, 0, 1, 1, 0, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0};
  const std::vector<int> turned = {1, 1, 0, 0, 1, 0, 0, 1, 0, 1, 1, 0, 1, 1, 0, 0, 1, 0};
  for (const Shape& shape : {Shape{3, 2, 3}, Shape{1, 3, 2, 3}}) {
    const std::string path = npy("first" + std::to_string(shape.size()), shape, values);
    EXPECT_EQ(bits(read_mask(posix_fs(), path, kColours, {2, 2}, {}), 0), turned);
  }
  const std::string path = npy("three", {3, 2, 3}, values);
  try {
    read_mask(posix_fs(), path, kColours, {3, 3}, {});
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_NE(error.message().find("one with channels first, or 3 of 2x3"), std::string::npos);
  }
}

TEST(ReadMask, ReadsFlatColoursInTheOrderOfTraining) {
  const std::vector<uint8_t> values = {1, 0, 0, 1, 1, 0, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0};
  const std::vector<int> turned = {1, 1, 0, 0, 1, 0, 0, 1, 0, 1, 1, 0, 1, 1, 0, 0, 1, 0};
  const std::string path = npy("flat-colours", {18}, values);
  EXPECT_EQ(refusal(path, kColours, ErrorCode::kSizesDisagree),
            "the mask of shape (18) may have channels last or first");
  DataSpec spec = kColours;
  spec.flat_order = FlatOrder::kChannelsFirst;
  EXPECT_EQ(bits(read_mask(posix_fs(), path, spec, {2, 2}, {}), 0), turned);
  spec.flat_order = FlatOrder::kChannelsLast;
  EXPECT_EQ(bits(read_mask(posix_fs(), path, spec, {2, 2}, {}), 0),
            std::vector<int>(values.begin(), values.end()));
}

TEST(ReadMask, RefusesRowsAndColumnsExchanged) {
  EXPECT_NE(refusal(npy<uint8_t>("turned", {3, 2}, {1, 0, 0, 1, 1, 0}), kImages,
                    ErrorCode::kSizesDisagree)
                .find("shape (3, 2)"),
            std::string::npos);
}

TEST(ReadMask, NamesNumbersAndPlacesOfFaults) {
  EXPECT_EQ(
      refusal(npy<uint8_t>("short", {5}, {1, 0, 0, 1, 1}), kImages, ErrorCode::kSizesDisagree),
      "the mask has shape (5, 1), 5 values; an item has 2x3 = 6, and there are 2 items");
  EXPECT_EQ(
      refusal(npy<float>("half", {2, 3}, {1, 0, 0, 1, 0.5f, 0}), kImages, ErrorCode::kBadValue),
      "the mask holds 0.5 at [1, 1]");
  EXPECT_EQ(
      refusal(npy<uint8_t>("white", {6}, {1, 0, 255, 1, 1, 0}), kImages, ErrorCode::kBadValue),
      "the mask holds 255 at [2, 0]");
  EXPECT_EQ(refusal(npy<uint8_t>("all", {6}, {1, 1, 1, 1, 1, 1}), kImages, ErrorCode::kImpossible),
            "the mask hides nothing: all its values are 1");
  EXPECT_EQ(refusal(npy<uint8_t>("none", {6}, {0, 0, 0, 0, 0, 0}), kImages, ErrorCode::kImpossible),
            "the mask hides everything: all its values are 0");
}

TEST(ReadMask, FindsNamedColumnsByName) {
  const DataSpec table = {.kind = DataKind::kTable,
                          .item_shape = {2},
                          .fields = {{.name = "length"}, {.name = "width"}}};
  const std::vector<int> expected = {1, 0};
  EXPECT_EQ(
      bits(read_mask(posix_fs(), text_file("order.csv", "width,length\n0,1\n"), table, {2, 2}, {}),
           0),
      expected);
  EXPECT_EQ(bits(read_mask(posix_fs(), text_file("more.csv", "length,age,width\n1,1,0\n"), table,
                           {2, 2}, {}),
                 1),
            expected);
  EXPECT_EQ(bits(read_mask(posix_fs(), text_file("plain.csv", "1,0\n"), table, {2, 2}, {}), 0),
            expected);
  EXPECT_EQ(refusal(text_file("lacks.csv", "length,wide\n1,0\n"), table, ErrorCode::kDataMismatch),
            "the mask lacks columns of the model: width");
}

TEST(ReadMask, NeedsNoMoreItemsThanAreUsed) {
  const std::vector<uint8_t> first = {1, 0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 1};
  std::vector<uint8_t> more = first;
  more.insert(more.end(), 6, 0);
  for (const std::string& path :
       {npy<uint8_t>("two", {2, 2, 3}, first), npy<uint8_t>("three", {3, 2, 3}, more)}) {
    const Mask mask = read_mask(posix_fs(), path, kImages, {.all = 9, .used = 2}, {});
    EXPECT_EQ(bits(mask, 0), (std::vector<int>{1, 0, 0, 1, 1, 0})) << path;
    EXPECT_EQ(bits(mask, 1), (std::vector<int>{0, 1, 1, 1, 1, 1})) << path;
  }
  const auto hint = [](const std::string& path, const ItemCounts& items) {
    try {
      read_mask(posix_fs(), path, kImages, items, {});
    } catch (const Error& error) {
      return error.message() + "|" + error.hint();
    }
    return std::string("accepted");
  };
  EXPECT_EQ(hint(npy<uint8_t>("two", {2, 2, 3}, first), {.all = 9, .used = 3}),
            "the mask has shape (2, 2, 3), 12 values; an item has 2x3 = 6, and there are 9 items|"
            "give one mask for all items (6 values), or one for each (54), or for the first 3 "
            "(18), each with "
            "the axes 2x3");
  EXPECT_EQ(
      hint(npy<uint8_t>("whole", {3, 2, 3}, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0}),
           {.all = 3, .used = 2}),
      "the mask hides nothing of the first 2 items: all their values are 1|"
      "set the places to be filled in to 0");
}

TEST(ReadMask, NamesTheConditionThatIsNoPartOfAnItem) {
  const DataSpec table = {.kind = DataKind::kTable,
                          .item_shape = {2},
                          .fields = {{.name = "length"}, {.name = "width"}},
                          .condition = {.columns = {"age"}, .shift = {0}, .scale = {1}}};
  try {
    read_mask(posix_fs(), text_file("wide.csv", "1,0,1\n"), table, {2, 2}, {});
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(
        error.hint(),
        "give one mask for all items (2 values), or one for each (4); age is the condition of "
        "the model and no part of an item: leave it out");
  }
}

TEST(WithAbsent, HidesWhatIsNotThereBesideWhatTheMaskHides) {
  Dataset data;
  data.spec = kImages;
  data.absent =
      Tensor::from<uint8_t>({2, 2, 3}, std::vector<uint8_t>{0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0});
  EXPECT_EQ(bits(with_absent({}, data, 2), 0), (std::vector<int>{1, 1, 1, 1, 1, 0}));
  EXPECT_EQ(bits(with_absent({}, data, 2), 1), (std::vector<int>{0, 1, 1, 1, 1, 1}));
  const Mask one(Tensor::from<uint8_t>({1, 6}, std::vector<uint8_t>{1, 0, 0, 1, 1, 0}));
  EXPECT_EQ(bits(with_absent(one, data, 2), 0), (std::vector<int>{1, 0, 0, 1, 1, 0}));
  EXPECT_EQ(bits(with_absent(one, data, 2), 1), (std::vector<int>{0, 0, 0, 1, 1, 0}));
  data.absent = {};
  EXPECT_EQ(with_absent(one, data, 2).num_missing(2), 6);
  EXPECT_EQ(with_absent({}, data, 2).num_missing(2), 0);
}

}  // namespace
}  // namespace isthmus
