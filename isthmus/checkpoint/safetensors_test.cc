// SPDX-License-Identifier: Apache-2.0
// The container as its users see it: what is written comes back, the bytes are canonical, damage
// and strangers are named. Malformed headers have a test of their own.
#include "isthmus/checkpoint/safetensors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>
#include <random>

#include "isthmus/checkpoint/container_fixture.h"

namespace isthmus {
namespace {

using fixture::code_of;
using fixture::metadata;
using fixture::small_file;
using fixture::small_limits;
using fixture::small_tensors;

constexpr std::array kAllDtypes{Dtype::kF32, Dtype::kF64, Dtype::kF16, Dtype::kBF16,
                                Dtype::kU8,  Dtype::kI32, Dtype::kI64};

class RandomContainer {
 public:
  explicit RandomContainer(uint64_t seed) : bits_(seed) {}

  Container next() {
    Container container;
    container.metadata = metadata("model");
    container.metadata["note"] = text();
    const uint64_t count = 1 + bits_() % 6;
    for (uint64_t i = 0; i < count; ++i) container.tensors[name()] = tensor();
    return container;
  }

 private:
  std::string name() {
    constexpr std::string_view kLetters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./-";
    std::string out;
    const uint64_t length = 1 + bits_() % 128;
    for (uint64_t i = 0; i < length; ++i) out += kLetters[bits_() % kLetters.size()];
    return out;
  }
  std::string text() {
    constexpr std::array<std::string_view, 8> kParts{"\"", "\\", "\n",   std::string_view("\0", 1),
                                                     "é",  "🎲",  "\x7f", "plain"};
    std::string out;
    for (uint64_t i = bits_() % 20; i > 0; --i) out += kParts[bits_() % kParts.size()];
    return out;
  }
  Tensor tensor() {
    Shape shape;
    for (uint64_t rank = bits_() % 4; rank > 0; --rank) {
      shape.push_back(static_cast<int64_t>(1 + bits_() % 5));
    }
    Tensor out(kAllDtypes[bits_() % kAllDtypes.size()], shape);
    for (std::byte& byte : out.bytes()) byte = static_cast<std::byte>(bits_() & 0xFF);
    return out;
  }
  std::mt19937_64 bits_;
};

void expect_equal(const NamedTensors& actual, const NamedTensors& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (const auto& [name, want] : expected) {
    const auto have = actual.find(name);
    ASSERT_NE(have, actual.end()) << name;
    EXPECT_EQ(have->second.dtype(), want.dtype());
    EXPECT_EQ(have->second.shape(), want.shape());
    EXPECT_TRUE(std::ranges::equal(have->second.bytes(), want.bytes())) << name;
  }
}

TEST(Container, ComesBackAsItWasWritten) {
  constexpr uint64_t kSeed = 20240607;
  constexpr int kRounds = 300;
  RandomContainer random(kSeed);
  for (int round = 0; round < kRounds; ++round) {
    const Container written = random.next();
    const Bytes file = write_container(written.metadata, written.tensors);
    const Container read = read_container(file, {});
    expect_equal(read.tensors, written.tensors);
    EXPECT_EQ(read.metadata.at("note"), written.metadata.at("note"));
    EXPECT_EQ(read.metadata.at(std::string(kFormatKey)), "isthmus");
    EXPECT_EQ(read.metadata.at(std::string(kVersionKey)), "1");
    require_kind(read, "model");
    EXPECT_EQ(write_container(read.metadata, read.tensors), file) << "round " << round;
  }
  std::printf("round trips %d, counterexamples 0, seed %llu\n", kRounds,
              static_cast<unsigned long long>(kSeed));
}

TEST(Container, BytesDoNotDependOnTheOrderOfInsertion) {
  RandomContainer random(7);
  const Container container = random.next();
  NamedTensors backwards;
  for (auto it = container.tensors.rbegin(); it != container.tensors.rend(); ++it) {
    backwards[it->first] = it->second.clone();
  }
  Metadata later;
  for (auto it = container.metadata.rbegin(); it != container.metadata.rend(); ++it) {
    later[it->first] = it->second;
  }
  EXPECT_EQ(write_container(container.metadata, container.tensors),
            write_container(later, backwards));
}

TEST(Container, HasTheseExactBytes) {
  const Bytes file = small_file();
  const std::string text(reinterpret_cast<const char*>(file.data()), file.size());
  const std::string header =
      R"({"__metadata__":{"format":"isthmus","isthmus.config":"{\"latent\":2}",)"
      R"("isthmus.digest":"xxh3-128:)";
  EXPECT_EQ(text.substr(8, header.size()), header);
  const std::string rest =
      R"(","isthmus.kind":"model","isthmus.version":"1"},)"
      R"("decoder/0/weight":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},)"
      R"("encoder/0/bias":{"dtype":"F32","shape":[2],"data_offsets":[16,24]}})";
  EXPECT_EQ(text.substr(8 + header.size() + 32, rest.size()), rest);
  EXPECT_EQ(file.size() % 64, 24u);
  EXPECT_EQ(text.substr(file.size() - 24, 4), std::string("\0\0\x80\x3f", 4));  // 1.0f
}

