// SPDX-License-Identifier: Apache-2.0
// The first look on the page: every part is drawn, and whatever stands in look.json stays harmless.
#include <cmath>

#include <gtest/gtest.h>

#include "isthmus/base/error.h"
#include "isthmus/report/charts.h"
#include "isthmus/report/look_charts.h"
#include "isthmus/report/report.h"
#include "isthmus/report/sections.h"

namespace isthmus {
namespace {

Json list(size_t count, const Json& value) { return Json::Array(count, value); }

Json bound(double value) { return Json::object().set("value", value).set("standard_error", 0.25); }

/// A look at `columns` columns and `points` items with this name for every column and class.
Json look_of(size_t columns, size_t points, const std::string& name) {
  Json marginals = Json::array(), labels = Json::array();
  for (size_t i = 0; i < columns; ++i) {
    marginals.push_back(Json::object()
                            .set("name", name)
                            .set("whole", false)
                            .set("low", -1.5)
                            .set("width", 0.25)
                            .set("real", list(20, 5))
                            .set("sampled", list(20, 4)));
  }
  for (size_t i = 0; i < points; ++i) labels.push_back(static_cast<int64_t>(i % 3));
  const Json items = Json::object().set("from", "validation").set("n", 150).set("of", 150);
  return Json::object()
      .set("schema", "isthmus.look/1")
      .set("items", items)
      .set("measured", Json(items).set("fitted_on", 1350))
      .set("columns", Json::object().set("shown", int64_t(columns)).set("of", int64_t(columns)))
      .set("draws", 2000)
      .set("marginals", std::move(marginals))
      .set("correlations", Json::object()
                               .set("real", list(columns, list(columns, 0.5)))
                               .set("sampled", list(columns, list(columns, -0.25))))
      .set("latents", Json::object()
                          .set("shown", Json::Array{0, 3})
                          .set("active", 1)
                          .set("means", Json::Array{list(points, 0.5), list(points, -1.25)})
                          .set("labels", std::move(labels))
                          .set("classes", list(3, name)))
      .set("errors", Json::object()
                         .set("components", 1)
                         .set("model", list(columns, 0.5))
                         .set("pca", list(columns, 0.25))
                         .set("model_total", 0.5)
                         .set("pca_total", 0.25))
      .set("bounds", Json::object()
                         .set("elbo", bound(-9.125))
                         .set("independent_columns", bound(-10.5))
                         .set("ppca", Json()));
}

std::string page_of(const std::string& look) {
  const std::string folder = ::testing::TempDir() + "/isthmus_look";
  posix_fs().make_folders(folder);
  write_text(posix_fs(), folder + "/run.json", R"({"schema":"isthmus.run/1","run":"a"})",
             Durability::kRename);
  write_text(posix_fs(), folder + "/look.json", look, Durability::kRename);
  return report_html(posix_fs(), folder);
}

size_t count(const std::string& text, const std::string& part) {
  size_t n = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

TEST(Look, ShowsEveryPart) {
  const std::string page = page_of(look_of(5, 150, "age").dump());
  EXPECT_EQ(count(page, "class=\"marginal\""), 5u);
  EXPECT_EQ(count(page, "class=\"map\""), 2u);
  EXPECT_EQ(count(page, "class=\"point q"), 3u);  // one path per class
  EXPECT_NE(page.find("1 principal component "), std::string::npos);
  EXPECT_NE(page.find("\u221210.50"), std::string::npos);
  EXPECT_NE(page.find("Only 1 of all latents is active"), std::string::npos);
  EXPECT_EQ(page.find("probabilistic"), std::string::npos);  // null: no row
  EXPECT_EQ(page, page_of(look_of(5, 150, "age").dump()));
}

TEST(Look, OfTheLargestTableIsUnderAMegabyte) {
  Json look = look_of(64, 2000, "a column with a long name");
  double at = 0;  // no two neighbours of one colour
  for (Json& row : look["correlations"]["real"].as_array()) {
    for (Json& cell : row.as_array()) cell = std::sin(at += 2.5);
  }
  look["correlations"].set("sampled", look["correlations"]["real"]);
  EXPECT_LT(page_of(look.dump()).size(), size_t{500000});
}

TEST(Look, OfOneColumnHasNoMap) {
  const std::string page = page_of(look_of(1, 10, "x").dump());
  EXPECT_EQ(count(page, "class=\"map\""), 0u);
  EXPECT_EQ(count(page, "class=\"marginal\""), 1u);
}

TEST(Look, ColumnsOfOneValueHaveAColourOfTheirOwn) {
  Json look = look_of(3, 10, "x");
  for (Json& row : look["correlations"]["real"].as_array()) row.as_array()[1] = Json();
  const std::string page = page_of(look.dump());
  EXPECT_NE(page.find("class=\"gone\""), std::string::npos);
  EXPECT_NE(page.find("no correlation"), std::string::npos);
  EXPECT_EQ(page_of(look_of(3, 10, "x").dump()).find("no correlation"), std::string::npos);
}

TEST(Look, WithoutSamplesShowsWhatIsReal) {
  Json look = look_of(3, 10, "x");
  look.set("draws", Json()).set("bounds", Json());
  look["correlations"].set("sampled", Json());
  for (Json& m : look["marginals"].as_array()) m.set("sampled", Json());
  const std::string page = page_of(look.dump());
  EXPECT_EQ(count(page, "class=\"map\""), 1u);
  EXPECT_EQ(page.find("sampled"), std::string::npos);
}

TEST(Look, TextsFromFilesStayTexts) {
  const std::string page = page_of(look_of(3, 30, "<script>\" onload='x' \x1b[31m &").dump());
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_EQ(page.find("\" onload"), std::string::npos);
  EXPECT_EQ(page.find('\x1b'), std::string::npos);
}

TEST(Look, ManyLabelsBecomeSevenAndOthers) {
  Json look = look_of(2, 300, "x");
  Json labels = Json::array();
  for (int64_t i = 0; i < 300; ++i) labels.push_back(i % 40 == 0 ? -7 - i : i % 12);
  look["latents"].set("labels", std::move(labels)).set("classes", Json());
  const std::string page = page_of(look.dump());
  EXPECT_NE(page.find("others"), std::string::npos);
  EXPECT_EQ(page.find("class=\"q8\""), std::string::npos);
}

/// Every value of the record in turn is replaced by every kind of value.
void replace_each(const Json& whole, Json& part, const std::vector<Json>& others, int& tried) {
  const Json kept = part;
  for (const Json& other : others) {
    part = other;
    RunFiles run;
    run.look = whole;
    EXPECT_LT(look_section(run).size(), size_t{1000000});
    ++tried;
  }
  part = kept;
  if (part.is_object()) {
    for (auto& [key, value] : part.as_object()) {
      if (key != "schema") replace_each(whole, value, others, tried);
    }
  } else if (part.is_array() && !part.as_array().empty()) {
    replace_each(whole, part.as_array().front(), others, tried);
  }
}

TEST(Look, OfAnyShapeIsDrawnOrLeftOut) {
  Json look = look_of(2, 4, "x");
  const std::vector<Json> others = {Json(),         Json("text"),   Json(-1e300),
                                    Json(1e300),    Json(0),        Json(int64_t{1} << 62),
                                    Json::array(),  Json::object(), list(100, list(100, 1e300)),
                                    list(9, Json())};
  int tried = 0;
  for (auto& [key, value] : look.as_object()) {
    if (key != "schema") replace_each(look, value, others, tried);
  }
  EXPECT_GT(tried, 300);
}

TEST(Look, OfAnotherSchemaIsRefused) {
  EXPECT_THROW(page_of(R"({"schema":"isthmus.look/2"})"), Error);
  EXPECT_THROW(page_of("nonsense"), Error);
}

TEST(MarginalChart, NamesFewWholeNumbersAndTheEndsOfOthers) {
  const std::string coin = marginal_chart(
      {.name = "c", .low = -0.5, .width = 1, .whole = true, .real = {3, 1}, .sampled = {2, 2}});
  EXPECT_NE(coin.find(">0</text>"), std::string::npos);
  EXPECT_NE(coin.find(">1</text>"), std::string::npos);
  const std::string reals =
      marginal_chart({.name = "r", .low = -0.5, .width = 0.75, .real = {1, 1, 1}, .sampled = {}});
  EXPECT_NE(reals.find(">\u22120.5</text>"), std::string::npos);
  EXPECT_NE(reals.find(">1.75</text>"), std::string::npos);
  EXPECT_EQ(reals.find("class=\"line v\""), std::string::npos);
  EXPECT_EQ(marginal_chart({.name = "n", .real = {0, 0}, .sampled = {1, 1}}), "");
}

}  // namespace
}  // namespace isthmus
