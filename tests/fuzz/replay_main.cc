// SPDX-License-Identifier: Apache-2.0
// A main for fuzz targets without libFuzzer:  fuzz_NAME SECONDS FOLDER
//
// Feeds every file of the folder to the target, whole, and then with each of its first bytes
// flipped or its end cut off: the corpora are regression tests with any compiler. Then, for some
// seconds, inputs made from them by changes that are the same in every run.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

#include "isthmus/base/memory.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

constexpr size_t kMaxMutated = 512;
constexpr size_t kMostRepeats = 50000;

using Input = std::vector<uint8_t>;

Input read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

int64_t replay(const Input& bytes) {
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  const size_t mutated = std::min(bytes.size(), kMaxMutated);
  for (size_t i = 0; i < mutated; ++i) {
    Input changed = bytes;
    changed[i] ^= static_cast<uint8_t>(1u << (i % 8));
    LLVMFuzzerTestOneInput(changed.data(), changed.size());
    // A copy of the exact size, so that a sanitizer sees a read past the end.
    const Input cut(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(i));
    LLVMFuzzerTestOneInput(cut.data(), cut.size());
  }
  return static_cast<int64_t>(1 + 2 * mutated);
}

class Mutator {
 public:
  explicit Mutator(const std::vector<Input>& corpus) : corpus_(corpus) {}

  /// A file of the corpus with one to eight changes.
  Input next() {
    Input input = any_file();
    const size_t changes = 1 + below(8);
    for (size_t i = 0; i < changes; ++i) change(input);
    return input;
  }

 private:
  size_t below(size_t end) { return end == 0 ? 0 : random_() % end; }
  const Input& any_file() { return corpus_[below(corpus_.size())]; }
  /// Bytes that parsers treat specially, or any.
  uint8_t byte() {
    constexpr char kSpecial[] = "\0\1\x7f\x80\xff\"'\\{}[](),:;=.#-+eE0129 \t\n\r";
    return below(2) == 0 ? static_cast<uint8_t>(random_())
                         : static_cast<uint8_t>(kSpecial[below(sizeof(kSpecial))]);
  }
  void change(Input& input) {
    const size_t at = below(input.size() + 1);
    const auto here = input.begin() + static_cast<ptrdiff_t>(at);
    const size_t count = std::min(1 + below(16), input.size() - at);
    switch (below(6)) {
      case 0:
        if (at < input.size()) *here ^= static_cast<uint8_t>(1u << below(8));
        break;
      case 1:
        if (at < input.size()) *here = byte();
        break;
      case 2:
        input.insert(here, byte());
        break;
      case 3:
        input.erase(here, here + static_cast<ptrdiff_t>(count));
        break;
      case 4: {  // a few bytes again and again: what nests, nests deeply
        const Input piece(here, here + static_cast<ptrdiff_t>(std::min<size_t>(count, 4)));
        const size_t times = below(32) == 0 ? below(kMostRepeats) : below(64);
        Input repeated;
        for (size_t i = 0; i < times; ++i) {
          repeated.insert(repeated.end(), piece.begin(), piece.end());
        }
        input.insert(here, repeated.begin(), repeated.end());
        break;
      }
      default: {  // a piece of another file, or of this one
        const Input& other = any_file();
        const size_t from = below(other.size());
        const size_t length = std::min(1 + below(64), other.size() - from);
        const auto piece = other.begin() + static_cast<ptrdiff_t>(from);
        input.insert(here, piece, piece + static_cast<ptrdiff_t>(length));
      }
    }
  }

  const std::vector<Input>& corpus_;
  std::mt19937_64 random_{1};
};

int64_t mutate(const std::vector<Input>& corpus, double seconds) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  Mutator mutator(corpus);
  int64_t inputs = 0;
  for (; Clock::now() < end; ++inputs) {
    const Input input = mutator.next();
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
  return inputs;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(argv[2])) {
    if (entry.is_regular_file()) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<Input> corpus;
  int64_t inputs = 0;
  for (const auto& path : paths) {
    corpus.push_back(read(path));
    inputs += replay(corpus.back());
  }
  if (corpus.empty()) return 1;
  const int64_t made = mutate(corpus, std::atof(argv[1]));
  std::printf("%zu files, %lld inputs, then %lld made from them, peak %llu MiB\n", corpus.size(),
              static_cast<long long>(inputs), static_cast<long long>(made),
              static_cast<unsigned long long>(isthmus::peak_rss_bytes() >> 20));
  return 0;
}
