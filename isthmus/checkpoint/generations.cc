// SPDX-License-Identifier: Apache-2.0
// Which checkpoint files a run folder keeps, and which one a resume takes. The order of steps is
// the promise: first the new file is durable, then old ones go. What is inside a checkpoint is not
// known here.
#include "isthmus/checkpoint/generations.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

namespace isthmus {
namespace {

constexpr std::string_view kPrefix = "step-";
constexpr std::string_view kSuffix = ".safetensors";
constexpr size_t kStepDigits = 9;

std::string checkpoint_name(int64_t step) {
  std::string digits = std::to_string(step);
  if (digits.size() < kStepDigits) digits.insert(0, kStepDigits - digits.size(), '0');
  return std::string(kPrefix) + digits + std::string(kSuffix);
}

/// All of `text` as a number that is not negative, or -1.
int64_t parse_number(std::string_view text) {
  int64_t value = -1;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  return status == std::errc() && end == text.data() + text.size() ? value : -1;
}

/// -1 for a name that checkpoint_name would not write.
int64_t step_of(std::string_view name) {
  if (name.size() < kPrefix.size() + kSuffix.size() || !name.starts_with(kPrefix)) return -1;
  const int64_t step =
      parse_number(name.substr(kPrefix.size(), name.size() - kPrefix.size() - kSuffix.size()));
  return step >= 0 && name == checkpoint_name(step) ? step : -1;
}

/// None where there is no folder.
std::vector<std::string> names_in(Fs& fs, const std::string& folder) {
  const auto info = fs.stat(folder);
  return info && info->is_folder ? fs.list_folder(folder) : std::vector<std::string>();
}

/// A process of another user answers EPERM: it lives.
bool is_alive(int64_t pid) {
  const auto id = static_cast<pid_t>(pid);
  return id == pid && (kill(id, 0) == 0 || errno != ESRCH);
}

/// Damage is a reason to look further back; a full disk or a file from the future is not.
bool may_fall_back(ErrorCode code) {
  const int number = static_cast<int>(code);
  const bool machine = exit_status(code) == 5;
  const bool newer = number / 100 == 43;
  return !machine && !newer;
}

}  // namespace

std::string checkpoint_folder(const std::string& run_folder) {
  return join_path(run_folder, "checkpoints");
}

std::string checkpoint_path(const std::string& run_folder, int64_t step) {
  ISTHMUS_CHECK(step >= 0, "steps count from 0");
  return join_path(checkpoint_folder(run_folder), checkpoint_name(step));
}

std::vector<Generation> list_checkpoints(Fs& fs, const std::string& run_folder) {
  const std::string folder = checkpoint_folder(run_folder);
  std::vector<Generation> generations;
  for (const std::string& name : names_in(fs, folder)) {
    const int64_t step = step_of(name);
    if (step >= 0) generations.push_back({step, join_path(folder, name)});
  }
  std::sort(generations.begin(), generations.end(),
            [](const Generation& a, const Generation& b) { return a.step > b.step; });
  return generations;
}

void write_checkpoint(Fs& fs, const std::string& run_folder, int64_t step,
                      std::span<const std::byte> bytes, int keep) {
  ISTHMUS_CHECK(keep >= 1, "at least the new checkpoint is kept");
  fs.make_folders(checkpoint_folder(run_folder));
  fs.write_file(checkpoint_path(run_folder, step), bytes, Durability::kSynced);
  int kept = 0;
  for (const Generation& generation : list_checkpoints(fs, run_folder)) {
    const bool abandoned = generation.step > step;
    if (abandoned || kept >= keep) {
      fs.remove_file(generation.path);
    } else {
      ++kept;
    }
  }
}

LoadedCheckpoint load_newest_valid(Fs& fs, const std::string& run_folder, const Limits& limits,
                                   const SkippedCheckpoint& skipped,
                                   const std::function<void(const Container&)>& accept) {
  const std::vector<Generation> generations = list_checkpoints(fs, run_folder);
  for (const Generation& generation : generations) {
    try {
      Container container = load_container(fs, generation.path, limits);
      require_kind(container, "checkpoint");
      require_finite(container.tensors);
      if (accept) accept(container);
      return {generation, std::move(container)};
    } catch (Error& error) {
      error.in_file(generation.path);
      if (!may_fall_back(error.code())) throw;
      if (skipped) skipped(generation, error);
    }
  }
  throw Error(ErrorCode::kResumeNone,
              generations.empty()
                  ? "there are no checkpoints"
                  : "none of the " + std::to_string(generations.size()) + " checkpoints is usable",
              "train again with another -o, or give another run folder",
              {.file = checkpoint_folder(run_folder)});
}

int64_t temporary_owner(std::string_view name) {
  constexpr std::string_view kMark = ".tmp.";
  const size_t mark = name.rfind(kMark);
  if (!name.starts_with('.') || mark == std::string_view::npos || mark < 2) return 0;
  const std::string_view tail = name.substr(mark + kMark.size());
  const size_t dot = tail.find('.');
  if (dot == std::string_view::npos || dot + 1 == tail.size()) return 0;
  return std::max<int64_t>(parse_number(tail.substr(0, dot)), 0);
}

int remove_stale_temporaries(Fs& fs, const std::string& folder) {
  int removed = 0;
  for (const std::string& name : names_in(fs, folder)) {
    const int64_t owner = temporary_owner(name);
    if (owner <= 0 || (owner != getpid() && is_alive(owner))) continue;
    fs.remove_file(join_path(folder, name));
    ++removed;
  }
  return removed;
}

}  // namespace isthmus
