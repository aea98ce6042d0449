// SPDX-License-Identifier: Apache-2.0
// The library never prints: events go to the sink that the edge installs. Without one they vanish.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace isthmus {

enum class LogLevel { kDebug, kInfo, kWarning, kError };
/// code: "W2102" for warnings with a number, else "". text: one line.
struct LogEvent {
  LogLevel level = LogLevel::kInfo;
  std::string code;
  std::string text;
  std::string hint;
};
using LogSink = std::function<void(const LogEvent&)>;
/// Replaces the sink and returns the old one. Thread-safe.
LogSink set_log_sink(LogSink sink);
void log_event(const LogEvent& event);
void log_info(std::string_view text);
void log_warning(std::string_view code, std::string_view text, std::string_view hint = {});

}  // namespace isthmus
