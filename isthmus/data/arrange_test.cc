// SPDX-License-Identifier: Apache-2.0
// From arrays and tables to images: --shape, --layout, --channels, --resize, and the model's items.
#include "isthmus/data/arrange.h"

#include <numeric>

#include "isthmus/data/join.h"
#include "isthmus/data/npy_write.h"
#include "isthmus/data/testing.h"

namespace isthmus {
namespace {

using testing::error_of;
using testing::new_folder;
using testing::number_of;
using testing::put;

/// Values 0, 1, 2, ... in this shape.
ParsedData counted(const Shape& shape) {
  Tensor values(Dtype::kU8, shape);
  std::iota(values.values<uint8_t>().begin(), values.values<uint8_t>().end(), uint8_t{0});
  return parse_npy(write_npy(values), {});
}
std::vector<int> numbers(const Tensor& tensor) {
  const auto v = tensor.values<uint8_t>();
  return {v.begin(), v.end()};
}
ParsedData arranged(const Shape& shape, const DataOptions& options) {
  ParsedData data = counted(shape);
  arrange_items(data, options, {});
  return data;
}
DataOptions with_shape(const std::string& shape, const std::string& layout = "auto") {
  DataOptions options;
  options.shape = shape;
  options.layout = layout;
  return options;
}
DataOptions for_model(const Shape& item) {
  DataOptions options;
  options.model = DataSpec{.kind = DataKind::kImage, .item_shape = item};
  return options;
}

TEST(Arrange, ChannelsFirstAreRecognised) {
  const ParsedData grey = arranged({2, 1, 4, 5}, {});
  EXPECT_EQ(grey.kind, DataKind::kImage);
  EXPECT_EQ(grey.values.shape(), (Shape{2, 4, 5}));
  EXPECT_EQ(numbers(grey.values), numbers(counted({2, 4, 5}).values));
  const ParsedData colour = arranged({1, 3, 2, 2}, {});
  EXPECT_EQ(colour.values.shape(), (Shape{1, 2, 2, 3}));
  EXPECT_EQ(numbers(colour.values), (std::vector<int>{0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11}));
  EXPECT_EQ(colour.note, "items of 3x2x2 were read with channels first, as 2x2 rgb");
}

TEST(Arrange, ChannelsLastAreSaid) {
  const ParsedData colour = arranged({2, 4, 5, 3}, {});
  EXPECT_EQ(numbers(colour.values), numbers(counted({2, 4, 5, 3}).values));
  EXPECT_EQ(colour.note, "items of 4x5x3 were read with channels last, as 4x5 rgb");
  const ParsedData grey = arranged({2, 4, 5, 1}, {});
  EXPECT_EQ(grey.values.shape(), (Shape{2, 4, 5}));
  EXPECT_EQ(grey.note, "items of 4x5x1 were read with channels last, as 4x5 grey");
  EXPECT_EQ(arranged({2, 4, 5}, {}).note, "");
}

TEST(Arrange, LayoutDecidesWhatIsAmbiguous) {
  DataOptions options;
  const Error error = error_of([&] { arranged({1, 3, 2, 3}, options); });
  EXPECT_EQ(error.code(), ErrorCode::kImageOption);
  EXPECT_EQ(error.message(), "items of 3x2x3 may be 3x2 rgb or 2x3 rgb");
  EXPECT_EQ(error.hint(),
            "say which: --layout nhwc has channels last, --layout nchw first; --as table for other "
            "numbers");
  for (const Shape& shape : {Shape{2, 1, 5, 1}, Shape{2, 3, 5, 1}, Shape{2, 1, 5, 3}}) {
    EXPECT_EQ(number_of([&] { arranged(shape, {}); }), 3306) << shape_text(shape);
  }
  options.layout = "nhwc";
  EXPECT_EQ(arranged({2, 3, 5, 1}, options).values.shape(), (Shape{2, 3, 5}));
  EXPECT_EQ(numbers(arranged({1, 3, 2, 3}, options).values)[1], 1);
  options.layout = "nchw";
  EXPECT_EQ(arranged({2, 3, 5, 1}, options).values.shape(), (Shape{2, 5, 1, 3}));
  EXPECT_EQ(numbers(arranged({1, 3, 2, 3}, options).values)[1], 6);
  EXPECT_EQ(arranged({1, 4, 2, 3}, options).values.shape(), (Shape{1, 2, 3, 4}));
  EXPECT_EQ(arranged({2, 12, 9, 8}, options).values.shape(), (Shape{2, 9, 8, 12}));
  EXPECT_EQ(number_of([&] { arranged({1, 4}, options); }), 3306);
  options.layout = "nhwc";
  EXPECT_EQ(arranged({2, 1, 4, 5}, options).values.shape(), (Shape{2, 1, 4, 5}));
}

TEST(Arrange, FourChannelsAreAlphaWhenColourIsAskedFor) {
  const Tensor stored =
      Tensor::from<uint8_t>({1, 2, 1, 4}, std::vector<uint8_t>{10, 20, 30, 255, 10, 20, 30, 51});
  const auto read = [&](const Tensor& values, const DataOptions& options) {
    ParsedData data = parse_npy(write_npy(values), {});
    arrange_items(data, options, {});
    return data;
  };
  DataOptions options;
  options.layout = "nhwc";
  EXPECT_EQ(read(stored, options).values.shape(), (Shape{1, 2, 1, 4}));
  options.channels = "3";
  const ParsedData colour = read(stored, options);
  EXPECT_EQ(colour.kind, DataKind::kImage);
  // 51 is a fifth of 255: 204 + v / 5.
  EXPECT_EQ(numbers(colour.values), (std::vector<int>{10, 20, 30, 206, 208, 210}));
  EXPECT_EQ(colour.note, "the fourth channel was read as alpha (opaque: 255) and laid over white");

  const auto reals = [](std::vector<float> v) { return Tensor::from<float>({1, 1, 1, 4}, v); };
  EXPECT_EQ(testing::floats_of(read(reals({0.5f, 0.25f, 0, 0.5f}), options).values),
            (std::vector<float>{0.75f, 0.625f, 0.5f}));
  EXPECT_EQ(testing::floats_of(read(reals({65535, 0, 300, 0}), options).values),
            (std::vector<float>{65535, 65535, 65535}));
  EXPECT_EQ(error_of([&] {
              read(reals({-2.5f, 0, 1, 1}), options);
            }).message(),
            "the last of 4 channels is read as alpha, but values go from -2.5 to 1");
  EXPECT_EQ(number_of([&] { read(reals({0, 0, 1.5f, 1}), options); }), 3306);

  options.layout = "auto";
  EXPECT_EQ(arranged({2, 4, 5, 6}, options).values.shape(), (Shape{2, 5, 6, 3}));
  options.channels = "1";
  EXPECT_EQ(arranged({2, 5, 6, 4}, options).values.shape(), (Shape{2, 5, 6}));
  for (const Shape& shape : {Shape{1, 4, 5, 4}, Shape{1, 4, 5, 3}, Shape{1, 1, 5, 4}}) {
    EXPECT_EQ(number_of([&] { arranged(shape, options); }), 3306) << shape_text(shape);
  }
  EXPECT_EQ(arranged({2, 5, 6, 4}, {}).note,
            "if the 4 channels are RGBA: --channels 3 lays them over white");
}

TEST(Arrange, FlatRowsBecomeImages) {
  EXPECT_EQ(arranged({2, 6}, with_shape("2x3")).values.shape(), (Shape{2, 2, 3}));
  EXPECT_EQ(arranged({2, 6}, with_shape("2x3x1")).values.shape(), (Shape{2, 2, 3}));
  EXPECT_EQ(arranged({1, 12}, with_shape("2x2x3")).values.shape(), (Shape{1, 2, 2, 3}));
  EXPECT_EQ(numbers(arranged({1, 12}, with_shape("3x2x2")).values),
            (std::vector<int>{0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11}));
  const Error error = error_of([] { arranged({2, 6}, with_shape("2x4")); });
  EXPECT_EQ(error.code(), ErrorCode::kImageOption);
  EXPECT_EQ(error.message(), "--shape 2x4 has 8 values, the items have 6 (6 columns)");
  EXPECT_EQ(number_of([] { arranged({2, 6}, with_shape("2by3")); }), 2003);
}

TEST(Arrange, SquareRowsAreImagesWhenSaidSo) {
  DataOptions options;
  options.as = "images";
  EXPECT_EQ(arranged({2, 4}, options).values.shape(), (Shape{2, 2, 2}));
  options.resize = "1x1";
  EXPECT_EQ(arranged({2, 4}, options).values.shape(), (Shape{2, 1, 1}));
  options = {};
  options.as = "table";
  EXPECT_EQ(arranged({1, 3, 2, 2}, options).values.shape(), (Shape{1, 3, 2, 2}));
}

TEST(Arrange, TableColumnsBecomeImages) {
  const std::string path =
      put(new_folder("table"), "digits.csv", std::string_view("y,a,b,c,d\n7,0,1,2,3\n8,4,5,6,7\n"));
  DataOptions options = with_shape("2x2");
  EXPECT_EQ(number_of([&] { open_dataset(posix_fs(), path, options, {}, ""); }), 3306);
  options.labels = "y";
  const Dataset data = open_dataset(posix_fs(), path, options, {}, "");
  EXPECT_EQ(data.spec.kind, DataKind::kImage);
  EXPECT_EQ(data.values.shape(), (Shape{2, 2, 2}));
  EXPECT_EQ(data.class_names, (std::vector<std::string>{"7", "8"}));
}

TEST(Arrange, ArraysChangeSizeAndChannels) {
  DataOptions options;
  options.resize = "1x1";
  options.channels = "3";
  const ParsedData data = arranged({2, 2, 2}, options);
  EXPECT_EQ(data.values.shape(), (Shape{2, 1, 1, 3}));
  EXPECT_EQ(numbers(data.values), (std::vector<int>{2, 2, 2, 6, 6, 6}));  // 1.5 and 5.5
  EXPECT_EQ(data.note, "2 images of 2x2 grey were converted to 1x1 rgb");
  EXPECT_EQ(number_of([&] { arranged({2, 6}, options); }), 3306);
}

TEST(Arrange, DataFollowTheItemsOfAModel) {
  EXPECT_EQ(arranged({2, 6}, for_model({2, 3})).values.shape(), (Shape{2, 2, 3}));
  EXPECT_EQ(arranged({2, 7}, for_model({2, 3})).values.shape(), (Shape{2, 7}));
  EXPECT_EQ(arranged({2, 4, 4, 3}, for_model({2, 2, 3})).values.shape(), (Shape{2, 2, 2, 3}));
  EXPECT_EQ(number_of([] { arranged({2, 4, 4}, for_model({2, 2, 3})); }), 3501);
  EXPECT_EQ(error_of([] {
              arranged({2, 4, 4, 3}, for_model({4, 4}));
            }).hint(),
            "--channels 1 takes their luma, 0.299 r + 0.587 g + 0.114 b");
  EXPECT_EQ(numbers(arranged({1, 3, 2, 3}, for_model({2, 3, 3})).values)[1], 6);
  EXPECT_EQ(numbers(arranged({1, 3, 2, 3}, for_model({3, 2, 3})).values)[1], 1);
  EXPECT_EQ(number_of([] { arranged({1, 3, 3, 3}, for_model({3, 3, 3})); }), 3306);
}

DataSpec images_spec(const Shape& item, double max, bool whole = true) {
  DataSpec spec{.kind = DataKind::kImage, .item_shape = item};
  spec.fields = {{.min = 0, .max = max, .integer = whole}};
  return spec;
}

TEST(Arrange, FlatRowsOfColourHaveTheOrderOfTraining) {  // channels first were read as last once
  const std::vector<int> last = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11},
                         first = {0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11};
  EXPECT_EQ(arranged({1, 12}, with_shape("2x2x3")).flat_order, FlatOrder::kChannelsLast);
  EXPECT_EQ(arranged({1, 12}, with_shape("3x2x2")).flat_order, FlatOrder::kChannelsFirst);
  EXPECT_EQ(arranged({1, 4}, with_shape("2x2")).flat_order, FlatOrder::kUntold);
  EXPECT_EQ(arranged({1, 2, 2, 3}, {}).flat_order, FlatOrder::kUntold);
  DataOptions options = for_model({2, 2, 3});
  EXPECT_NE(error_of([&] {
              arranged({1, 12}, options);
            })
                .message()
                .find("channels last or first"),
            std::string::npos);
  options.layout = "nchw";
  EXPECT_EQ(numbers(arranged({1, 12}, options).values), first);
  options.layout = "nhwc";
  EXPECT_EQ(numbers(arranged({1, 12}, options).values), last);
  options.layout = "auto";
  options.model->flat_order = FlatOrder::kChannelsFirst;
  EXPECT_EQ(numbers(arranged({1, 12}, options).values), first);
  options.model->flat_order = FlatOrder::kChannelsLast;
  EXPECT_EQ(numbers(arranged({1, 12}, options).values), last);
  options.shape = "3x2x2";  // an option outranks what is known
  EXPECT_EQ(numbers(arranged({1, 12}, options).values), first);
}

TEST(Arrange, ShapeIsForFlatItems) {  // axes were once read as others
  EXPECT_EQ(number_of([] { arranged({2, 2, 4, 3}, with_shape("3x2x4")); }), 3306);
  EXPECT_EQ(number_of([] { arranged({2, 4, 4}, with_shape("2x8")); }), 3306);
  EXPECT_EQ(arranged({2, 4, 4, 1}, with_shape("4x4")).values.shape(), (Shape{2, 4, 4}));
}

TEST(Arrange, OneImageWithoutAnAxisForItemsIsRefused) {
  const Error error = error_of([] { arranged({4, 5, 3}, for_model({4, 5, 3})); });
  EXPECT_EQ(error.hint(), "give one item as an array of shape (1, 4, 5, 3)");
}

TEST(Arrange, BytesForAModelOf16BitsAreMultiplied) {
  DataOptions options;
  options.model = images_spec({2, 3}, 65535);
  const ParsedData data = arranged({2, 2, 3}, options);
  EXPECT_EQ(data.values.values<float>()[11], 11 * 257.0f);
  EXPECT_EQ(data.note,
            "2 images of 8 bits were multiplied by 257, the model was trained on 16 bits");
  options.model = images_spec({2, 3}, 600);  // as dark as these
  EXPECT_EQ(arranged({2, 2, 3}, options).values.dtype(), Dtype::kU8);
}

TEST(Arrange, SmallImagesOfAModelKeepTheirSize) {
  DataOptions options = for_model({4, 6, 3});
  options.own_size = true;
  EXPECT_EQ(arranged({2, 2, 3, 3}, options).values.shape(), (Shape{2, 2, 3, 3}));
}

NamedPart part(const std::string& name, const Tensor& values) {
  NamedPart made{.name = name};
  made.data.kind = DataKind::kImage;
  made.data.values = values;
  return made;
}

TEST(JoinParts, GoByTheValuesAndNotByTheirType) {  // zeros and ones as bytes once counted as 255
  const std::vector<uint8_t> bits = {0, 1}, dark = {0, 60};
  const Tensor reals = Tensor::from<float>({1, 1, 2}, std::vector<float>{0.5f, 1});
  EXPECT_EQ(join_parts({part("a", Tensor::from<uint8_t>({1, 1, 2}, bits)), part("b", reals)}).note,
            "");
  const Tensor deep = Tensor::from<float>({1, 1, 2}, std::vector<float>{0, 4095});
  for (const Dtype dtype : {Dtype::kU8, Dtype::kF32}) {
    const Tensor eight = dtype == Dtype::kU8
                             ? Tensor::from<uint8_t>({1, 1, 2}, dark)
                             : Tensor::from<float>({1, 1, 2}, std::vector<float>{0, 60});
    EXPECT_EQ(join_parts({part("a", eight), part("b", deep)}).values.values<float>()[1], 60 * 257)
        << dtype_name(dtype);
  }
}

TEST(JoinParts, BringImagesOf8BitsTo16) {  // they were once 257 times too dark
  const Tensor bytes = Tensor::from<uint8_t>({1, 1, 2}, std::vector<uint8_t>{3, 255}),
               deep = Tensor::from<float>({1, 1, 2}, std::vector<float>{1000, 65535}),
               reals = Tensor::from<float>({1, 1, 2}, std::vector<float>{0.5f, 1});
  for (const bool first : {true, false}) {
    std::vector<NamedPart> parts = {part("a", first ? bytes : deep),
                                    part("b", first ? deep : bytes)};
    const ParsedData all = join_parts(std::move(parts));
    const auto v = all.values.values<float>().subspan(first ? 0 : 2, 2);
    EXPECT_EQ(std::vector<float>(v.begin(), v.end()), (std::vector<float>{3 * 257, 65535}));
    EXPECT_NE(all.note.find("1 images of 8 bits of"), std::string::npos);
  }
  const Error error = error_of([&] { join_parts({part("a", bytes), part("b", reals)}); });
  EXPECT_EQ(error.message(), "b holds reals from 0 to 1, a whole numbers up to 255");
}

Dataset items_of(const Shape& item, DataKind kind) {
  Dataset data;
  Shape shape = item;
  shape.insert(shape.begin(), 1);
  data.values = Tensor(Dtype::kU8, shape);
  data.spec = {.kind = kind, .item_shape = item, .dtype = Dtype::kU8};
  data.spec.fields = {{.min = 0, .max = 255, .integer = true}};
  return data;
}

TEST(Conform, EqualNumbersOfValuesAreNotEqualAxes) {  // axes were exchanged without a word once
  DataSpec colour = images_spec({2, 4, 3}, 255), grey = images_spec({2, 4}, 255);
  for (const Shape& other : {Shape{3, 2, 4}, Shape{2, 3, 4}, Shape{2, 2, 2, 3}, Shape{24}}) {
    EXPECT_EQ(number_of([&] { conform(items_of(other, DataKind::kArray), colour); }), 3501);
  }
  EXPECT_EQ(conform(items_of({2, 4, 3, 1}, DataKind::kArray), colour).values.shape(),
            (Shape{1, 2, 4, 3}));
  EXPECT_EQ(conform(items_of({8}, DataKind::kArray), grey).values.shape(), (Shape{1, 2, 4}));
  EXPECT_EQ(number_of([&] { conform(items_of({4, 2}, DataKind::kArray), grey); }), 3501);
  colour.flat_order = FlatOrder::kChannelsLast;
  EXPECT_EQ(conform(items_of({24}, DataKind::kArray), colour).values.shape(), (Shape{1, 2, 4, 3}));
}

TEST(Conform, NegativeLevelsAreNoBytes) {
  Dataset data = items_of({2, 4}, DataKind::kImage);
  data.spec.fields.front().min = -128;
  EXPECT_EQ(number_of([&] { conform(data, images_spec({2, 4}, 255)); }), 3501);
}

}  // namespace
}  // namespace isthmus
