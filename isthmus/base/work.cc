// SPDX-License-Identifier: Apache-2.0
// The work sink: global state like the log sink, because work is deep inside and the edge is not.
// Nothing here prints or measures time.
#include "isthmus/base/work.h"

#include <utility>

namespace isthmus {
namespace {

WorkSink& sink() {
  static WorkSink instance;
  return instance;
}

}  // namespace

WorkSink set_work_sink(WorkSink fresh) { return std::exchange(sink(), std::move(fresh)); }

void note_work(std::string_view what, uint64_t done, uint64_t total) {
  if (sink()) sink()(what, done, total);
}

}  // namespace isthmus
