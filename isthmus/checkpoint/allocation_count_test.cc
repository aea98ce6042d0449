// SPDX-License-Identifier: Apache-2.0
// Counts what this test program allocates, by replacing the global operator new. The size of a
// block stands in front of it.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "isthmus/checkpoint/container_fixture.h"

namespace {

constexpr size_t kSizeSlot = 32;  // in front of each block, keeps the alignment
std::atomic<int64_t> live_bytes{0};
std::atomic<int64_t> peak_bytes{0};

}  // namespace

// Not inlined: the compiler would pair new and delete across the hidden slot and warn.
[[gnu::noinline]] void* operator new(size_t bytes) {
  auto* block = static_cast<std::byte*>(std::malloc(bytes + kSizeSlot));
  if (block == nullptr) throw std::bad_alloc();
  std::memcpy(block, &bytes, sizeof(bytes));
  const int64_t now = live_bytes += static_cast<int64_t>(bytes);
  int64_t peak = peak_bytes;
  while (now > peak && !peak_bytes.compare_exchange_weak(peak, now)) {
  }
  return block + kSizeSlot;
}
[[gnu::noinline]] void operator delete(void* pointer) noexcept {
  if (pointer == nullptr) return;
  std::byte* block = static_cast<std::byte*>(pointer) - kSizeSlot;
  size_t bytes = 0;
  std::memcpy(&bytes, block, sizeof(bytes));
  live_bytes -= static_cast<int64_t>(bytes);
  std::free(block);
}
[[gnu::noinline]] void operator delete(void* pointer, size_t) noexcept { operator delete(pointer); }

namespace isthmus::fixture {

int64_t peak_allocation(const std::function<void()>& action) {
  const int64_t before = live_bytes;
  peak_bytes = before;
  action();
  return peak_bytes - before;
}

TEST(AllocationCount, SeesAVector) {
  const int64_t peak = peak_allocation([] { Bytes bytes(1000); });
  EXPECT_EQ(peak, 1000);
}

}  // namespace isthmus::fixture
