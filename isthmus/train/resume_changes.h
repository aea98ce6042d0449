// SPDX-License-Identifier: Apache-2.0
// What has changed around a run since it was last computed: the program, its libraries, the
// processor, the number of threads. Told to the user of a resumed run; it decides nothing.
#pragma once

#include <string>

#include "isthmus/base/fs.h"
#include "isthmus/base/json.h"
#include "isthmus/exec/executor.h"

namespace isthmus {

struct ChangesSinceCheckpoint {
  bool arithmetic = false;  // the fingerprint is another one
  std::string parts;        // "isthmus 0.1.0 -> 0.2.0, compiler 12 -> 13"; may change bits
  std::string threads;      // "threads 2 -> 1"; changes none
};

/// Compares with the folder's run.json, as far as there is one that can be read, and with the
/// `arithmetic` fingerprint of the checkpoint.
ChangesSinceCheckpoint changes_since_checkpoint(Fs& fs, const std::string& run,
                                                const DeviceInfo& device,
                                                const std::string& arithmetic);

/// "arithmetic unchanged, threads 2 -> 1 (the same bits)"
std::string note_of(const ChangesSinceCheckpoint& changes);
/// The text of warning W4402; empty when bits stay the same.
std::string warning_of(const ChangesSinceCheckpoint& changes);

}  // namespace isthmus
