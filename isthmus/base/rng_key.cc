// SPDX-License-Identifier: Apache-2.0
// Philox4x32-10 and what is made of it: uniforms, normals and permutations. Scalar truth for the
// vector kernels, which repeat normal_polynomials.h. Not a cryptographic generator.
#include "isthmus/base/rng_key.h"

#include <bit>

#include <xxhash.h>

#include "isthmus/base/error.h"
#include "isthmus/base/normal_polynomials.h"

namespace isthmus {
namespace {

constexpr uint32_t kMultiplier0 = 0xD2511F53, kMultiplier1 = 0xCD9E8D57;
constexpr uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;

PhiloxBlock block_of(RngKey key, uint64_t item, uint32_t epoch, uint32_t block) {
  return philox4x32(key,
                    {static_cast<uint32_t>(item), static_cast<uint32_t>(item >> 32), epoch, block});
}

/// Mixes the bits of a word (the finalizer of MurmurHash3).
uint32_t mixed(uint32_t h) {
  h ^= h >> 16;
  h *= 0x85ebca6b;
  h ^= h >> 13;
  h *= 0xc2b2ae35;
  return h ^ (h >> 16);
}

/// For at most 32 bits.
uint32_t low_mask(uint32_t bits) { return static_cast<uint32_t>((uint64_t{1} << bits) - 1); }

}  // namespace

RngKey RngKey::from(uint64_t seed, std::string_view purpose) {
  const uint64_t hash = XXH3_64bits_withSeed(purpose.data(), purpose.size(), seed);
  return {static_cast<uint32_t>(hash), static_cast<uint32_t>(hash >> 32)};
}

PhiloxBlock philox4x32(RngKey key, PhiloxBlock counter) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t product0 = uint64_t{kMultiplier0} * counter[0];
    const uint64_t product1 = uint64_t{kMultiplier1} * counter[2];
    counter = {static_cast<uint32_t>(product1 >> 32) ^ counter[1] ^ key.low,
               static_cast<uint32_t>(product1),
               static_cast<uint32_t>(product0 >> 32) ^ counter[3] ^ key.high,
               static_cast<uint32_t>(product0)};
    key.low += kWeyl0;
    key.high += kWeyl1;
  }
  return counter;
}

float uniform_from_word(uint32_t word) {
  return static_cast<float>(word >> 9) * 0x1p-23f + 0x1p-24f;
}

std::array<float, 2> normal_pair_from_words(uint32_t a, uint32_t b) {
  return recipe_normal_pair(uniform_from_word(a), uniform_from_word(b));
}

void fill_normal(RngKey key, uint64_t item, uint32_t epoch, uint32_t first_block, float* out,
                 int64_t count) {
  for (int64_t i = 0; i < count; i += 4) {
    const PhiloxBlock w = block_of(key, item, epoch, first_block + static_cast<uint32_t>(i / 4));
    const auto first = normal_pair_from_words(w[0], w[1]);
    const auto second = normal_pair_from_words(w[2], w[3]);
    const float values[4] = {first[0], first[1], second[0], second[1]};
    for (int64_t j = 0; j < 4 && i + j < count; ++j) out[i + j] = values[j];
  }
}

void fill_uniform(RngKey key, uint64_t item, uint32_t epoch, uint32_t first_block, float* out,
                  int64_t count) {
  for (int64_t i = 0; i < count; i += 4) {
    const PhiloxBlock w = block_of(key, item, epoch, first_block + static_cast<uint32_t>(i / 4));
    for (int64_t j = 0; j < 4 && i + j < count; ++j) {
      out[i + j] = uniform_from_word(w[static_cast<size_t>(j)]);
    }
  }
}

KeyedPermutation::KeyedPermutation(RngKey key, uint32_t epoch, uint64_t count) : count_(count) {
  ISTHMUS_CHECK(count <= uint64_t{1} << 62, "a permutation of at most 2^62 items");
  const auto bits = count < 4 ? 2u : static_cast<uint32_t>(std::bit_width(count - 1));
  right_bits_ = bits / 2;
  left_bits_ = bits - right_bits_;
  for (uint32_t i = 0; i < kRounds / 4; ++i) {
    const PhiloxBlock words = philox4x32(key, {0, 0, epoch, i});
    for (uint32_t j = 0; j < 4; ++j) round_keys_[4 * i + j] = words[j];
  }
}

void KeyedPermutation::once(uint64_t* values, size_t count) const {
  // left and right trade places every round, and so do their widths; the rounds are even in number.
  // Round by round over all values: their chains of multiplications overlap.
  uint32_t left[kTogether], right[kTogether];
  const uint32_t left_mask = low_mask(left_bits_), right_mask = low_mask(right_bits_);
  for (size_t i = 0; i < count; ++i) {
    left[i] = static_cast<uint32_t>(values[i] >> right_bits_);
    right[i] = static_cast<uint32_t>(values[i]) & right_mask;
  }
  for (uint32_t round = 0; round < kRounds; ++round) {
    const uint32_t key = round_keys_[round], mask = round % 2 == 0 ? left_mask : right_mask;
    for (size_t i = 0; i < count; ++i) {
      const uint32_t next = (left[i] ^ mixed(right[i] ^ key)) & mask;
      left[i] = right[i];
      right[i] = next;
    }
  }
  for (size_t i = 0; i < count; ++i) {
    values[i] = uint64_t{left[i]} << right_bits_ | right[i];
  }
}

void KeyedPermutation::take(uint64_t first, std::span<uint64_t> items) const {
  ISTHMUS_CHECK(first <= count_ && items.size() <= count_ - first, "positions of a permutation");
  for (size_t at = 0; at < items.size(); at += kTogether) {
    uint64_t* const values = items.data() + at;
    const size_t count = std::min(kTogether, items.size() - at);
    for (size_t i = 0; i < count; ++i) values[i] = first + at + i;
    once(values, count);
    // The network permutes a power of two at most twice (four times below 4) the count: walk the
    // cycle until it comes back inside.
    for (size_t i = 0; i < count; ++i) {
      while (values[i] >= count_) once(values + i, 1);
    }
  }
}

uint64_t KeyedPermutation::operator()(uint64_t position) const {
  uint64_t item = 0;
  take(position, {&item, 1});
  return item;
}

}  // namespace isthmus
