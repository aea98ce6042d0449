// SPDX-License-Identifier: Apache-2.0
// What a file costs before it is known to be data: devices, pipes, bombs and files longer than
// wanted.
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "isthmus/base/memory.h"
#include "isthmus/data/dataset.h"
#include "isthmus/data/gzip.h"
#include "isthmus/data/npy_write.h"
#include "isthmus/data/testing.h"

namespace isthmus {
namespace {

using testing::be32;
using testing::error_of;
using testing::new_folder;
using testing::number_of;
using testing::put;
using testing::to_bytes;

Dataset open(const std::string& path, const DataOptions& options = {}, const Limits& limits = {}) {
  return open_dataset(posix_fs(), path, options, limits, "train");
}
Limits with_memory(uint64_t bytes) {
  Limits limits;
  limits.memory_bytes = bytes;
  return limits;
}

// Both give zeros for ever: they were read until the memory was full.
TEST(SourceFile, AnEndlessDeviceIsRefusedByItsBeginning) {
  const uint64_t before = peak_rss_bytes();
  for (const char* device : {"/dev/zero", "/dev/full"}) {
    EXPECT_EQ(number_of([&] { open(device); }), 3003);
    DataOptions options;
    options.labels = device;
    const std::string data = put(new_folder("x"), "x.csv", std::string_view("1\n2\n"));
    EXPECT_EQ(number_of([&] { open(data, options); }), 3003);
  }
  EXPECT_LT(peak_rss_bytes() - before, uint64_t{16} << 20);
}

TEST(SourceFile, APipeIsReadUpToTheMemoryLimit) {
  signal(SIGPIPE, SIG_IGN);  // the reader may leave first
  const std::string path = new_folder("pipe") + "/x.csv";
  unlink(path.c_str());
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const auto read_lines = [&](int lines, const Limits& limits) {
    std::thread writer([&] {
      FILE* file = fopen(path.c_str(), "w");
      for (int i = 0; i < lines; ++i) {
        if (fputs("1,2\n", file) < 0) break;
      }
      fclose(file);
    });
    const int number = number_of([&] { EXPECT_EQ(open(path, {}, limits).num_items(), lines); });
    writer.join();
    return number;
  };
  EXPECT_EQ(read_lines(100000, {}), 0);
  EXPECT_EQ(read_lines(2, {}), 0);
  EXPECT_EQ(read_lines(40000, with_memory(150000)), 5201);
}

TEST(SourceFile, AGzipBombOfATableEndsAtTheMemoryLimit) {
  std::string text;
  for (int i = 0; i < 200000; ++i) text += "1,2\n";
  const std::string path = put(new_folder("bomb"), "x.csv.gz", deflate_gzip(to_bytes(text)));
  EXPECT_EQ(open(path).num_items(), 200000);
  const Error error = error_of([&] { open(path, {}, with_memory(100000)); });
  EXPECT_EQ(error.code(), ErrorCode::kOutOfMemory);
  EXPECT_NE(error.hint().find("--memory"), std::string::npos);
}

// The rest is not even a table.
TEST(SourceFile, NothingIsReadBehindTheLimitOfItems) {
  const std::string folder = new_folder("limit");
  DataOptions options;
  options.limit = 2;
  const std::string text = "a,b\n1,2\n3,4\n5,six\n";
  EXPECT_EQ(open(put(folder, "x.csv", text), options).num_items(), 2);
  EXPECT_EQ(open(put(folder, "x.csv.gz", deflate_gzip(to_bytes(text))), options).num_items(), 2);
  std::string idx =
      std::string("\0\0\x08\2", 4) + be32(1000000) + be32(4) + std::string(4000000, 'v');
  const Bytes packed = deflate_gzip(to_bytes(idx));
  const Dataset data = open(put(folder, "x.idx.gz", packed), options, with_memory(8));
  EXPECT_EQ(data.values.shape(), (Shape{2, 4}));
  EXPECT_EQ(number_of([&] { open(put(folder, "x.idx.gz", packed), {}, with_memory(8)); }), 5201);
}

TEST(SourceFile, LabelsOfMoreItemsThanReadAreStillCompared) {
  const std::string folder = new_folder("labels");
  const std::string data = put(folder, "x.csv", std::string_view("1\n2\n3\n4\n"));
  DataOptions options;
  options.limit = 2;
  options.labels = put(folder, "y.csv", std::string_view("a\nb\nc\nd\n"));
  EXPECT_EQ(open(data, options).labels, (std::vector<int32_t>{0, 1}));
  options.labels = put(folder, "y.csv", std::string_view("a\nb\nc\nd\ne\nf\n"));
  EXPECT_EQ(number_of([&] { open(data, options); }), 3006);
}

TEST(SourceFile, AnArrayAboveTheMemoryLimitIsNotRead) {
  const std::vector<float> values(1000);
  const Bytes npy = write_npy(Tensor::from<float>({100, 10}, values));
  const std::string path = put(new_folder("npy"), "x.npy", npy);
  EXPECT_EQ(number_of([&] { open(path, {}, with_memory(3999)); }), 5201);
  EXPECT_EQ(number_of([&] { open(path, {}, with_memory(4000)); }), 0);
}

}  // namespace
}  // namespace isthmus
