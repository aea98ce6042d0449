// SPDX-License-Identifier: Apache-2.0
// Folders of images: what is found, what is passed over and said, sizes, depths and kinds.
#include "isthmus/data/image_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <numeric>

#include "isthmus/base/log.h"
#include "isthmus/base/memory.h"
#include "isthmus/data/png.h"
#include "isthmus/data/testing.h"

namespace isthmus {
namespace {

using testing::error_of;
using testing::fixture;
using testing::new_folder;
using testing::number_of;
using testing::put;
using Names = std::vector<std::string>;

Bytes grey_png(int64_t height, int64_t width, uint8_t value = 9) {
  Tensor pixels(Dtype::kU8, {height, width});
  std::ranges::fill(pixels.values<uint8_t>(), value);
  return encode_png(pixels);
}

/// Collects the numbers of warnings while it lives.
class Warnings {
 public:
  explicit Warnings(Names& codes)
      : old_(set_log_sink([&](const LogEvent& event) { codes.push_back(event.code); })) {}
  ~Warnings() { set_log_sink(std::move(old_)); }
  Warnings(const Warnings&) = delete;
  Warnings& operator=(const Warnings&) = delete;

 private:
  LogSink old_;
};
/// The data, and the numbers of the warnings that were given.
struct Opened {
  explicit Opened(const std::string& path, const DataOptions& options = {}) {
    const Warnings warnings(codes);
    data = open_dataset(posix_fs(), path, options, {}, "train");
  }
  Dataset data;
  Names codes;
};

TEST(ImageFolder, AStrayImageBesideClassFoldersIsCounted) {
  const std::string folder = new_folder("photos");
  put(folder, "grid.png", grey_png(9, 9));
  for (const std::string name : {"photos/a", "photos/b"}) {
    const std::string classes = new_folder(name);
    for (const std::string file : {"1.png", "2.png"}) put(classes, file, grey_png(2, 3));
  }
  const Opened opened(folder);
  EXPECT_EQ(opened.data.num_items(), 4);
  EXPECT_EQ(opened.data.class_names, (Names{"a", "b"}));
  EXPECT_EQ(opened.codes, Names{"W3310"});
}

TEST(ImageFolder, AFewImagesBelowAFolderOfImagesAreCounted) {
  const std::string folder = new_folder("photos");
  for (const std::string file : {"1.png", "2.png", "3.png"}) put(folder, file, grey_png(2, 3));
  put(new_folder("photos/thumbnails"), "1.png", grey_png(1, 1));
  const Opened opened(folder);
  EXPECT_EQ(opened.data.num_items(), 3);
  EXPECT_TRUE(opened.data.labels.empty());
  EXPECT_EQ(opened.codes, Names{"W3310"});
}

TEST(ImageFolder, ClassesAreThePathsOfDeepFolders) {
  const std::string folder = new_folder("deep");
  put(new_folder("deep/x/a"), "1.png", grey_png(2, 3));
  put(new_folder("deep/x/b"), "1.png", grey_png(2, 3));
  put(new_folder("deep/x/b/old"), "1.png", grey_png(2, 3));
  const Opened opened(folder);
  EXPECT_EQ(opened.data.class_names, (Names{"x/a", "x/b", "x/b/old"}));
  EXPECT_EQ(opened.data.labels, (std::vector<int32_t>{0, 1, 2}));
  EXPECT_TRUE(opened.codes.empty());
}

// They would otherwise be classes of one set.
TEST(ImageFolder, TrainAndValFoldersAreParts) {
  const std::string folder = new_folder("set");
  put(new_folder("set/train/a"), "1.png", grey_png(2, 3));
  put(new_folder("set/train/b"), "1.png", grey_png(2, 3));
  put(new_folder("set/val/a"), "1.png", grey_png(2, 3));
  EXPECT_EQ(Opened(folder).data.class_names, (Names{"a", "b"}));
  EXPECT_EQ(Opened(folder + "@test").data.num_items(), 1);
}

// A FIFO without a writer blocks whoever opens it.
TEST(ImageFolder, PipesAreNeverOpened) {
  const std::string folder = new_folder("photos");
  put(folder, "1.png", grey_png(2, 3));
  const std::string pipe = folder + "/2.png";
  unlink(pipe.c_str());
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const Opened opened(folder);
  EXPECT_EQ(opened.data.num_items(), 1);
  EXPECT_EQ(opened.codes, Names{"W3314"});
  EXPECT_EQ(Opened(folder + "/*.png").data.num_items(), 1);
  unlink(pipe.c_str());
}

TEST(ImageFolder, ASparseFileOfGigabytesIsNotRead) {
  const std::string folder = new_folder("photos");
  const std::string path = put(folder, "1.png", grey_png(2, 3));
  ASSERT_EQ(truncate(path.c_str(), off_t{3} << 30), 0);
  const uint64_t before = peak_rss_bytes();
  EXPECT_EQ(number_of([&] { open_dataset(posix_fs(), path, {}, {}, ""); }), 3004);
  EXPECT_EQ(number_of([&] { open_dataset(posix_fs(), folder, {}, {}, ""); }), 3304);
  EXPECT_LT(peak_rss_bytes() - before, uint64_t{64} << 20);
  ASSERT_EQ(truncate(path.c_str(), 0), 0);
}

TEST(ImageFolder, ImagesOfOtherKindsAreMissed) {
  const std::string folder = new_folder("photos");
  put(folder, "1.png", grey_png(2, 3));
  put(folder, "2.webp", std::string_view("RIFF"));
  EXPECT_EQ(Opened(folder).codes, Names{"W3313"});
  unlink((folder + "/1.png").c_str());
  const Error error = error_of([&] { Opened opened(folder); });
  EXPECT_EQ(error.code(), ErrorCode::kImageFolder);
  EXPECT_EQ(error.hint(), "convert them to PNG or JPEG");
}

TEST(ImageFolder, SkippedImagesAreWarnedOf) {
  const std::string folder = new_folder("photos");
  put(folder, "1.png", grey_png(2, 3));
  put(folder, "2.png", std::string_view("no image"));
  DataOptions options;
  options.max_bad = 0.5;
  const Opened opened(folder, options);
  EXPECT_EQ(opened.data.bad_files.size(), 1u);
  EXPECT_EQ(opened.codes, Names{"W3311"});
}

TEST(ImageFolder, CmykIsToldHowToSave) {
  const std::string folder = new_folder("print");
  put(folder, "1.jpg", fixture("jpeg_cmyk.jpg"));
  put(folder, "2.jpg", fixture("jpeg_cmyk.jpg"));
  const Error all = error_of([&] { Opened opened(folder); });
  EXPECT_EQ(all.code(), ErrorCode::kTooManyBadImages);
  EXPECT_EQ(all.hint(),
            "save CMYK images as RGB or grey; mend or remove the others, or raise --max-bad");
  put(folder, "2.jpg", std::string_view("no image"));
  EXPECT_EQ(error_of([&] { Opened opened(folder); }).hint(), all.hint());
  put(folder, "1.jpg", std::string_view("no image"));
  EXPECT_EQ(error_of([&] { Opened opened(folder); }).hint(),
            error_info(ErrorCode::kTooManyBadImages).remedy);
}

TEST(ImageFolder, SixteenBitsKeepTheirNumbers) {
  const std::string folder = new_folder("camera");
  put(folder, "1.png", fixture("grey16.png"));
  const Opened opened(folder);
  const Tensor truth = parse_npy(fixture("grey16.npy"), {}).values;
  ASSERT_EQ(opened.data.values.dtype(), Dtype::kF32);
  EXPECT_EQ(testing::floats_of(opened.data.values, opened.data.spec.narrowing),
            testing::floats_of(truth));
  EXPECT_GT(opened.data.spec.fields[0].max, 255);
}

TEST(ImageFolder, EightBitsBesideSixteenMeanTheSame) {
  const std::string folder = new_folder("camera");
  put(folder, "1.png", fixture("grey16.png"));
  put(folder, "2.png", grey_png(7, 5, 255));
  const Opened opened(folder);
  EXPECT_EQ(testing::floats_of(opened.data.values, opened.data.spec.narrowing)[35], 65535.0f);
  EXPECT_NE(opened.data.note.find("multiplied by 257"), std::string::npos);
}

TEST(ImageFolder, EightBitsForAModelOfSixteenMeanTheSame) {
  const std::string folder = new_folder("camera");
  put(folder, "1.png", grey_png(7, 5, 200));
  DataOptions options;
  options.model = DataSpec{.kind = DataKind::kImage, .item_shape = {7, 5}};
  options.model->fields = {{.min = 3, .max = 60000, .integer = true}};
  const Opened opened(folder, options);
  EXPECT_EQ(testing::floats_of(opened.data.values, opened.data.spec.narrowing)[0], 200 * 257.0f);
  EXPECT_EQ(opened.data.note,
            "1 images of 8 bits were multiplied by 257, the model was trained on 16 bits");
  options.model->fields.front().max = 255;
  EXPECT_EQ(Opened(folder, options).data.values.dtype(), Dtype::kU8);
}

DataOptions for_model_of(double brightest) {
  DataOptions options;
  options.model = DataSpec{.kind = DataKind::kImage, .item_shape = {7, 5}};
  options.model->fields = {{.min = 3, .max = brightest, .integer = true}};
  return options;
}

TEST(ImageFolder, SixteenBitsForAModelOfEightMeanTheSame) {
  const std::string folder = new_folder("camera");
  put(folder, "1.png", fixture("grey16.png"));
  const Tensor truth = parse_npy(fixture("grey16.npy"), {}).values;
  const auto nearest = [](float v) { return std::round(v / 257); };
  std::vector<float> wanted = testing::floats_of(truth);
  std::ranges::transform(wanted, wanted.begin(), nearest);
  const std::string note =
      "1 images of 16 bits were divided by 257, the model was trained on 8 bits";
  const DataOptions options = for_model_of(255);
  for (const std::string& data : {folder, folder + "/1.png"}) {
    const Opened opened(data, options);
    EXPECT_EQ(opened.data.values.dtype(), Dtype::kU8);
    EXPECT_EQ(testing::floats_of(opened.data.values), wanted);
    EXPECT_EQ(opened.data.note, note);
  }
  put(folder, "2.png", grey_png(7, 5, 200));
  const Opened mixed(folder, options);
  EXPECT_EQ(testing::floats_of(mixed.data.values)[35], 200);
  EXPECT_EQ(mixed.data.note, note);
}

// What is of 8 bits or 16 is told by the values, whatever type holds them.
TEST(ImageFolder, NumbersOfAnArrayTellTheirBits) {
  const std::vector<float> deep = {0, 128, 129, 257, 385, 386, 65535};
  const auto opened = [](std::vector<float> values, const DataOptions& options) {
    values.resize(35);
    const Tensor images = Tensor::from<float>({1, 7, 5}, values);
    const Dataset data = make_dataset(images, {}, options);
    EXPECT_EQ(images.values<float>()[0], values[0]);
    return std::pair(testing::floats_of(data.values, data.spec.narrowing)[6], data.note);
  };
  const DataOptions bytes = for_model_of(255);
  const auto divided = opened(deep, bytes);
  EXPECT_EQ(divided.first, 255);
  EXPECT_EQ(divided.second,
            "1 images of 16 bits were divided by 257, the model was trained on 8 bits");
  const std::vector<float> levels = {0, 1, 2, 3, 4, 5, 255}, reals = {0, 0.5f, 2, 3, 4, 5, 65535},
                           larger = {0, 1, 2, 3, 4, 5, 65536}, counts = {0, 1, 2, 3, 4, 5, 300};
  for (const auto& values : {levels, reals, larger, counts}) {
    EXPECT_EQ(opened(values, bytes), std::pair(values[6], std::string())) << values[6];
  }
  EXPECT_EQ(opened(deep, for_model_of(60000)).first, 65535);
  EXPECT_EQ(opened(deep, {}).first, 65535);
  DataOptions unit = bytes;
  unit.model->fields = {{.min = 0, .max = 1}};
  EXPECT_EQ(opened(deep, unit).first, 65535);
}

TEST(ImageFolder, MixedSizesOfferAFlagAndFollowIt) {
  const std::string folder = new_folder("mixed");
  put(folder, "1.png", grey_png(300, 200));
  put(folder, "2.png", grey_png(300, 200));
  put(folder, "3.png", grey_png(10, 20));
  const Error error = error_of([&] { Opened opened(folder); });
  EXPECT_EQ(error.code(), ErrorCode::kImageSizes);
  EXPECT_EQ(error.hint(), "bring them to one size: --resize 75x50");
  DataOptions options;
  options.resize = "10x20";
  const Opened opened(folder, options);
  EXPECT_EQ(opened.data.values.shape(), (Shape{3, 10, 20}));
  EXPECT_EQ(opened.data.note, "2 images of 300x200 grey were converted to 10x20 grey, stretched");
  options.resize = "7";
  options.channels = "3";
  EXPECT_EQ(Opened(folder, options).data.values.shape(), (Shape{3, 7, 7, 3}));
  for (const std::string bad : {"0x3", "3x", "axb", "3x3x3", "-1x2", "100000x100000"}) {
    options.resize = bad;
    EXPECT_EQ(number_of([&] { Opened opened2(folder, options); }), 2003) << bad;
  }
}

TEST(ImageFolder, OnlyOtherProportionsAreStretched) {
  const std::string folder = new_folder("mixed");
  put(folder, "1.png", grey_png(301, 200));  // 75x50 up to a pixel
  put(folder, "2.png", grey_png(150, 100));
  put(folder, "3.png", grey_png(100, 100));
  DataOptions options;
  options.resize = "75x50";
  EXPECT_EQ(Opened(folder, options).data.note,
            "3 images of other sizes or channels were converted to 75x50 grey, 1 stretched");
}

TEST(ImageFolder, ChannelsFollowAModelOnlyWhenAsked) {
  const std::string grey = new_folder("grey"), colour = new_folder("colour");
  put(grey, "1.png", grey_png(7, 5, 90));
  put(colour, "1.png", grey_png(7, 5, 90));
  put(colour, "2.png", fixture("rgb8.png"));
  DataOptions options;
  options.model = DataSpec{.kind = DataKind::kImage, .item_shape = {7, 5, 3}};
  EXPECT_EQ(Opened(colour, options).data.note, "");
  const Error error = error_of([&] { Opened opened(grey, options); });
  EXPECT_EQ(error.code(), ErrorCode::kDataMismatch);
  EXPECT_EQ(error.message(), "the images are grey, the model was trained on 7x5 rgb");
  EXPECT_EQ(error.hint(), "--channels 3 gives grey to all three channels");
  options.channels = "3";
  const Dataset tripled = Opened(grey, options).data;
  EXPECT_EQ(tripled.values.shape(), (Shape{1, 7, 5, 3}));
  EXPECT_TRUE(std::ranges::all_of(tripled.values.values<uint8_t>(), [](int v) { return v == 90; }));
  EXPECT_EQ(tripled.note, "1 images of 7x5 grey were converted to 7x5 rgb");

  options.model->item_shape = {7, 5};
  EXPECT_EQ(number_of([&] { Opened opened(colour, options); }), 3501);
  options.channels = "auto";
  const Error lost = error_of([&] { Opened opened(colour, options); });
  EXPECT_EQ(lost.message(), "the images are rgb, the model was trained on 7x5 grey");
  EXPECT_EQ(lost.where().file, colour + "/2.png");
  EXPECT_TRUE(Opened(grey, options).codes.empty());
  options.channels = "1";
  EXPECT_EQ(Opened(colour, options).data.values.shape(), (Shape{2, 7, 5}));
}

TEST(ImageFolder, JpegAndPngMayBeMixed) {
  const std::string folder = new_folder("mixed");
  put(folder, "1.jpg", fixture("jpeg_grey.jpg"));
  put(folder, "2.JPEG", fixture("jpeg_rgb.jpg"));
  put(folder, "3.png", grey_png(16, 24));
  put(folder, "4.jpg", fixture("jpeg_turn3.jpg"));
  const Opened opened(folder);
  EXPECT_EQ(opened.data.values.shape(), (Shape{4, 16, 24, 3}));
  EXPECT_EQ(opened.data.note, "1 images were turned upright (EXIF)");
}

TEST(ImageFolder, AlphaIsLaidOverWhiteAndSaid) {
  const std::string folder = new_folder("icons");
  for (const std::string name : {"rgba8", "rgba8_opaque", "palette4_transparent"}) {
    put(folder, name + ".png", fixture(name + ".png"));
  }
  const Dataset data = Opened(folder).data;
  EXPECT_EQ(data.note, "alpha was laid over white in 2 images");
  const Tensor truth = parse_npy(fixture("palette4_transparent.npy"), {}).values;
  EXPECT_EQ(testing::floats_of(data.values.rows(0, 1)), testing::floats_of(truth));
}

// The axes of an array of this shape would have to be told.
TEST(ImageFolder, ASinglePictureNeedsNoLayout) {
  const std::string path = new_folder("single") + "/flat.png";
  Tensor pixels(Dtype::kU8, {3, 8, 3});
  std::iota(pixels.values<uint8_t>().begin(), pixels.values<uint8_t>().end(), uint8_t{0});
  posix_fs().write_file(path, encode_png(pixels), Durability::kRename);
  const Opened opened(path);
  EXPECT_EQ(opened.data.values.shape(), (Shape{1, 3, 8, 3}));
  EXPECT_EQ(opened.data.note, "");
  EXPECT_TRUE(std::ranges::equal(opened.data.values.values<uint8_t>(), pixels.values<uint8_t>()));
}

TEST(ImageFolder, ATruncatedJpegIsABadFile) {
  const std::string folder = new_folder("cut");
  put(folder, "1.jpg", fixture("jpeg_grey.jpg"));
  Bytes cut = fixture("jpeg_grey.jpg");
  cut.resize(cut.size() - 20);
  put(folder, "2.jpg", cut);
  DataOptions options;
  options.max_bad = 0.5;
  const Opened opened(folder, options);
  EXPECT_EQ(opened.data.num_items(), 1);
  EXPECT_EQ(opened.data.bad_files.size(), 1u);
}

}  // namespace
}  // namespace isthmus
