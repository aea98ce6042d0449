// SPDX-License-Identifier: Apache-2.0
// Long work outside of training says how far it is; the edge may show it. Like the log: without a
// sink nothing happens.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace isthmus {

/// `what` is a static text: "reading", "importance-weighted bound".
using WorkSink = std::function<void(std::string_view what, uint64_t done, uint64_t total)>;
/// Replaces the sink and returns the old one; not while work is under way.
WorkSink set_work_sink(WorkSink sink);
/// Called by the thread that does the work, some times a second at least, and with done == total at
/// the end.
void note_work(std::string_view what, uint64_t done, uint64_t total);

}  // namespace isthmus
