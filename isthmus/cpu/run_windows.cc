// SPDX-License-Identifier: Apache-2.0
// Windows of images: as float32, or rounded into bf16 operands.
#include "isthmus/cpu/run.h"

namespace isthmus {
namespace {

Bf16WindowsCall rounded_windows(const Machine& m, ThreadMemory& t, const WindowStep& step,
                                const ItemRange& items) {
  return {.windows = step.windows,
          .images = items.count * step.windows.images,
          .src = item_address(m, t, step.src, step.src_item, items),
          .scratch = t.scratch};
}

}  // namespace

void run_windows(const Machine& m, ThreadMemory& t, const WindowStep& step,
                 const ItemRange& items) noexcept {
  const WindowsCall call = {.windows = step.windows,
                            .images = items.count * step.windows.images,
                            .src = item_address(m, t, step.src, step.src_item, items),
                            .dst = item_address(m, t, step.dst, step.dst_item, items)};
  return step.adds ? add_windows(call) : copy_windows(call);
}

void run_cast_windows(const Machine& m, ThreadMemory& t, const CastWindows& step,
                      const ItemRange& items) noexcept {
  Bf16WindowsCall call = rounded_windows(m, t, step.windows, items);
  call.dst = t.half + step.dst;
  call.stride = Matmul::row_stride(call.windows.patch());
  windows_to_bf16(call);
}

void pack_windows(const Machine& m, ThreadMemory& t, const WindowStep& step,
                  const MatmulPacking& packing, const ItemRange& valid, uint16_t* dst) noexcept {
  Bf16WindowsCall call = rounded_windows(m, t, step, valid);
  call.dst = dst;
  call.stride = packing.block_stride;
  call.padded_rows = packing.padded_k;
  pack_windows_to_bf16(call);
}

}  // namespace isthmus
