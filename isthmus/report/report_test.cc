// SPDX-License-Identifier: Apache-2.0
// Facts about the page: it is made of the files alone, it is safe, and it asks for nothing.
#include "isthmus/report/report.h"

#include <gtest/gtest.h>

#include "isthmus/data/image_grid.h"
#include "isthmus/data/png.h"
#include "isthmus/report/charts.h"
#include "isthmus/report/sections.h"

namespace isthmus {
namespace {

std::string folder_with(const std::string& run_json, const std::string& metrics) {
  const std::string folder = ::testing::TempDir() + "/isthmus_report";
  posix_fs().make_folders(folder);
  write_text(posix_fs(), folder + "/run.json", run_json, Durability::kRename);
  write_text(posix_fs(), folder + "/metrics.jsonl", metrics, Durability::kRename);
  const Tensor items(Dtype::kF32, {4, 8, 8});
  posix_fs().write_file(folder + "/samples.png", encode_png(image_grid(items, {.columns = 2})),
                        Durability::kRename);
  return folder;
}

Json run_of(const std::string& name) {
  Json terms = Json::object()
                   .set("objective", Json())
                   .set("elbo", -248.7)
                   .set("elbo_se", 0.9)
                   .set("reconstruction", 233.1)
                   .set("kl", 15.6);
  Json choices = Json::array();
  choices.push_back(Json::object()
                        .set("key", "model.latent_dim")
                        .set("value", name)
                        .set("origin", "flag")
                        .set("reason", name));
  return Json::object()
      .set("schema", "isthmus.run/1")
      .set("version", name)
      .set("run", name)
      .set("status", "done")
      .set("data", Json::object().set("train", Json::object().set("source", name)))
      .set("model", Json::object().set("name", name).set("normalized", false))
      .set("test", std::move(terms))
      .set("data_floor", 189.9)
      .set("epochs", 20)
      .set("choices", std::move(choices));
}

std::string metrics_of(int epochs) {
  std::string text;
  for (int i = 1; i <= epochs; ++i) {
    text += "{\"schema\":\"isthmus.metrics/1\",\"kind\":\"epoch\",\"epoch\":" + std::to_string(i) +
            ",\"terms\":{\"objective\":" + std::to_string(300 - i) +
            ",\"elbo\":null,\"elbo_se\":null,\"reconstruction\":250,\"kl\":10}}\n";
  }
  return text;
}

size_t count(const std::string& text, const std::string& part) {
  size_t n = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

TEST(Report, IsMadeOfTheFilesAlone) {
  const std::string folder = folder_with(run_of("fm").dump(), metrics_of(20));
  const std::string page = report_html(posix_fs(), folder);
  EXPECT_EQ(page, report_html(posix_fs(), folder));
  EXPECT_EQ(count(page, "<svg class=\"lines\" viewBox=\"0 0 360"), 3u);
  EXPECT_NE(page.find("data:image/png;base64,iVBOR"), std::string::npos);
  EXPECT_NE(page.find("A score."), std::string::npos);
  EXPECT_NE(page.find("189.9"), std::string::npos);
  EXPECT_LT(page.size(), size_t{200000});
}

TEST(Report, WarningsStandBesideWhatToDo) {
  const std::string event =
      "{\"schema\":\"isthmus.metrics/1\",\"kind\":\"event\",\"event\":\"warning: kl is only "
      "0.1\",\"code\":\"W6002\",\"hint\":\"--kl-warmup <20>\"}\n";
  Json warnings = Json::array();
  for (const char* text : {"kl is only 0.1", "worse than independent columns"}) {
    warnings.push_back(
        Json::object().set("code", "W6003").set("message", text).set("hint", "--lr 1e-4"));
  }
  const Json run = run_of("fm").set("warnings", std::move(warnings));
  const std::string page = report_html(posix_fs(), folder_with(run.dump(), metrics_of(3) + event));
  EXPECT_NE(page.find("<b>What to do:</b> --kl-warmup &lt;20&gt;"), std::string::npos);
  EXPECT_NE(page.find("W6002"), std::string::npos);
  EXPECT_EQ(count(page, "kl is only 0.1"), 1u);  // told by the event already
  EXPECT_EQ(count(page, "worse than independent columns"), 1u);
  EXPECT_EQ(count(page, "<b>What to do:</b> --lr 1e-4"), 1u);
}

TEST(Report, TellsOfAModelThatIndependentColumnsBeat) {
  const auto page_with = [](double reference) {
    Json run = run_of("fm").set("independent_columns", reference);
    run.set("val", run["test"]);
    return report_html(posix_fs(), folder_with(run.dump(), ""));
  };
  EXPECT_NE(page_with(-240).find("Worse than independent columns."), std::string::npos);
  EXPECT_NE(page_with(-240).find("\u2212240.0 nats"), std::string::npos);
  EXPECT_EQ(page_with(-248).find("Worse than"), std::string::npos);  // within the standard error
  EXPECT_EQ(page_with(-260).find("Worse than"), std::string::npos);
}

TEST(Report, SaysWhoseDensityTheElboIs) {
  Json run = run_of("fm");
  run["test"].set("elbo_in_data_units", -260.25).set("density_of", "standardized values");
  const std::string page = report_html(posix_fs(), folder_with(run.dump(), ""));
  EXPECT_NE(page.find("\u2212260.2"), std::string::npos);
  EXPECT_NE(page.find("in the units of the data"), std::string::npos);
  EXPECT_NE(page.find("the log density of standardized values"), std::string::npos);
  const std::string old = report_html(posix_fs(), folder_with(run_of("fm").dump(), ""));
  EXPECT_EQ(old.find("units of the data"), std::string::npos);
  EXPECT_EQ(old.find("density of"), std::string::npos);
}

TEST(Html, NumbersAreForPeople) {
  EXPECT_EQ(shown_setting("0.12999999523162842"), "0.13");
  EXPECT_EQ(shown_setting("0.001"), "0.001");
  EXPECT_EQ(shown_setting("12345678901"), "12345678901");
  EXPECT_EQ(shown_setting("runs/0.12345678901"), "runs/0.12345678901");
  EXPECT_EQ(shown_nats(-1.378), "\u22121.38");
  EXPECT_EQ(shown_nats(-248.71), "\u2212248.7");
}

TEST(Report, AsksForNothing) {
  const std::string page = report_html(posix_fs(), folder_with(run_of("fm").dump(), metrics_of(3)));
  for (const char* part :
       {"http://", "https://", "<script", "<link", "url(", "@import", "src=\"/"}) {
    EXPECT_EQ(page.find(part), std::string::npos) << part;
  }
}

TEST(Report, TextsFromFilesStayTexts) {
  const std::string evil = "<script>alert(1)</script>\" onload='x' \x1b[31m &";
  const std::string page = report_html(posix_fs(), folder_with(run_of(evil).dump(), metrics_of(3)));
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_EQ(page.find("\" onload"), std::string::npos);
  EXPECT_EQ(page.find('\x1b'), std::string::npos);
  EXPECT_NE(page.find("&lt;script&gt;"), std::string::npos);
}

TEST(Report, RefusesOtherRecords) {
  EXPECT_THROW(report_html(posix_fs(), folder_with("{}", "")), Error);
  EXPECT_THROW(report_html(posix_fs(), folder_with("nonsense", "")), Error);
  EXPECT_THROW(report_html(posix_fs(), folder_with(run_of("fm").dump(), "nonsense\n")), Error);
  EXPECT_THROW(report_html(posix_fs(), ::testing::TempDir() + "/isthmus_no_run"), Error);
}

TEST(Report, NeedsNoEpochsAndNoPictures) {
  const std::string folder = folder_with(run_of("fm").dump(), "");
  posix_fs().remove_file(folder + "/samples.png");
  const std::string page = report_html(posix_fs(), folder);
  EXPECT_EQ(page.find("<svg"), std::string::npos);
  EXPECT_EQ(page.find("<img"), std::string::npos);
}

TEST(Charts, TicksAreRoundNumbers) {
  EXPECT_EQ(nice_ticks(0, 10, 5), (std::vector<double>{0, 2, 4, 6, 8, 10}));
  EXPECT_EQ(nice_ticks(231, 279, 5), (std::vector<double>{240, 250, 260, 270}));
  EXPECT_EQ(nice_ticks(3, 3, 5), std::vector<double>{3});
  EXPECT_EQ(nice_ticks(1e17, 1e17 + 64, 5), std::vector<double>{1e17});  // no step is told apart
  EXPECT_EQ(nice_ticks(-1.7e308, 1.7e308, 5), std::vector<double>{-1.7e308});
  EXPECT_EQ(tick_text(0.25, 0.05), "0.25");
  EXPECT_EQ(tick_text(12000, 1000), "12,000");
}

TEST(Charts, UnknownValuesAreLeftOut) {
  EXPECT_EQ(line_chart({.title = "x", .series = {{"a", "t", {{1, kUnknown}}}}}), "");
  const std::string one = line_chart({.title = "x", .series = {{"a", "t", {{1, 2}}}}});
  EXPECT_NE(one.find("<circle"), std::string::npos);
  EXPECT_EQ(bar_chart({}, "nats"), "");
  EXPECT_EQ(bar_chart({{"0", kUnknown}}, "nats"), "");
}

TEST(Html, CountsOfAnySizeAreShown) {
  EXPECT_EQ(shown_count(12345), "12,345");
  EXPECT_EQ(shown_count(1e300).size(), 301u);
  EXPECT_EQ(shown_count(kUnknown), "-");
}

TEST(Base64, MatchesKnownAnswers) {
  const auto encode = [](std::string_view text) { return base64(std::as_bytes(std::span(text))); };
  EXPECT_EQ(encode(""), "");
  EXPECT_EQ(encode("f"), "Zg==");
  EXPECT_EQ(encode("fo"), "Zm8=");
  EXPECT_EQ(encode("foo"), "Zm9v");
  EXPECT_EQ(encode("foobar"), "Zm9vYmFy");
}

}  // namespace
}  // namespace isthmus
