// SPDX-License-Identifier: Apache-2.0
// XXH3-128 over memory and over streams, by the xxhash library. Finds damage, not forgery.
#include "isthmus/base/digest.h"

#include <new>

#include <xxhash.h>

namespace isthmus {
namespace {

std::string label_of(XXH128_hash_t hash) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text = "xxh3-128:";
  for (uint64_t half : {uint64_t{hash.high64}, uint64_t{hash.low64}}) {
    for (int shift = 60; shift >= 0; shift -= 4) text += kDigits[(half >> shift) & 15];
  }
  return text;
}

}  // namespace

std::string xxh3_128_label(std::span<const std::byte> bytes) {
  return label_of(XXH3_128bits(bytes.data(), bytes.size()));
}

uint64_t xxh3_64(std::span<const std::byte> bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

struct Xxh3Stream::State {
  XXH3_state_t* xxh = XXH3_createState();
  ~State() { XXH3_freeState(xxh); }
};

Xxh3Stream::Xxh3Stream() : state_(std::make_unique<State>()) {
  if (state_->xxh == nullptr) throw std::bad_alloc();
  XXH3_128bits_reset(state_->xxh);
}
Xxh3Stream::~Xxh3Stream() = default;

void Xxh3Stream::update(std::span<const std::byte> bytes) {
  if (!bytes.empty()) XXH3_128bits_update(state_->xxh, bytes.data(), bytes.size());
}

std::string Xxh3Stream::label() const { return label_of(XXH3_128bits_digest(state_->xxh)); }

}  // namespace isthmus
