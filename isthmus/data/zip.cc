// SPDX-License-Identifier: Apache-2.0
// Zip archives (PKWARE APPNOTE 6.3): end record, central directory, local headers, all of which
// must tell the same. What is in the entries is formats/npz.cc.
#include "isthmus/data/zip.h"

#include <zlib.h>

#include <algorithm>
#include <string_view>
#include <unordered_set>

#include "isthmus/base/error.h"

namespace isthmus {
namespace {

constexpr uint32_t kLocalMagic = 0x04034b50, kCentralMagic = 0x02014b50, kEndMagic = 0x06054b50;
constexpr size_t kLocalBytes = 30, kCentralBytes = 46, kEndBytes = 22, kMaxComment = 0xFFFF;
constexpr uint32_t kIn64Bits = 0xFFFFFFFF;
constexpr uint16_t kEncrypted = 1, kSizesFollow = 8, kStrongEncryption = 64, kMaskedHeader = 0x2000;
constexpr uint16_t kZip64Field = 1;
constexpr uint64_t kGreatestDeflateRatio = 1032;

[[noreturn]] void fail(const std::string& what, uint64_t offset, const std::string& hint = {}) {
  throw Error(ErrorCode::kNpzArchive, what, hint, {.offset = static_cast<int64_t>(offset)});
}

/// Little-endian numbers of a record whose bounds were checked.
class Record {
 public:
  Record(std::span<const std::byte> archive, uint64_t offset, size_t bytes)
      : bytes_(archive.subspan(offset, bytes)) {}
  uint64_t number(size_t at, size_t count) const {
    uint64_t value = 0;
    for (size_t i = count; i-- > 0;) value = value << 8 | static_cast<uint64_t>(bytes_[at + i]);
    return value;
  }
  uint32_t u32(size_t at) const { return static_cast<uint32_t>(number(at, 4)); }
  uint16_t u16(size_t at) const { return static_cast<uint16_t>(number(at, 2)); }

 private:
  std::span<const std::byte> bytes_;
};

struct Directory {
  uint64_t offset = 0, bytes = 0;
  size_t count = 0;
};

Directory read_end(std::span<const std::byte> archive) {
  if (archive.size() < kEndBytes) fail("a zip archive without its end", archive.size());
  const uint64_t last = archive.size() - kEndBytes;
  const uint64_t first = last - std::min<uint64_t>(last, kMaxComment);
  for (uint64_t at = last + 1; at-- > first;) {
    const Record end(archive, at, kEndBytes);
    if (end.u32(0) != kEndMagic || end.u16(20) != last - at) continue;
    if (end.u16(4) != 0 || end.u16(6) != 0 || end.u16(8) != end.u16(10)) {
      fail("a zip archive in several parts", at);
    }
    const Directory directory{end.u32(16), end.u32(12), end.u16(10)};
    if (directory.offset == kIn64Bits || directory.bytes == kIn64Bits ||
        directory.count == 0xFFFF) {
      fail("a ZIP64 archive", at, "save arrays of more than 4 GiB as .npy: numpy.save");
    }
    if (directory.count > kMaxZipEntries) {
      fail("a zip archive of " + std::to_string(directory.count) + " entries; at most " +
               std::to_string(kMaxZipEntries) + " are read",
           at);
    }
    if (directory.offset + directory.bytes != at) {
      fail("the directory of the zip archive does not end where the end record starts", at,
           "the file may have been cut or joined: copy it again");
    }
    return directory;
  }
  fail("a zip archive without its end: it is truncated, or bytes follow", archive.size(),
       "copy or download the file again");
}

/// Sizes in a local header may stand in its ZIP64 field, as numpy writes them.
bool sizes_agree(const Record& local, std::span<const std::byte> extra, uint64_t packed,
                 uint64_t bytes) {
  if (local.u32(18) == packed && local.u32(22) == bytes) return true;
  if (local.u32(18) != kIn64Bits || local.u32(22) != kIn64Bits) return false;
  for (size_t at = 0; extra.size() - at >= 4;) {
    const Record field(extra, at, 4);
    const size_t size = field.u16(2);
    if (extra.size() - at - 4 < size) return false;
    if (field.u16(0) == kZip64Field) {
      if (size < 16) return false;
      const Record sizes(extra, at + 4, 16);
      return sizes.number(0, 8) == bytes && sizes.number(8, 8) == packed;
    }
    at += 4 + size;
  }
  return false;
}

class DirectoryReader {
 public:
  explicit DirectoryReader(std::span<const std::byte> archive)
      : archive_(archive), directory_(read_end(archive)), at_(directory_.offset) {}

