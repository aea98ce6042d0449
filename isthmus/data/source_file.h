// SPDX-License-Identifier: Apache-2.0
// One file of data: looked at first, then parsed while it is read.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "isthmus/base/fs.h"
#include "isthmus/base/limits.h"

namespace isthmus {

/// A regular file is never in memory as a whole. What has no size, such as a pipe, can be read only
/// once and is kept, up to limits.readable_bytes(); a device that never ends is refused by its
/// beginning, before more of it is read.
class SourceFile {
 public:
  /// Errors: E3001, E3002, E3004 for a regular file above limits.data_bytes.
  SourceFile(Fs& fs, const std::string& path, const Limits& limits);
  /// The first kSniffedBytes (formats.h), or all.
  std::span<const std::byte> start() const { return start_; }
  /// The whole file from its beginning; may be called once. E5201, E3004 for a pipe above the
  /// limits.
  std::unique_ptr<ReadFile> take();

 private:
  const Limits& limits_;
  std::unique_ptr<ReadFile> rest_;
  bool sized_ = false;
  Bytes start_;
};

}  // namespace isthmus
