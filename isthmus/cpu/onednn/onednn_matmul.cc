// SPDX-License-Identifier: Apache-2.0
// The shim around oneDNN 2.x's matmul primitive, for float32. Nothing else includes oneDNN's
// header.
#include "isthmus/cpu/onednn/onednn_matmul.h"

#include <oneapi/dnnl/dnnl.hpp>

#include "isthmus/base/error.h"

namespace isthmus {
namespace {

using dnnl::memory;

dnnl::engine& engine() {
  static dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
  return cpu;
}

memory::desc matrix(int64_t rows, int64_t cols, int64_t row_stride, int64_t col_stride) {
  return memory::desc({rows, cols}, memory::data_type::f32, memory::dims{row_stride, col_stride});
}

}  // namespace

struct OnednnMatmul::State {
  dnnl::matmul primitive;
  memory::desc a, b, c, scratch;
};

struct OnednnMatmul::Handles::Memories {
  dnnl::stream stream{engine()};
  memory a, b, c, scratch;
};

OnednnMatmul::~OnednnMatmul() = default;
OnednnMatmul::OnednnMatmul(OnednnMatmul&&) noexcept = default;

OnednnMatmul::OnednnMatmul(const MatmulSpec& spec) : state_(std::make_unique<State>()) {
  try {
    dnnl::primitive_attr attr;
    attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    if (spec.accumulate) {
      dnnl::post_ops ops;
      ops.append_sum(1.0f);
      attr.set_post_ops(ops);
    }
    const dnnl::matmul::desc desc(matrix(spec.m, spec.k, spec.a_stride_m, spec.a_stride_k),
                                  matrix(spec.k, spec.n, spec.b_stride_k, spec.b_stride_n),
                                  matrix(spec.m, spec.n, spec.c_stride_m, 1));
    const dnnl::matmul::primitive_desc pd(desc, attr, engine());
    state_->a = pd.src_desc();
    state_->b = pd.weights_desc();
    state_->c = pd.dst_desc();
    state_->scratch = pd.scratchpad_desc();
    kernel_name_ = pd.impl_info_str();
    state_->primitive = dnnl::matmul(pd);
  } catch (const dnnl::error& e) {
    throw Error(ErrorCode::kImpossible,
                "no matrix kernel for fp32 " + std::to_string(spec.m) + "x" +
                    std::to_string(spec.n) + "x" + std::to_string(spec.k) +
                    " on this processor (oneDNN: " + e.what() + ")",
                "use --precision bf16, whose kernels are isthmus's own");
  }
}

size_t OnednnMatmul::scratch_bytes() const { return state_->scratch.get_size(); }

OnednnMatmul::Handles::Handles(const OnednnMatmul& matmul)
    : memories_(std::make_unique<Memories>()) {
  const State& state = *matmul.state_;
  memories_->a = memory(state.a, engine(), nullptr);
  memories_->b = memory(state.b, engine(), nullptr);
  memories_->c = memory(state.c, engine(), nullptr);
  memories_->scratch = memory(state.scratch, engine(), nullptr);
}
OnednnMatmul::Handles::~Handles() = default;

void OnednnMatmul::run(Handles& handles, const void* a, const void* b, float* c,
                       std::byte* scratch) const noexcept {
  auto& h = *handles.memories_;
  dnnl_memory_set_data_handle(h.a.get(), const_cast<void*>(a));
  dnnl_memory_set_data_handle(h.b.get(), const_cast<void*>(b));
  dnnl_memory_set_data_handle(h.c.get(), c);
  dnnl_memory_set_data_handle(h.scratch.get(), scratch);
  const dnnl_exec_arg_t args[] = {{DNNL_ARG_SRC, h.a.get()},
                                  {DNNL_ARG_WEIGHTS, h.b.get()},
                                  {DNNL_ARG_DST, h.c.get()},
                                  {DNNL_ARG_SCRATCHPAD, h.scratch.get()}};
  dnnl_primitive_execute(state_->primitive.get(), h.stream.get(), 4, args);
}

InstructionSet onednn_instructions() {
  const auto allowed = static_cast<unsigned>(dnnl::get_effective_cpu_isa());
  // oneDNN's numbers are sets of bits; each of these includes those below it.
  const auto has = [&](dnnl::cpu_isa isa) {
    const auto bits = static_cast<unsigned>(isa);
    return (allowed & bits) == bits;
  };
  if (has(dnnl::cpu_isa::avx512_core_amx)) return InstructionSet::kAmx;
  if (has(dnnl::cpu_isa::avx512_core_bf16)) return InstructionSet::kAvx512Bf16;
  if (has(dnnl::cpu_isa::avx512_core)) return InstructionSet::kAvx512;
  return has(dnnl::cpu_isa::avx2) ? InstructionSet::kAvx2 : InstructionSet::kPlain;
}

std::string onednn_version() {
  const dnnl_version_t* v = dnnl_version();
  return "oneDNN " + std::to_string(v->major) + "." + std::to_string(v->minor) + "." +
         std::to_string(v->patch) + (v->cpu_runtime == DNNL_RUNTIME_OMP ? "" : " (not OpenMP)");
}

}  // namespace isthmus
