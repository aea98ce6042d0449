// SPDX-License-Identifier: Apache-2.0
// NPZ: archives of numpy, the choice of an array, labels, and malformed archives by number.
#include <zlib.h>

#include "isthmus/data/dataset.h"
#include "isthmus/data/formats.h"
#include "isthmus/data/npy_write.h"
#include "isthmus/data/testing.h"
#include "isthmus/data/zip.h"

namespace isthmus {
namespace {

using testing::error_of;
using testing::fixture;
using testing::fixture_path;
using testing::new_folder;
using testing::number_of;
using testing::put;
using testing::to_bytes;
using testing::to_text;

ParsedData parse(const std::string& name, const std::string& key = {}) {
  return parse_npz(fixture(name), {.key = key}, {});
}

std::string little(uint64_t v, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(i < 8 ? v >> (8 * i) & 0xff : 0);
  return text;
}

/// One entry of a handmade archive; each member may be made to lie.
struct Entry {
  std::string name = "x.npy";
  std::string content = to_text(write_npy(Tensor(Dtype::kU8, {2, 3})));
  bool deflated = false;
  uint64_t flags = 0, method = 99, size = UINT64_MAX, offset = UINT64_MAX;
  std::string local_name = {};
};

std::string deflate_raw(const std::string& text) {
  z_stream z = {};
  deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&z, text.size()) + 16, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

std::string zip(const std::vector<Entry>& entries, const std::string& tail = {}, size_t more = 0) {
  std::string file, directory;
  for (const Entry& e : entries) {
    const std::string stored = e.deflated ? deflate_raw(e.content) : e.content;
    const uint64_t method = e.method != 99 ? e.method : e.deflated ? 8 : 0;
    const uint64_t size = e.size != UINT64_MAX ? e.size : e.content.size();
    const auto crc = crc32(0, reinterpret_cast<const Bytef*>(e.content.data()),
                           static_cast<uInt>(e.content.size()));
    const std::string& local = e.local_name.empty() ? e.name : e.local_name;
    const std::string common = little(e.flags, 2) + little(method, 2) + little(0, 4) +
                               little(crc, 4) + little(stored.size(), 4) + little(size, 4);
    const uint64_t offset = e.offset != UINT64_MAX ? e.offset : file.size();
    directory += "PK\1\2" + little(20, 2) + little(20, 2) + common + little(e.name.size(), 2) +
                 little(0, 12) + little(offset, 4) + e.name;
    file +=
        "PK\3\4" + little(20, 2) + common + little(local.size(), 2) + little(0, 2) + local + stored;
  }
  const size_t count = entries.size() + more;
  return file + directory + "PK\5\6" + little(0, 4) + little(count, 2) + little(count, 2) +
         little(directory.size(), 4) + little(file.size(), 4) + little(0, 2) + tail;
}
int refusal(const std::string& archive, const Limits& limits = {}) {
  return number_of([&] { parse_npz(to_bytes(archive), {}, limits); });
}

TEST(Npz, StoredAndDeflatedArraysOfNumpyAreRead) {
  for (const std::string name : {"stored.npz", "deflated.npz"}) {
    const ParsedData data = parse(name);
    EXPECT_EQ(data.values.shape(), (Shape{6, 2, 3})) << name;
    EXPECT_EQ(data.note, "\"y\" may be labels: --labels FILE::y");
    EXPECT_EQ(parse(name, "y").values.shape(), (Shape{6, 1}));
  }
  const auto stored = parse("stored.npz").values, deflated = parse("deflated.npz").values;
  EXPECT_TRUE(std::ranges::equal(stored.bytes(), deflated.bytes()));
  EXPECT_EQ(parse("one.npz").values.shape(), (Shape{6, 2, 3}));
}

TEST(Npz, SeveralArraysAreListedWithTheirShapes) {
  const Error error = error_of([] { parse("several.npz"); });
  EXPECT_EQ(error.code(), ErrorCode::kNpzKey);
  EXPECT_EQ(error.message(),
            "the file holds several arrays: x_train (6, 2, 3), y_train (6), x_test (2, 2, 3), "
            "y_test (2), names (no numbers)");
  EXPECT_EQ(error.hint(), "name one behind the file: FILE::x_train");
  EXPECT_EQ(parse("several.npz", "x_test").values.shape(), (Shape{2, 2, 3}));
  EXPECT_EQ(number_of([] { parse("several.npz", "x_tests"); }), 3212);
  EXPECT_EQ(number_of([] { parse("several.npz", "names"); }), 3203);
  EXPECT_EQ(number_of([] { parse("sparse.npz"); }), 3211);
}

TEST(Npz, LabelsAreAnArrayOfTheSameFile) {
  DataOptions options;
  options.labels = fixture_path("several.npz") + "::y_train";
  const Dataset data =
      open_dataset(posix_fs(), fixture_path("several.npz") + "::x_train", options, {}, "train");
  EXPECT_EQ(data.labels, (std::vector<int32_t>{2, 0, 2, 1, 0, 0}));
  EXPECT_EQ(data.class_names, (std::vector<std::string>{"1", "2", "3"}));
  options.labels = fixture_path("several.npz") + "::y_test";
  EXPECT_EQ(number_of([&] {
              open_dataset(posix_fs(), fixture_path("several.npz") + "::x_train", options, {},
                           "train");
            }),
            3006);
}

TEST(Npz, AKeyOfAnotherKindOfFileIsAnError) {
  const Error error =
      error_of([] { open_dataset(posix_fs(), fixture_path("x_u1.npy") + "::x", {}, {}, ""); });
  EXPECT_EQ(error.code(), ErrorCode::kNpzKey);
  EXPECT_EQ(error.hint(), "leave out ::x");
  const std::string odd = put(new_folder("odd"), "a::b", fixture("x_u1.npy"));
  EXPECT_EQ(open_dataset(posix_fs(), odd, {}, {}, "").num_items(), 2);
}

TEST(Npz, HandmadeArchivesAreRead) {
  EXPECT_EQ(refusal(zip({{}})), 0);
  EXPECT_EQ(refusal(zip({{.deflated = true}})), 0);
  EXPECT_EQ(refusal(zip({{}, {.name = "readme.txt", .content = "hello"}})), 0);
  EXPECT_EQ(refusal(zip({{.name = "../../etc/x.npy"}})), 0);  // a key like any other
}

TEST(Npz, RefusesWhatIsNotPlainlyRight) {
  const std::string whole = zip({{}});
  for (size_t n = 0; n < whole.size(); ++n) EXPECT_NE(refusal(whole.substr(0, n)), 0) << n;
  EXPECT_EQ(refusal(whole + "tail"), 3211);
  EXPECT_EQ(refusal("head" + whole), 3211);
  EXPECT_EQ(refusal(zip({{.flags = 1}})), 3211);             // encrypted
  EXPECT_EQ(refusal(zip({{.method = 12}})), 3211);           // bzip2
  EXPECT_EQ(refusal(zip({{.local_name = "y.npy"}})), 3211);  // two truths
  EXPECT_EQ(refusal(zip({{}, {}})), 3211);                   // one name
  EXPECT_EQ(refusal(zip({{}, {.name = "y.npy", .offset = 0}})), 3211);
  EXPECT_EQ(refusal(zip({{.size = 0xFFFFFFFF}})), 3211);  // ZIP64
  EXPECT_EQ(refusal(zip({{.size = 5}})), 3211);           // stored in another size
  EXPECT_EQ(refusal(zip({{.offset = 0x7FFFFFFF}})), 3211);
  EXPECT_EQ(refusal(zip({{}}, "", 1)), 3211);  // one entry more than there is
  EXPECT_EQ(refusal(zip(std::vector<Entry>(1025))), 3211);
  EXPECT_EQ(refusal(zip({})), 3402);
}

// Many entries that share their bytes unpack to far more than the file: the zip bomb of 2019.
TEST(Npz, EntriesThatShareBytesAreRefused) {
  std::vector<Entry> entries;
  for (int i = 0; i < 10; ++i) {
    entries.push_back({.name = std::to_string(i) + ".npy", .deflated = true, .offset = 0});
  }
  EXPECT_EQ(refusal(zip(entries)), 3211);
}

TEST(Npz, ABombIsRefusedBeforeItIsUnpacked) {
  EXPECT_EQ(refusal(zip({{.deflated = true, .size = 0x7FFFFFFF}})), 3211);
  const Entry zeros{.content = to_text(write_npy(Tensor(Dtype::kU8, {1000, 1000}))),
                    .deflated = true};
  const std::string archive = zip({zeros});
  EXPECT_LT(archive.size(), 2500u);
  Limits limits;
  limits.data_bytes.bytes = 1000000;
  EXPECT_EQ(refusal(archive, limits), 3004);
  limits.data_bytes.bytes = 2000000;
  EXPECT_EQ(refusal(archive, limits), 0);
  limits.memory_bytes = 999999;
  EXPECT_EQ(refusal(archive, limits), 5201);
}

TEST(Npz, DamageIsNoticed) {
  for (const bool deflated : {false, true}) {
    const std::string whole = zip({{.deflated = deflated}});
    const size_t content = 30 + 5;  // local header and name
    for (size_t i = content; i < whole.size() - 22 - 46 - 5; ++i) {
      std::string bad = whole;
      bad[i] = static_cast<char>(bad[i] ^ 1);
      EXPECT_NE(refusal(bad), 0) << deflated << " " << i;
    }
  }
  Entry longer{.deflated = true};
  longer.content += 'x';
  longer.size = longer.content.size() - 1;
  EXPECT_EQ(refusal(zip({longer})), 3211);
}

}  // namespace
}  // namespace isthmus
