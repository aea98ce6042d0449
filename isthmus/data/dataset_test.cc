// SPDX-License-Identifier: Apache-2.0
// From DATA to Dataset: known sets, folders, globs, labels, limits, joins, and what is refused.
#include "isthmus/data/dataset.h"

#include <unistd.h>

#include "isthmus/base/log.h"
#include "isthmus/data/gzip.h"
#include "isthmus/data/npy_write.h"
#include "isthmus/data/png.h"
#include "isthmus/data/testing.h"

namespace isthmus {
namespace {

using testing::be32;
using testing::error_of;
using testing::new_folder;
using testing::number_of;
using testing::put;
using testing::to_bytes;

Dataset open(const std::string& data, const DataOptions& options = {}) {
  return open_dataset(posix_fs(), data, options, Limits{}, "train");
}
Bytes idx_images(uint32_t n, char fill) {
  return to_bytes(std::string("\0\0\x08\x03", 4) + be32(n) + be32(2) + be32(2) +
                  std::string(4 * n, fill));
}
Bytes idx_labels(const std::string& labels) {
  return to_bytes(std::string("\0\0\x08\x01", 4) + be32(static_cast<uint32_t>(labels.size())) +
                  labels);
}
/// The four files of an MNIST-like set, one of them packed.
std::string mnist_folder(const std::string& name) {
  const std::string folder = new_folder(name);
  put(folder, "train-images-idx3-ubyte.gz", deflate_gzip(idx_images(3, '\x10')));
  put(folder, "train-labels-idx1-ubyte", idx_labels("\1\2\3"));
  put(folder, "t10k-images-idx3-ubyte", idx_images(2, '\x20'));
  put(folder, "t10k-labels-idx1-ubyte", idx_labels("\4\5"));
  return folder;
}
Bytes grey_png(int64_t height, int64_t width, uint8_t value) {
  Tensor pixels(Dtype::kU8, {height, width});
  for (uint8_t& v : pixels.values<uint8_t>()) v = value;
  return encode_png(pixels);
}

TEST(FashionMnist, IsTheRealOne) {
  DataOptions options;
  if (number_of([&] { open_dataset(posix_fs(), "fashion-mnist", options, {}, "test"); }) == 3008) {
    GTEST_SKIP() << "the Debian package dataset-fashion-mnist is not installed";
  }
  const Dataset data = open_dataset(posix_fs(), "fashion-mnist", options, {}, "train");
  EXPECT_EQ(data.values.shape(), (Shape{60000, 28, 28}));
  EXPECT_EQ(data.values.dtype(), Dtype::kU8);
  EXPECT_EQ(data.spec.kind, DataKind::kImage);
  EXPECT_EQ(data.labels.size(), 60000u);
  EXPECT_EQ(data.labels[0], 9);
  EXPECT_EQ(data.class_names[9], "Ankle boot");
  EXPECT_NEAR(data.spec.fields[0].mean / 255, 0.2860, 0.00005);
  EXPECT_NEAR(data.spec.fields[0].standard_deviation / 255, 0.3530, 0.00005);
  EXPECT_EQ(data.spec.fields[0].max, 255);
  EXPECT_EQ(data.split, "train");
  EXPECT_EQ(data.note, "Debian package dataset-fashion-mnist");
  const Dataset test = open_dataset(posix_fs(), "fashion-mnist@test", options, {}, "train");
  EXPECT_EQ(test.num_items(), 10000);
  EXPECT_EQ(test.labels[0], 9);
}

TEST(KnownSet, MissingOneSaysHowToInstallIt) {
  DataOptions options;
  options.search_path = {new_folder("empty")};
  const Error error = error_of([&] { open("fashion-mnist", options); });
  EXPECT_EQ(error.code(), ErrorCode::kSetNotInstalled);
  EXPECT_EQ(error.hint(), "apt install dataset-fashion-mnist");
}

TEST(KnownSet, IsFoundBelowTheSearchPathOrInIt) {
  const std::string folder = mnist_folder("mnist");
  DataOptions options;
  options.search_path = {folder};
  EXPECT_EQ(open("mnist", options).num_items(), 3);
  options.search_path = {"/nowhere", folder.substr(0, folder.size() - 6)};
  const Dataset test = open("mnist@test", options);
  EXPECT_EQ(test.class_names, (std::vector<std::string>{"4", "5"}));
  EXPECT_EQ(test.source, "mnist");
  EXPECT_EQ(test.split, "test");
  EXPECT_EQ(number_of([&] { open("fashion_mnist", options); }), 3008);
  options.search_path = {folder};
  EXPECT_EQ(number_of([&] { open("fashion_mnist", options); }), 3008);
}

TEST(Folder, OfIdxFilesHasSplitsAndLabels) {
  const std::string folder = mnist_folder("set");
  const Dataset train = open(folder);
  EXPECT_EQ(train.num_items(), 3);
  EXPECT_EQ(train.labels, (std::vector<int32_t>{0, 1, 2}));
  EXPECT_EQ(train.class_names, (std::vector<std::string>{"1", "2", "3"}));
  EXPECT_EQ(train.split, "train");
  EXPECT_EQ(open(folder + "@test").num_items(), 2);
}

TEST(Folder, LabelsMustBeAsManyAsImages) {
  const std::string folder = mnist_folder("set");
  put(folder, "train-labels-idx1-ubyte", idx_labels("\1\2"));
  const Error error = error_of([&] { open(folder); });
  EXPECT_EQ(error.code(), ErrorCode::kSizesDisagree);
  EXPECT_EQ(error.message(), "2 labels for 3 items");
}

TEST(Folder, OfImagesIsSortedByName) {
  const std::string folder = new_folder("images");
  put(folder, "b.png", grey_png(2, 3, 20));
  put(folder, "a.png", grey_png(2, 3, 10));
  put(folder, "c.PNG", grey_png(2, 3, 30));
  put(folder, "notes.txt", std::string_view("hello"));
  put(folder, ".hidden.png", std::string_view("hello"));
  const Dataset data = open(folder);
  EXPECT_EQ(data.values.shape(), (Shape{3, 2, 3}));
  EXPECT_EQ(data.values.values<uint8_t>()[0], 10);
  EXPECT_EQ(data.values.values<uint8_t>()[12], 30);
  EXPECT_TRUE(data.labels.empty());
  EXPECT_EQ(data.note, "1 files that are no images were passed over");
}

TEST(Folder, SubfoldersAreClasses) {
  const std::string folder = new_folder("classes");
  put(new_folder("classes/dog"), "x.png", grey_png(2, 2, 1));
  put(new_folder("classes/cat"), "y.png", grey_png(2, 2, 2));
  put(new_folder("classes/cat"), "z.png", grey_png(2, 2, 3));
  new_folder("classes/empty");
  const Dataset data = open(folder);
  EXPECT_EQ(data.class_names, (std::vector<std::string>{"cat", "dog"}));
  EXPECT_EQ(data.labels.size(), static_cast<size_t>(data.num_items()));
  EXPECT_EQ(data.labels.back(), 1);
}

TEST(Folder, LinkedFoldersAreNotEntered) {
  const std::string folder = new_folder("links");
  put(new_folder("links/cat"), "y.png", grey_png(2, 2, 2));
  for (const char* name : {"dog", "loop"}) ::unlink(join_path(folder, name).c_str());
  ASSERT_EQ(symlink("cat", join_path(folder, "dog").c_str()), 0);
  ASSERT_EQ(symlink(".", join_path(folder, "loop").c_str()), 0);
  const Dataset data = open(folder);
  EXPECT_EQ(data.class_names, (std::vector<std::string>{"cat"}));
  EXPECT_EQ(data.num_items(), 1);
  EXPECT_TRUE(data.note.starts_with("2 links to folders were passed over")) << data.note;
  EXPECT_EQ(open(join_path(folder, "dog")).num_items(), 1);  // named by the user
}

TEST(Folder, TrainAndTestPartsAreSplits) {
  const std::string folder = new_folder("parted");
  put(new_folder("parted/train"), "x.png", grey_png(2, 2, 1));
  put(new_folder("parted/test"), "y.png", grey_png(2, 2, 2));
  EXPECT_EQ(open(folder).values.values<uint8_t>()[0], 1);
  EXPECT_EQ(open(folder + "@test").values.values<uint8_t>()[0], 2);
  EXPECT_EQ(number_of([&] { open(new_folder("parted/train") + "@test"); }), 3001);
}

TEST(Folder, GreyAmongColourBecomesColour) {
  const std::string folder = new_folder("mixed");
  put(folder, "a.png", testing::fixture("grey8.png"));
  put(folder, "b.png", testing::fixture("rgba8.png"));
  const Dataset data = open(folder);
  EXPECT_EQ(data.values.shape(), (Shape{2, 7, 5, 3}));
  EXPECT_EQ(data.note, "alpha was laid over white in 1 image");
}

TEST(Folder, MixedSizesNameBothFiles) {
  const std::string folder = new_folder("sizes");
  put(folder, "a.png", grey_png(2, 3, 1));
  put(folder, "b.png", grey_png(3, 2, 1));
  const Error error = error_of([&] { open(folder); });
  EXPECT_EQ(error.code(), ErrorCode::kImageSizes);
  EXPECT_NE(error.message().find("a.png is 2x3, but "), std::string::npos);
  EXPECT_NE(error.message().find("b.png is 3x2"), std::string::npos);
}

TEST(Folder, SkipsUnreadableImagesAsFarAsAllowed) {
  const std::string folder = new_folder("bad");
  for (const std::string name : {"a", "b", "c"}) put(folder, name + ".png", grey_png(2, 2, 9));
  put(folder, "d.png", std::string_view("no image"));
  Bytes cut = grey_png(2, 2, 9);
  cut.resize(cut.size() - 20);
  put(folder, "b2.png", cut);
  DataOptions options;
  EXPECT_EQ(number_of([&] { open(folder, options); }), 3304);
  options.max_bad = 0.4;
  const Dataset data = open(folder, options);
  EXPECT_EQ(data.num_items(), 3);
  ASSERT_EQ(data.bad_files.size(), 2u);
  EXPECT_EQ(file_name(data.bad_files[0].path), "d.png");
  EXPECT_EQ(file_name(data.bad_files[1].path), "b2.png");
  options.strict = true;
  const Error error = error_of([&] { open(folder, options); });
  EXPECT_EQ(error.code(), ErrorCode::kPngCorrupt);
  EXPECT_EQ(file_name(error.where().file), "d.png");
}

TEST(Folder, WithoutImagesIsRefused) {
  const std::string folder = new_folder("none");
  put(folder, "a.tiff", std::string_view("II*"));
  EXPECT_EQ(number_of([&] { open(folder); }), 3303);
}

TEST(Glob, JoinsFilesInOrder) {
  const std::string folder = new_folder("glob");
  put(folder, "b.csv", std::string_view("x,y\n3,4\n"));
  put(folder, "a.csv", std::string_view("x,y\n1,2\n"));
  put(folder, "c.txt", std::string_view("x,y\n9,9\n"));
  const Dataset data = open(folder + "/*.csv");
  EXPECT_EQ(data.num_items(), 2);
  EXPECT_EQ(testing::floats_of(data.values), (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(number_of([&] { open(folder + "/*.npy"); }), 3001);
}

TEST(Glob, OfImagesIsOneSet) {
  const std::string folder = new_folder("glob");
  put(folder, "a1.png", grey_png(2, 2, 1));
  put(folder, "a2.png", grey_png(2, 2, 2));
  put(folder, "b.png", grey_png(5, 5, 3));
  EXPECT_EQ(open(folder + "/a?.png").values.shape(), (Shape{2, 2, 2}));
}

TEST(Join, MatchesColumnsByName) {
  const std::string folder = new_folder("join");
  const std::string a = put(folder, "a.csv", std::string_view("x,y,k\n1,2,u\n"));
  const std::string b = put(folder, "b.csv", std::string_view("y,k,x\n4,v,3\n6,u,5\n"));
  DataOptions options;
  options.labels = "k";
  const Dataset data = open_datasets(posix_fs(), {a, b}, options, {}, "train");
  EXPECT_EQ(testing::floats_of(data.values), (std::vector<float>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(data.labels, (std::vector<int32_t>{0, 1, 0}));
  EXPECT_EQ(data.class_names, (std::vector<std::string>{"u", "v"}));
}

TEST(Join, RefusesWhatDoesNotFit) {
  const std::string folder = new_folder("join");
  const std::string a = put(folder, "a.csv", std::string_view("x,y\n1,2\n"));
  const std::string b = put(folder, "b.csv", std::string_view("x,z\n1,2\n"));
  const std::string c = put(folder, "c.csv", std::string_view("x\n1\n"));
  const auto both = [&](const std::string& p, const std::string& q) {
    return number_of([&] { open_datasets(posix_fs(), {p, q}, {}, {}, "train"); });
  };
  EXPECT_EQ(both(a, b), 3006);
  EXPECT_EQ(both(a, c), 3006);
  EXPECT_EQ(both(a, a), 0);
}

TEST(Options, LimitTakesTheFirstItems) {
  DataOptions options;
  options.limit = 2;
  const Dataset data = open(mnist_folder("set"), options);
  EXPECT_EQ(data.num_items(), 2);
  EXPECT_EQ(data.labels.size(), 2u);
}

TEST(Options, LabelFilesOfAnyFormat) {
  const std::string folder = new_folder("labels");
  const std::string data = put(folder, "x.csv", std::string_view("1\n2\n3\n"));
  DataOptions options;
  for (const std::string_view text : {"a\nb\na\n", "label\na\nb\na\n"}) {
    options.labels = put(folder, "y.csv", text);
    const Dataset set = open(data, options);
    EXPECT_EQ(set.labels, (std::vector<int32_t>{0, 1, 0}));
    EXPECT_EQ(set.class_names, (std::vector<std::string>{"a", "b"}));
  }
  const std::vector<float> numbers = {7, 0, -1};
  options.labels = put(folder, "y.npy", write_npy(Tensor::from<float>({3}, numbers)));
  EXPECT_EQ(open(data, options).class_names, (std::vector<std::string>{"-1", "0", "7"}));
  const std::vector<float> broken = {7, 0.5, -1};
  options.labels = put(folder, "y.npy", write_npy(Tensor::from<float>({3}, broken)));
  EXPECT_EQ(number_of([&] { open(data, options); }), 3404);
}

TEST(Options, AreNeverIgnored) {
  const std::string folder = mnist_folder("set");
  DataOptions options;
  options.exclude = {"x"};
  EXPECT_EQ(number_of([&] { open(folder, options); }), 2005);
  options = {};
  options.labels = "no-such-file";
  EXPECT_EQ(number_of([&] { open(folder, options); }), 3001);
}

TEST(Options, AreReachableByKey) {
  DataOptions options;
  set_option(options, "max_bad", "0.05");
  set_option(options, "exclude", "a,b");
  set_option(options, "format", "csv");
  EXPECT_EQ(options.max_bad, 0.05);
  EXPECT_EQ(options.exclude.size(), 2u);
  EXPECT_EQ(number_of([&] { set_option(options, "format", "xls"); }), 2003);
}

TEST(Data, MistypedNamesAreSuggested) {
  const Error error = error_of([] { open("fashion-mnsit"); });
  EXPECT_EQ(error.code(), ErrorCode::kFileMissing);
  EXPECT_EQ(error.hint(), "did you mean fashion-mnist?");
}

TEST(Data, AFileHasNoSplits) {
  const std::string path = put(new_folder("x"), "a.csv", std::string_view("1\n2\n"));
  EXPECT_EQ(number_of([&] { open(path + "@train"); }), 2003);
}

struct Foreign {
  std::string content;
  int number;
};
class ForeignFile : public ::testing::TestWithParam<Foreign> {};
TEST_P(ForeignFile, IsRefusedByContent) {
  const std::string path = put(new_folder("x"), "data.csv", GetParam().content);
  const Error error = error_of([&] { open(path); });
  EXPECT_EQ(static_cast<int>(error.code()), GetParam().number) << error.what();
  EXPECT_EQ(error.where().file, path);
}
INSTANTIATE_TEST_SUITE_P(
    Magic, ForeignFile,
    ::testing::Values(Foreign{std::string("\x80\x04\x95\x00\x00", 5), 4501},
                      Foreign{"PK\x03\x04....archive/data.pkl", 4502},
                      Foreign{"PK\x03\x04....x.npy", 3003}, Foreign{"\x89HDF\r\n\x1a\n....", 3003},
                      Foreign{"\xff\xd8\xff\xe0", 3305}, Foreign{"GIF89a", 3003},
                      Foreign{"PAR1....", 3003}, Foreign{"%PDF-1.4", 3003},
                      Foreign{std::string("\0\0\0\0junk", 8), 3003}, Foreign{"", 3402}));

TEST(Data, AContradictingExtensionIsAWarning) {
  std::vector<LogEvent> events;
  const LogSink old = set_log_sink([&](const LogEvent& event) { events.push_back(event); });
  const std::vector<float> numbers = {1, 2};
  const std::string folder = new_folder("x");
  open(put(folder, "a.csv", write_npy(Tensor::from<float>({2, 1}, numbers))));
  open(put(folder, "a.npy", write_npy(Tensor::from<float>({2, 1}, numbers))));
  open(put(folder, "a.dat", std::string_view("1\n2\n")));
  set_log_sink(old);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].code, "W3003");
}

TEST(Data, NotFiniteValuesNameTheirItem) {
  const std::vector<float> numbers = {1, 2, 3, NAN, 5, INFINITY};
  const std::string path =
      put(new_folder("x"), "a.npy", write_npy(Tensor::from<float>({3, 2}, numbers)));
  const Error error = error_of([&] { open(path); });
  EXPECT_EQ(error.code(), ErrorCode::kNotFinite);
  EXPECT_EQ(error.message(), "NaN in item 1 (2 values of column \"c2\" are not finite)");
  EXPECT_EQ(error.where().file, path);
  EXPECT_EQ(error.where().row, 1);
  EXPECT_EQ(error.where().field, "c2");
}

TEST(Fingerprint, DependsOnContentAlone) {
  const std::string folder = new_folder("x");
  const auto print = [&](const std::string& name, std::string_view text) {
    return fingerprint(open(put(folder, name, text)));
  };
  const std::string first = print("a.csv", "1,2\n3,4\n");
  EXPECT_EQ(print("b.tsv", "1\t2\n3\t4\n"), first);
  EXPECT_NE(print("c.csv", "1,2\n3,5\n"), first);
  EXPECT_NE(print("d.csv", "1\n2\n3\n4\n"), first);
  EXPECT_EQ(first.substr(0, 9), "xxh3-128:");
}

}  // namespace
}  // namespace isthmus
