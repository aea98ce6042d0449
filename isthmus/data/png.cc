// SPDX-License-Identifier: Apache-2.0
// libspng behind a narrow door: all its limits set, checksums enforced. The
// only file that includes spng.h. Folders of images are read in image_folder.cc.
#include "isthmus/data/png.h"

#include <spng.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>
#include <memory>
#include <vector>

#include "isthmus/base/byte_cursor.h"

namespace isthmus {
namespace {

constexpr std::array<uint8_t, 8> kMagic = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
constexpr uint32_t kHeaderLength = 13;
constexpr uint32_t kHeaderType = 0x49484452;  // "IHDR"
constexpr uint32_t kEndType = 0x49454E44;     // "IEND"
constexpr int kCompressionLevel = 6;
// Text, profiles and the like are read past, never needed; together they may take this much.
constexpr uint64_t kCacheChunks = 4;

struct FreeContext {
  void operator()(spng_ctx* context) const { spng_ctx_free(context); }
};
using Context = std::unique_ptr<spng_ctx, FreeContext>;

[[noreturn]] void fail_corrupt(std::string_view what) {
  throw Error(ErrorCode::kPngCorrupt, "not a readable PNG image: " + std::string(what));
}

void require_ok(int status) {
  if (status == SPNG_OK) return;
  if (status == SPNG_EMEM) throw Error(ErrorCode::kOutOfMemory, "no memory for a PNG image");
  if (status == SPNG_EUSER_WIDTH || status == SPNG_EUSER_HEIGHT || status == SPNG_ECHUNK_LIMITS) {
    throw Error(ErrorCode::kOverLimit,
                std::string("a PNG image over the limits: ") + spng_strerror(status),
                "raise limits.image_pixels or limits.png_chunk_bytes if the file is trusted");
  }
  fail_corrupt(spng_strerror(status));
}

Context open_context(std::span<const std::byte> bytes, const PngHeader& header,
                     const Limits& limits) {
  Context context(spng_ctx_new(0));
  if (!context) throw Error(ErrorCode::kOutOfMemory, "no memory for a PNG image");
  require_ok(spng_set_image_limits(context.get(), static_cast<uint32_t>(header.width),
                                   static_cast<uint32_t>(header.height)));
  const size_t chunk = limits.png_chunk_bytes.bytes;
  require_ok(spng_set_chunk_limits(context.get(), chunk, chunk * kCacheChunks));
  require_ok(spng_set_crc_action(context.get(), SPNG_CRC_ERROR, SPNG_CRC_ERROR));
  require_ok(spng_set_png_buffer(context.get(), bytes.data(), bytes.size()));
  return context;
}

bool has_transparent_colour(spng_ctx* context) {
  spng_trns ignored = {};
  return spng_get_trns(context, &ignored) == SPNG_OK;
}

/// An image without alpha. 16 bits come in the channels of the file.
void decode_opaque(spng_ctx* context, const PngHeader& header, Tensor& pixels) {
  if (pixels.dtype() == Dtype::kU8) {
    const int format = header.colour ? SPNG_FMT_RGB8 : SPNG_FMT_G8;
    return require_ok(spng_decode_image(context, pixels.data(), pixels.num_bytes(), format, 0));
  }
  std::vector<uint16_t> raw(static_cast<size_t>(pixels.num_values()));
  require_ok(
      spng_decode_image(context, raw.data(), raw.size() * sizeof(uint16_t), SPNG_FMT_PNG, 0));
  std::copy(raw.begin(), raw.end(), pixels.values<float>().begin());
}

/// A level with this opacity, laid over white.
template <class Level>
Level level_over_white(uint64_t level, uint64_t alpha) {
  constexpr uint64_t kOpaque = std::numeric_limits<Level>::max();
  return static_cast<Level>((level * alpha + kOpaque * (kOpaque - alpha) + kOpaque / 2) / kOpaque);
}

/// Decodes to four channels of `Level`, lays the colours over white. Grey has three equal channels.
/// False if everything was opaque.
template <class Level, class Out>
bool decode_over_white(spng_ctx* context, int format, size_t channels, std::span<Out> out) {
  constexpr size_t kStored = 4;
  std::vector<Level> raw(out.size() / channels * kStored);
  require_ok(
      spng_decode_image(context, raw.data(), raw.size() * sizeof(Level), format, SPNG_DECODE_TRNS));
  bool opaque = true;
  for (size_t i = 0; i < out.size(); ++i) {
    const Level* pixel = raw.data() + i / channels * kStored;
    const Level alpha = pixel[kStored - 1];
    out[i] = static_cast<Out>(level_over_white<Level>(pixel[i % channels], alpha));
    opaque &= alpha == std::numeric_limits<Level>::max();
  }
  return !opaque;
}

/// The entries of the palette, laid over white, with the opacity that they had.
std::vector<spng_plte_entry> palette_of(spng_ctx* context) {
  spng_plte colours = {};
  spng_trns opacity = {};
  require_ok(spng_get_plte(context, &colours));
  const int status = spng_get_trns(context, &opacity);
  if (status != SPNG_ECHUNKAVAIL) require_ok(status);
  std::vector<spng_plte_entry> entries(colours.entries, colours.entries + colours.n_entries);
  for (size_t i = 0; i < entries.size(); ++i) {
    spng_plte_entry& entry = entries[i];
    entry.alpha = i < opacity.n_type3_entries ? opacity.type3_alpha[i] : UINT8_MAX;
    for (uint8_t* level : {&entry.red, &entry.green, &entry.blue}) {
      *level = level_over_white<uint8_t>(*level, entry.alpha);
    }
  }
  return entries;
}

/// An image of indices into a palette, laid over white. libspng would show indices beyond the
/// palette as black. False if everything was opaque.
bool decode_indexed(spng_ctx* context, const PngHeader& header, std::span<uint8_t> out) {
  size_t size = 0;
  require_ok(spng_decoded_image_size(context, SPNG_FMT_RAW, &size));
  std::vector<uint8_t> packed(size);
  require_ok(spng_decode_image(context, packed.data(), packed.size(), SPNG_FMT_RAW, 0));
  const std::vector<spng_plte_entry> palette = palette_of(context);
  constexpr size_t kByteBits = 8;
  const auto width = static_cast<size_t>(header.width), height = static_cast<size_t>(header.height);
  const auto bits = static_cast<size_t>(header.bit_depth);
  const size_t row_bytes = packed.size() / height;
  bool opaque = true;
  for (size_t i = 0; i < width * height; ++i) {
    const size_t bit = i % width * bits;
    const unsigned byte = packed[i / width * row_bytes + bit / kByteBits];
    const unsigned index = byte >> (kByteBits - bits - bit % kByteBits) & ((1u << bits) - 1);
    if (index >= palette.size()) {
      fail_corrupt("the pixel in row " + std::to_string(i / width) + ", column " +
                   std::to_string(i % width) + " has index " + std::to_string(index) +
                   ", its palette has " + std::to_string(palette.size()) +
                   (palette.size() == 1 ? " entry" : " entries"));
    }
    const spng_plte_entry& entry = palette[index];
    std::ranges::copy(std::array{entry.red, entry.green, entry.blue}, out.begin() + 3 * i);
    opaque &= entry.alpha == UINT8_MAX;
  }
  return !opaque;
}

/// libspng forgives an end chunk without its checksum, the mark of a file cut by four bytes.
void require_whole_end(std::span<const std::byte> bytes) {
  constexpr uint64_t kFrameBytes = 12;  // length, type and checksum of a chunk
  uint64_t at = kMagic.size();
  while (bytes.size() - at >= kFrameBytes) {
    ByteCursor in(bytes.subspan(at));
    const uint64_t length = in.be32();
    const bool is_end = in.be32() == kEndType;
    if (length > bytes.size() - at - kFrameBytes) break;
    if (is_end) return;
    at += kFrameBytes + length;
  }
  fail_corrupt("it is truncated inside its last chunk");
}

}  // namespace

bool looks_like_png(std::span<const std::byte> head) {
  if (head.size() < kMagic.size()) return false;
  for (size_t i = 0; i < kMagic.size(); ++i) {
    if (head[i] != static_cast<std::byte>(kMagic[i])) return false;
  }
  return true;
}

PngHeader read_png_header(std::span<const std::byte> bytes, const Limits& limits) {
  if (!looks_like_png(bytes)) fail_corrupt("it does not start like one");
  if (bytes.size() < kPngHeaderBytes) fail_corrupt("it ends inside its header");
  ByteCursor in(bytes.subspan(kMagic.size()));
  if (in.be32() != kHeaderLength || in.be32() != kHeaderType) fail_corrupt("no header chunk");
  PngHeader header;
  header.width = in.be32();
  header.height = in.be32();
  header.bit_depth = in.u8();
  const int type = in.u8();
  in.take(3);  // compression, filter, interlace: libspng looks at them
  constexpr size_t kTypeOffset = 12, kChecked = 17;
  const auto checksum = crc32(0, reinterpret_cast<const Bytef*>(bytes.data()) + kTypeOffset,
                              static_cast<uInt>(kChecked));
  if (in.be32() != checksum) fail_corrupt("the checksum of its header is wrong");
  constexpr int kPaletteBit = 1, kColourBit = 2, kAlphaBit = 4;
  if (type > 6 || type == 1 || type == 5) {
    fail_corrupt("colour type " + std::to_string(type) + " does not exist");
  }
  header.colour = (type & (kColourBit | kPaletteBit)) != 0;
  header.indexed = (type & kPaletteBit) != 0;
  header.alpha = (type & kAlphaBit) != 0;
  if (header.indexed && header.bit_depth > 8) {
    fail_corrupt("a palette has no indices of " + std::to_string(header.bit_depth) + " bits");
  }
  if (header.width == 0 || header.height == 0) fail_corrupt("a side of 0 pixels");
  const uint64_t pixels =
      (CheckedU64(static_cast<uint64_t>(header.width)) * static_cast<uint64_t>(header.height))
          .value();
  if (pixels > static_cast<uint64_t>(limits.image_pixels)) {
    throw Error(ErrorCode::kOverLimit,
                "a PNG image of " + std::to_string(header.height) + "x" +
                    std::to_string(header.width) + " pixels, the limit is " +
                    std::to_string(limits.image_pixels) + " pixels",
                "raise it with --set limits.image_pixels=N if the file is trusted");
  }
  return header;
}

PngImage decode_png(std::span<const std::byte> bytes, const Limits& limits) {
  const PngHeader header = read_png_header(bytes, limits);
  Shape shape = {header.height, header.width};
  if (header.colour) shape.push_back(3);
  const bool deep = header.bit_depth == 16;
  limits.require_data_bytes(checked_product(shape) * (deep ? sizeof(float) : 1));
  const Context context = open_context(bytes, header, limits);
  PngImage image{.pixels = Tensor(deep ? Dtype::kF32 : Dtype::kU8, shape)};
  const size_t channels = header.colour ? 3 : 1;
  if (header.indexed) {
    image.over_white = decode_indexed(context.get(), header, image.pixels.values<uint8_t>());
  } else if (!header.alpha && !has_transparent_colour(context.get())) {
    decode_opaque(context.get(), header, image.pixels);
  } else if (deep) {
    image.over_white = decode_over_white<uint16_t>(context.get(), SPNG_FMT_RGBA16, channels,
                                                   image.pixels.values<float>());
  } else {
    image.over_white = decode_over_white<uint8_t>(context.get(), SPNG_FMT_RGBA8, channels,
                                                  image.pixels.values<uint8_t>());
  }
  // Reads to the end: a file cut off after the last pixel is damaged, too.
  require_ok(spng_decode_chunks(context.get()));
  require_whole_end(bytes);
  return image;
}

Bytes encode_png(const Tensor& pixels) {
  const Shape& shape = pixels.shape();
  const bool colour = shape.size() == 3 && shape[2] == 3;
  ISTHMUS_CHECK(colour || shape.size() == 2 || (shape.size() == 3 && shape[2] == 1),
                "a picture is (H, W), (H, W, 1) or (H, W, 3)");
  const bool deep = pixels.dtype() == Dtype::kF32;
  ISTHMUS_CHECK((deep || pixels.dtype() == Dtype::kU8) && pixels.num_values() > 0,
                "a picture has bytes, or numbers of 16 bits");
  std::vector<uint16_t> numbers;
  if (deep) {
    const auto values = pixels.values<float>();
    numbers.assign(values.begin(), values.end());
  }
  const Context context(spng_ctx_new(SPNG_CTX_ENCODER));
  if (!context) throw Error(ErrorCode::kOutOfMemory, "no memory for a PNG image");
  spng_ihdr header = {};
  header.height = static_cast<uint32_t>(shape[0]);
  header.width = static_cast<uint32_t>(shape[1]);
  header.bit_depth = deep ? 16 : 8;
  header.color_type = colour ? SPNG_COLOR_TYPE_TRUECOLOR : SPNG_COLOR_TYPE_GRAYSCALE;
  require_ok(spng_set_ihdr(context.get(), &header));
  require_ok(spng_set_option(context.get(), SPNG_ENCODE_TO_BUFFER, 1));
  require_ok(spng_set_option(context.get(), SPNG_IMG_COMPRESSION_LEVEL, kCompressionLevel));
  const auto raw = deep ? std::as_bytes(std::span(numbers))
                        : std::span(pixels.data(), static_cast<size_t>(pixels.num_bytes()));
  require_ok(
      spng_encode_image(context.get(), raw.data(), raw.size(), SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE));
  size_t size = 0;
  int status = 0;
  const std::unique_ptr<void, decltype(&std::free)> buffer(
      spng_get_png_buffer(context.get(), &size, &status), &std::free);
  require_ok(status);
  const auto* first = static_cast<const std::byte*>(buffer.get());
  return Bytes(first, first + size);
}

}  // namespace isthmus
