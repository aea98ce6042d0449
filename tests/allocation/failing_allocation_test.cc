// SPDX-License-Identifier: Apache-2.0
// Memory runs out at one allocation of a whole command line: `isthmus train` of a tiny data set,
// with checkpoints, pictures and report, once per allocation. Each time the program says E5201 and
// ends with status 5 (or does without), leaks nothing and leaves valid files; some of the folders
// are resumed. The global operator new and posix_memalign are replaced.
//
// A run has many thousand allocations: the test takes some of them; FAIL_EVERY=1 in the environment
// takes all, FAIL_EVERY=4 FAIL_FIRST=1 the first, fifth, ninth, ... Child processes do the work, so
// that a crash is a failure with a number.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <new>

#include "isthmus/checkpoint/generations.h"
#include "isthmus/cli/run_cli.h"
#include "isthmus/model_file/model.h"
#include "isthmus/train/resume.h"

namespace {

std::atomic<bool> armed{false};
std::atomic<int64_t> allocations{0}, failing{0}, live_blocks{0};

bool fails() { return armed.load(std::memory_order_relaxed) && ++allocations == failing; }

void* new_block(size_t bytes, size_t alignment) {
  void* block =
      fails() ? nullptr : std::aligned_alloc(alignment, (bytes / alignment + 1) * alignment);
  if (block == nullptr) throw std::bad_alloc();
  ++live_blocks;
  return block;
}

void delete_block(void* block) {
  if (block == nullptr) return;
  --live_blocks;
  std::free(block);
}

}  // namespace

