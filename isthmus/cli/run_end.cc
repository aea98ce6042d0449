// SPDX-License-Identifier: Apache-2.0
// Closes a run for its user. Everything here reads the model that was kept, as any later command
// would; training itself is over.
#include "isthmus/cli/run_end.h"

#include "isthmus/base/text.h"
#include "isthmus/cli/next_commands.h"
#include "isthmus/cli/process.h"
#include "isthmus/report/report.h"
#include "isthmus/train/json_run.h"
#include "isthmus/train/run_pictures.h"
#include "isthmus/train/run_record.h"
#include "isthmus/verbs/json_results.h"
#include "isthmus/verbs/pictures.h"

namespace isthmus {
namespace {

constexpr int64_t kInterpolationPairs = 5;
constexpr size_t kNextLines = 2;

void write_in_run(TrainResult& result, RunFolder& folder, const std::string& name,
                  std::span<const std::byte> bytes) {
  folder.write(name, bytes);
  const std::string path = join_path(result.run, name);
  std::erase_if(result.wrote, [&](const WrittenFile& f) { return f.path == path; });
  result.wrote.push_back({.path = path, .bytes = bytes.size()});
}

/// In a session of its own: other graphs are gone by then.
void write_interpolation(TrainResult& result, RunFolder& folder, const Model& model, Device& device,
                         const Dataset& data) {
  if (!has_pictures(model.spec()) || !model.abilities().codes || data.num_items() < 2) return;
  Session session(model, device, budget_of_run(result.summary.batch_size));
  InterpolateSettings settings;
  for (int64_t i = 0; i + 1 < data.num_items() && i < 2 * kInterpolationPairs; i += 2) {
    settings.pairs.emplace_back(i, i + 1);
  }
  write_in_run(result, folder, "interpolation.png", interpolation_picture(session, data, settings));
}

std::string terms_text(const Terms& terms) {
  const auto fixed = [](double v) { return format_fixed(v, 1); };
  if (std::isnan(terms.elbo)) {
    if (!std::isnan(terms.reconstruction)) return "reconstruction " + fixed(terms.reconstruction);
    std::string others;
    for (const auto& [name, value] : terms.others) {
      others += (others.empty() ? "" : ", ") + name + " " + format_fixed(value, 3);
    }
    return others;
  }
  std::string text = (terms.exact() ? "log p " : "elbo ") + fixed(terms.elbo);
  if (!std::isnan(terms.elbo_se)) text += " +- " + fixed(terms.elbo_se);
  if (terms.exact()) return text;
  return text + " = -(reconstruction " + fixed(terms.reconstruction) + " + kl " + fixed(terms.kl) +
         ")";
}

std::string done_line(const TrainResult& r, std::string_view measured, const Terms& terms) {
  std::string text = r.status == "stopped" ? "stopped after " : "done in ";
  text += format_seconds(r.seconds);
  if (r.summary.max_epochs > 0) {
    text += "  " + group_digits(r.epochs) + " epochs";
    if (r.stop_reason != "epochs" && r.stop_reason != "signal") text += " (" + r.stop_reason + ")";
  }
  if (const std::string numbers = terms_text(terms); !numbers.empty()) {
    text += "  " + std::string(measured) + " " + numbers;
    const double in_units = terms.elbo + r.summary.log_scale;
    if (!std::isnan(in_units) && r.summary.log_scale != 0) {
      text += ", of " + r.summary.density_of + " (" + format_fixed(in_units, 1) +
              " in the units of the data)";
    }
  }
  if (!std::isnan(r.data_floor) && !std::isnan(terms.reconstruction))
    text += ", floor of the data " + format_fixed(r.data_floor, 1);
  if (r.active_units >= 0) {
    text += ", " + std::to_string(r.active_units) + " of " + std::to_string(r.summary.latent_dim) +
            " latents active";
  }
  return text;
}

/// "model.components 5 (least BIC of 1, 2, 5, 10), bic 1234.5, passes 31": what a fit has found.
std::string fit_line(const TrainResult& r) {
  std::vector<std::string> found;
  for (const Choice& choice : r.found) {
    found.push_back(choice.key + " " + choice.value + " (" + choice.reason + ")");
  }
  for (const auto& [name, value] : r.fit_facts) {
    const bool whole = value == std::floor(value) && std::fabs(value) < 1e6;
    found.push_back(name + " " + (whole ? format_fixed(value, 0) : print_value(float(value))));
  }
  return join(found, ", ");
}

std::string wrote_line(const TrainResult& r) {
  std::string text = escape_for_terminal(r.run) + "/";
  for (std::string_view name : {"report.html", "samples.png", "reconstructions.png",
                                "interpolation.png", "model.safetensors"}) {
    for (const WrittenFile& file : r.wrote) {
      if (file_name(file.path) != name) continue;
      text += "  " + std::string(name);
      if (name == "model.safetensors") text += " (" + format_bytes(file.bytes) + ")";
    }
  }
  return text;
}

void print_next(CommandIo& io, const TrainResult& r) {
  if (r.status == "stopped") {
    if (!r.checkpoint_path.empty()) io.console.result("resume", resume_command(io, r));
    return;
  }
  for (size_t i = 0; i < r.next.size() && i < kNextLines; ++i) {
    io.console.result(i == 0 ? "next" : "", r.next[i]);
  }
}

}  // namespace

EvalResult measure_run(CommandIo& io, TrainResult& result, RunFolder& folder, Device& device,
                       const Dataset& data) {
  Model model = load_model(folder.path(), folder.fs(), io.limits());
  model.path = join_path(result.run, file_name(model.path));
  const EvalResult measured = [&] {
    Session session(model, device, budget_of_run(result.summary.batch_size));
    return evaluate(session, data, {}, {});
  }();
  const Json json = eval_json(measured, model, data_json(data, data.source),
                              device_json(device.info(), Precision::kF32))
                        .set("seconds", measured.seconds);
  const std::string text = json.dump_pretty() + "\n";
  write_in_run(result, folder, "eval.json", std::as_bytes(std::span(text)));
  write_interpolation(result, folder, model, device, data);
  return measured;
}

void write_run_report(CommandIo& io, TrainResult& result, RunFolder& folder) {
  result.next = next_commands(io, result);
  folder.write("run.json", run_json(result, io.command_line).dump_pretty() + "\n");
  const std::string page = report_html(folder.fs(), folder.path());
  write_in_run(result, folder, "report.html", std::as_bytes(std::span(page)));
}

int finish_run(CommandIo& io, TrainResult& result, std::string_view measured, const Terms& terms) {
  result.next = next_commands(io, result);
  io.console.result(done_line(result, measured, terms));
  if (const std::string found = fit_line(result); !found.empty()) io.console.result("fit", found);
  io.console.result("wrote", wrote_line(result));
  print_next(io, result);
  Json json = train_json(result);
  const Json wrote = *json.find("wrote");
  for (const Json& file : wrote.as_array()) io.note_written("", file);
  io.print_json(std::move(json));
  return result.status == "stopped" ? stop_status() : 0;
}

}  // namespace isthmus
