// SPDX-License-Identifier: Apache-2.0
// Binds names to memory and runs the stages of a program. All memory is one allocation made here;
// a step allocates nothing.
#include "isthmus/cpu/cpu_executor.h"

#include <algorithm>
#include <cstring>

#include "isthmus/base/clock.h"

namespace isthmus {
namespace {

constexpr size_t kLongestPurpose = 47;  // see StepInputs

uint64_t aligned(uint64_t bytes) { return (bytes + 127) / 128 * 128 + 128; }
uint64_t floats(int64_t n) { return aligned(static_cast<uint64_t>(n) * sizeof(float)); }
uint64_t halfs(int64_t n) { return aligned(static_cast<uint64_t>(n) * sizeof(uint16_t)); }

double measure_seconds_per_tick() {
  const double t0 = monotonic_clock().seconds();
  const uint64_t c0 = ticks_now();
  double t1 = t0;
  while (t1 - t0 < 0.002) t1 = monotonic_clock().seconds();
  return (t1 - t0) / static_cast<double>(ticks_now() - c0);
}

}  // namespace

ExecutorMemory memory_of(const Program& program) {
  const MemoryLayout& p = program.memory;
  return {.shared = floats(p.arena_floats) + floats(p.batch_floats) + halfs(p.packed_halfs) +
                    halfs(p.kept_halfs),
          .per_thread = floats(p.block_floats) + floats(p.scratch_floats) + floats(p.tile_floats) +
                        halfs(p.block_halfs) + halfs(p.tile_halfs) + halfs(p.part_halfs) +
                        floats(p.gemm_scratch_floats)};
}

CpuExecutor::CpuExecutor(const Graph& graph, const CompileOptions& options, ThreadPool& pool)
    : program_(compile_program(graph, options, pool.num_threads())),
      machine_{.program = program_, .pool = pool},
      shares_(pool.num_threads()) {
  static const double seconds_per_tick = measure_seconds_per_tick();
  seconds_per_tick_ = seconds_per_tick;
  allocate(pool);
  for (uint32_t i = 0; i < program_.graph.nodes().size(); ++i) {
    const Node& n = program_.graph.nodes()[i];
    if (n.kind == NodeKind::kParameter || n.kind == NodeKind::kState) states_[n.name] = i;
    if (n.kind == NodeKind::kScalar) scalars_[n.name] = i;
  }
  dirty_.assign(program_.memory.packed.size(), true);
  set_constants();
}

void CpuExecutor::allocate(ThreadPool& pool) {
  const Program& program = program_;
  const MemoryLayout& p = program.memory;
  num_bytes_ = memory_of(program).total(pool.num_threads());
  memory_ = allocate_aligned(num_bytes_);  // zeros: nothing writes what pads an operand
  std::byte* at = memory_.get();
  const auto take = [&](std::string_view name, uint64_t bytes) {
    regions_.push_back({name, at, at + bytes, at + aligned(bytes)});
    return std::exchange(at, at + aligned(bytes));
  };
  const auto take_floats = [&](std::string_view name, int64_t count) {
    return reinterpret_cast<float*>(take(name, static_cast<uint64_t>(count) * sizeof(float)));
  };
  const auto take_halfs = [&](std::string_view name, int64_t count) {
    return reinterpret_cast<uint16_t*>(take(name, static_cast<uint64_t>(count) * sizeof(uint16_t)));
  };
  machine_.arena = take_floats("arena", p.arena_floats);
  machine_.batch = take_floats("batch", p.batch_floats);
  machine_.packed = take_halfs("packed", p.packed_halfs);
  machine_.kept = take_halfs("kept", p.kept_halfs);
  for (int t = 0; t < pool.num_threads(); ++t) {
    ThreadMemory& m = machine_.threads.emplace_back();
    m.block = take_floats("block", p.block_floats);
    m.scratch = take_floats("scratch", p.scratch_floats);
    m.tile = take_floats("tile", p.tile_floats);
    m.half = take_halfs("half", p.block_halfs);
    m.tile_half = take_halfs("tile_half", p.tile_halfs);
    m.part_half = take_halfs("part_half", p.part_halfs);
    m.gemm_scratch = take_floats("gemm_scratch", p.gemm_scratch_floats);
  }
  machine_.scalars64.assign(program.graph.nodes().size(), 0.0);
  machine_.step.keys.resize(program.graph.nodes().size());
  size_t longest = 0;
  for (const Node& n : program.graph.nodes()) longest = std::max(longest, n.name.size());
  machine_.step.stream.reserve(kLongestPurpose + 1 + longest);
}

void CpuExecutor::set_constants() {
  for (uint32_t i = 0; i < program_.graph.nodes().size(); ++i) {
    const Node& n = program_.graph.nodes()[i];
    float* dst = machine_.arena + program_.memory.places[i].offset;
    if (n.kind == NodeKind::kConstant) {
      if (n.type.dtype == Dtype::kF64) {
        machine_.scalars64[i] = n.constant.values<double>()[0];
        *dst = static_cast<float>(machine_.scalars64[i]);
      } else {
        const auto values = n.constant.values<float>();
        std::copy(values.begin(), values.end(), dst);
      }
    } else if (n.kind == NodeKind::kState) {
      std::fill_n(dst, value_count(n.type.shape), static_cast<float>(n.initializer.value));
    }
  }
}

void CpuExecutor::bind_input(std::string_view name, const Tensor& values, const Scaling& scaling) {
  bool found = false;
  for (InputBinding& in : program_.inputs) {
    if (in.name != name) continue;
    found = true;
    const Shape& shape = values.shape();
    const int64_t items = shape.empty() ? 0 : shape[0];
    const bool fits = items >= 0 && items * in.cols == values.num_values();
    const size_t entries = scaling.shift.size();
    const bool scales = scaling.scale.size() == entries &&
                        (entries == 1 || entries == static_cast<size_t>(in.cols));
    if (!fits || !scales || (values.dtype() != Dtype::kU8 && values.dtype() != Dtype::kF32)) {
      throw Error(ErrorCode::kDataMismatch,
                  "input " + in.name + " needs " + std::to_string(in.cols) +
                      " values per item, the data are " + std::string(dtype_name(values.dtype())) +
                      " " + shape_text(shape),
                  "give data of the model's shape");
    }
    in.values = values;
    in.shift.assign(scaling.shift.begin(), scaling.shift.end());
    in.scale.assign(scaling.scale.begin(), scaling.scale.end());
    in.bound = true;
  }
  if (!found) {
    // An input that no output needs was dropped from the graph: nothing to bind.
    return;
  }
}

void CpuExecutor::set_scalar(std::string_view name, double value) {
  const auto at = scalars_.find(name);
  if (at == scalars_.end()) return;  // not needed by any output
  machine_.scalars64[at->second] = value;
  machine_.arena[program_.memory.places[at->second].offset] = static_cast<float>(value);
}

uint32_t CpuExecutor::state_node(std::string_view name) const {
  const auto at = states_.find(name);
  ISTHMUS_CHECK(at != states_.end(), "no parameter or state named " + std::string(name));
  return at->second;
}

void CpuExecutor::set(std::string_view name, const Tensor& value) {
  const uint32_t i = state_node(name);
  const Node& n = program_.graph.nodes()[i];
  if (value.shape() != n.type.shape || value.dtype() != Dtype::kF32) {
    throw Error(ErrorCode::kShapeMismatch,
                n.name + " is f32 " + shape_text(n.type.shape) + ", the given value is " +
                    std::string(dtype_name(value.dtype())) + " " + shape_text(value.shape()));
  }
  const auto values = value.values<float>();
  std::copy(values.begin(), values.end(), machine_.arena + program_.memory.places[i].offset);
  for (size_t k = 0; k < program_.memory.packed.size(); ++k) {
    if (program_.memory.packed[k].node == i) dirty_[k] = true;
  }
}

Tensor CpuExecutor::get(std::string_view name) const {
  Tensor t(Dtype::kF32, program_.graph.nodes()[state_node(name)].type.shape);
  get_into(name, t);
  return t;
}

void CpuExecutor::get_into(std::string_view name, Tensor& dst) const {
  const uint32_t i = state_node(name);
  ISTHMUS_CHECK(dst.shape() == program_.graph.nodes()[i].type.shape, "shape of a copied state");
  auto values = dst.values<float>();
  std::copy_n(machine_.arena + program_.memory.places[i].offset, values.size(), values.begin());
}

std::vector<std::string> CpuExecutor::state_names() const {
  std::vector<std::string> names;
  for (const NodeKind kind : {NodeKind::kParameter, NodeKind::kState}) {
    for (const Node& n : program_.graph.nodes()) {
      if (n.kind == kind) names.push_back(n.name);
    }
  }
  return names;
}

void CpuExecutor::begin_step(const StepInputs& inputs) {
  const auto rows = static_cast<int64_t>(inputs.items.size());
  ISTHMUS_CHECK(rows >= 1 && rows <= program_.options.max_rows, "rows of a step");
  for (const InputBinding& in : program_.inputs) {
    ISTHMUS_CHECK(in.bound, "input " + in.name + " is not bound");
  }
  StepState& step = machine_.step;
  step.items = inputs.items.data();
  step.num_rows = rows;
  const int64_t chunk = program_.shape.chunk_rows;
  step.num_chunks = (rows + chunk - 1) / chunk;
  step.epoch = inputs.epoch;
  ISTHMUS_CHECK(inputs.noise_purpose.size() <= kLongestPurpose, "length of a noise purpose");
  for (uint32_t i = 0; i < program_.graph.nodes().size(); ++i) {
    const Node& n = program_.graph.nodes()[i];
    if (n.kind == NodeKind::kRows) {
      machine_.scalars64[i] = static_cast<double>(rows);
      machine_.arena[program_.memory.places[i].offset] = static_cast<float>(rows);
    } else if (n.kind == NodeKind::kNormal || n.kind == NodeKind::kUniform) {
      step.stream.assign(inputs.noise_purpose).append("/").append(n.name);
      step.keys[i] = RngKey::from(inputs.seed, step.stream);
    }
  }
  for (size_t k = 0; k < dirty_.size(); ++k) {
    if (!dirty_[k] || !program_.memory.packed[k].leaf) continue;
    const PackedWeight& w = program_.memory.packed[k];
    pack_weight(machine_, w,
                {0, w.transposed ? w.num_n : w.num_k, 0, w.transposed ? w.num_k : w.num_n});
    dirty_[k] = false;
  }
}

void CpuExecutor::run_once_stage(const OnceStageProgram& stage) {
  pack_weights(machine_, stage.packs);
  for (const OnceLevel& tasks : stage.levels) {
    run_once_level(stage, tasks);
    pack_weights(machine_, tasks.packs);
  }
}

void CpuExecutor::run_once_level(const OnceStageProgram& stage, const OnceLevel& tasks) {
  if (tasks.serial) {
    for (const OnceTask& task : tasks.tasks) run_once_task(machine_, stage, task, 0);
    return;
  }
  shares_.assign(tasks.cuts);
  auto body = [&](int64_t, int thread) {
    for (int64_t k = shares_.take(thread); k >= 0; k = shares_.take(thread)) {
      run_once_task(machine_, stage, tasks.tasks[static_cast<size_t>(k)], thread);
    }
  };
  machine_.pool.run(machine_.pool.num_threads(), body);
}

void CpuExecutor::commit() {
  constexpr int64_t kPiece = 32'768;  // floats
  for (const CommitCopy& c : program_.commits) {
    auto body = [&](int64_t piece, int) {
      const int64_t first = piece * kPiece, count = std::min(kPiece, c.count - first);
      std::memcpy(machine_.arena + c.dst.offset + first, machine_.arena + c.src.offset + first,
                  static_cast<size_t>(count) * sizeof(float));
    };
    const int64_t pieces = (c.count + kPiece - 1) / kPiece;
    if (pieces > 1) machine_.pool.run(pieces, body);
    if (pieces == 1) body(0, 0);
  }
  for (const CommitCopy& c : program_.commits) pack_weights(machine_, c.packs);
}

/// What a thread could not throw. The step's results are of no use then, and states
/// that were updated in place are not what they were.
void CpuExecutor::throw_failure() {
  std::exception_ptr failure = nullptr;
  for (ThreadMemory& t : machine_.threads) {
    if (t.failure != nullptr) failure = std::exchange(t.failure, nullptr);
  }
  if (failure != nullptr) std::rethrow_exception(failure);
}

void CpuExecutor::run(const StepInputs& inputs) {
  const ArithmeticGuard guard;
  const uint64_t start = ticks_now();
  begin_step(inputs);
  run_once_stage(program_.prologue);
  for (size_t s = 0; s < program_.row_stages.size(); ++s) {
    const RowStageProgram& rows = program_.row_stages[s];
    if (!rows.batch.empty()) {
      auto body = [&](int64_t task, int thread) { run_batch_task(machine_, rows, task, thread); };
      machine_.pool.run(num_batch_tasks(machine_, rows), body);
    }
    if (!rows.instructions.empty()) {
      auto body = [&](int64_t part, int thread) { run_row_blocks(machine_, rows, part, thread); };
      machine_.pool.run(program_.shape.num_parts(), body);
    }
    run_once_stage(program_.once_stages[s]);
  }
  throw_failure();
  commit();
  wall_ticks_ += ticks_now() - start;
  ++steps_;
}

const OutputPlace& CpuExecutor::output(std::string_view name) const {
  for (const OutputPlace& o : program_.outputs) {
    if (o.name == name) return o;
  }
  ISTHMUS_CHECK(false, "no output named " + std::string(name));
  return program_.outputs[0];
}

double CpuExecutor::scalar(std::string_view name) const {
  const OutputPlace& o = output(name);
  if (program_.graph.nodes()[o.node].type.dtype == Dtype::kF64) {
    return machine_.scalars64[look_through(program_.plan, o.node)];
  }
  return static_cast<double>(machine_.arena[o.place.offset]);
}

std::span<const float> CpuExecutor::rows(std::string_view name) const {
  const OutputPlace& o = output(name);
  ISTHMUS_CHECK(o.per_row && o.place.memory == Memory::kBatch, "a per-row output");
  return {machine_.batch + o.place.offset,
          static_cast<size_t>(machine_.step.num_rows * o.row_size)};
}

Tensor CpuExecutor::once(std::string_view name) const {
  const OutputPlace& o = output(name);
  Tensor t(Dtype::kF32, program_.graph.nodes()[o.node].type.shape);
  auto values = t.values<float>();
  std::copy_n(machine_.arena + o.place.offset, values.size(), values.begin());
  return t;
}

StepProfile CpuExecutor::profile() const {
  StepProfile p;
  p.steps = steps_;
  double* const parts[] = {&p.gemm, &p.likelihood, &p.optimizer, &p.packing, &p.input, &p.other};
  double busy = 0;
  for (const ThreadMemory& t : machine_.threads) {
    for (size_t k = 0; k < t.ticks.size(); ++k) {
      const double seconds = static_cast<double>(t.ticks[k]) * seconds_per_tick_;
      *parts[k] += seconds;
      busy += seconds;
    }
  }
  const double wall = static_cast<double>(wall_ticks_) * seconds_per_tick_;
  p.barrier = std::max(0.0, wall * static_cast<double>(machine_.threads.size()) - busy);
  return p;
}

void CpuExecutor::reset_profile() {
  for (ThreadMemory& t : machine_.threads) t.ticks = {};
  wall_ticks_ = 0;
  steps_ = 0;
}

}  // namespace isthmus
