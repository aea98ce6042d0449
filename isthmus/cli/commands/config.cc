// SPDX-License-Identifier: Apache-2.0
// isthmus config init|show|validate|schema: the options of train as a file.
#include <algorithm>
#include <map>

#include "isthmus/base/text.h"
#include "isthmus/cli/command.h"
#include "isthmus/cli/settings.h"
#include "isthmus/train/run_folder.h"
#include "isthmus/verbs/json_results.h"

namespace isthmus {
namespace {

const std::vector<std::string> kActions = {"init", "show", "validate", "schema"};

/// Where the configuration file sets its keys.
struct Place {
  std::string file;
  int64_t line = 0;
};
using Places = std::map<std::string, Place>;

/// "config t.toml:2", "env ISTHMUS_TRAIN_EPOCHS", "flag".
std::string origin_text(const std::string& key, const std::string& origin, const Places& places) {
  if (origin == "env") return origin + " " + env_name(key);
  const auto place = places.find(key);
  if (origin != "config" || place == places.end()) return origin;
  return origin + " " + place->second.file + ":" + std::to_string(place->second.line);
}

Places config_places(const CommandIo& io) {
  Places places;
  const auto info = io.fs().stat(io.edge.config);
  if (!info || !info->is_regular) return places;  // "none", or a pipe that has been read
  for (const ConfigEntry& entry : read_config(io.fs(), io.edge.config)) {
    places[entry.key] = {escape_for_terminal(io.edge.config), entry.line};
  }
  return places;
}

std::vector<Choice> choices_of(const std::vector<BoundOption>& options, const CommandIo& io,
                               bool with_origin) {
  std::vector<Choice> choices;
  const Places places = with_origin ? config_places(io) : Places();
  for (const BoundOption& option : options) {
    const auto origin = io.origins.find(option.key);
    const bool shown = with_origin && origin != io.origins.end();
    choices.push_back(
        {.key = option.key,
         .value = option.get(),
         .origin = shown ? origin_text(option.key, origin->second, places) : "built-in",
         .reason = ""});
  }
  return choices;
}

/// [{key, value, origin, file, line}]: the values that train would start from.
Json options_json(const std::vector<BoundOption>& options, const CommandIo& io) {
  Json list = Json::array();
  const Places places = config_places(io);
  for (const BoundOption& option : options) {
    const auto origin = io.origins.find(option.key);
    const std::string word = origin != io.origins.end() ? origin->second : "built-in";
    const auto place = word == "config" ? places.find(option.key) : places.end();
    const bool known = place != places.end();
    list.push_back(Json::object()
                       .set("key", option.key)
                       .set("value", option.get())
                       .set("origin", word)
                       .set("file", known ? Json(place->second.file) : Json())
                       .set("line", known ? Json(place->second.line) : Json()));
  }
  return list;
}

/// Every key with its meaning, all commented out: remove the # in front of what is to be set.
std::string starter(TrainOptions options) {
  const std::vector<BoundOption> bound = bind_options(options);
  std::string text =
      "# Options of isthmus train, with their defaults. Remove the # in front of a key to set it.\n"
      "# isthmus train DATA --config FILE; isthmus config validate FILE checks it.\n";
  std::string section;
  for (const BoundOption& option : bound) {
    const size_t dot = option.key.find('.');
    if (option.key.substr(0, dot) != section) {
      section = option.key.substr(0, dot);
      text += "\n[" + section + "]\n";
    }
    text += "# " + option.help + (option.words.empty() ? "" : " " + option.bounds + ".") + "\n";
    const bool number =
        option.type == "integer" || option.type == "number" || option.type == "flag";
    const bool bare = number && option.default_text != "none" && option.default_text != "auto";
    const std::string quote = bare ? "" : "\"";
    text += "# " + option.key.substr(dot + 1) + " = " + quote + option.default_text + quote + "\n";
  }
  return text;
}

const char* schema_type(const BoundOption& option) {
  if (option.type == "flag") return "boolean";
  if (option.type == "integer" || option.type == "number") return option.type.c_str();
  return option.type == "list" ? "array" : "string";
}

Json key_schema(const BoundOption& option) {
  Json json = Json::object()
                  .set("type", schema_type(option))
                  .set("description", option.help)
                  .set("default", option.default_text);
  if (!option.words.empty()) {
    Json words = Json::array();
    for (const std::string& word : option.words) words.push_back(word);
    json.set("enum", std::move(words));
  }
  return json;
}

/// JSON Schema of a configuration file.
Json schema_of(TrainOptions options) {
  Json sections = Json::object();
  for (const BoundOption& option : bind_options(options)) {
    const size_t dot = option.key.find('.');
    Json& section = sections[option.key.substr(0, dot)];
    if (section.is_null()) {
      section = Json::object()
                    .set("type", "object")
                    .set("additionalProperties", false)
                    .set("properties", Json::object());
    }
    section["properties"].set(option.key.substr(dot + 1), key_schema(option));
  }
  return Json::object()
      .set("$schema", "https://json-schema.org/draft/2020-12/schema")
      .set("title", "Configuration of isthmus train")
      .set("type", "object")
      .set("properties", std::move(sections));
}

class ConfigCommand final : public BoundCommand {
 public:
  std::vector<BoundOption> options() override {
    std::vector<BoundOption> all = bind_options(train_);
    append_bound_options(own_, "config.", all);
    return all;
  }

