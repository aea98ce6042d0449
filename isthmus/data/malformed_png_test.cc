// SPDX-License-Identifier: Apache-2.0
// Malformed PNG images, built chunk by chunk so that only the named thing is wrong: checksums are
// right unless the case is about them. Flips and cuts of whole files are in png_test.cc.
#include <zlib.h>

#include "isthmus/data/formats.h"
#include "isthmus/data/malformed_fixture.h"

namespace isthmus {
namespace {

using namespace std::string_literals;
using testing::be32;
using testing::Malformed;

constexpr int kCorrupt = 3301, kOver = 3004;
const std::string kSignature = "\x89PNG\r\n\x1a\n";
const std::string kRows = "\0ab\0cd"s;  // two rows of two grey bytes, each after its filter

std::string chunk(const std::string& type, const std::string& data) {
  const std::string body = type + data;
  const auto sum =
      crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
  return be32(static_cast<uint32_t>(data.size())) + body + be32(static_cast<uint32_t>(sum));
}
std::string with_bad_checksum(std::string bytes) {
  bytes.back() ^= 1;
  return bytes;
}
std::string packed(const std::string& rows) {
  uLongf size = compressBound(static_cast<uLong>(rows.size()));
  std::string out(size, '\0');
  compress(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(rows.data()),
           static_cast<uLong>(rows.size()));
  out.resize(size);
  return out;
}
/// The four bytes are depth, colour type, compression and filter; the fifth is interlace.
std::string head(const std::string& kind = "\x08\0\0\0\0"s, uint32_t width = 2,
                 uint32_t height = 2) {
  return chunk("IHDR", be32(width) + be32(height) + kind);
}
const std::string kPixels = chunk("IDAT", packed(kRows));
const std::string kEnd = chunk("IEND", "");
const std::string kPaletteHead = head("\x08\3\0\0\0"s);
const std::string kPalettePixels = chunk("IDAT", packed("\0\0\1\0\1\0"s));
const std::string kTwoColours = chunk("PLTE", "abcdef");

std::string file(const std::string& chunks) { return kSignature + chunks; }
std::string grey(const std::string& between, const std::string& pixels = kPixels) {
  return file(head() + between + pixels + kEnd);
}

void add_beginnings(std::vector<Malformed>& cases) {
  const std::string whole = grey("");
  cases.insert(
      cases.end(),
      {{"empty", "", kCorrupt},
       {"signature alone", kSignature, kCorrupt},
       {"first byte without its high bit", "\x09" + whole.substr(1), kCorrupt},
       {"line ends changed as for text", "\x89PNG\n\x1a\n" + whole.substr(8), kCorrupt},
       {"signature of MNG", "\x8AMNG\r\n\x1a\n" + whole.substr(8), kCorrupt},
       {"JPEG", "\xff\xd8\xff\xe0" + whole, 3305},
       {"cut inside the header's length", whole.substr(0, 10), kCorrupt},
       {"cut inside the header", whole.substr(0, 20), kCorrupt},
       {"cut before the header's checksum", whole.substr(0, 29), kCorrupt},
       {"header alone", file(head()), kCorrupt},
       {"header of 12 bytes", file(chunk("IHDR", std::string(12, '\1')) + kPixels + kEnd),
        kCorrupt},
       {"header of 14 bytes", file(chunk("IHDR", std::string(14, '\1')) + kPixels + kEnd),
        kCorrupt},
       {"pixels before the header", file(kPixels + head() + kEnd), kCorrupt},
       {"wrong checksum of the header", file(with_bad_checksum(head()) + kPixels + kEnd), kCorrupt},
       {"two headers", file(head() + head() + kPixels + kEnd), kCorrupt}});
}

void add_headers(std::vector<Malformed>& cases) {
  const auto add = [&cases](const std::string& name, const std::string& header, int number) {
    cases.push_back({name, file(header + kPixels + kEnd), number});
  };
  const std::string kind = "\x08\0\0\0\0"s;
  add("width 0", head(kind, 0, 2), kCorrupt);
  add("height 0", head(kind, 2, 0), kCorrupt);
  add("width over the limit", head(kind, 0x7fffffff, 2), kOver);
  add("height over the limit", head(kind, 2, 0x7fffffff), kOver);
  add("both sides at the end of 32 bits", head(kind, 0xffffffff, 0xffffffff), kOver);
  for (const char type : {'\1', '\5', '\7', '\xff'}) {
    add("colour type " + std::to_string(static_cast<unsigned char>(type)),
        head("\x08"s + type + "\0\0\0"s), kCorrupt);
  }
  for (const char depth : {'\0', '\3', '\5', '\x20'}) {
    add("grey of depth " + std::to_string(depth), head(depth + "\0\0\0\0"s), kCorrupt);
  }
  add("palette of depth 16", head("\x10\3\0\0\0"s), kCorrupt);
  add("colour of depth 1", head("\1\2\0\0\0"s), kCorrupt);
  add("colour of depth 4", head("\4\2\0\0\0"s), kCorrupt);
  add("grey and alpha of depth 4", head("\4\4\0\0\0"s), kCorrupt);
  add("colour and alpha of depth 2", head("\2\6\0\0\0"s), kCorrupt);
  add("compression 1", head("\x08\0\1\0\0"s), kCorrupt);
  add("filter method 1", head("\x08\0\0\1\0"s), kCorrupt);
  add("interlace 2", head("\x08\0\0\0\2"s), kCorrupt);
}

void add_pixels(std::vector<Malformed>& cases) {
  const auto add = [&cases](const std::string& name, const std::string& pixels) {
    cases.push_back({name, grey("", pixels), kCorrupt});
  };
  const std::string stream = packed(kRows);
  add("no pixels", "");
  add("an empty pixel chunk", chunk("IDAT", ""));
  add("wrong checksum of the pixels", with_bad_checksum(kPixels));
  add("pixels that are not packed", chunk("IDAT", kRows));
  add("pixels of zeros", chunk("IDAT", std::string(20, '\0')));
  add("one row missing", chunk("IDAT", packed(kRows.substr(0, 3))));
  add("the last byte missing", chunk("IDAT", packed(kRows.substr(0, 5))));
  add("packed pixels cut", chunk("IDAT", stream.substr(0, 5)));
  add("row filter 5", chunk("IDAT", packed("\5ab\0cd"s)));
  add("row filter 255", chunk("IDAT", packed("\0ab\xff"s + "cd")));
  add("deflate block of type 3", chunk("IDAT", "\x78\x9c\x07\0\0\0\0\0"s));
  add("pixels cut in two by another chunk", chunk("IDAT", stream.substr(0, 5)) +
                                                chunk("tEXt", "a\0b"s) +
                                                chunk("IDAT", stream.substr(5)));
}

void add_chunks(std::vector<Malformed>& cases) {
  const std::string rest = kPalettePixels + kEnd;
  cases.insert(
      cases.end(),
      {{"palette missing", file(kPaletteHead + rest), kCorrupt},
       {"palette of 4 bytes", file(kPaletteHead + chunk("PLTE", "abcd") + rest), kCorrupt},
       {"palette of no colours", file(kPaletteHead + chunk("PLTE", "") + rest), kCorrupt},
       {"palette of 257 colours", file(kPaletteHead + chunk("PLTE", std::string(771, 'a')) + rest),
        kCorrupt},
       {"palette after the pixels", file(kPaletteHead + kPalettePixels + kTwoColours + kEnd),
        kCorrupt},
       {"palette with a wrong checksum", file(kPaletteHead + with_bad_checksum(kTwoColours) + rest),
        kCorrupt},
       {"a chunk at the end of 32 bits", grey(be32(0xffffffff) + "tEXtabc"), kCorrupt},
       {"a chunk longer than the file", grey(be32(100000) + "tEXtabc"), kCorrupt},
       {"an unknown chunk that is needed", grey(chunk("ABCD", "x")), kCorrupt},
       {"a text over the limit of chunks",
        grey(chunk("tEXt", "a" + std::string(size_t{32} << 20, '\0'))), kOver},
       {"no end", file(head() + kPixels), kCorrupt},
       {"end without its checksum", file(head() + kPixels + kEnd.substr(0, 8)), kCorrupt},
       {"end with half of its checksum", file(head() + kPixels + kEnd.substr(0, 10)), kCorrupt},
       {"end with a wrong checksum", file(head() + kPixels + with_bad_checksum(kEnd)), kCorrupt},
       {"end that holds bytes", file(head() + kPixels + chunk("IEND", "abc")), kCorrupt},
       {"end before the pixels", file(head() + kEnd + kPixels), kCorrupt}});
}

TEST(MalformedPng, IsRefusedWithItsNumber) {
  std::vector<Malformed> cases;
  add_beginnings(cases);
  add_headers(cases);
  add_pixels(cases);
  add_chunks(cases);
  testing::expect_refusals("png", cases, 40, [](const Bytes& bytes) { parse_image(bytes, {}); });
}

// What the cases are built from is a good image: each is refused for its own fault alone.
TEST(MalformedPng, ItsGoodPartsMakeAnImage) {
  EXPECT_EQ(parse_image(testing::to_bytes(grey("")), {}).values.shape(), (Shape{1, 2, 2}));
  EXPECT_EQ(
      parse_image(testing::to_bytes(file(kPaletteHead + kTwoColours + kPalettePixels + kEnd)), {})
          .values.shape(),
      (Shape{1, 2, 2, 3}));
}

}  // namespace
}  // namespace isthmus
