// SPDX-License-Identifier: Apache-2.0
// Digests: XXH3-128 finds accidents, SHA-256 is for checksums that users compare.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace isthmus {

/// "xxh3-128:" + 32 hex digits.
std::string xxh3_128_label(std::span<const std::byte> bytes);

/// For tables of digests in memory; nothing that is stored.
uint64_t xxh3_64(std::span<const std::byte> bytes);

/// XXH3-128 of a stream of pieces.
class Xxh3Stream {
 public:
  Xxh3Stream();
  ~Xxh3Stream();
  void update(std::span<const std::byte> bytes);
  std::string label() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// 64 lower-case hex digits. FIPS 180-4.
std::string sha256_hex(std::span<const std::byte> bytes);

}  // namespace isthmus
