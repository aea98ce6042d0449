// SPDX-License-Identifier: Apache-2.0
// What is printed where. Results go to stdout; summaries, progress, warnings and errors to stderr.
// With --json stdout carries one object and no other result, with -o - data and no other result; -q
// leaves only errors. On a terminal long lines are broken between words, elsewhere they are not.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "isthmus/base/error.h"
#include "isthmus/base/fs.h"
#include "isthmus/base/json.h"
#include "isthmus/cli/edge_options.h"

namespace isthmus {

/// Where text goes: main.cc connects file descriptors, tests connect strings.
struct Terminal {
  std::function<void(std::string_view)> out, err;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  std::function<int()> width = [] { return 80; };  // of now: windows are resized
  std::string program = "isthmus";                 // as the user typed it
};

struct Warning {
  std::string code, message, hint;
};

class Console {
 public:
  Console(Terminal terminal, Fs& fs);

  /// Opens the log file, if one is asked for.
  void configure(const EdgeOptions& options);

  bool json() const { return options_.json; }
  bool quiet() const { return options_.quiet; }
  bool verbose() const { return options_.verbose; }
  int width() const { return terminal_.width(); }
  const std::string& program() const { return terminal_.program; }
  /// "bar" "plain" "jsonl" "none"; auto is decided here.
  std::string progress_mode() const;

  /// Human results on stdout; a reader who has gone misses them without an error.
  void result(std::string_view line);
  void result(std::string_view label, std::string_view text);
  /// Summaries on stderr.
  void info(std::string_view line);
  void info(std::string_view label, std::string_view text);
  void warning(const std::string& code, const std::string& message, const std::string& hint);
  /// Always printed. `excerpt` (lines of a configuration file) takes the place of the hint.
  void error(const Error& error, std::string_view excerpt = {});
  void error_text(std::string_view text);
  /// The last words when nothing else can be said; needs no memory.
  void say_out_of_memory() const;

  /// As it is: data on stdout, the JSON object, help. An Error when not all could be written.
  void write_out(std::string_view text) { terminal_.out(text); }
  /// From now on stdout carries data and nothing else: results for people go to stderr.
  void keep_stdout_for_data() { data_on_stdout_ = true; }
  /// The command writes nothing but lines for people: a stdout that does not take them is an error.
  void lines_are_the_result() { lines_are_the_result_ = true; }
  /// A line that the next one overwrites; "" removes it.
  void draw(std::string_view line);
  /// A line in two parts, with time between them.
  void begin_line(std::string_view text);
  void end_line(std::string_view text);

  const std::vector<Warning>& warnings() const { return warnings_; }
  Json warnings_json() const;

 private:
  std::string label_text(std::string_view label, std::string_view colour, bool is_terminal) const;
  bool colours(bool is_terminal) const;
  std::string labelled(std::string_view label, std::string_view text, bool is_terminal) const;
  void fault_line(std::string_view label, std::string_view colour, std::string_view text);
  void err_line(std::string_view shown, std::string_view plain);
  Terminal terminal_;
  Fs& fs_;
  EdgeOptions options_;
  std::unique_ptr<AppendFile> log_;
  std::vector<Warning> warnings_;
  void print_result(const std::string& line);
  bool lines_are_the_result_ = false;
  bool drawn_ = false, line_open_ = false, data_on_stdout_ = false;
};

}  // namespace isthmus
