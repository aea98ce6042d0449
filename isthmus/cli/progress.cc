// SPDX-License-Identifier: Apache-2.0
// The observer of the command line. It formats; numbers and pace come from the training loop, which
// calls at most ten times a second.
#include "isthmus/cli/progress.h"

#include <algorithm>
#include <cmath>

#include "isthmus/base/clock.h"
#include "isthmus/base/text.h"
#include "isthmus/cli/process.h"
#include "isthmus/train/json_run.h"

namespace isthmus {
namespace {

constexpr double kPlainSeconds = 10;

std::string bar(double share, int cells) {
  if (cells == 0) return "";
  const int done = std::clamp(static_cast<int>(share * cells), 0, cells);
  std::string text(static_cast<size_t>(done), '=');
  if (done < cells) text += '>';
  text.resize(static_cast<size_t>(cells), '-');
  return " [" + text + "]";
}

std::string percent(double share) {
  const std::string digits = std::to_string(static_cast<int>(std::floor(share * 100)));
  return std::string(digits.size() < 3 ? 3 - digits.size() : 0, ' ') + digits + "%";
}

struct LineStyle {
  bool words = true;  // "reconstruction 235.9  kl 15.4", else "(rec 235.9, kl 15.4)"
  int cells = 20;
  bool rate = true;
  bool parts = true;  // of the objective
};

/// Further terms may be small beside the nats of an item.
std::string short_term(double value) { return format_fixed(value, std::fabs(value) < 10 ? 3 : 1); }

std::string terms_text(const Terms& terms, bool words, bool parts) {
  if (terms.exact()) return "  log p " + format_fixed(terms.elbo, 1);
  const bool nats = !std::isnan(terms.reconstruction);
  std::string text =
      "  objective " + (nats ? format_fixed(terms.objective, 1) : short_term(terms.objective));
  if (!parts) return text;
  const std::string reconstruction = format_fixed(terms.reconstruction, 1);
  const bool has_kl = !std::isnan(terms.kl);
  const std::string kl = format_fixed(terms.kl, 1);
  if (words) {
    if (nats) text += "  reconstruction " + reconstruction + (has_kl ? "  kl " + kl : "");
    for (const auto& [name, value] : terms.others) text += "  " + name + " " + short_term(value);
    return text;
  }
  return has_kl ? text + " (rec " + reconstruction + ", kl " + kl + ")" : text;
}

/// "  best -242.1 (3 of 10 without gain), ends in 0:00:12 at the earliest"
std::string patience_text(const Progress& p, bool words) {
  if (std::isnan(p.best_score)) return "";
  const bool nats = !std::isnan(p.terms.reconstruction);
  std::string text = "  best " + (nats ? format_fixed(p.best_score, 1) : short_term(p.best_score)) +
                     " (" + std::to_string(p.without_gain) + " of " + std::to_string(p.patience) +
                     (words ? " without gain)" : ")");
  const bool estimate = std::isnan(p.eta_seconds) && !std::isnan(p.earliest_end_seconds);
  if (estimate) text += (words ? ", ends in " : " >= ") + format_seconds(p.earliest_end_seconds);
  return text + (estimate && words ? " at the earliest" : "");
}

std::string styled_line(const Progress& p, const std::string& unit, const LineStyle& style) {
  std::string text = style.words ? "epoch " : "";
  text += std::to_string(p.epoch) + "/" + std::to_string(p.max_epochs);
  text += bar(p.share, style.cells) + " " + percent(p.share);
  text += terms_text(p.terms, style.words, style.parts);
  if (style.rate) {
    text += "  " + short_count(p.items_per_second) + (style.words ? " " + unit + "/s" : "/s");
  }
  if (p.patience > 0) text += patience_text(p, style.words);
  if (!std::isnan(p.eta_seconds)) text += "  ETA " + format_seconds(p.eta_seconds);
  return text;
}

/// One line of isthmus.progress/1 for people who read with programs.
void print_json_line(Console& console, Json line) {
  line.set("schema", "isthmus.progress/1");
  if (line.find("eta_seconds") == nullptr) line.set("eta_seconds", Json());
  console.error_text(line.dump());
}

std::string layer_line(const LayerRow& row, size_t name_width, size_t kind_width) {
  std::string text = pad_right(row.name, name_width + 2) + pad_right(row.kind, kind_width + 1);
  const std::string sizes =
      row.kind == "linear" && row.weight_shape.size() == 2
          ? std::to_string(row.weight_shape[0]) + " -> " + std::to_string(row.weight_shape[1])
          : shape_text(row.weight_shape);
  text += pad_right(sizes, 14) + pad_right(row.activation, 8);
  const std::string count = group_digits(row.num_parameters);
  return text + std::string(count.size() < 10 ? 10 - count.size() : 0, ' ') + count;
}

}  // namespace

std::string short_count(double value) {
  if (!(value >= 0)) return "-";
  if (value < 9995) return format_fixed(value, 0);
  if (value < 999.5e3) return format_fixed(value / 1e3, 0) + "k";
  return format_fixed(value / 1e6, value < 9.95e6 ? 1 : 0) + "M";
}

std::string progress_line(const Progress& progress, const std::string& unit, int width) {
  const LineStyle styles[] = {{true, 20, true}, {true, 10, true},  {false, 6, true},
                              {false, 0, true}, {false, 0, false}, {false, 0, false, false}};
  std::string line;
  for (const LineStyle& style : styles) {
    line = styled_line(progress, unit, style);
    if (line.size() < static_cast<size_t>(width)) return line;
  }
  return line.substr(0, static_cast<size_t>(width) - 1);
}

std::string work_line(std::string_view what, double share, double eta_seconds, int width) {
  constexpr int kCells = 20;
  const std::string name(what);
  const std::string rest = " " + percent(share) + "  ETA " + format_seconds(eta_seconds);
  if (width <= 0) return name + rest;
  std::string line = name + bar(share, kCells) + rest;
  if (line.size() >= static_cast<size_t>(width)) line = name + rest;
  return line.substr(0, static_cast<size_t>(width) - 1);
}

ConsoleObserver::ConsoleObserver(Console& console, std::string test_note)
    : console_(console),
      mode_(console.progress_mode()),
      test_note_(std::move(test_note)),
      brief_(!test_note_.empty()),
      next_line_seconds_(monotonic_clock().seconds() + kPlainSeconds) {}

void ConsoleObserver::on_summary(const TrainSummary& s) {
  summary_ = s;
  if (s.item.find("grey") != std::string::npos || s.item.find("rgb") != std::string::npos) {
    unit_ = "images";
  }
  std::string counts = group_digits(s.num_train) + " train";
  if (s.num_val > 0) counts += " + " + group_digits(s.num_val) + " validation";
  if (!test_note_.empty()) counts += " + " + test_note_;
  const std::string note = s.data_note.empty() ? "" : " (" + s.data_note + ")";
  console_.info(
      "data", escape_for_terminal(s.data + note) + ": " + counts + ", " + s.item + ", " + s.dtype);
  if (!brief_ || console_.verbose()) print_choices();
  console_.info("model", s.model + ", " + group_digits(s.parameters) + " parameters");
  if (!brief_ || console_.verbose()) print_layers();
  console_.info("device", s.device.kind + ", " + std::to_string(s.device.threads) +
                              (s.device.threads == 1 ? " thread, " : " threads, ") +
                              s.device.instruction_set + ", " +
                              std::string(precision_name(s.precision)) + "        memory about " +
                              format_bytes(s.memory_bytes) + " of " +
                              format_bytes(s.memory_limit_bytes));
  if (s.resumed_from_step >= 0) print_resumed();
  if (!s.run.empty() && !brief_) {
    const std::string steps = s.max_epochs > 0
                                  ? "  batch " + group_digits(s.batch_size) + ", " +
                                        group_digits(s.steps_per_epoch) + " steps per epoch"
                                  : "";
    console_.info("run", escape_for_terminal(s.run) + "/" + steps);
  }
}

/// Other data would have been refused, unless that was allowed; other arithmetic is warned of.
void ConsoleObserver::print_resumed() {
  const auto value_of = [&](std::string_view key) {
    for (const Choice& choice : choices_) {
      if (choice.key == key) return choice.value;
    }
    return std::string();
  };
  const int64_t step = summary_.resumed_from_step;
  console_.info("resumed",
                escape_for_terminal(summary_.run) + " at step " + group_digits(step) + " (epoch " +
                    group_digits(step / summary_.steps_per_epoch + 1) + "), seed " +
                    value_of("run.seed") +
                    (value_of("run.allow_data_change") == "true" ? "" : ", data unchanged") + ", " +
                    summary_.resumed_with);
}

void ConsoleObserver::print_choices() {
  std::string_view label = "choice";
  for (const Choice& choice : notable_choices(choices_)) {
    const std::string reason = choice.reason.empty() ? choice.origin : choice.reason;
    console_.info(label, choice.key + " " + escape_for_terminal(choice.value) + " (" +
                             escape_for_terminal(reason) + ")");
    label = "";
  }
}

void ConsoleObserver::print_layers() {
  size_t name = 0, kind = 10;
  for (const LayerRow& row : summary_.layers) {
    name = std::max(name, row.name.size());
    kind = std::max(kind, row.kind.size());
  }
  std::string_view label = "layers";
  for (const LayerRow& row : summary_.layers) {
    console_.info(label, layer_line(row, name, kind));
    label = "";
  }
}

void ConsoleObserver::on_progress(const Progress& p) {
  if (stop_began_ >= 0) return;
  if (mode_ == "jsonl") {
    print_json_line(console_, progress_json(p));
  } else if (mode_ == "bar") {
    console_.draw(progress_line(p, unit_, console_.width()));
  } else if (mode_ == "plain" && monotonic_clock().seconds() >= next_line_seconds_) {
    next_line_seconds_ += kPlainSeconds;
    console_.info(styled_line(p, unit_, {.cells = 0}));
  }
}

void ConsoleObserver::on_epoch(const EpochRecord& record) {
  if (mode_ != "jsonl") return;
  for (Json& line : metrics_json(record)) {
    line.set("items_per_second", record.items_per_second)
        .set("elapsed_seconds", record.elapsed_seconds);
    print_json_line(console_, std::move(line));
  }
}

void ConsoleObserver::on_event(const TrainEvent& event) {
  if (event.kind == "warning") {
    console_.warning(event.code, event.text, event.hint);
  } else if (event.kind == "rollback") {
    console_.warning(event.code.empty() ? "W6001" : event.code, event.text, event.hint);
  } else if (console_.verbose()) {
    console_.info("note", event.text);
  }
  if (mode_ == "jsonl") print_json_line(console_, event_json(event, 0));
}

StopRequest ConsoleObserver::stop_requested() {
  const StopRequest request = requested_stop();
  if (request == StopRequest::kStop && stop_began_ < 0) {
    stop_began_ = monotonic_clock().seconds();
    console_.begin_line(summary_.max_epochs > 0
                            ? "stopping after this step and writing a checkpoint ... "
                            : "stopping ... ");
  }
  return request;
}

void ConsoleObserver::finish_stop(int64_t step) {
  if (stop_began_ < 0) return;
  const double seconds = monotonic_clock().seconds() - stop_began_;
  const std::string at = summary_.max_epochs > 0 ? "step " + group_digits(step) + ", " : "";
  console_.end_line("done (" + at + format_fixed(seconds, 1) + " s)");
}

}  // namespace isthmus
