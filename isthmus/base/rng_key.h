// SPDX-License-Identifier: Apache-2.0
// Randomness from explicit keys: Philox4x32-10, a counter-based generator.
//
// A draw is a pure function of (seed, purpose, item, epoch, block): nothing to save, independent of
// order and threads. Known answer: zero key and counter give 6627e8d5 e169c58d bc57ac4c 9b00dbd8.
// Source: Salmon et al. 2011 (Random123).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace isthmus {

/// Philox key: XXH3-64 of the purpose word, seeded by the user's seed.
/// Purposes: init/<tensor>, shuffle, split, noise/<stream>, sample, ...
struct RngKey {
  uint32_t low = 0, high = 0;
  static RngKey from(uint64_t seed, std::string_view purpose);
  bool operator==(const RngKey&) const = default;
};

using PhiloxBlock = std::array<uint32_t, 4>;
/// Ten rounds of Philox4x32. counter = {item low, item high, epoch, block of draws}.
PhiloxBlock philox4x32(RngKey key, PhiloxBlock counter);

/// (0, 1): (word >> 9) * 2^-23 + 2^-24, exact in float32; never 0 and never 1.
float uniform_from_word(uint32_t word);

/// Standard normals by Box-Muller from a pair of words, by our own log, sin and cos polynomials in
/// float32, the same operations (fma included) as the vector kernel, so the bits agree:
///   u1 = uniform(a), u2 = uniform(b); r = sqrt(-2 log u1); (r cos 2 pi u2, r sin 2 pi u2).
std::array<float, 2> normal_pair_from_words(uint32_t a, uint32_t b);

/// Fills `count` normals (uniforms) of one item: draw i comes from block i / 4, word i % 4; normals
/// use the word pairs (0, 1) and (2, 3) of a block.
void fill_normal(RngKey key, uint64_t item, uint32_t epoch, uint32_t first_block, float* out,
                 int64_t count);
void fill_uniform(RngKey key, uint64_t item, uint32_t epoch, uint32_t first_block, float* out,
                  int64_t count);

/// A keyed permutation of 0 .. count-1 by a Feistel network with cycle walking: position -> item in
/// O(1), no array. Different (key, epoch) give unrelated permutations.
class KeyedPermutation {
 public:
  KeyedPermutation(RngKey key, uint32_t epoch, uint64_t count);
  uint64_t operator()(uint64_t position) const;
  /// The items at positions first, first + 1, ...; several times as fast as one by one.
  void take(uint64_t first, std::span<uint64_t> items) const;
  uint64_t size() const { return count_; }

 private:
  static constexpr uint32_t kRounds = 8;
  static constexpr size_t kTogether = 16;
  void once(uint64_t* values, size_t count) const;  // the network without the walk
  uint64_t count_;
  uint32_t left_bits_ = 0, right_bits_ = 0;
  std::array<uint32_t, kRounds> round_keys_{};
};

}  // namespace isthmus
