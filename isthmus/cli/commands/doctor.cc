// SPDX-License-Identifier: Apache-2.0
// isthmus doctor: what this build and this machine are, and whether they compute and write as they
// should. Exit status 5 when a check fails.
#include "isthmus/cli/command.h"

#include "isthmus/base/cgroup.h"
#include "isthmus/base/env.h"
#include "isthmus/base/memory.h"
#include "isthmus/base/text.h"
#include "isthmus/base/thread_pool.h"
#include "isthmus/base/version.h"
#include "isthmus/build_commit.h"
#include "isthmus/build_info.h"
#include "isthmus/cli/known_data.h"
#include "isthmus/cli/libraries.h"
#include "isthmus/cli/plan.h"
#include "isthmus/cli/trial.h"
#include "isthmus/verbs/json_results.h"

namespace isthmus {
namespace {

constexpr int kCheckedThreads = 3;

struct DoctorOptions {
  bool full = false;
  std::string plan = "none";
  static constexpr auto fields() {
    using O = DoctorOptions;
    return std::tuple{
        field(&O::full, "doctor.full", any_value(),
              "Also check the reference network, in both precisions."),
        field(&O::plan, "doctor.plan", any_value(),
              "Instead of the checks, print the program that a model runs as here: of a run folder "
              "its training step, of a model file its evaluation.",
              {.metavar = "MODEL"})};
  }
};

struct Check {
  std::string name, status, detail, hint;
};

struct Arithmetic {
  bool equal = true;
  int problems = 0;
  double seconds = 0;
};

void compare_threads(Arithmetic& result, const ModelSetup& model, const Dataset& data,
                     Precision precision) {
  std::string first;
  for (int threads = 1; threads <= kCheckedThreads; ++threads) {
    const std::string digest = digest_of_training(model, data, threads, precision, 3);
    if (threads == 1) first = digest;
    result.equal = result.equal && digest == first;
  }
  ++result.problems;
}

/// Trains a small network for a few steps with 1, 2 and 3 threads and compares all bits.
Arithmetic check_arithmetic(bool full) {
  Arithmetic result;
  const double begin = monotonic_clock().seconds();
  const Dataset small = made_up_images(200, 7, 1);
  ModelSetup model = trial_model("none", small);
  model.own.texts["model.hidden"] = "33,24";
  model.model.latent_dim = "5";
  for (Precision precision : {Precision::kF32, Precision::kBF16}) {
    compare_threads(result, model, small, precision);
    if (!full) continue;
    const Dataset large = made_up_images(600, 28, 2);
    compare_threads(result, trial_model("vae-784-128-20", large), large, precision);
  }
  result.seconds = monotonic_clock().seconds() - begin;
  return result;
}

Check arithmetic_check(const Arithmetic& a) {
  const std::string detail = std::to_string(a.problems) +
                             (a.problems == 1 ? " training" : " trainings") + ", threads 1 to " +
                             std::to_string(kCheckedThreads) +
                             (a.equal ? ": equal bits" : ": bits differ");
  return {"arithmetic", a.equal ? "ok" : "fail", detail,
          a.equal ? "" : "results depend on the number of threads here: use --threads 1"};
}

Check write_check(CommandIo& io) {
  const std::string path = ".isthmus-doctor";
  try {
    write_text(io.fs(), path, "isthmus", Durability::kSynced);
    const Bytes back = io.fs().read_file(path, 64);
    io.fs().remove_file(path);
    return {"write", back.size() == 7 ? "ok" : "fail",
            "this folder, " + format_bytes(io.fs().free_bytes(".")) + " free", ""};
  } catch (const Error& error) {
    return {"write", "warn", error.message(), error.hint()};
  }
}

Check data_check(Fs& fs) {
  for (const KnownSet& set : known_sets()) {
    if (folder_of(fs, set, DataOptions{}.search_path)) {
      return {"datasets", "ok", std::string(set.name) + " is installed", ""};
    }
  }
  return {"datasets", "warn", "no known data set is installed", "isthmus datasets says how"};
}

Check memory_check(const MemoryLimit& usable) {
  constexpr uint64_t kLittle = uint64_t{512} << 20;
  const bool enough = usable.bytes >= kLittle;
  return {"memory", enough ? "ok" : "warn",
          format_bytes(usable.bytes) + " usable (" + usable.source + ")",
          enough ? "" : "the demo needs about 100 MiB; larger data may not fit"};
}

Check isa_check() {
  if (const auto value = env_value(kInstructionsVariable)) {
    return {"instructions", "warn", std::string(kInstructionsVariable) + " is set to " + *value,
            "it changes kernels and with them speed and bits"};
  }
  return {"instructions", "ok", "not restricted", ""};
}

Json limits_json(Limits limits) {
  Json json = Json::object();
  for (const BoundOption& option : bind_options(limits)) json.set(option.key, option.get());
  return json;
}

Json environment_json() {
  Json list = Json::array();
  for (const EnvVariable& variable : known_env_variables()) {
    if (variable.name.find('<') != std::string_view::npos) continue;
    const auto value = env_value(variable.name);
    list.push_back(Json::object()
                       .set("name", variable.name)
                       .set("value", value ? Json(escape_for_terminal(*value)) : Json()));
  }
  for (const auto& [name, value] : isthmus_env_variables()) {
    list.push_back(Json::object()
                       .set("name", escape_for_terminal(name))
                       .set("value", escape_for_terminal(value)));
  }
  return list;
}

Json checks_json(const std::vector<Check>& checks) {
  Json list = Json::array();
  for (const Check& check : checks) {
    list.push_back(Json::object()
                       .set("name", check.name)
                       .set("status", check.status)
                       .set("detail", check.detail)
                       .set("hint", check.hint.empty() ? Json() : Json(check.hint)));
  }
  return list;
}

Json build_json() {
  return Json::object()
      .set("version", kVersion)
      .set("commit", build_info::kCommit)
      .set("compiler", build_info::kCompiler)
      .set("flags", std::string(build_info::kBuildType) +
                        (std::string_view(build_info::kSanitizers).empty()
                             ? ""
                             : std::string(", sanitizers ") + build_info::kSanitizers))
      .set("features", Json::object()
                           .set("cpu", true)
                           .set("cuda", false)
                           .set("mpi", false)
                           .set("jpeg", false)
                           .set("hdf5", false));
}

Json cpu_json(const DeviceInfo& info) {
  Json features = Json::array();
  for (const std::string& part : split(info.instruction_set, '+')) {
    const size_t begin = part.find_first_not_of(' ');
    const size_t end = part.find_last_not_of(' ');
    if (begin != std::string::npos) features.push_back(part.substr(begin, end - begin + 1));
  }
  return Json::object()
      .set("name", info.name)
      .set("isa", info.instruction_set)
      .set("features", std::move(features))
      .set("cpus", usable_cpus())
      .set("threads", info.threads);
}

Json devices_json(const DeviceInfo& info, uint64_t memory) {
  Json list = Json::array();
  list.push_back(Json::object()
                     .set("kind", info.kind)
                     .set("name", info.name)
                     .set("memory_bytes", memory)
                     .set("usable", true)
                     .set("reason", Json()));
  return list;
}

void print_checks(CommandIo& io, const std::vector<Check>& checks) {
  std::string label = "checks";
  for (const Check& check : checks) {
    io.console.result(label, pad_right(check.status, 5) + pad_right(check.name, 13) + check.detail);
    if (!check.hint.empty()) io.console.result("", "     hint: " + check.hint);
    label.clear();
  }
}

void print_libraries(CommandIo& io) {
  std::string label = "library";
  for (const Library& library : used_libraries()) {
    const std::string built = library.built.empty() ? "" : ", built with " + library.built;
    io.console.result(label, pad_right(library.name, 14) +
                                 (library.loaded.empty() ? "compiled in" : library.loaded) + built);
    label.clear();
  }
}

void print_facts(CommandIo& io, const DeviceInfo& info, const MemoryLimit& usable) {
  io.console.result("build", "isthmus " + std::string(kVersion) + ", commit " +
                                 build_info::kCommit + ", " + build_info::kCompiler + ", " +
                                 build_info::kBuildType);
  io.console.result("cpu", info.name + ", " + info.instruction_set + ", " +
                               std::to_string(usable_cpus()) + " CPUs usable, " +
                               std::to_string(info.threads) + " threads");
  io.console.result("memory", format_bytes(usable.bytes) + " usable of " +
                                  format_bytes(total_ram_bytes()) + " (" + usable.source + ")");
  io.console.result("bits", info.arithmetic + " (arithmetic fingerprint)");
  print_libraries(io);
}

int run_doctor(CommandIo& io, const DoctorOptions& o) {
  io.console.lines_are_the_result();
  if (o.plan != "none") {
    print_program_of(io, o.plan);
    return 0;
  }
  const auto device = io.open_device();
  const DeviceInfo& info = device->info();
  const MemoryLimit usable = usable_memory();
  print_facts(io, info, usable);
  const Arithmetic arithmetic = check_arithmetic(o.full);
  const std::vector<Check> checks = {arithmetic_check(arithmetic), write_check(io),
                                     data_check(io.fs()), memory_check(usable), isa_check()};
  print_checks(io, checks);
  Json memory = Json::object()
                    .set("total_bytes", total_ram_bytes())
                    .set("limit_bytes", usable.bytes)
                    .set("limit_source", usable.source);
  Json bits = Json::object()
                  .set("fingerprint", info.arithmetic)
                  .set("threads_checked", kCheckedThreads)
                  .set("equal", arithmetic.equal)
                  .set("seconds", arithmetic.seconds);
  io.print_json(result_object("isthmus.doctor/1")
                    .set("build", build_json())
                    .set("libraries", libraries_json())
                    .set("cpu", cpu_json(info))
                    .set("memory", std::move(memory))
                    .set("devices", devices_json(info, usable.bytes))
                    .set("arithmetic", std::move(bits))
                    .set("limits", limits_json(io.limits()))
                    .set("environment", environment_json())
                    .set("datasets", known_sets_json(io.fs(), DataOptions{}.search_path))
                    .set("checks", checks_json(checks)));
  for (const Check& check : checks) {
    if (check.status == "fail") return exit_status(ErrorCode::kSelfCheck);
  }
  return 0;
}

}  // namespace

CommandDef commands::doctor() {
  return {.name = "doctor",
          .summary = "What this build and machine are, and whether they work.",
          .examples = {"isthmus doctor", "isthmus doctor --full --json",
                       "isthmus doctor --plan runs/demo"},
          .make = command_with(run_doctor)};
}

}  // namespace isthmus
