// SPDX-License-Identifier: Apache-2.0
// ByteStream over plain or gzip bytes, by zlib. It stands between the file's bytes and every
// parser. It is not a cache: what was read is gone.
#include "isthmus/data/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <string>

#include "isthmus/base/error.h"

namespace isthmus {
namespace {

constexpr uint64_t kGreatestDeflateRatio = 1032;
constexpr uint64_t kMaxPiece = uint64_t{1} << 30;  // zlib counts in 32 bits
constexpr size_t kGzipMagicBytes = 2;
constexpr size_t kBufferBytes = size_t{1} << 18;
constexpr int kGzipWindow = 15 + 16;  // 16: a gzip header and trailer are required

ErrorWhere at_offset(uint64_t offset) { return {.offset = static_cast<int64_t>(offset)}; }

}  // namespace

struct ByteStream::Member {
  z_stream z = {};
  bool ended = false;  // between members, or at the very end
  Member() {
    if (inflateInit2(&z, kGzipWindow) != Z_OK) {
      throw Error(ErrorCode::kOutOfMemory, "no memory to unpack a gzip file");
    }
  }
  ~Member() { inflateEnd(&z); }
};

bool looks_like_gzip(std::span<const std::byte> head) {
  return head.size() >= 2 && head[0] == std::byte{0x1f} && head[1] == std::byte{0x8b};
}

ByteStream::ByteStream(ReadFile& file) : file_(&file) { open(); }

ByteStream::ByteStream(std::span<const std::byte> stored)
    : memory_(MemoryFile(stored)), file_(&*memory_) {
  open();
}

ByteStream::~ByteStream() = default;

void ByteStream::open() {
  buffer_ = isthmus::read_up_to(*file_, kGzipMagicBytes);
  if (looks_like_gzip(buffer_)) member_ = std::make_unique<Member>();
}

std::span<const std::byte> ByteStream::ahead(size_t count) {
  if (buffer_.size() - at_ < count) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<ptrdiff_t>(at_));
    at_ = 0;
    const size_t have = buffer_.size();
    buffer_.resize(kBufferBytes);
    buffer_.resize(have + file_->read(std::span(buffer_).subspan(have)));
  }
  return std::span(buffer_).subspan(at_);
}

void ByteStream::consume(uint64_t count) {
  at_ += count;
  used_ += count;
}

bool ByteStream::begin_member() {
  const auto next = ahead(kGzipMagicBytes);
  if (next.empty()) return false;
  if (!looks_like_gzip(next)) {
    throw Error(ErrorCode::kCorruptFile,
                std::to_string(file_->bytes() - used_) +
                    " bytes follow the end of the gzip data, and they are not gzip",
                {}, at_offset(used_));
  }
  inflateReset(&member_->z);
  member_->ended = false;
  return true;
}

uint64_t ByteStream::inflate_some(std::span<std::byte> out) {
  if (member_->ended && !begin_member()) return 0;
  z_stream& z = member_->z;
  const auto next = ahead(1);
  const uint64_t room = std::min<uint64_t>(out.size(), kMaxPiece);
  z.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(next.data()));
  z.avail_in = static_cast<uInt>(next.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(room);
  const int status = inflate(&z, Z_NO_FLUSH);
  consume(next.size() - z.avail_in);
  if (status == Z_STREAM_END) {
    member_->ended = true;
  } else if (status == Z_BUF_ERROR && next.empty()) {
    throw Error(
        ErrorCode::kTruncated,
        "the gzip data end after " + std::to_string(used_) + " bytes in the middle of a member", {},
        at_offset(used_));
  } else if (status != Z_OK) {
    throw Error(ErrorCode::kCorruptFile,
                std::string("the gzip data are damaged: ") + (z.msg ? z.msg : "unknown reason"), {},
                at_offset(used_));
  }
  return room - z.avail_out;
}

uint64_t ByteStream::read(std::span<std::byte> out) {
  uint64_t done = 0;
  if (!member_) {
    const auto next = std::span(buffer_).subspan(at_);
    done = std::min(out.size(), next.size());
    std::copy_n(next.begin(), done, out.begin());
    at_ += done;
    done += file_->read(out.subspan(done));
    used_ += done;
  } else {
    while (done < out.size()) {
      if (member_->ended && ahead(1).empty()) break;
      done += inflate_some(out.subspan(done));
    }
  }
  offset_ += done;
  return done;
}

Bytes ByteStream::read_up_to(uint64_t count) {
  Bytes bytes(std::min(count, most_remaining()));
  bytes.resize(read(bytes));
  return bytes;
}

void ByteStream::read_exact(std::span<std::byte> out, std::string_view what) {
  const uint64_t start = offset_;
  const uint64_t done = read(out);
  if (done == out.size()) return;
  throw Error(ErrorCode::kTruncated,
              "the data end after " + std::to_string(done) + " of " + std::to_string(out.size()) +
                  " bytes of " + std::string(what),
              {}, at_offset(start + done));
}

void ByteStream::expect_end() {
  const uint64_t end = offset_;
  std::byte extra{};
  if (read({&extra, 1}) == 0) return;
  throw Error(ErrorCode::kSizesDisagree,
              member_ || file_->bytes() <= end ? "more data follow than the header declares"
                                               : std::to_string(file_->bytes() - end) +
                                                     " more bytes follow than the header declares",
              {}, at_offset(end));
}

uint64_t ByteStream::most_remaining() const {
  const uint64_t stored_left = file_->bytes() - std::min(used_, file_->bytes());
  if (!member_) return stored_left;
  uint64_t most = 0;
  // zlib keeps up to a window of decoded bytes back, so a consumed input may still give output.
  const bool wraps = __builtin_mul_overflow(stored_left, kGreatestDeflateRatio, &most) ||
                     __builtin_add_overflow(most, uint64_t{1} << 16, &most);
  return wraps ? UINT64_MAX : most;
}

Bytes inflate_gzip(std::span<const std::byte> stored, uint64_t max_bytes) {
  ByteStream in(stored);
  Bytes out;
  constexpr uint64_t kFirst = uint64_t{1} << 16;
  while (true) {
    const uint64_t old_size = out.size();
    const uint64_t room = max_bytes - old_size;
    const uint64_t step = std::min(std::max(kFirst, old_size), room);
    out.resize(old_size + step);
    const uint64_t got = in.read(std::span(out).subspan(old_size));
    out.resize(old_size + got);
    if (got < step) return out;
    std::byte extra{};
    if (out.size() == max_bytes) {
      if (in.read({&extra, 1}) == 0) return out;
      throw Error(ErrorCode::kOverLimit,
                  "unpacks to more than the limit of " + std::to_string(max_bytes) + " bytes");
    }
  }
}

Bytes deflate_gzip(std::span<const std::byte> plain) {
  ISTHMUS_CHECK(plain.size() < kMaxPiece, "deflate_gzip takes less than 1 GiB");
  z_stream z = {};
  const int level = 6, memory = 8;
  if (deflateInit2(&z, level, Z_DEFLATED, kGzipWindow, memory, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw Error(ErrorCode::kOutOfMemory, "no memory to pack a gzip file");
  }
  Bytes out(deflateBound(&z, static_cast<uLong>(plain.size())) + 32);
  z.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(plain.data()));
  z.avail_in = static_cast<uInt>(plain.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  const int status = deflate(&z, Z_FINISH);
  out.resize(out.size() - z.avail_out);
  deflateEnd(&z);
  ISTHMUS_CHECK(status == Z_STREAM_END, "deflate has room for everything");
  return out;
}

}  // namespace isthmus
