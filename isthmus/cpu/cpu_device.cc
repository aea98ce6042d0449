// SPDX-License-Identifier: Apache-2.0
// The CPU device: a thread pool, what the processor can do, and the fingerprint of its arithmetic.
#include "isthmus/cpu/cpu_device.h"

#include "isthmus/base/digest.h"
#include "isthmus/base/thread_pool.h"
#include "isthmus/cpu/cpu_executor.h"
#include "isthmus/cpu/instruction_set.h"
#include "isthmus/cpu/processor.h"

namespace isthmus {
namespace {

class CpuDevice final : public Device {
 public:
  explicit CpuDevice(int threads) : pool_(threads) {
    restrict_kernels();
    info_.kind = "cpu";
    info_.name = processor_name();
    info_.instruction_set = std::string(instruction_set_name()) + matrix_unit_name();
    info_.threads = pool_.num_threads();
    info_.arithmetic = arithmetic_fingerprint();
  }
  const DeviceInfo& info() const override { return info_; }
  std::unique_ptr<Executor> compile(const Graph& graph, const CompileOptions& options) override {
    const ArithmeticGuard guard;
    return std::make_unique<CpuExecutor>(graph, options, pool_);
  }
  uint64_t estimate(const Graph& graph, const CompileOptions& options) override {
    const ArithmeticGuard guard;
    const int threads = pool_.num_threads();
    return memory_of(compile_program(graph, options, threads)).total(threads);
  }

 private:
  ThreadPool pool_;
  DeviceInfo info_;
};

}  // namespace

std::unique_ptr<Device> make_cpu_device(int threads) {
  return std::make_unique<CpuDevice>(threads);
}

}  // namespace isthmus
