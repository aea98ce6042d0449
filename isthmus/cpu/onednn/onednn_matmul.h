// SPDX-License-Identifier: Apache-2.0
// The only door to oneDNN: its float32 matmul primitive, of fixed shape, on one thread. See
// cpu/matmul.h for the product. A trap that this file knows of: a primitive is bound to the
// creating thread unless its scratchpad is the user's.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "isthmus/cpu/instruction_set.h"
#include "isthmus/cpu/matmul.h"

namespace isthmus {

class OnednnMatmul {
 public:
  explicit OnednnMatmul(const MatmulSpec& spec);
  ~OnednnMatmul();
  OnednnMatmul(OnednnMatmul&&) noexcept;

  size_t scratch_bytes() const;
  const std::string& kernel_name() const { return kernel_name_; }

  /// Memory handles of one thread.
  class Handles {
   public:
    explicit Handles(const OnednnMatmul& matmul);
    ~Handles();

   private:
    friend class OnednnMatmul;
    struct Memories;
    std::unique_ptr<Memories> memories_;
  };
  void run(Handles& handles, const void* a, const void* b, float* c,
           std::byte* scratch) const noexcept;

 private:
  struct State;
  std::string kernel_name_;
  std::unique_ptr<State> state_;
};

/// "oneDNN 2.6.3", and whether it was built for the OpenMP runtime, on which bits depend.
std::string onednn_version();

/// What oneDNN would use: what the processor offers and ONEDNN_MAX_CPU_ISA does not forbid.
InstructionSet onednn_instructions();

}  // namespace isthmus
