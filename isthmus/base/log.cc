// SPDX-License-Identifier: Apache-2.0
// The log sink, one of the two pieces of global state: the library reports events, the edge decides
// what becomes of them. Nothing here prints.
#include "isthmus/base/log.h"

#include <memory>
#include <mutex>
#include <utility>

namespace isthmus {
namespace {

struct SinkHolder {
  std::mutex mutex;
  std::shared_ptr<const LogSink> sink;
};
SinkHolder& holder() {
  static SinkHolder instance;
  return instance;
}

}  // namespace

LogSink set_log_sink(LogSink sink) {
  auto fresh = sink ? std::make_shared<const LogSink>(std::move(sink)) : nullptr;
  {
    std::lock_guard lock(holder().mutex);
    std::swap(holder().sink, fresh);
  }
  return fresh ? *fresh : LogSink{};
}

void log_event(const LogEvent& event) {
  std::shared_ptr<const LogSink> sink;
  {
    std::lock_guard lock(holder().mutex);
    sink = holder().sink;
  }
  // Called outside the lock: a sink may log or replace itself.
  if (sink) (*sink)(event);
}

void log_info(std::string_view text) {
  log_event({.level = LogLevel::kInfo, .code = {}, .text = std::string(text), .hint = {}});
}

void log_warning(std::string_view code, std::string_view text, std::string_view hint) {
  log_event({.level = LogLevel::kWarning,
             .code = std::string(code),
             .text = std::string(text),
             .hint = std::string(hint)});
}

}  // namespace isthmus
