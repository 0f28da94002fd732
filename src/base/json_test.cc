#include "base/json.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace grid {
namespace {

std::string problem_of(std::string_view text, const JsonLimits& limits = {}) {
  try {
    JsonObject(text, "it", limits);
    return "";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::corrupt);
    return error.what();
  }
}

TEST(JsonObject, ReadsMembersOfAnyOrderWithWhiteSpaceAround) {
  const JsonObject object(" {\"text\": \"g\\u00e4\", \"number\": 7, \"many\": [1, 2]}\r\n\t ",
                          "it");
  EXPECT_EQ(object.text("text"), "gä");
  EXPECT_EQ(object.number("number"), 7u);
  EXPECT_EQ(object.find_numbers("many", 1, 2), (std::vector<std::uint64_t>{1, 2}));
  EXPECT_EQ(JsonObject(R"({"a": ["x", ""]})", "noun").find_texts("a"),
            (std::vector<std::string>{"x", ""}));
  EXPECT_THROW(JsonObject(R"({"a": ["x", 1]})", "noun").find_texts("a"), Error);
  EXPECT_THROW(JsonObject(R"({"a": "x"})", "noun").find_texts("a"), Error);
  EXPECT_EQ(JsonObject(R"({"a": true})", "noun").find_truth("a"), true);
  EXPECT_EQ(JsonObject("{}", "noun").find_truth("a"), std::nullopt);
  EXPECT_THROW(JsonObject(R"({"a": 1})", "noun").find_truth("a"), Error);
  EXPECT_FALSE(object.find_text("other"));
  EXPECT_FALSE(object.find_number("other"));
}

TEST(JsonObject, RefusesWhatTwoReadersCouldTakeDifferently) {
  const std::string good = "{\"a\": 1}";
  EXPECT_EQ(problem_of(good), "");
  EXPECT_EQ(problem_of("\xEF\xBB\xBF" + good), "it: begins with a byte order mark");
  EXPECT_EQ(problem_of(good + '\0'), "it: has a zero byte");
  for (const std::string& text :
       {good + good, good + "x", good + ",", std::string(), std::string("{\"a\": 01}"),
        std::string("{\"a\": 1,}"), std::string("{'a': 1}"), std::string("{\"a\": \"\xff\"}"),
        std::string("{\"a\": \"\xc0\x80\"}"), std::string("{\"a\": \"\\ud800\"}"),
        std::string("/* */ {\"a\": 1}")})
    EXPECT_EQ(problem_of(text), "it: is not JSON") << text;
  EXPECT_EQ(problem_of("[1]"), "it: is not a JSON object");
  EXPECT_EQ(problem_of("{\"a\": 1, \"b\": 2, \"a\": 1}"), "it: has the member \"a\" twice");
  EXPECT_EQ(problem_of("{\"a\": 1, \"\\u0061\": 1}"), "it: has the member \"a\" twice");
  EXPECT_EQ(problem_of("{\"o\": [{\"a\": 1, \"a\": 1}]}"), "it: has the member \"a\" twice");
  EXPECT_EQ(problem_of("{\"o\": {\"a\": 1}, \"a\": 1}"), "");
}

TEST(JsonObject, HasLimits) {
  EXPECT_EQ(problem_of("{\"a\": [[]]}", {.depth_max = 3}), "");
  EXPECT_EQ(problem_of("{\"a\": [[[]]]}", {.depth_max = 3}), "it: is nested more than 3 deep");
  EXPECT_EQ(problem_of("{\"a\": 1}", {.size_max = 7}),
            "it: has 8 bytes, more than the 7 that are allowed");
  EXPECT_EQ(problem_of(std::string(1 << 20, '[')), "it: is nested more than 16 deep");
}

TEST(JsonObject, TakesOnlyNumbersThatAreInRange) {
  for (const char* number : {"-1", "-0", "18446744073709551616", "1e3", "1.0", "\"1\"", "null", "0",
                             "4294967296", "1e999"}) {
    const std::string text = fmt::format("{{\"n\": {}}}", number);
    if (!problem_of(text).empty()) continue;  // not even JSON for the parser
    EXPECT_THROW(JsonObject(text, "it").number("n", 1, UINT32_MAX), Error) << number;
  }
  const JsonObject object(
      "{\"max\": 18446744073709551615, \"min\": -9223372036854775808, \"version\": 4294967295}",
      "it");
  EXPECT_EQ(object.number("max"), UINT64_MAX);
  EXPECT_EQ(object.number("version", 1, UINT32_MAX), UINT32_MAX);
  EXPECT_EQ(object.find_integer("min"), INT64_MIN);
  EXPECT_THROW(object.find_integer("max"), Error);
  EXPECT_THROW(object.number("min"), Error);
}

TEST(JsonObject, NamesTheMember) {
  const JsonObject object("{\"n\": -1}", "cats:3");
  try {
    object.number("n", 1, 9);
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "cats:3: \"n\" is -1, not a number from 1 to 9");
  }
  EXPECT_THROW(object.text("n"), Error);
  EXPECT_THROW(object.text("other"), Error);
  EXPECT_THROW(object.find_numbers("n", 0, 1), Error);
}

}  // namespace
}  // namespace grid
