// SPDX-License-Identifier: Apache-2.0
// Who runs a matrix product: our AMX kernel where it exists, oneDNN otherwise.
#include "isthmus/cpu/matmul.h"

#include <optional>

#include "isthmus/cpu/amx/amx_matmul.h"
#include "isthmus/cpu/onednn/onednn_matmul.h"

namespace isthmus {

struct Matmul::State {
  std::optional<OnednnMatmul> onednn;
  std::optional<AmxMatmul> amx;
};

struct Matmul::Workspace::Parts {
  std::optional<OnednnMatmul::Handles> handles;
};

Matmul::Workspace::Workspace() : parts_(std::make_unique<Parts>()) {}
Matmul::Workspace::~Workspace() = default;

Matmul::~Matmul() = default;
Matmul::Matmul(Matmul&&) noexcept = default;
Matmul& Matmul::operator=(Matmul&&) noexcept = default;

Matmul::Matmul(const MatmulSpec& spec) : spec_(spec), state_(std::make_unique<State>()) {
  if (spec.bf16 && AmxMatmul::available()) {
    packing_ = state_->amx.emplace(spec).packing();
    kernel_name_ = "amx";
  } else {
    OnednnMatmul& onednn = state_->onednn.emplace(spec);
    packing_ = onednn.packing();
    kernel_name_ = onednn.kernel_name();
  }
}

int64_t Matmul::row_stride(int64_t k) {
  return AmxMatmul::available() ? AmxMatmul::row_stride(k) : k;
}

size_t Matmul::scratch_bytes() const {
  return state_->onednn ? state_->onednn->scratch_bytes() : 0;
}

std::unique_ptr<Matmul::Workspace> Matmul::make_workspace() const {
  auto workspace = std::make_unique<Workspace>();
  if (state_->onednn) workspace->parts_->handles.emplace(*state_->onednn);
  return workspace;
}

void Matmul::run(Workspace& workspace, const void* a, const void* b, float* c,
                 std::byte* scratch) const noexcept {
  if (state_->amx) {
    state_->amx->run(static_cast<const uint16_t*>(a), static_cast<const uint16_t*>(b), c);
  } else {
    state_->onednn->run(*workspace.parts_->handles, a, b, c, scratch);
  }
}

}  // namespace isthmus
