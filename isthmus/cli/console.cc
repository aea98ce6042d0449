// SPDX-License-Identifier: Apache-2.0
// Prints for people: labels of nine columns, colours on labels only, one form for warnings and
// errors. Knows nothing of commands.
#include "isthmus/cli/console.h"

#include <algorithm>

#include "isthmus/base/env.h"
#include "isthmus/base/text.h"
#include "isthmus/cli/program.h"

namespace isthmus {
namespace {

constexpr size_t kLabelWidth = 9;
constexpr std::string_view kHint = "\n  hint: ";
constexpr std::string_view kRed = "\x1b[1;31m", kYellow = "\x1b[1;33m", kBlue = "\x1b[34m",
                           kPlain = "\x1b[0m", kEraseLine = "\r\x1b[K";

bool dumb_terminal() { return env_value("TERM").value_or("dumb") == "dumb"; }

/// The rest of an error's text behind "error[E2002]".
std::string_view behind_label(std::string_view text) {
  const size_t end = text.find("]: ");
  return end == std::string_view::npos ? text : text.substr(end + 1);
}

}  // namespace

Console::Console(Terminal terminal, Fs& fs) : terminal_(std::move(terminal)), fs_(fs) {}

void Console::configure(const EdgeOptions& options) {
  options_ = options;
  if (options.log_file != "none") log_ = fs_.open_append(options.log_file);
}

bool Console::colours(bool is_terminal) const {
  if (options_.color != "auto") return options_.color == "always";
  return is_terminal && !dumb_terminal() && env_value("NO_COLOR").value_or("").empty();
}

std::string Console::label_text(std::string_view label, std::string_view colour,
                                bool is_terminal) const {
  if (!colours(is_terminal)) return std::string(label);
  return std::string(colour) + std::string(label) + std::string(kPlain);
}

std::string Console::progress_mode() const {
  if (options_.quiet) return "none";
  if (options_.progress != "auto") return options_.progress;
  return terminal_.err_is_terminal && !dumb_terminal() ? "bar" : "plain";
}

void Console::err_line(std::string_view shown, std::string_view plain) {
  if (drawn_) terminal_.err(kEraseLine);
  if (line_open_ && !drawn_) terminal_.err("\n");
  drawn_ = line_open_ = false;
  terminal_.err(std::string(shown) + "\n");
  if (!log_) return;
  try {
    log_->append(std::string(plain) + "\n");
  } catch (const Error&) {
    log_.reset();  // a full disk ends the log, not the work
  }
}

void Console::print_result(const std::string& line) {
  draw("");
  try {
    terminal_.out(line + "\n");
  } catch (const Error& error) {
    if (lines_are_the_result_) throw;
    // Whoever closed stdout does not want to know; the work goes on.
    if (error.code() != ErrorCode::kPipeClosed && error.code() != ErrorCode::kNoStdout) throw;
  }
}

void Console::result(std::string_view line) {
  if (options_.quiet || options_.json) return;
  if (data_on_stdout_) return info(line);
  const bool whole = !terminal_.out_is_terminal;
  print_result(whole ? std::string(line)
                     : wrap_text(line, static_cast<size_t>(width()), kLabelWidth));
}

/// A label of nine columns and text beside it.
std::string Console::labelled(std::string_view label, std::string_view text,
                              bool is_terminal) const {
  const std::string shown = label_text(pad_right(label, kLabelWidth), kBlue, is_terminal);
  const std::string typed = commands_as_typed(text, terminal_.program);
  if (!is_terminal) return shown + typed;
  const size_t width = std::max(static_cast<size_t>(this->width()), 3 * kLabelWidth) - kLabelWidth;
  const std::string between = "\n" + std::string(kLabelWidth, ' ');
  return shown + join(split(wrap_text(typed, width, 0), '\n'), between);
}

void Console::result(std::string_view label, std::string_view text) {
  if (options_.quiet || options_.json) return;
  if (data_on_stdout_) return info(label, text);
  print_result(labelled(label, text, terminal_.out_is_terminal));
}

void Console::info(std::string_view line) {
  if (!options_.quiet) err_line(line, line);
}

void Console::info(std::string_view label, std::string_view text) {
  if (options_.quiet) return;
  err_line(labelled(label, text, terminal_.err_is_terminal),
           pad_right(label, kLabelWidth) + std::string(text));
}

/// "error[E2002]" and the rest, behind which the hint's commands are as they have to be typed.
void Console::fault_line(std::string_view label, std::string_view colour, std::string_view text) {
  const size_t hint = std::min(text.find(kHint), text.size());
  const std::string plain = std::string(label) + std::string(text.substr(0, hint)) +
                            commands_as_typed(text.substr(hint), terminal_.program);
  const bool is_terminal = terminal_.err_is_terminal;
  const std::string shown = is_terminal ? wrap_text(plain, static_cast<size_t>(width()), 2) : plain;
  err_line(label_text(label, colour, is_terminal) + shown.substr(label.size()), plain);
}

void Console::warning(const std::string& code, const std::string& message,
                      const std::string& hint) {
  const std::string text = escape_for_terminal(message), remedy = escape_for_terminal(hint);
  warnings_.push_back({code, text, remedy});
  if (options_.quiet) return;
  fault_line(code.empty() ? "warning" : "warning[" + code + "]", kYellow,
             ": " + text + (remedy.empty() ? "" : std::string(kHint) + remedy));
}

void Console::error(const Error& error, std::string_view excerpt) {
  std::string text(behind_label(error.what()));
  if (!excerpt.empty()) text = text.substr(0, text.find(kHint)) + "\n" + std::string(excerpt);
  fault_line("error[" + error_label(error.code()) + "]", kRed, text);
}

void Console::error_text(std::string_view text) { err_line(text, text); }

void Console::say_out_of_memory() const {
  terminal_.err("error[E5201]: the system gave no more memory\n");
}

void Console::draw(std::string_view line) {
  if (line.empty() && !drawn_) return;
  if (drawn_) terminal_.err(kEraseLine);
  terminal_.err(line);
  drawn_ = !line.empty();
}

void Console::begin_line(std::string_view text) {
  if (options_.quiet) return;
  draw("");
  terminal_.err(text);
  line_open_ = true;
}

void Console::end_line(std::string_view text) {
  if (options_.quiet) return;
  line_open_ = false;
  terminal_.err(std::string(text) + "\n");
}

Json Console::warnings_json() const {
  Json list = Json::array();
  for (const Warning& w : warnings_) {
    list.push_back(Json::object()
                       .set("code", w.code)
                       .set("message", w.message)
                       .set("hint", w.hint.empty() ? Json() : Json(w.hint)));
  }
  return list;
}

}  // namespace isthmus
