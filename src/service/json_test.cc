#include "service/json.h"

#include <gtest/gtest.h>

namespace grid::service {
namespace {

template <class Fill>
std::string document(Fill fill) {
  std::string out;
  JsonWriter json([&](std::string_view text) { out += text; });
  fill(json);
  return out;
}

TEST(JsonWriter, WritesNestedObjectsAndArrays) {
  EXPECT_EQ(document([](JsonWriter& json) {
              json.begin_object().member("name", "cats").member("version", 3u);
              json.key("parent").null().key("files").begin_array().value("a").value(-1).end_array();
              json.key("none").begin_array().end_array();
              json.member("same", false).member("seconds", 0.5).end_object();
            }),
            "{\n  \"name\": \"cats\",\n  \"version\": 3,\n  \"parent\": null,\n"
            "  \"files\": [\n    \"a\",\n    -1\n  ],\n  \"none\": [],\n"
            "  \"same\": false,\n  \"seconds\": 0.5\n}\n");
}

TEST(JsonWriter, EscapesWhatJsonDemands) {
  EXPECT_EQ(json_string("a\"b\\c\n\t\x01"), "\"a\\\"b\\\\c\\n\\t\\u0001\"");
  EXPECT_EQ(json_string("猫"), "\"猫\"");
  EXPECT_EQ(json_string("\x7f\xc2\x9b"
                        "31m"),
            "\"\\u007f\\u009b31m\"");
}

TEST(JsonWriter, GivesTheExactBytesOfANameThatIsNotUtf8) {
  EXPECT_EQ(document([](JsonWriter& json) {
              json.begin_object().name_member("path", "a\xff").end_object();
            }),
            "{\n  \"path\": \"a\xef\xbf\xbd\",\n  \"path_hex\": \"61ff\"\n}\n");
}

TEST(JsonWriter, WritesNullForANumberThatJsonLacks) {
  EXPECT_EQ(document([](JsonWriter& json) {
              json.begin_array().value(std::numeric_limits<double>::infinity()).end_array();
            }),
            "[\n  null\n]\n");
}

}  // namespace
}  // namespace grid::service
