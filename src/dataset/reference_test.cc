#include "dataset/reference.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace grid::dataset {
namespace {

TEST(Reference, ParsesWhatPeopleWrite) {
  EXPECT_EQ(Reference::parse("cats").name, "cats");
  EXPECT_FALSE(Reference::parse("cats").version);
  EXPECT_EQ(Reference::parse("cats:3").version, 3u);
  EXPECT_TRUE(Reference::parse("cats:latest").named_latest);
  EXPECT_EQ(Reference::parse("cats@best").tag, "best");
  EXPECT_EQ(Reference::parse("cats@best").name, "cats");
  for (const char* text : {"cats", "cats:3", "cats:latest", "cats@v1.0-rc_2"})
    EXPECT_EQ(Reference::parse(text).text(), text);
  EXPECT_EQ(Reference::parse("cats", "3").version, 3u);
  EXPECT_EQ(Reference::parse("cats", "@best").tag, "best");
  EXPECT_TRUE(Reference::parse("cats", "latest").named_latest);
}

TEST(Reference, RefusesTheRestAsWrongUsage) {
  for (const char* text : {"",         ":3",          "Cats",      "cats:",    "cats:0",
                           "cats:03",  "cats:-1",     "cats:x",    "cats:3:4", "cats:99999999999",
                           "a/b",      "-cats",       "cats:3 ",   "@best",    "cats@",
                           "cats@3",   "cats@latest", "cats@Best", "cats@a@b", "cats@a:3",
                           "cats:3@a", "cats@a/b",    "cats@../x"}) {
    try {
      Reference::parse(text);
      FAIL() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::invalid_argument) << text;
    }
  }
}

TEST(Reference, NamesHaveAtMost63Characters) {
  EXPECT_TRUE(is_datastore_name(std::string(63, 'a')));
  EXPECT_FALSE(is_datastore_name(std::string(64, 'a')));
}

TEST(Reference, TakesANameFromTheSource) {
  EXPECT_EQ(datastore_name_of_source("./cats"), "cats");
  EXPECT_EQ(datastore_name_of_source("/data/Cats and Dogs/"), "cats-and-dogs");
  EXPECT_EQ(datastore_name_of_source("cats.tar.gz"), "cats");
  EXPECT_EQ(datastore_name_of_source("https://host/x/Cats.ZIP"), "cats");
  EXPECT_EQ(datastore_name_of_source("cats_"), "cats_");
  EXPECT_EQ(datastore_name_of_source("My Data ü"), "my-data-u");
  EXPECT_EQ(datastore_name_of_source("Größe (1).zip"), "grose-1");
  EXPECT_EQ(datastore_name_of_source("żółw"), "zolw");
  EXPECT_EQ(datastore_name_of_source("u\xcc\x88"
                                     "ber"),
            "uber");
  EXPECT_EQ(datastore_name_of_source("a+b"), "a-b");
}

// "猫a" and "犬a" must not both become "a".
TEST(Reference, NoNameIsTakenFromWhatWouldHaveToBeDropped) {
  for (const std::string& source :
       {std::string("/"), std::string(".."), std::string("猫a"), std::string("犬a"),
        std::string("-x"), std::string("_x"), std::string(64, 'x')})
    EXPECT_THROW(datastore_name_of_source(source), Error) << source;
}

TEST(Reference, SuggestsTheNearestNames) {
  std::vector<std::string> known = {"cats", "dogs", "cats-small", "birds"};
  EXPECT_EQ(nearest_names("cat", known), (std::vector<std::string>{"cats", "cats-small"}));
  EXPECT_EQ(nearest_names("dgos", known), std::vector<std::string>{"dogs"});
  EXPECT_TRUE(nearest_names("elephants", known).empty());
  EXPECT_EQ(did_you_mean("cat", known), "; did you mean cats or cats-small?");
  EXPECT_EQ(did_you_mean("dgos", known), "; did you mean dogs?");
  EXPECT_EQ(did_you_mean("zebra", known), "");
}

}  // namespace
}  // namespace grid::dataset