  int run(CommandIo& io) override {
    const std::string& action = io.arguments[0];
    if (std::find(kActions.begin(), kActions.end(), action) == kActions.end()) {
      const std::string near = nearest_word(action, kActions);
      throw Error(ErrorCode::kBadValue, "config has no action \"" + action + "\"",
                  near.empty() ? "one of " + join(kActions, ", ") : "did you mean " + near + "?");
    }
    if (action == "validate") return validate(io);
    const std::string text =
        action == "init" ? starter({})
        : action == "show"
            ? "# The options that train starts from, and where they were set.\n" +
                  config_toml(train_, choices_of(bind_options(train_), io, own_.origin))
            : schema_of({}).dump_pretty() + "\n";
    if (io.console.json()) {
      Json options = action == "show" ? options_json(bind_options(train_), io) : Json();
      io.print_json(result_object("isthmus.config/1")
                        .set("action", action)
                        .set("text", text)
                        .set("options", std::move(options)));
    } else {
      io.console.write_out(text);
    }
    return 0;
  }

 private:
  struct Own {
    bool origin = false;
    static constexpr auto fields() {
      return std::tuple{
          field(&Own::origin, "origin", any_value(), "Say where a value that was set comes from.")};
    }
  };

  static int validate(CommandIo& io) {
    if (io.arguments.size() < 2) {
      throw Error(ErrorCode::kMissingArgument, "config validate needs FILE",
                  "isthmus config validate FILE");
    }
    const KnownOptions known;
    OptionOrigins origins;
    apply_settings(io.fs(), known.options(), known.options(), io.arguments[1], {}, origins);
    io.console.result("valid", escape_for_terminal(io.arguments[1]));
    io.print_json(result_object("isthmus.config/1")
                      .set("action", "validate")
                      .set("text", Json())
                      .set("options", Json()));
    return 0;
  }

  TrainOptions train_;
  Own own_;
};

}  // namespace

CommandDef commands::config() {
  return {.name = "config",
          .summary = "Options as a file: init, show, validate FILE, schema.",
          .arguments = {"ACTION", "[FILE]"},
          .examples = {"isthmus config init > isthmus.toml",
                       "isthmus config show --config isthmus.toml --origin",
                       "isthmus config validate isthmus.toml"},
          .note =
              "init: every key with its meaning. show: the values that train would start from. "
              "schema: JSON Schema of the file.",
          .common = {"config.origin"},
          .make = [] { return std::make_unique<ConfigCommand>(); }};
}

}  // namespace isthmus
