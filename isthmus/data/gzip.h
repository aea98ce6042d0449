// SPDX-License-Identifier: Apache-2.0
// Bytes of a file read front to back, plain or gzip, so that a parser does not care which.
//
// Nothing is unpacked before it is asked for: a parser reads a header, checks the declared size and
// then asks for exactly that much, so a gzip bomb costs no more than its declared size plus a byte.
// Several gzip members in a row are one stream, as gzip itself reads them.
//
//   ByteStream in(file);
//   auto header = in.read_up_to(16);
//   in.read_exact(pixels, "pixels");   // E3005 when the data end too early
//   in.expect_end();                   // E3006 when anything follows; checks the CRC, too
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "isthmus/base/fs.h"

namespace isthmus {

bool looks_like_gzip(std::span<const std::byte> head);

/// Borrows the file, or the stored bytes. Offsets count decoded bytes. Errors: E3005 truncated,
/// E3009 damaged or followed by bytes that are not a gzip member.
class ByteStream {
 public:
  explicit ByteStream(ReadFile& file);
  explicit ByteStream(std::span<const std::byte> stored);
  ~ByteStream();
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  /// Number of bytes read: fewer than asked only at the end.
  uint64_t read(std::span<std::byte> out);
  Bytes read_up_to(uint64_t count);
  /// E3005 naming `what` if the stream ends before `out` is full.
  void read_exact(std::span<std::byte> out, std::string_view what);
  /// E3006 if a byte follows.
  void expect_end();
  uint64_t offset() const { return offset_; }
  bool is_gzip() const { return member_ != nullptr; }
  /// No more than this many bytes can follow: exact for plain bytes, else from the greatest ratio
  /// of deflate (1032). A declared size above it is a lie and must not be allocated.
  uint64_t most_remaining() const;

 private:
  struct Member;
  uint64_t inflate_some(std::span<std::byte> out);
  bool begin_member();
  void open();
  /// The stored bytes that come next: at least `count`, if there are so many.
  std::span<const std::byte> ahead(size_t count);
  void consume(uint64_t count);
  std::optional<MemoryFile> memory_;
  ReadFile* file_;
  Bytes buffer_;         // stored bytes that were read from the file
  size_t at_ = 0;        // of them consumed
  uint64_t used_ = 0;    // stored bytes consumed
  uint64_t offset_ = 0;  // decoded bytes delivered
  std::unique_ptr<Member> member_;
};

/// The whole decoded content; E3004 if it is longer than `max_bytes`.
Bytes inflate_gzip(std::span<const std::byte> stored, uint64_t max_bytes);
/// One gzip member without name and time, so that the same bytes give the same file.
Bytes deflate_gzip(std::span<const std::byte> plain);

}  // namespace isthmus
