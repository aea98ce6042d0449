// SPDX-License-Identifier: Apache-2.0
// A strict reader of zip archives, as much as NPZ needs. Names are keys and never paths.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "isthmus/base/fs.h"
#include "isthmus/base/limits.h"

namespace isthmus {

inline constexpr size_t kMaxZipEntries = 1024;

struct ZipEntry {
  std::string name;  // raw bytes
  bool deflated = false;
  uint32_t crc = 0;
  uint64_t bytes = 0;                 // unpacked
  std::span<const std::byte> stored;  // in the archive
};

/// The entries of an archive that is in memory as a whole, in the order of its directory.
/// Errors: E3211 for anything that is not plainly right: an end that is not the end of the file,
/// more than one disk, ZIP64, more than kMaxZipEntries, encryption, methods other than stored and
/// deflate, doubled names, entries that overlap or disagree with the directory, sizes that deflate
/// cannot reach. E3004 or E5201 when all entries together are above the limits.
std::vector<ZipEntry> read_zip_directory(std::span<const std::byte> archive, const Limits& limits);

/// An entry's content front to back. Reading fails with E3211 if it is damaged or of another size;
/// the checksum is compared when the last byte has been read.
std::unique_ptr<ReadFile> open_zip_entry(const ZipEntry& entry);

}  // namespace isthmus