  std::vector<ZipEntry> read() {
    std::vector<ZipEntry> entries;
    for (size_t i = 0; i < directory_.count; ++i) entries.push_back(next());
    if (at_ != directory_.offset + directory_.bytes)
      fail("the zip directory has more entries", at_);
    require_apart();
    return entries;
  }

 private:
  std::string_view text(uint64_t offset, size_t bytes) const {
    return {reinterpret_cast<const char*>(archive_.data()) + offset, bytes};
  }
  ZipEntry next() {
    const uint64_t end = directory_.offset + directory_.bytes;
    if (end - at_ < kCentralBytes) fail("the zip directory ends inside an entry", at_);
    const Record record(archive_, at_, kCentralBytes);
    if (record.u32(0) != kCentralMagic) fail("the zip directory is damaged", at_);
    const size_t name = record.u16(28);
    const uint64_t length = kCentralBytes + name + record.u16(30) + record.u16(32);
    if (end - at_ < length) fail("the zip directory ends inside an entry", at_);
    ZipEntry entry;
    entry.name = text(at_ + kCentralBytes, name);
    if (!names_.insert(entry.name).second) {
      fail("two entries of the zip archive are named \"" + escape_for_terminal(entry.name) + "\"",
           at_);
    }
    require_plain(record);
    entry.deflated = record.u16(10) != 0;
    entry.crc = record.u32(16);
    entry.bytes = record.u32(24);
    read_local(record, entry);
    at_ += length;
    return entry;
  }
  void require_plain(const Record& record) const {
    if ((record.u16(8) & (kEncrypted | kStrongEncryption | kMaskedHeader)) != 0) {
      fail("an encrypted zip archive", at_, "unpack it first");
    }
    if (record.u16(10) != 0 && record.u16(10) != 8) {
      fail("compression method " + std::to_string(record.u16(10)) + " of a zip archive", at_,
           "numpy.savez and numpy.savez_compressed write what is read");
    }
    if (record.u32(20) == kIn64Bits || record.u32(24) == kIn64Bits || record.u32(42) == kIn64Bits) {
      fail("a ZIP64 entry", at_, "save arrays of more than 4 GiB as .npy: numpy.save");
    }
    if (record.u16(34) != 0) fail("a zip archive in several parts", at_);
  }
  void read_local(const Record& record, ZipEntry& entry) {
    const uint64_t offset = record.u32(42), packed = record.u32(20);
    if (offset > directory_.offset || directory_.offset - offset < kLocalBytes) {
      fail("a zip entry outside of the file", at_);
    }
    const Record local(archive_, offset, kLocalBytes);
    const size_t name = local.u16(26), extra = local.u16(28);
    const uint64_t start = offset + kLocalBytes + name + extra;
    if (local.u32(0) != kLocalMagic || start > directory_.offset ||
        directory_.offset - start < packed) {
      fail("a zip entry is damaged or reaches beyond the entries", offset);
    }
    const bool follow = (local.u16(6) & kSizesFollow) != 0;
    const auto fields = archive_.subspan(offset + kLocalBytes + name, extra);
    const bool same =
        text(offset + kLocalBytes, name) == entry.name && local.u16(8) == record.u16(10) &&
        local.u16(6) == record.u16(8) &&
        (follow || (local.u32(14) == entry.crc && sizes_agree(local, fields, packed, entry.bytes)));
    if (!same) fail("a zip entry and the directory disagree", offset);
    if (!entry.deflated && packed != entry.bytes) fail("a stored zip entry of two sizes", offset);
    if (entry.bytes / kGreatestDeflateRatio > packed) {
      fail("a zip entry that claims to unpack to " + std::to_string(entry.bytes) + " bytes from " +
               std::to_string(packed),
           offset);
    }
    entry.stored = archive_.subspan(start, packed);
    places_.emplace_back(offset, start + packed);
  }
  void require_apart() {
    std::sort(places_.begin(), places_.end());
    for (size_t i = 1; i < places_.size(); ++i) {
      if (places_[i].first < places_[i - 1].second) fail("zip entries overlap", places_[i].first);
    }
  }

