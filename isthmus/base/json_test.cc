// SPDX-License-Identifier: Apache-2.0
// JSON: what is written reads back the same, what is malformed is refused, nothing crashes.
#include "isthmus/base/json.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "isthmus/base/error.h"
#include "isthmus/base/rng_key.h"

namespace isthmus {
namespace {

Json parsed(std::string_view text, const JsonLimits& limits = {}) {
  auto result = parse_json(text, limits);
  if (const auto* error = std::get_if<JsonParseError>(&result)) {
    ADD_FAILURE() << text << ": " << error->message;
    return Json();
  }
  return std::get<Json>(std::move(result));
}
JsonParseError refused(std::string_view text, const JsonLimits& limits = {}) {
  auto result = parse_json(text, limits);
  if (const auto* error = std::get_if<JsonParseError>(&result)) return *error;
  ADD_FAILURE() << text << " was accepted";
  return {};
}

TEST(JsonWriter, WritesEachKindOneWay) {
  Json v = Json::object();
  v.set("z", 1).set("a", Json::Array{Json(), true, 0.5, "x"});
  v["empty"] = Json::object();
  v["z"] = 2;
  EXPECT_EQ(v.dump(), R"({"z":2,"a":[null,true,0.5,"x"],"empty":{}})");
  EXPECT_EQ(v.dump_pretty(),
            "{\n  \"z\": 2,\n  \"a\": [null, true, 0.5, \"x\"],\n  \"empty\": {}\n}");
  EXPECT_EQ(Json(Json::Array{Json::object().set("k", 1)}).dump_pretty(),
            "[\n  {\n    \"k\": 1\n  }\n]");
}

TEST(JsonWriter, DoublesStayDoubles) {
  EXPECT_EQ(Json(1.0).dump(), "1.0");
  EXPECT_EQ(Json(-0.0).dump(), "-0.0");
  EXPECT_EQ(Json(0.1).dump(), "0.1");
  EXPECT_EQ(Json(1e100).dump(), "1e+100");
  EXPECT_EQ(Json(123456789.0).dump(), "123456789.0");
  EXPECT_EQ(Json(1).dump(), "1");
  EXPECT_TRUE(parsed(Json(1e22).dump()) == Json(1e22));
}

TEST(JsonWriter, RefusesWhatJsonCannotSay) {
  EXPECT_THROW(Json(std::nan("")).dump(), InternalError);
  EXPECT_THROW(Json(std::numeric_limits<double>::infinity()).dump(), InternalError);
  EXPECT_THROW(Json(UINT64_MAX), InternalError);
  EXPECT_TRUE(Json::finite_or_null(std::nan("")).is_null());
  EXPECT_EQ(Json::finite_or_null(2).dump(), "2.0");
}

TEST(JsonWriter, EscapesControlsAndMendsBadUtf8) {
  EXPECT_EQ(Json("a\"\\\n\t\x01\x1b\x7f").dump(), R"("a\"\\\n\t\u0001\u001b\u007f")");
  EXPECT_EQ(Json("\xFFz").dump(), "\"\xEF\xBF\xBDz\"");
  EXPECT_EQ(Json(std::string(1, '\0')).dump(), R"("\u0000")");
}

TEST(Json, TypedAccessNamesWhatWasExpected) {
  const Json v = parsed(R"({"n":1,"d":1.5,"s":"x"})");
  EXPECT_EQ(v.at("n").as_int(), 1);
  EXPECT_EQ(v.at("n").as_double(), 1.0);
  EXPECT_EQ(v.find("none"), nullptr);
  EXPECT_EQ(Json(3).find("x"), nullptr);
  const auto message = [](const std::function<void()>& action) -> std::string {
    try {
      action();
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::kModelConfig);
      return e.message();
    }
    return "accepted";
  };
  EXPECT_EQ(message([&] { v.at("none"); }), "the key \"none\" is missing");
  EXPECT_EQ(message([&] { v.at("d").as_int(); }), "expected a whole number");
  EXPECT_EQ(message([&] { v.at("s").as_double(); }), "expected a number");
  EXPECT_EQ(message([&] { v.as_array(); }), "expected a list");
  EXPECT_EQ(message([&] { v.at("s").at("x"); }), "expected an object with the key \"x\"");
}

class RandomJson {
 public:
  explicit RandomJson(uint32_t number) : number_(number) {}

