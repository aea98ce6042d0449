// SPDX-License-Identifier: Apache-2.0
// The shim around oneDNN 2.x's matmul primitive. Nothing else includes oneDNN's header.
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

memory::desc a_desc(const MatmulSpec& s) {
  const auto type = s.bf16 ? memory::data_type::bf16 : memory::data_type::f32;
  return memory::desc({s.m, s.k}, type, memory::dims{s.a_stride_m, s.a_stride_k});
}

memory::desc b_desc(const MatmulSpec& s) {
  if (s.bf16) {
    return memory::desc({s.k, s.n}, memory::data_type::bf16, memory::format_tag::any);
  }
  return memory::desc({s.k, s.n}, memory::data_type::f32, memory::dims{s.b_stride_k, s.b_stride_n});
}

memory::desc c_desc(const MatmulSpec& s) {
  return memory::desc({s.m, s.n}, memory::data_type::f32, memory::dims{s.c_stride_m, 1});
}

/// Reads the blocked layout that the primitive chose for B: K blocks of 32 (16 pairs) inside blocks
/// of N, or K pairs alone.
MatmulPacking read_packing(const memory::desc& desc, const MatmulSpec& s) {
  const auto& blocking = desc.data.format_desc.blocking;
  const int last = blocking.inner_nblks - 1;
  const bool pairs = desc.data.format_kind == dnnl_blocked && last >= 1 &&
                     blocking.inner_blks[last] == 2 && blocking.inner_idxs[last] == 0 &&
                     blocking.inner_idxs[last - 1] == 1;
  const bool k_block = pairs && last == 2 && blocking.inner_idxs[0] == 0;
  if (!pairs || (last != 1 && !k_block)) {
    throw Error(ErrorCode::kImpossible,
                "this processor's bf16 matrix kernels use an unknown layout",
                "use --precision fp32");
  }
  MatmulPacking p;
  p.block_n = blocking.inner_blks[last - 1];
  p.padded_k = desc.data.padded_dims[0];
  p.block_stride = blocking.strides[1];
  const int64_t k_step = (k_block ? blocking.inner_blks[0] : 1) * 2;
  const bool dense = p.padded_k == k_step || blocking.strides[0] == k_step * p.block_n;
  ISTHMUS_CHECK(dense, "K blocks of a packed operand follow each other");
  p.num_values = static_cast<int64_t>(desc.get_size() / 2);
  ISTHMUS_CHECK(desc.data.padded_dims[1] / p.block_n * p.block_stride <= p.num_values,
                "blocks of a packed operand fit");
  ISTHMUS_CHECK(s.k <= p.padded_k, "K of a packed operand");
  return p;
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
    const dnnl::matmul::desc desc(a_desc(spec), b_desc(spec), c_desc(spec));
    const dnnl::matmul::primitive_desc pd(desc, attr, engine());
    state_->a = pd.src_desc();
    state_->b = pd.weights_desc();
    state_->c = pd.dst_desc();
    state_->scratch = pd.scratchpad_desc();
    kernel_name_ = pd.impl_info_str();
    state_->primitive = dnnl::matmul(pd);
    if (spec.bf16) packing_ = read_packing(state_->b, spec);
  } catch (const dnnl::error& e) {
    throw Error(ErrorCode::kImpossible,
                std::string("no matrix kernel for ") + (spec.bf16 ? "bf16" : "fp32") + " " +
                    std::to_string(spec.m) + "x" + std::to_string(spec.n) + "x" +
                    std::to_string(spec.k) + " on this processor (oneDNN: " + e.what() + ")",
                spec.bf16 ? "use --precision fp32" : "");
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

bool onednn_uses_amx() { return dnnl::get_effective_cpu_isa() == dnnl::cpu_isa::avx512_core_amx; }
bool onednn_uses_bf16() {
  return onednn_uses_amx() || dnnl::get_effective_cpu_isa() == dnnl::cpu_isa::avx512_core_bf16;
}

std::string onednn_version() {
  const dnnl_version_t* v = dnnl_version();
  return "oneDNN " + std::to_string(v->major) + "." + std::to_string(v->minor) + "." +
         std::to_string(v->patch) + (v->cpu_runtime == DNNL_RUNTIME_OMP ? "" : " (not OpenMP)");
}

}  // namespace isthmus
