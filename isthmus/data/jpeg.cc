// SPDX-License-Identifier: Apache-2.0
// A walk over the markers of a JPEG file (ITU T.81 annex B, EXIF 2.3 for the orientation), then
// TurboJPEG. The only file that includes turbojpeg.h.
#include "isthmus/data/jpeg.h"

#include <turbojpeg.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace isthmus {
namespace {

constexpr uint8_t kStart = 0xD8, kEnd = 0xD9, kScan = 0xDA, kApp1 = 0xE1;
// Progressive files have about ten scans. Each costs a pass over all pixels.
constexpr int kMaxScans = 100;
constexpr int64_t kMaxPixelPasses = int64_t{1} << 30;

[[noreturn]] void fail(std::string_view what, std::string_view hint = {}) {
  throw Error(ErrorCode::kJpegCorrupt, "not a readable JPEG image: " + std::string(what),
              std::string(hint));
}

uint8_t at(std::span<const std::byte> bytes, size_t i) { return static_cast<uint8_t>(bytes[i]); }

/// The markers of a file, one after another, each with its segment.
class Markers {
 public:
  explicit Markers(std::span<const std::byte> bytes) : bytes_(bytes) {}

  /// False when the bytes end before the next marker or inside its segment.
  bool next() {
    if (!find_marker()) return false;
    segment_ = {};
    if (marker_ == kStart || marker_ == kEnd || marker_ == 0x01) return true;
    if (bytes_.size() - at_ < 2) return false;
    const size_t length = size_t{at(bytes_, at_)} << 8 | at(bytes_, at_ + 1);
    if (length < 2) fail("a segment of a negative length");
    if (bytes_.size() - at_ < length) return false;
    segment_ = bytes_.subspan(at_ + 2, length - 2);
    at_ += length;
    return true;
  }
  uint8_t marker() const { return marker_; }
  std::span<const std::byte> segment() const { return segment_; }