  Json value(int depth) {
    switch (next() % (depth > 0 ? 8 : 6)) {
      case 0:
        return Json();
      case 1:
        return Json(next() % 2 == 0);
      case 2:
        return Json(static_cast<int64_t>(wide()) >> (next() % 64));
      case 3:
        return number();
      case 4:
        return Json(next() % 100);
      case 5:
        return Json(text());
      case 6: {
        Json list = Json::array();
        for (uint32_t i = next() % 5; i > 0; --i) list.push_back(value(depth - 1));
        return list;
      }
      default: {
        Json object = Json::object();
        for (uint32_t i = next() % 5; i > 0; --i) object[text()] = value(depth - 1);
        return object;
      }
    }
  }
  uint32_t next() { return philox4x32({1, 2}, {number_, draw_++, 0, 0})[0]; }

 private:
  uint64_t wide() { return (uint64_t{next()} << 32) | next(); }
  Json number() {
    const double v = std::bit_cast<double>(wide());
    return std::isfinite(v) ? Json(v) : Json(0.25);
  }
  std::string text() {
    static const std::vector<std::string> pieces = {"a",    "\"",
                                                    "\\",   "\n",
                                                    "\x01", "ä",
                                                    "大",   "\xF0\x9F\x90\x88",
                                                    "/",    std::string(1, '\0'),
                                                    "\x7f", "\xE2\x80\xA8"};
    std::string out;
    for (uint32_t i = next() % 6; i > 0; --i) out += pieces[next() % pieces.size()];
    return out;
  }
  uint32_t number_;
  uint32_t draw_ = 0;
};

TEST(JsonRoundTrip, HoldsForRandomValues) {
  for (uint32_t i = 0; i < 2000; ++i) {
    const Json v = RandomJson(i).value(5);
    ASSERT_TRUE(parsed(v.dump()) == v) << v.dump();
    ASSERT_TRUE(parsed(v.dump_pretty()) == v) << v.dump_pretty();
  }
}

TEST(JsonParser, EveryPrefixOfAListIsRefused) {
  const std::string text = R"({"a":[1,-2.5e-3,"ü\u00e9\ud83d\ude00",true,null],"b":{"c":{}}})";
  parsed(text);
  for (size_t i = 0; i < text.size(); ++i) refused(text.substr(0, i));
}

TEST(JsonParser, DamagedTextsNeverCrash) {
  int accepted = 0;
  for (uint32_t i = 0; i < 3000; ++i) {
    RandomJson random(i);
    std::string text = random.value(4).dump();
    for (uint32_t j = 1 + random.next() % 3; j > 0; --j) {
      text[random.next() % text.size()] = static_cast<char>(random.next());
    }
    auto result = parse_json(text, {});
    if (const Json* v = std::get_if<Json>(&result)) {
      ++accepted;
      ASSERT_TRUE(parsed(v->dump()) == *v) << text;
    }
  }
  EXPECT_LT(accepted, 2500);
}

TEST(JsonParser, RefusesMalformedTexts) {
  for (std::string_view text : {"",
                                " ",
                                "{",
                                "}",
                                "[",
                                "]",
                                "[1,]",
                                "[,1]",
                                "{\"a\"}",
                                "{\"a\":}",
                                "{\"a\":1,}",
                                "{a:1}",
                                "{'a':1}",
                                "[1 2]",
                                "1 2",
                                "[1]x",
                                "nul",
                                "True",
                                "NaN",
                                "Infinity",
                                "-Infinity",
                                "+1",
                                "01",
                                "1.",
                                ".5",
                                "1e",
                                "0x1",
                                "--1",
                                "- 1",
                                "\"a",
                                "\"\\x\"",
                                "\"\\u12\"",
                                "\"\\ud800\"",
                                "\"\\udc00\"",
                                "\"\\ud800\\u0041\"",
                                "\"a\nb\"",
                                "\"\t\"",
                                "\"\xff\"",
                                "\"\xc0\x80\"",
                                "\"\xed\xa0\x80\"",
                                "\xEF\xBB\xBF{}",
                                "// c\n1",
                                "/* c */ 1",
                                "[1]//",
                                "\x0b"
                                "1",
                                "\xC2\xA0"
                                "1"}) {
    EXPECT_EQ(refused(text).fault, JsonFault::kSyntax) << text;
  }
  EXPECT_EQ(refused(std::string_view("1\0", 2)).fault, JsonFault::kSyntax);
  EXPECT_EQ(refused(std::string_view("\"\0\"", 3)).fault, JsonFault::kSyntax);
}

TEST(JsonParser, RefusesDoubledKeysAtAnyLevel) {
  EXPECT_EQ(refused(R"({"a":1,"a":1})").fault, JsonFault::kDoubledKey);
  EXPECT_EQ(refused(R"([{"b":{"a":1,"\u0061":2}}])").fault, JsonFault::kDoubledKey);
  EXPECT_EQ(refused(R"({"a":1,"a":1})").offset, 10);
  parsed(R"({"a":{"a":{"a":1}},"b":{"a":1}})");
}

TEST(JsonParser, RefusesDoubledKeysAmongMany) {
  std::string text = "{";
  for (int i = 0; i < 1000; ++i) text += "\"key" + std::to_string(i) + "\":1,";
  EXPECT_EQ(parsed(text + "\"last\":1}").as_object().size(), 1001u);
  EXPECT_EQ(refused(text + "\"key\\u0037\":1}").fault, JsonFault::kDoubledKey);
  EXPECT_EQ(refused("[" + text + "\"key999\":1}]").fault, JsonFault::kDoubledKey);
}

TEST(JsonParser, RefusesMoreValuesThanItsLengthHasInEarnest) {
  std::string lists = "[", zeros = "[";
  for (int i = 0; i < 100000; ++i) lists += "[],", zeros += "0,";
  EXPECT_EQ(refused(lists + "[]]").fault, JsonFault::kMemory);
  EXPECT_EQ(parsed(zeros + "0]").as_array().size(), 100001u);
  EXPECT_LE(sizeof(Json), 16u);
}

TEST(JsonParser, LimitsHoldAtTheStep) {
  const JsonLimits limits{.max_bytes = 20, .max_depth = 3};
  parsed("[[[1]]]", limits);
  parsed(R"([{"a":{}}])", limits);
  EXPECT_EQ(refused("[[[[1]]]]", limits).fault, JsonFault::kDepth);
  EXPECT_EQ(refused(R"([[[{}]]])", limits).fault, JsonFault::kDepth);
  parsed("[" + std::string(18, ' ') + "]", limits);
  EXPECT_EQ(refused("[" + std::string(19, ' ') + "]", limits).fault, JsonFault::kTooLong);
  EXPECT_EQ(refused(std::string(1 << 20, '[')).fault, JsonFault::kDepth);
}

TEST(JsonParser, NumbersAreExactOrRefused) {
  EXPECT_EQ(parsed("9223372036854775807").as_int(), INT64_MAX);
  EXPECT_EQ(parsed("-9223372036854775808").as_int(), INT64_MIN);
  EXPECT_TRUE(parsed("-0").is_int());
  EXPECT_TRUE(parsed("1e2").is_number());
  EXPECT_FALSE(parsed("1e2").is_int());
  EXPECT_FALSE(parsed("1.0").is_int());
  EXPECT_EQ(parsed("1e-400").as_double(), 0.0);
  EXPECT_EQ(parsed("5e-324").as_double(), 5e-324);
  EXPECT_TRUE(std::signbit(parsed("-0.0").as_double()));
  EXPECT_EQ(parsed("0." + std::string(400, '0') + "1").as_double(), 0.0);
  for (std::string_view text :
       {"9223372036854775808", "-9223372036854775809", "18446744073709551616", "1e309", "-1e999",
        "100000000000000000000000000000"}) {
    EXPECT_EQ(refused(text).fault, JsonFault::kNumber) << text;
  }
}

}  // namespace
}  // namespace isthmus
