// SPDX-License-Identifier: Apache-2.0
// The checkpoints of a run folder: checkpoints/step-000004310.safetensors, the newest `keep` of
// them. The folder is the only truth: no pointer file, no list.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "isthmus/base/fs.h"
#include "isthmus/base/limits.h"
#include "isthmus/checkpoint/safetensors.h"

namespace isthmus {

struct Generation {
  int64_t step = 0;
  std::string path;
};

/// run/checkpoints
std::string checkpoint_folder(const std::string& run_folder);
/// run/checkpoints/step-000004310.safetensors
std::string checkpoint_path(const std::string& run_folder, int64_t step);

/// Newest first. Other names in the folder are ignored; no folder means no checkpoints.
std::vector<Generation> list_checkpoints(Fs& fs, const std::string& run_folder);

/// Makes the checkpoint of `step` durable and only then removes those that are no longer needed:
/// all but the newest `keep`, and those of later steps, which a rollback has left behind. When it
/// returns, the checkpoint may be announced. On an error nothing old was touched (E50xx, E51xx).
void write_checkpoint(Fs& fs, const std::string& run_folder, int64_t step,
                      std::span<const std::byte> bytes, int keep);

struct LoadedCheckpoint {
  Generation generation;
  Container container;  // kind = checkpoint, all values finite
};
/// Why a generation was passed over.
using SkippedCheckpoint = std::function<void(const Generation&, const Error&)>;
/// The newest generation that passes all checks of this room and `accept` (which throws Error to
/// refuse: configuration, tensor set). E4401 when there is none. Errors of the machine (E5xxx) and
/// of a newer version (E43xx) are not passed over but thrown.
LoadedCheckpoint load_newest_valid(Fs& fs, const std::string& run_folder, const Limits& limits,
                                   const SkippedCheckpoint& skipped,
                                   const std::function<void(const Container&)>& accept = {});

/// Removes temporary files of Fs::write_file whose process is dead; returns how many. Call it at
/// start, with the folder locked and before anything is written: then a temporary of this very
/// process number is left over, too.
int remove_stale_temporaries(Fs& fs, const std::string& folder);
/// The process number in `.<name>.tmp.<pid>.<random>`; 0 for any other name.
int64_t temporary_owner(std::string_view name);

}  // namespace isthmus