 private:
  /// Skips coded data and filling: 0xFF 0x00 is a value, 0xFF 0xD0 to 0xD7 restart a scan.
  bool find_marker() {
    for (; bytes_.size() - at_ >= 2; ++at_) {
      const uint8_t code = at(bytes_, at_ + 1);
      if (at(bytes_, at_) != 0xFF || code == 0 || code == 0xFF || (code >= 0xD0 && code <= 0xD7)) {
        continue;
      }
      marker_ = code;
      at_ += 2;
      return true;
    }
    return false;
  }
  std::span<const std::byte> bytes_;
  size_t at_ = 0;
  uint8_t marker_ = 0;
  std::span<const std::byte> segment_;
};

bool is_frame(uint8_t marker) {
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

uint64_t number(std::span<const std::byte> bytes, size_t from, size_t count, bool big) {
  uint64_t value = 0;
  for (size_t i = 0; i < count; ++i)
    value = value << 8 | at(bytes, from + (big ? i : count - 1 - i));
  return value;
}

/// The orientation in an EXIF segment; 1 if there is none that can be understood.
int exif_orientation(std::span<const std::byte> segment) {
  constexpr std::string_view kExif("Exif\0\0", 6);
  constexpr size_t kEntryBytes = 12, kOrientation = 0x0112, kShort = 3;
  const std::string_view text(reinterpret_cast<const char*>(segment.data()), segment.size());
  if (!text.starts_with(kExif)) return 1;
  const auto tiff = segment.subspan(kExif.size());
  if (tiff.size() < 8) return 1;
  const bool big = at(tiff, 0) == 'M';
  const uint64_t folder = number(tiff, 4, 4, big);
  if (folder > tiff.size() || tiff.size() - folder < 2) return 1;
  const uint64_t count = number(tiff, folder, 2, big);
  for (uint64_t i = 0; i < count; ++i) {
    const size_t entry = folder + 2 + i * kEntryBytes;
    if (tiff.size() < entry + kEntryBytes) return 1;
    if (number(tiff, entry, 2, big) != kOrientation || number(tiff, entry + 2, 2, big) != kShort) {
      continue;
    }
    const uint64_t value = number(tiff, entry + 8, 2, big);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

void read_frame(const Markers& markers, const Limits& limits, JpegHeader& header) {
  const auto frame = markers.segment();
  if (frame.size() < 6) fail("a frame header that is too short");
  const bool common =
      markers.marker() <= 0xC2 || markers.marker() == 0xC9 || markers.marker() == 0xCA;
  if (!common) fail("a lossless or hierarchical image", "save such images as PNG");
  if (at(frame, 0) != 8) fail("it has " + std::to_string(at(frame, 0)) + " bits a channel, not 8");
  header.height = static_cast<int64_t>(number(frame, 1, 2, true));
  header.width = static_cast<int64_t>(number(frame, 3, 2, true));
  const int channels = at(frame, 5);
  if (channels == 4) fail("four channels (CMYK)", "save CMYK images as RGB or grey");
  if (channels != 1 && channels != 3) fail(std::to_string(channels) + " channels");
  header.colour = channels == 3;
  if (header.width == 0 || header.height == 0) fail("a side of 0 pixels");
  const int64_t pixels = header.height * header.width;
  if (pixels <= limits.image_pixels) return;
  throw Error(ErrorCode::kOverLimit,
              "a JPEG image of " + item_shape_text({header.height, header.width}) +
                  " pixels, the limit is " + std::to_string(limits.image_pixels) + " pixels",
              "raise it with --set limits.image_pixels=N if the file is trusted");
}

/// Goes on to the first scan; false if the bytes end before it.
bool read_to_scan(Markers& markers, const Limits& limits, JpegHeader& header) {
  while (markers.next()) {
    if (markers.marker() == kScan) {
      if (header.width == 0) fail("a scan before the size of the image");
      return true;
    }
    if (markers.marker() == kEnd) fail("it has no pixels");
    if (markers.marker() == kApp1 && header.orientation == 1) {
      header.orientation = exif_orientation(markers.segment());
    }
    if (is_frame(markers.marker())) read_frame(markers, limits, header);
  }
  return false;
}

void require_whole(Markers& markers, const JpegHeader& header) {
  int64_t scans = 1;
  while (markers.next() && markers.marker() != kEnd) {
    if (is_frame(markers.marker())) fail("it has two frames");
    if (markers.marker() != kScan) continue;
    ++scans;
    if (scans <= kMaxScans && scans * header.height * header.width <= kMaxPixelPasses) continue;
    throw Error(ErrorCode::kOverLimit,
                "a JPEG image of " + item_shape_text({header.height, header.width}) +
                    " pixels with more than " + std::to_string(scans - 1) + " scans",
                "save it again without so many progressive scans");
  }
  if (markers.marker() != kEnd) fail("it is truncated");
}

struct Destroy {
  void operator()(void* decoder) const { tjDestroy(decoder); }
};

/// Pixels as stored; true if something had to be mended.
bool decode_stored(std::span<const std::byte> bytes, const JpegHeader& header, Tensor& pixels) {
  const std::unique_ptr<void, Destroy> decoder(tjInitDecompress());
  if (!decoder) throw Error(ErrorCode::kOutOfMemory, "no memory for a JPEG image");
  const int format = header.colour ? TJPF_RGB : TJPF_GRAY;
  const int status = tjDecompress2(
      decoder.get(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
      pixels.values<uint8_t>().data(), static_cast<int>(header.width), 0,
      static_cast<int>(header.height), format, TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS);
  if (status == 0) return false;
  const std::string_view reason = tjGetErrorStr2(decoder.get());
  const bool warning = tjGetErrorCode(decoder.get()) == TJERR_WARNING;
  if (!warning || reason.find("remature end") != reason.npos) fail(reason);
  return true;
}

/// Where pixel (y, x) of the upright image is in the stored one.
std::pair<int64_t, int64_t> source_of(int orientation, int64_t y, int64_t x, int64_t height,
                                      int64_t width) {
  switch (orientation) {
    case 2:
      return {y, width - 1 - x};
    case 3:
      return {height - 1 - y, width - 1 - x};
    case 4:
      return {height - 1 - y, x};
    case 5:
      return {x, y};
    case 6:
      return {height - 1 - x, y};
    case 7:
      return {height - 1 - x, width - 1 - y};
    case 8:
      return {x, width - 1 - y};
    default:
      return {y, x};
  }
}

Tensor upright(const Tensor& stored, const JpegHeader& header) {
  Shape shape = stored.shape();
  if (header.lies()) std::swap(shape[0], shape[1]);
  Tensor out(Dtype::kU8, shape);
  const int64_t channels = header.colour ? 3 : 1;
  const uint8_t* from = stored.values<uint8_t>().data();
  uint8_t* to = out.values<uint8_t>().data();
  for (int64_t y = 0; y < shape[0]; ++y) {
    for (int64_t x = 0; x < shape[1]; ++x, to += channels) {
      const auto [sy, sx] = source_of(header.orientation, y, x, header.height, header.width);
      std::copy_n(from + (sy * header.width + sx) * channels, channels, to);
    }
  }
  return out;
}

}  // namespace

bool looks_like_jpeg(std::span<const std::byte> head) {
  return head.size() >= 3 && at(head, 0) == 0xFF && at(head, 1) == kStart && at(head, 2) == 0xFF;
}

std::optional<JpegHeader> read_jpeg_header(std::span<const std::byte> bytes, const Limits& limits) {
  if (!looks_like_jpeg(bytes)) fail("it does not start like one");
  JpegHeader header;
  Markers markers(bytes);
  if (!read_to_scan(markers, limits, header)) return std::nullopt;
  return header;
}

JpegImage decode_jpeg(std::span<const std::byte> bytes, const Limits& limits) {
  if (!looks_like_jpeg(bytes)) fail("it does not start like one");
  JpegHeader header;
  Markers markers(bytes);
  if (!read_to_scan(markers, limits, header)) fail("it is truncated");
  require_whole(markers, header);
  Shape shape = {header.height, header.width};
  if (header.colour) shape.push_back(3);
  limits.require_data_bytes(checked_product(shape));
  JpegImage image{.pixels = Tensor(Dtype::kU8, shape)};
  image.doubtful = decode_stored(bytes, header, image.pixels);
  image.turned = header.orientation != 1;
  if (image.turned) image.pixels = upright(image.pixels, header);
  return image;
}

}  // namespace isthmus
