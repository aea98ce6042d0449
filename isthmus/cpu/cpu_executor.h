// SPDX-License-Identifier: Apache-2.0
// The executor of the CPU: owns all memory of a compiled program and runs its stages on a pool.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "isthmus/cpu/run.h"
#include "isthmus/cpu/self_check.h"
#include "isthmus/cpu/task_shares.h"

namespace isthmus {

/// What an executor of a program allocates, in bytes.
struct ExecutorMemory {
  uint64_t shared = 0, per_thread = 0;
  uint64_t total(int threads) const { return shared + per_thread * static_cast<uint64_t>(threads); }
};
ExecutorMemory memory_of(const Program& program);

/// A part of an executor's memory: what the program may touch, and a gap that it may not.
struct MemoryRegion {
  std::string_view name;
  std::byte *begin, *end, *gap_end;
};

class CpuExecutor final : public Executor {
 public:
  CpuExecutor(const Graph& graph, const CompileOptions& options, ThreadPool& pool);

  bool repeats_bits() override { return products_repeat(program_, machine_.pool); }
  void bind_input(std::string_view name, const Tensor& values, const Scaling& scaling) override;
  void set_scalar(std::string_view name, double value) override;
  void set(std::string_view name, const Tensor& value) override;
  Tensor get(std::string_view name) const override;
  void get_into(std::string_view name, Tensor& dst) const override;
  std::vector<std::string> state_names() const override;
  void run(const StepInputs& inputs) override;
  double scalar(std::string_view output) const override;
  std::span<const float> rows(std::string_view output) const override;
  Tensor once(std::string_view output) const override;
  std::vector<std::string> warnings() const override { return interpreted_operations(program_); }
  std::vector<OperationKernel> kernels() const override { return list_kernels(program_); }
  uint64_t num_bytes() const override { return num_bytes_; }
  std::string plan_text() const override { return print_program(program_); }
  StepProfile profile() const override;
  void reset_profile() override;

  /// For tests that watch where a step writes and what it reads.
  const Machine& machine() const { return machine_; }
  const std::vector<MemoryRegion>& regions() const { return regions_; }

 private:
  void allocate(ThreadPool& pool);
  void set_constants();
  void begin_step(const StepInputs& inputs);
  void run_once_stage(const OnceStageProgram& stage);
  void run_once_level(const OnceStageProgram& stage, const OnceLevel& tasks);
  void throw_failure();
  void commit();
  uint32_t state_node(std::string_view name) const;
  const OutputPlace& output(std::string_view name) const;

  Program program_;
  Machine machine_;
  TaskShares shares_;
  std::shared_ptr<std::byte[]> memory_;
  std::vector<MemoryRegion> regions_;
  uint64_t num_bytes_ = 0;
  std::map<std::string, uint32_t, std::less<>> states_, scalars_;
  std::vector<bool> dirty_;  // by packed weight
  uint64_t wall_ticks_ = 0;
  int64_t steps_ = 0;
  double seconds_per_tick_ = 0;
};

}  // namespace isthmus
