// SPDX-License-Identifier: Apache-2.0
// The tasks of batch-wise nodes: some rows or columns of one of them. Cuts follow from the rows of
// the step and from shapes, never from threads.
#include <algorithm>

#include "isthmus/cpu/run.h"

namespace isthmus {
namespace {

/// Rows or columns to compute.
int64_t units_of(const Machine& m, const BatchStep& step) {
  return step.kernel->by_columns ? step.out_cols : m.step.num_rows;
}

int64_t tasks_of(const Machine& m, const BatchStep& step) {
  return (units_of(m, step) + step.kernel->step - 1) / step.kernel->step;
}

}  // namespace

int64_t num_batch_tasks(const Machine& m, const RowStageProgram& stage) noexcept {
  int64_t count = 0;
  for (const BatchStep& step : stage.batch) count += tasks_of(m, step);
  return count;
}

void run_batch_task(Machine& m, const RowStageProgram& stage, int64_t task, int thread) noexcept {
  ThreadMemory& t = m.threads[static_cast<size_t>(thread)];
  const uint64_t start = ticks_now();
  const BatchStep* step = stage.batch.data();
  for (; task >= tasks_of(m, *step); ++step) task -= tasks_of(m, *step);
  BatchCall call;
  call.batch_rows = m.step.num_rows;
  call.first = task * step->kernel->step;
  call.end = std::min(units_of(m, *step), call.first + step->kernel->step);
  call.cols = step->cols;
  for (size_t k = 0; k < step->in.size(); ++k) {
    call.in[k] = {resolve(m, t, step->in[k], {}), step->in[k].row_stride};
  }
  call.dst = resolve(m, t, step->dst, {});
  call.dst_stride = step->dst.row_stride;
  call.is_rbf = step->is_rbf;
  call.exclude_self = step->exclude_self;
  call.halved = step->halved;
  call.of_first = step->of_first;
  call.of_second = step->of_second;
  call.scales = step->scales;
  call.fractions = step->fractions;
  if (step->order.valid()) call.order = reinterpret_cast<uint32_t*>(resolve(m, t, step->order, {}));
  call.order_stride = step->order.row_stride;
  if (step->sums.valid()) call.sums = resolve(m, t, step->sums, {});
  call.sums_stride = step->sums.row_stride;
  call.scratch = t.scratch;
  step->kernel->run(call);
  t.ticks[static_cast<size_t>(Cost::kOther)] += ticks_now() - start;
}

}  // namespace isthmus