TEST(Container, DataStartOnAMultipleOf64) {
  for (int length = 0; length < 130; ++length) {
    Metadata extended = metadata("model");
    extended["pad"] = std::string(static_cast<size_t>(length), 'x');
    const Bytes file = write_container(extended, small_tensors());
    EXPECT_EQ(fixture::parse_header(file).data_offset % 64, 0u) << length;
  }
}

TEST(Container, EveryFlippedByteIsDetected) {
  const Bytes file = small_file();
  size_t undetected = 0;
  for (size_t i = 0; i < file.size(); ++i) {
    for (int pattern : {0x01, 0x20, 0x80, 0xFF}) {
      Bytes damaged = file;
      damaged[i] ^= static_cast<std::byte>(pattern);
      const ErrorCode code = code_of([&] { require_kind(read_container(damaged, {}), "model"); });
      if (code == ErrorCode::kInternal) ++undetected;
    }
  }
  EXPECT_EQ(undetected, 0u);
  std::printf("flipped bytes %zu x 4 patterns, undetected %zu\n", file.size(), undetected);
}

TEST(Container, EveryTruncationIsDetected) {
  const Bytes file = small_file();
  for (size_t length = 0; length < file.size(); ++length) {
    EXPECT_NE(code_of([&] { read_container(std::span(file).first(length), {}); }),
              ErrorCode::kInternal)
        << length;
  }
}

TEST(Container, MetadataAreRestrictedToWhatTheReaderTakes) {
  Metadata wrong = metadata("model");
  wrong["note"] = std::string((size_t{1} << 20) + 1, 'x');
  EXPECT_EQ(code_of([&] { write_container(wrong, {}, small_limits()); }), ErrorCode::kModelCounts);
  EXPECT_NO_THROW(write_container(wrong, {}));
  wrong["note"] = std::string(size_t{1} << 20, 'x');
  EXPECT_NO_THROW(write_container(wrong, {}, small_limits()));
  wrong["note"] = "\xFF";
  EXPECT_EQ(code_of([&] { write_container(wrong, {}); }), ErrorCode::kModelSyntax);
  NamedTensors badly_named{{"no spaces", Tensor(Dtype::kF32, {1})}};
  EXPECT_EQ(code_of([&] { write_container({}, badly_named); }), ErrorCode::kModelTensorName);
}

TEST(Container, IsLoadedFromAPathAndErrorsNameIt) {
  const std::string path = join_path(::testing::TempDir(), "load_container.safetensors");
  posix_fs().write_file(path, small_file(), Durability::kRename);
  expect_equal(load_container(posix_fs(), path, {}).tensors, small_tensors());
  EXPECT_EQ(code_of([&] { load_container(posix_fs(), ::testing::TempDir(), {}); }),
            ErrorCode::kModelNotAFile);
  EXPECT_EQ(code_of([&] { load_container(posix_fs(), path + ".none", {}); }),
            ErrorCode::kFileMissing);
  posix_fs().write_file(path, fixture::to_bytes("PK\3\4 and so on"), Durability::kRename);
  try {
    load_container(posix_fs(), path, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kForeignTorchZip);
    EXPECT_EQ(error.where().file, path);
  }
  posix_fs().remove_file(path);
}

TEST(ForeignFormat, IsRecognisedAndRefusedWithARecipe) {
  using namespace std::string_literals;
  struct Case {
    std::string start;
    ErrorCode code;
  };
  const std::vector<Case> cases{
      {"\x80\x02}q\x00."s, ErrorCode::kForeignPickle},
      {"\x80\x03}q\x00."s, ErrorCode::kForeignPickle},
      {"\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00}\x94."s, ErrorCode::kForeignPickle},
      {"\x80\x05\x95\x05\x00\x00\x00\x00\x00\x00\x00}\x94."s, ErrorCode::kForeignPickle},
      {"\x80\x02\x8a\x0al\xfc\x9c"
       "F\xf9 j\xa8P\x19."s,
       ErrorCode::kForeignPickle},
      {"PK\x03\x04\x00\x00\x08\x08\x00\x00archive/data.pkl"s, ErrorCode::kForeignTorchZip},
      {"\x89HDF\r\n\x1a\n\x00\x00\x00\x00"s, ErrorCode::kForeignHdf5},
      {"GGUF\x03\x00\x00\x00\x10\x00\x00\x00"s, ErrorCode::kForeignGguf},
      {"\x08\x07\x12\x07pytorch\x1a\x05"s, ErrorCode::kForeignOnnx}};
  for (const Case& c : cases) {
    try {
      read_container(fixture::to_bytes(c.start), {});
      FAIL() << error_label(c.code);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), c.code);
      EXPECT_FALSE(error.hint().empty());
    }
  }
}