  std::span<const std::byte> archive_;
  Directory directory_;
  uint64_t at_;
  std::unordered_set<std::string> names_;
  std::vector<std::pair<uint64_t, uint64_t>> places_;  // begin and end of each entry
};

class EntryFile : public ReadFile {
 public:
  explicit EntryFile(const ZipEntry& entry) : entry_(entry) {
    if (!entry.deflated) return;
    if (inflateInit2(&z_, -MAX_WBITS) != Z_OK) {
      throw Error(ErrorCode::kOutOfMemory, "no memory to unpack a zip entry");
    }
    z_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(entry.stored.data()));
    z_.avail_in = static_cast<uInt>(entry.stored.size());  // less than 4 GiB: no ZIP64
  }
  ~EntryFile() override {
    if (entry_.deflated) inflateEnd(&z_);
  }
  EntryFile(const EntryFile&) = delete;
  EntryFile& operator=(const EntryFile&) = delete;

  uint64_t bytes() const override { return entry_.bytes; }
  size_t read(std::span<std::byte> out) override {
    const size_t count = static_cast<size_t>(std::min<uint64_t>(out.size(), entry_.bytes - done_));
    if (entry_.deflated) {
      inflate_exactly(out.first(count));
    } else {
      std::copy_n(entry_.stored.begin() + static_cast<ptrdiff_t>(done_), count, out.begin());
    }
    crc_ = crc32_z(crc_, reinterpret_cast<const Bytef*>(out.data()), count);
    done_ += count;
    if (done_ == entry_.bytes && count > 0) require_end();
    return count;
  }

 private:
  [[noreturn]] void fail_entry(const std::string& what) const {
    throw Error(ErrorCode::kNpzArchive,
                "the entry \"" + escape_for_terminal(entry_.name) + "\" is damaged: " + what,
                "copy or download the file again");
  }
  void require_end() {
    if (crc_ != entry_.crc) fail_entry("its checksum is wrong");
    if (!entry_.deflated || ended_) return;
    Bytef extra = 0;
    z_.next_out = &extra;
    z_.avail_out = 1;
    if (inflate(&z_, Z_NO_FLUSH) != Z_STREAM_END || z_.avail_out == 0) {
      fail_entry("it is longer than declared");
    }
  }
  void inflate_exactly(std::span<std::byte> out) {
    z_.next_out = reinterpret_cast<Bytef*>(out.data());
    size_t left = out.size();
    while (left > 0) {
      const auto room = static_cast<uInt>(std::min<size_t>(left, size_t{1} << 30));
      z_.avail_out = room;
      const int status = inflate(&z_, Z_NO_FLUSH);
      left -= room - z_.avail_out;
      ended_ = status == Z_STREAM_END;
      if (ended_ && left == 0) return;
      if (status != Z_OK) fail_entry(z_.msg != nullptr ? z_.msg : "it ends too early");
    }
  }
  ZipEntry entry_;
  z_stream z_ = {};
  uint64_t done_ = 0;
  uLong crc_ = 0;
  bool ended_ = false;  // the deflated data
};

}  // namespace

std::vector<ZipEntry> read_zip_directory(std::span<const std::byte> archive, const Limits& limits) {
  std::vector<ZipEntry> entries = DirectoryReader(archive).read();
  CheckedU64 all = 0;
  for (const ZipEntry& entry : entries) all = all + entry.bytes;
  limits.require_data_bytes(all);
  return entries;
}

std::unique_ptr<ReadFile> open_zip_entry(const ZipEntry& entry) {
  return std::make_unique<EntryFile>(entry);
}

}  // namespace isthmus