[[gnu::noinline]] void* operator new(size_t bytes) { return new_block(bytes, 16); }
[[gnu::noinline]] void* operator new(size_t bytes, std::align_val_t alignment) {
  return new_block(bytes, static_cast<size_t>(alignment));
}
[[gnu::noinline]] void* operator new(size_t bytes, const std::nothrow_t&) noexcept {
  try {
    return new_block(bytes, 16);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
[[gnu::noinline]] void operator delete(void* block) noexcept { delete_block(block); }
[[gnu::noinline]] void operator delete(void* block, size_t) noexcept { delete_block(block); }
[[gnu::noinline]] void operator delete(void* block, std::align_val_t) noexcept {
  delete_block(block);
}
[[gnu::noinline]] void operator delete(void* block, size_t, std::align_val_t) noexcept {
  delete_block(block);
}
extern "C" __attribute__((visibility("default"))) int posix_memalign(void** block, size_t alignment,
                                                                     size_t bytes) noexcept {
  if (fails()) return ENOMEM;
  *block = std::aligned_alloc(alignment, (bytes / alignment + 1) * alignment);
  return *block == nullptr ? ENOMEM : 0;
}

namespace isthmus {
namespace {

constexpr int64_t kDefaultEvery = 23;
constexpr int64_t kResumeEvery = 40;  // cases
constexpr int64_t kCasesOfAChild = 200;
constexpr int kOutOfMemoryStatus = 5;

/// What a run printed, kept without allocating.
struct Printed {
  char text[1 << 16];
  size_t size = 0;
  void add(std::string_view more) {
    const size_t bytes = std::min(more.size(), sizeof text - size);
    std::memcpy(text + size, more.data(), bytes);
    size += bytes;
  }
  std::string_view view() const { return {text, size}; }
};

Printed printed;

/// What children tell their parent; in memory that they share.
struct Report {
  int64_t now, cases, failures, without_error, resumed;
};

class AllocationRuns {
 public:
  AllocationRuns() : folder_(temporary_folder()) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    write_data();
    report_ = static_cast<Report*>(
        mmap(nullptr, sizeof(Report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  }
  ~AllocationRuns() {
    munmap(report_, sizeof(Report));
    std::filesystem::remove_all(folder_);
  }

  /// Runs without a fault until nothing is allocated for the first time any more; returns how much
  /// a run allocates.
  int64_t prepare() {
    for (int i = 0; i < 3; ++i) {
      if (run(0) != 0) ADD_FAILURE() << printed.view();
      live_after_ = live_blocks;
    }
    weights_ = kept_weights();
    return allocations;
  }

  const Report& examine(int64_t total, int64_t every, int64_t begin) {
    *report_ = {};
    for (int64_t first = begin; first <= total;) {
      std::fflush(stdout);
      const pid_t child = fork();
      if (child == 0) {
        try {
          examine_some(first, total, every);
        } catch (const std::exception& error) {
          fault("thrown out of run_cli: %s", error.what());
        }
        std::fflush(stdout);
        _exit(0);
      }
      int status = 0;
      waitpid(child, &status, 0);
      first = report_->now + every;
      if (status == 0) continue;
      fault("the program died of signal %d", WTERMSIG(status));
    }
    return *report_;
  }

 private:
  /// Syncing costs nothing in memory.
  static std::string temporary_folder() {
    const bool shared = access("/dev/shm", W_OK) == 0;
    return (shared ? std::string("/dev/shm/") : ::testing::TempDir()) + "isthmus-allocation-" +
           std::to_string(getpid());
  }

  void write_data() const {
    std::ofstream out(folder_ + "/images.idx", std::ios::binary);
    const unsigned char header[] = {0, 0, 8, 3, 0, 0, 0, 12, 0, 0, 0, 3, 0, 0, 0, 3};
    out.write(reinterpret_cast<const char*>(header), sizeof header);
    for (int i = 0; i < 12 * 9; ++i) out.put(static_cast<char>(i * i % 251));
  }

  std::string run_folder() const { return folder_ + "/run"; }

  /// Runs `isthmus train` with the nth allocation failing; 0: none.
  int run(int64_t nth, bool resume = false) {
    std::vector<std::string> words = {"train", "--threads", "1", "--json"};
    if (resume) {
      words.insert(words.end(), {"--resume", run_folder()});
    } else {
      std::filesystem::remove_all(run_folder());
      words.insert(words.end(), {folder_ + "/images.idx", "-o", run_folder(), "--hidden", "3",
                                 "--latent", "2", "--batch", "6", "--epochs", "1", "--val", "0.2"});
    }
    printed.size = 0;
    Terminal terminal;
    terminal.out = terminal.err = [](std::string_view text) { printed.add(text); };
    allocations = 0;
    failing = nth;
    armed = true;
    const int status = run_cli(words, std::move(terminal), posix_fs());
    armed = false;
    return status;
  }

  std::string kept_weights() const {
    return weights_sha256(
        load_model(run_folder() + "/model.safetensors", posix_fs(), {}).parameters);
  }

  void examine_some(int64_t first, int64_t total, int64_t every) {
    for (int64_t n = first, done = 0; n <= total && done < kCasesOfAChild; n += every, ++done) {
      report_->now = n;
      ++report_->cases;
      const int64_t live_before = live_blocks;
      const int status = run(n);
      if (live_blocks != live_before) fault("%ld blocks leaked", live_blocks - live_before);
      look_at_status(status);
      try {
        look_at_files();
        if (report_->cases % kResumeEvery == 0) look_at_resume();
      } catch (const std::exception& error) {
        fault("%s", error.what());
      }
    }
  }

  void look_at_status(int status) {
    if (status == 0) {
      ++report_->without_error;
    } else if (status != kOutOfMemoryStatus ||
               printed.view().find("E5201") == std::string_view::npos) {
      fault("status %d: %.*s", status, static_cast<int>(printed.size), printed.text);
    }
  }

  void look_at_files() {
    if (!std::filesystem::exists(run_folder())) return;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(run_folder())) {
      const std::string name = entry.path().filename();
      if (temporary_owner(name) != 0) fault("left over: %s", name.c_str());
      if (entry.path().extension() == ".json") {
        std::ifstream in(entry.path());
        const std::string text{std::istreambuf_iterator<char>(in), {}};
        if (!text.ends_with("}\n")) fault("not whole: %s", name.c_str());
      }
    }
    const std::string model = run_folder() + "/model.safetensors";
    if (std::filesystem::exists(model)) load_model(model, posix_fs(), {});
    for (const Generation& generation : list_checkpoints(posix_fs(), run_folder())) {
      load_container(posix_fs(), generation.path, {});
    }
  }

  void look_at_resume() {
    if (list_checkpoints(posix_fs(), run_folder()).empty()) return;
    ++report_->resumed;
    if (const int status = run(0, true)) fault("the resumed run ended with %d", status);
    if (kept_weights() != weights_) fault("the resumed run ended with %s", "other weights");
  }

  template <typename... Values>
  void fault(const char* what, Values... values) {
    ++report_->failures;
    std::printf("allocation %ld: ", report_->now);
    std::printf(what, values...);
    std::printf("\n");
  }

  std::string folder_, weights_;
  int64_t live_after_ = 0;
  Report* report_;
};

int64_t number_of(const char* variable, int64_t otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::atol(text) : otherwise;
}

TEST(FailingAllocation, EndsTheProgramInOrder) {
  const int64_t every = number_of("FAIL_EVERY", kDefaultEvery);
  AllocationRuns runs;
  const int64_t total = runs.prepare();
  ASSERT_GT(total, 1000);
  const Report& r = runs.examine(total, every, number_of("FAIL_FIRST", every));
  EXPECT_EQ(r.failures, 0);
  std::printf(
      "failing allocation: %ld of %ld allocations, %ld failures; status 0 in %ld, resumed "
      "%ld\n",
      r.cases, total, r.failures, r.without_error, r.resumed);
}

}  // namespace
}  // namespace isthmus
