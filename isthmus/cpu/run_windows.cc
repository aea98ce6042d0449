// SPDX-License-Identifier: Apache-2.0
// Windows of images: as float32, or a few at a time through the L1 cache into bf16 operands.
#include <algorithm>

#include "isthmus/cpu/run.h"

namespace isthmus {
namespace {

WindowsCall windows_call(const Machine& m, const ThreadMemory& t, const WindowStep& step,
                         const ItemRange& items) {
  return {.windows = step.windows,
          .images = items.count * step.windows.images,
          .src = item_address(m, t, step.src, step.src_item, items)};
}

/// Calls f(first window, windows) for windows [0, end), which lie in the thread's scratch memory
/// then.
template <class F>
void for_some_windows(ThreadMemory& t, WindowsCall call, int64_t end, F f) {
  const int64_t step = windows_at_once(call.windows);
  call.dst = t.scratch;
  for (call.end = 0; call.end < end;) {
    call.first = call.end;
    call.end = std::min(end, call.first + step);
    copy_windows(call);
    f(call.first, call.end - call.first);
  }
}

}  // namespace

void run_windows(const Machine& m, ThreadMemory& t, const WindowStep& step,
                 const ItemRange& items) noexcept {
  WindowsCall call = windows_call(m, t, step, items);
  call.dst = item_address(m, t, step.dst, step.dst_item, items);
  return step.adds ? add_windows(call) : copy_windows(call);
}

void run_cast_windows(const Machine& m, ThreadMemory& t, const CastWindows& step,
                      const ItemRange& items) noexcept {
  const Windows& w = step.windows.windows;
  const int64_t cols = w.patch(), stride = Matmul::row_stride(cols);
  const int64_t end = items.count * w.images * w.out_h * w.out_w;
  for_some_windows(
      t, windows_call(m, t, step.windows, items), end, [&](int64_t first, int64_t count) {
        rows_to_bf16(t.scratch, cols, count, cols, t.half + step.dst + first * stride, stride, 0);
      });
}

void pack_windows(const Machine& m, ThreadMemory& t, const WindowStep& step,
                  const MatmulPacking& packing, const ItemRange& items, int64_t valid,
                  uint16_t* dst) noexcept {
  const Windows& w = step.windows;
  const int64_t end = valid * w.images * w.out_h * w.out_w;
  PackCall call;
  call.k_stride = call.num_n = w.patch();
  call.n_stride = 1;
  call.num_k = end;
  call.padded_k = packing.padded_k;
  call.block_n = packing.block_n;
  call.block_stride = packing.block_stride;
  call.end_block = (call.num_n + packing.block_n - 1) / packing.block_n;
  call.dst = dst;
  for_some_windows(t, windows_call(m, t, step, items), end, [&](int64_t first, int64_t count) {
    call.src = t.scratch - first * call.k_stride;
    call.first_k = first;
    call.end_k = first + count == end ? packing.padded_k : first + count;
    pack_bf16_pairs(call);
  });
}

}  // namespace isthmus
