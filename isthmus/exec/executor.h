// SPDX-License-Identifier: Apache-2.0
// How a graph is run: the interface between training or inference and a device. Knows no vendor.
//
//   auto executor = open_device({.threads = 2})->compile(graph, {.max_rows = 512});   // runtime/
//   executor->bind_input("x", dataset.values, scaling);
//   executor->set_scalar("learning_rate", 1e-3);
//   executor->run({.items = items, .epoch = 3, .seed = 0});
//   double objective = executor->scalar("objective");
//
// Everything is allocated by compile; set, bind and run allocate nothing after the first run. The
// bits of all results depend on graph, max_rows, precision and instruction set, not on threads.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "isthmus/graph/graph.h"
#include "isthmus/tensor/data_spec.h"
#include "isthmus/tensor/tensor.h"

namespace isthmus {

/// kBF16: float32 parameters, optimizer state and accumulation; operands of matrix products rounded
/// to bf16. Likelihoods and sums stay float32, log-sum-exp over samples float64.
enum class Precision : uint8_t { kF32, kBF16 };
std::string_view precision_name(Precision precision);  // "fp32" "bf16"

struct CompileOptions {
  int64_t max_rows = 1;  // most rows of one run
  Precision precision = Precision::kF32;
};

/// One step. `items` are row indices into every bound input and the identities of the noise; the
/// number of rows is items.size(), 1 .. max_rows.
struct StepInputs {
  std::span<const int64_t> items;
  uint32_t epoch = 0;  // epoch of training, draw number of evaluation
  uint64_t seed = 0;
  std::string_view noise_purpose = "noise";  // keys are "<purpose>/<stream>"; at most 47 characters
};

/// Where the time of the steps since the last reset went, in seconds of all threads.
struct StepProfile {
  int64_t steps = 0;
  double gemm = 0, likelihood = 0, optimizer = 0, packing = 0, input = 0, barrier = 0, other = 0;
};

/// How a device runs an operation: "product", "fused into bias_relu", "alias"; the words are the
/// device's.
struct OperationKernel {
  std::string operation;
  std::string kernel;
  auto operator<=>(const OperationKernel&) const = default;
};

class Executor {
 public:
  virtual ~Executor() = default;

  /// Whether the device computes equal bits from equal inputs on different threads, tried with the
  /// operations of this graph; devices that need no such check say yes.
  virtual bool repeats_bits() { return true; }
  /// Binds an input to (N, row shape) values, uint8 or float32; the model sees
  /// (stored - shift) * scale. The tensor's memory is shared, not copied.
  virtual void bind_input(std::string_view name, const Tensor& values, const Scaling& scaling) = 0;
  virtual void set_scalar(std::string_view name, double value) = 0;
  /// Parameters and states by name, float32; Error E2203 if the shape differs.
  virtual void set(std::string_view name, const Tensor& value) = 0;
  virtual Tensor get(std::string_view name) const = 0;
  /// Copies into an existing tensor of the same shape: does not allocate.
  virtual void get_into(std::string_view name, Tensor& dst) const = 0;
  /// Names of all parameters, then of all states, in order of creation.
  virtual std::vector<std::string> state_names() const = 0;

  virtual void run(const StepInputs& inputs) = 0;

  /// Results of the last run, by output name.
  virtual double scalar(std::string_view output) const = 0;
  /// Per-row outputs: rows x row size values, dense; valid until the next run.
  virtual std::span<const float> rows(std::string_view output) const = 0;
  /// kOnce outputs that are not scalars.
  virtual Tensor once(std::string_view output) const = 0;

  /// Operations that this device has no kernel for and runs one value at a time in double
  /// precision, as name and type ("erf f32 (B, 20)"); correct, but slow. Float64 scalars made of
  /// scalars are meant to run there and are not named.
  virtual std::vector<std::string> warnings() const { return {}; }
  /// How each operation of the graph runs, in order of its nodes, but for float64 scalars.
  virtual std::vector<OperationKernel> kernels() const { return {}; }
  /// Bytes held by this executor: state, packed copies, batch and block buffers.
  virtual uint64_t num_bytes() const = 0;
  /// The plan as text: stages, tasks, buffers, kernels, warnings.
  virtual std::string plan_text() const = 0;
  virtual StepProfile profile() const = 0;
  virtual void reset_profile() = 0;
};

/// Error E2202 that names `what` and the operations, if the executor has warnings: for
/// measurements, which would time the interpreter.
void require_kernels(const Executor& executor, std::string_view what);

struct DeviceInfo {
  std::string kind;             // "cpu"
  std::string name;             // processor name
  std::string instruction_set;  // "AVX-512 + AMX bf16"
  int threads = 1;
  std::string arithmetic;  // fingerprint of results, see docs
};

class Device {
 public:
  virtual ~Device() = default;
  virtual const DeviceInfo& info() const = 0;
  /// Error E2202 if an operation has no kernel here, E5201 if memory is short.
  virtual std::unique_ptr<Executor> compile(const Graph& graph, const CompileOptions& options) = 0;
  /// The bytes that an executor of this graph would hold, its num_bytes(), without taking them.
  /// Errors as compile, but for memory.
  virtual uint64_t estimate(const Graph& graph, const CompileOptions& options) = 0;
};

}  // namespace isthmus
