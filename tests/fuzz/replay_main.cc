// SPDX-License-Identifier: Apache-2.0
// Feeds files to a fuzz target without libFuzzer: every file of the folders given, whole, and then
// with each of its first bytes flipped or its end cut off. So the corpora are regression tests with
// any compiler, and a little more.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "isthmus/base/memory.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

constexpr size_t kMaxMutated = 512;

std::vector<uint8_t> read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

int replay(const std::vector<uint8_t>& bytes) {
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  const size_t mutated = std::min(bytes.size(), kMaxMutated);
  for (size_t i = 0; i < mutated; ++i) {
    std::vector<uint8_t> changed = bytes;
    changed[i] ^= static_cast<uint8_t>(1u << (i % 8));
    LLVMFuzzerTestOneInput(changed.data(), changed.size());
    // A copy of the exact size, so that a sanitizer sees a read past the end.
    const std::vector<uint8_t> cut(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(i));
    LLVMFuzzerTestOneInput(cut.data(), cut.size());
  }
  return static_cast<int>(1 + 2 * mutated);
}

}  // namespace

int main(int argc, char** argv) {
  int files = 0, inputs = 0;
  for (int i = 1; i < argc; ++i) {
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
      if (!entry.is_regular_file()) continue;
      inputs += replay(read(entry.path()));
      ++files;
    }
  }
  std::printf("%d files, %d inputs, peak %llu MiB\n", files, inputs,
              static_cast<unsigned long long>(isthmus::peak_rss_bytes() >> 20));
  return files > 0 ? 0 : 1;
}
