// SPDX-License-Identifier: Apache-2.0
// Texts that are made from other records of a run: config.toml from the choices, metrics.csv from
// metrics.jsonl. Both can be rebuilt at any time.
#include <algorithm>
#include <array>

#include "isthmus/base/text.h"
#include "isthmus/model_file/terms.h"
#include "isthmus/train/run_folder.h"

namespace isthmus {
namespace {

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    static constexpr char kHex[] = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      out += std::string("\\u00") + kHex[byte >> 4] + kHex[byte & 15];
    } else {
      out += c;
    }
  }
  return out + "\"";
}

bool is_number_list(const std::vector<std::string>& parts) {
  for (const std::string& part : parts) {
    if (part.empty() || part.find_first_not_of("0123456789-") != std::string::npos) return false;
  }
  return true;
}

std::string toml_value(const BoundOption& option, const std::string& text) {
  if (option.type == "flag" || option.type == "integer" || option.type == "number") return text;
  if (option.type != "list") return quoted(text);
  const std::vector<std::string> parts =
      text.empty() ? std::vector<std::string>{} : split(text, ',');
  const bool numbers = is_number_list(parts);
  std::string out = "[";
  for (size_t i = 0; i < parts.size(); ++i) {
    out += (i == 0 ? "" : ", ") + (numbers ? parts[i] : quoted(parts[i]));
  }
  return out + "]";
}

std::string comment_of(const Choice& choice) {
  if (choice.origin == "built-in" && choice.reason.empty()) return "";
  return "  # " + choice.origin +
         (choice.reason.empty() ? "" : ": " + escape_for_terminal(choice.reason));
}

std::string csv_number(const Json& line, std::string_view key) {
  const Json* value = line.find(key);
  return value == nullptr || value->is_null() ? "" : value->dump();
}

/// Where one run lies and how it was continued is nothing for another one that takes its options.
constexpr std::array<std::string_view, 4> kOfOneRun = {"run.out", "run.resume",
                                                       "run.allow_data_change", "run.dry_run"};

/// One row per epoch: the epoch's own terms, those of its validation when there was one, and the
/// terms that not every model has.
struct CsvRow {
  std::string epoch_part, val_part = ",,,";
  std::vector<std::pair<std::string, std::string>> further = {};

  std::string further_part(const std::vector<std::string>& names) const {
    std::string out;
    for (const std::string& name : names) {
      const auto at = std::find_if(further.begin(), further.end(),
                                   [&](const auto& term) { return term.first == name; });
      out += "," + (at == further.end() ? "" : at->second);
    }
    return out;
  }
};

/// The further terms of a line go to the row, names that are new behind the others.
void take_further(const Json& terms, const std::string& prefix, CsvRow& row,
                  std::vector<std::string>& names) {
  for (const auto& [key, value] : terms.as_object()) {
    if (is_common_term(key)) continue;
    const std::string name = prefix + key;
    row.further.emplace_back(name, csv_number(terms, key));
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
}

std::string terms_part(const Json& terms, const std::vector<std::string_view>& keys) {
  std::string out;
  for (std::string_view key : keys)
    out += (key == keys.front() ? "" : ",") + csv_number(terms, key);
  return out;
}

}  // namespace

std::string run_config_toml(const TrainOptions& options, const std::vector<Choice>& choices,
                            const std::string& data) {
  return "# The resolved options of this run. Origin and reason stand behind a value.\n"
         "# isthmus train DATA --config THIS_FILE starts another run with them; here DATA was " +
         escape_for_terminal(data) +
         ".\n"
         "# What belongs to this run alone is a comment: isthmus train --resume goes on with "
         "it.\n" +
         config_toml(options, choices, kOfOneRun);
}

std::string config_toml(const TrainOptions& options, const std::vector<Choice>& choices,
                        std::span<const std::string_view> as_comments) {
  TrainOptions copy = options;
  const std::vector<BoundOption> bound = bind_options(copy);
  std::string text;
  std::string section;
  for (const Choice& choice : choices) {
    const size_t dot = choice.key.find('.');
    const std::string head = choice.key.substr(0, dot);
    if (head != section) {
      section = head;
      text += "\n[" + section + "]\n";
    }
    const BoundOption& option = find_option(bound, choice.key);
    // A number can be auto where its default is the choice of another option.
    const bool unset = option.type != "text" && (choice.value == "none" || choice.value == "auto");
    const bool comment =
        unset || std::find(as_comments.begin(), as_comments.end(), choice.key) != as_comments.end();
    text += (comment ? "# " : "") + choice.key.substr(dot + 1) + " = " +
            (unset ? choice.value : toml_value(option, choice.value)) + comment_of(choice) + "\n";
  }
  return text;
}

void RunFolder::write_metrics_csv() {
  const Bytes bytes = fs_->read_file(file("metrics.jsonl"), metrics_bytes() + 1);
  const std::string_view all(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  std::vector<CsvRow> rows;
  std::vector<std::string> further;
  for (const std::string& line : split(all, '\n')) {
    const auto parsed = parse_json(line, {});
    const Json* json = std::get_if<Json>(&parsed);
    if (json == nullptr || json->find("kind") == nullptr) continue;
    const std::string& kind = json->at("kind").as_string();
    if (kind == "epoch") {
      rows.push_back({csv_number(*json, "epoch") + "," + csv_number(*json, "step") + "," +
                      terms_part(json->at("terms"), {"objective", "reconstruction", "kl"}) + "," +
                      csv_number(*json, "learning_rate") + "," + csv_number(*json, "beta")});
      take_further(json->at("terms"), "", rows.back(), further);
    } else if (kind == "validation" && !rows.empty()) {
      rows.back().val_part =
          terms_part(json->at("terms"), {"elbo", "elbo_se", "reconstruction", "kl"});
      take_further(json->at("terms"), "val_", rows.back(), further);
    }
  }
  std::string text =
      "epoch,step,objective,reconstruction,kl,learning_rate,beta,"
      "val_elbo,val_elbo_se,val_reconstruction,val_kl";
  for (const std::string& name : further) text += "," + name;
  text += "\n";
  for (const CsvRow& row : rows) {
    text += row.epoch_part + "," + row.val_part + row.further_part(further) + "\n";
  }
  write("metrics.csv", text);
}

}  // namespace isthmus
