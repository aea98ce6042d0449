// SPDX-License-Identifier: Apache-2.0
// A stand-in for a training run: resumes from the newest checkpoint, writes one per step and
// announces each. checkpoint_crash.py kills it or fails its system calls. `verify` says what is
// left.
//
//   checkpoint_loop run FOLDER LAST_STEP     prints "announced N" lines
//   checkpoint_loop verify FOLDER            prints "newest N valid V damaged D"
//   checkpoint_loop bytes STEP               prints the checkpoint of a step
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "isthmus/checkpoint/generations.h"

namespace {

using namespace isthmus;

constexpr int kKeep = 2;
constexpr int64_t kValues = 1500;

Bytes bytes_of(int64_t step) {
  Tensor state(Dtype::kI64, {kValues});
  for (int64_t i = 0; i < kValues; ++i) {
    state.values<int64_t>()[static_cast<size_t>(i)] = step * kValues + i;
  }
  return write_container({{std::string(kKindKey), "checkpoint"},
                          {std::string(kStateKey), "{\"step\":" + std::to_string(step) + "}"}},
                         {{"state", state}});
}

int64_t newest_step(const std::string& run) {
  return list_checkpoints(posix_fs(), run).empty()
             ? 0
             : load_newest_valid(posix_fs(), run, {}, {}).generation.step;
}

int run_steps(const std::string& run, int64_t last_step) {
  posix_fs().make_folders(checkpoint_folder(run));
  remove_stale_temporaries(posix_fs(), checkpoint_folder(run));
  for (int64_t step = newest_step(run) + 1; step <= last_step; ++step) {
    write_checkpoint(posix_fs(), run, step, bytes_of(step), kKeep);
    std::printf("announced %lld\n", static_cast<long long>(step));
    if (std::fflush(stdout) != 0) return exit_status(ErrorCode::kIoError);
  }
  return 0;
}

int verify(const std::string& run) {
  int64_t newest = 0;
  int valid = 0, damaged = 0;
  for (const Generation& generation : list_checkpoints(posix_fs(), run)) {
    const Bytes bytes = posix_fs().read_file(generation.path, uint64_t{1} << 30);
    if (bytes == bytes_of(generation.step)) {
      ++valid;
      newest = std::max(newest, generation.step);
    } else {
      ++damaged;
    }
  }
  std::printf("newest %lld valid %d damaged %d\n", static_cast<long long>(newest), valid, damaged);
  return newest == newest_step(run) ? 0 : 1;
}

int print_bytes(int64_t step) {
  const Bytes bytes = bytes_of(step);
  const bool written = std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size();
  return written && std::fflush(stdout) == 0 ? 0 : exit_status(ErrorCode::kIoError);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view command = argc > 1 ? argv[1] : "";
  try {
    if (command == "run" && argc == 4) return run_steps(argv[2], std::atoll(argv[3]));
    if (command == "verify" && argc == 3) return verify(argv[2]);
    if (command == "bytes" && argc == 3) return print_bytes(std::atoll(argv[2]));
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return exit_status(error.code());
  }
  std::fprintf(stderr,
               "usage: checkpoint_loop run FOLDER LAST_STEP | verify FOLDER | bytes STEP\n");
  return 2;
}
