// SPDX-License-Identifier: Apache-2.0
// How files of data are opened. What they hold is told by formats.cc.
#include "isthmus/data/source_file.h"

#include <utility>

#include "isthmus/data/formats.h"

namespace isthmus {
namespace {

/// Bytes that were read already, and what follows them.
class JoinedFile : public ReadFile {
 public:
  JoinedFile(std::span<const std::byte> start, std::unique_ptr<ReadFile> rest)
      : start_(start), rest_(std::move(rest)) {}
  uint64_t bytes() const override { return rest_->bytes(); }
  size_t read(std::span<std::byte> out) override {
    const size_t first = start_.read(out);
    return first + rest_->read(out.subspan(first));
  }

 private:
  MemoryFile start_;
  std::unique_ptr<ReadFile> rest_;
};

}  // namespace

SourceFile::SourceFile(Fs& fs, const std::string& path, const Limits& limits)
    : limits_(limits), rest_(fs.open_read_within(path, limits.data_bytes.bytes)) {
  sized_ = rest_->bytes() > 0;
  start_ = read_up_to(*rest_, kSniffedBytes);
}

std::unique_ptr<ReadFile> SourceFile::take() {
  ISTHMUS_CHECK(rest_ != nullptr, "a file is taken once");
  if (sized_) return std::make_unique<JoinedFile>(start_, std::move(rest_));
  const uint64_t most = limits_.readable_bytes();
  if (start_.size() == kSniffedBytes) {
    const Bytes more = read_up_to(*rest_, most - std::min<uint64_t>(most, start_.size()) + 1);
    start_.insert(start_.end(), more.begin(), more.end());
  }
  rest_.reset();
  limits_.require_data_bytes(start_.size());
  return std::make_unique<MemoryFile>(start_);
}

}  // namespace isthmus