TEST(ForeignFormat, IsNotSeenInASafetensorsFileWhoseLengthLooksLikeAMagic) {
  std::string header = "{}";
  header.resize(0x280, ' ');  // the file starts with 80 02, as a pickle does
  EXPECT_NO_THROW(read_container(fixture::file_with_header(header, 0), {}));
}

TEST(Finite, NamesTensorAndIndex) {
  NamedTensors tensors = small_tensors();
  EXPECT_NO_THROW(require_finite(tensors));
  tensors["encoder/0/bias"].values<float>()[1] = std::numeric_limits<float>::quiet_NaN();
  try {
    require_finite(tensors);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kModelValue);
    EXPECT_EQ(error.where().field, "encoder/0/bias");
    EXPECT_EQ(error.where().row, 1);
  }
}

TEST(Finite, KnowsEveryType) {
  const auto refused = [](Dtype dtype, uint64_t bits) {
    Tensor tensor(dtype, {3});
    std::memcpy(tensor.data() + size_of(dtype), &bits, size_of(dtype));
    const NamedTensors tensors{{"x", tensor}};
    return code_of([&] { require_finite(tensors); }) == ErrorCode::kModelValue;
  };
  EXPECT_TRUE(refused(Dtype::kF32, 0xFF800000u));
  EXPECT_FALSE(refused(Dtype::kF32, 0x7F7FFFFFu));
  EXPECT_TRUE(refused(Dtype::kF64, 0x7FF0000000000000u));
  EXPECT_FALSE(refused(Dtype::kF64, 0x7FEFFFFFFFFFFFFFu));
  EXPECT_TRUE(refused(Dtype::kF16, 0x7E00u));
  EXPECT_FALSE(refused(Dtype::kF16, 0x7BFFu));
  EXPECT_TRUE(refused(Dtype::kBF16, 0xFF80u));
  EXPECT_FALSE(refused(Dtype::kBF16, 0x7F7Fu));
  EXPECT_FALSE(refused(Dtype::kI32, 0xFFFFFFFFu));
  EXPECT_FALSE(refused(Dtype::kI64, ~uint64_t{0}));
  EXPECT_FALSE(refused(Dtype::kU8, 0xFFu));
}

TEST(TensorSet, NamesTheFirstDifference) {
  const std::vector<ExpectedTensor> right{{"encoder/0/bias", Dtype::kF32, {2}},
                                          {"decoder/0/weight", Dtype::kF32, {2, 2}}};
  EXPECT_NO_THROW(require_tensor_set(right, small_tensors()));
  const auto field_of = [](std::vector<ExpectedTensor> expected) -> std::string {
    try {
      require_tensor_set(expected, small_tensors());
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kModelTensorSet);
      return error.where().field;
    }
    return "accepted";
  };
  EXPECT_EQ(field_of({right[1]}), "encoder/0/bias");
  EXPECT_EQ(field_of({right[0]}), "decoder/0/weight");
  EXPECT_EQ(field_of({right[0], right[1], {"z", Dtype::kF32, {1}}}), "z");
  EXPECT_EQ(field_of({right[0], right[1], {"a", Dtype::kF32, {1}}}), "a");
  EXPECT_EQ(field_of({right[0], {"decoder/0/weight", Dtype::kF64, {2, 2}}}), "decoder/0/weight");
  EXPECT_EQ(field_of({right[0], {"decoder/0/weight", Dtype::kF32, {4}}}), "decoder/0/weight");
  EXPECT_EQ(field_of({}), "decoder/0/weight");
}

/// Runs the reference implementation when this machine has it.
TEST(Oracle, PythonsSafetensorsReadsOurFile) {
  if (std::system("python3 -c 'import safetensors.numpy' 2>/dev/null") != 0) {
    GTEST_SKIP() << "python3 with the packages safetensors and numpy is not here";
  }
  NamedTensors tensors = small_tensors();
  tensors["steps"] = Tensor::from<int64_t>({2}, std::initializer_list<int64_t>{-1, 7});
  tensors["bytes"] = Tensor::from<uint8_t>({3}, std::initializer_list<uint8_t>{0, 128, 255});
  const std::string path = join_path(::testing::TempDir(), "oracle.safetensors");
  posix_fs().write_file(path, write_container(metadata("model"), tensors), Durability::kRename);
  const std::string command =
      "python3 '" ISTHMUS_SOURCE_DIR "/tests/oracle/read_safetensors.py' '" + path + "'";
  EXPECT_EQ(std::system(command.c_str()), 0);
  posix_fs().remove_file(path);
}

}  // namespace
}  // namespace isthmus
