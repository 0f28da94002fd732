#include "cache/kept_answers.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <deque>

#include "base/error.h"
#include "tests/support/far_store.h"
#include "tests/support/temporary_folder.h"

namespace grid::cache {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

// A store that first answers what the test says.
class Misanswering : public testing::FarStore {
 public:
  mutable std::deque<std::optional<std::string>> objects;
  mutable std::deque<Names> listings;

  std::optional<Bytes> find(std::string_view key) const override {
    const std::optional<Bytes> truth = FarStore::find(key);
    if (objects.empty()) return truth;
    const std::optional<std::string> wrong = objects.front();
    objects.pop_front();
    if (!wrong) return std::nullopt;
    const BytesView bytes = as_bytes(*wrong);
    return Bytes(bytes.begin(), bytes.end());
  }
  Names list_names(std::string_view prefix) const override {
    Names truth = FarStore::list_names(prefix);
    if (listings.empty()) return truth;
    truth = listings.front();
    listings.pop_front();
    return truth;
  }
  std::vector<backend::ObjectEntry> list_below(std::string_view prefix) const override {
    FarStore::list_names(prefix);  // counts, and fails out of reach
    return MemoryBackend::list_below(prefix);
  }
};

class KeptAnswersTest : public ::testing::Test {
 protected:
  KeptAnswers open() {
    return {store_,
            folder_ / "kept",
            {.is_understood =
                 [](std::string_view, BytesView bytes) {
                   return as_text(bytes).find('<') == std::string_view::npos;
                 },
             .warn = [this](std::string_view sentence) { warnings_.emplace_back(sentence); }}};
  }
  static std::string text(const std::optional<Bytes>& bytes) {
    return bytes ? std::string(as_text(*bytes)) : "nothing";
  }

  const std::shared_ptr<Misanswering> store_ = std::make_shared<Misanswering>();
  testing::TemporaryFolder folder_;
  std::vector<std::string> warnings_;
};

TEST_F(KeptAnswersTest, WhatIsNotUnderstoodIsAskedForAgainAndNeverKept) {
  store_->create("a/1", as_bytes("one"));
  store_->objects = {"<html>"};
  EXPECT_EQ(text(open().object("a/1")), "one");
  EXPECT_EQ(store_->requests, 2u);
  store_->create("a/2", as_bytes("two"));
  store_->objects = {"<html>", "<html>"};
  EXPECT_EQ(text(open().object("a/2")), "<html>");
  EXPECT_EQ(text(open().object("a/2")), "two");
  const std::uint64_t before = store_->requests;
  EXPECT_EQ(text(open().object("a/1")), "one");
  EXPECT_EQ(text(open().object("a/2")), "two");
  EXPECT_EQ(store_->requests, before);
}

TEST_F(KeptAnswersTest, WhatWasKeptAndIsNotUnderstoodIsAskedForAgain) {
  store_->create("a/1", as_bytes("<html>"));
  KeptAnswers credulous(store_, folder_ / "kept");
  EXPECT_EQ(text(credulous.object("a/1")), "<html>");
  store_->remove("a/1");
  store_->create("a/1", as_bytes("one"));
  EXPECT_EQ(text(open().object("a/1")), "one");
}

TEST_F(KeptAnswersTest, AListingThatLacksNamesIsAskedForAgain) {
  store_->create("a/1", as_bytes("one"));
  EXPECT_EQ(open().listing("a/"), Names{"1"});
  store_->create("a/2", as_bytes("two"));
  for (const Names& wrong : {Names{}, Names{"2"}, Names{"<p>"}}) {
    store_->listings = {wrong};
    EXPECT_EQ(open().listing("a/"), (Names{"1", "2"}));
  }
}

TEST_F(KeptAnswersTest, ObjectsBelowAPrefixAreKeptForWhenTheStoreIsOutOfReach) {
  store_->create("a/b/1", as_bytes("one"));
  store_->create("a/b-1", as_bytes("three"));
  const std::vector<backend::ObjectEntry> all = {{"a/b-1", 5}, {"a/b/1", 3}};
  EXPECT_EQ(open().objects_below("a/"), all);
  store_->create("a/c", as_bytes("1"));
  EXPECT_EQ(open().objects_below("a/").size(), 3u);
  store_->remove("a/c");
  EXPECT_EQ(open().objects_below("a/"), all);
  store_->reachable = false;
  const KeptAnswers answers = open();
  EXPECT_EQ(answers.objects_below("a/"), all);
  EXPECT_EQ(warnings_.size(), 1u);
  // What was not kept is not waited for again.
  const std::uint64_t before = store_->requests;
  EXPECT_THROW(answers.objects_below("d/"), Error);
  EXPECT_EQ(store_->requests, before);
}

TEST_F(KeptAnswersTest, ListingNeverAskedForIsTakenFromTheObjectsAbove) {
  store_->create("a/b/1", as_bytes("one"));
  store_->create("a/b/2", as_bytes("two"));
  store_->create("a/c", as_bytes("three"));
  EXPECT_EQ(open().objects_below("a/").size(), 3u);
  store_->reachable = false;
  const KeptAnswers answers = open();
  EXPECT_EQ(answers.listing("a/"), (Names{"b/", "c"}));
  EXPECT_EQ(answers.listing("a/b/"), (Names{"1", "2"}));
  // Nothing is known of what is not there.
  EXPECT_THROW(answers.listing("a/d/"), Error);
}

TEST_F(KeptAnswersTest, ThatNothingIsThereHoldsAsLongAsItIsToldTo) {
  const auto holding = [&] {
    return KeptAnswers(store_, folder_ / "kept", {.absence_holds = [](std::string_view key) {
                         return std::chrono::seconds(key.starts_with("a/") ? 60 : 0);
                       }});
  };
  const auto requests_of = [&](std::string_view key, const std::string& expected) {
    const std::uint64_t before = store_->requests;
    EXPECT_EQ(text(holding().object(key)), expected) << key;
    return store_->requests - before;
  };
  EXPECT_EQ(requests_of("a/1", "nothing"), 1u);
  EXPECT_EQ(requests_of("a/1", "nothing"), 0u);
  EXPECT_EQ(requests_of("b/1", "nothing"), 1u);
  EXPECT_EQ(requests_of("b/1", "nothing"), 1u);
  store_->create("a/1", as_bytes("one"));
  EXPECT_EQ(requests_of("a/1", "nothing"), 0u);
  holding().forget_absence("a/1");
  EXPECT_EQ(requests_of("a/1", "one"), 1u);

  // What a list shows, and what it does not show, is known by it.
  EXPECT_EQ(requests_of("a/2", "nothing"), 1u);
  store_->create("a/2", as_bytes("two"));
  holding().objects_below("a/");
  EXPECT_EQ(requests_of("a/2", "two"), 1u);
  EXPECT_EQ(requests_of("a/3", "nothing"), 0u);
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder_ / "kept"))
    fs::last_write_time(entry.path(), fs::file_time_type::clock::now() - std::chrono::minutes(2));
  EXPECT_EQ(requests_of("a/3", "nothing"), 1u);
  EXPECT_EQ(requests_of("a/3", "nothing"), 0u);
  // A clock that was set back makes what was heard old.
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder_ / "kept"))
    fs::last_write_time(entry.path(), fs::file_time_type::clock::now() + std::chrono::hours(2));
  EXPECT_EQ(requests_of("a/3", "nothing"), 1u);
}

TEST_F(KeptAnswersTest, OfflineReadingIsSaidOnceWithItsAge) {
  store_->create("a/1", as_bytes("one"));
  {
    const KeptAnswers answers = open();
    answers.listing("a/");
    answers.object("a/2");
  }
  EXPECT_TRUE(warnings_.empty());
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder_ / "kept"))
    fs::last_write_time(entry.path(), fs::file_time_type::clock::now() - std::chrono::hours(5));
  {
    const KeptAnswers answers = open();
    store_->reachable = false;
    EXPECT_EQ(answers.listing("a/"), Names{"1"});
    EXPECT_EQ(text(answers.object("a/2")), "nothing");
    answers.listing("a/");
  }
  ASSERT_EQ(warnings_.size(), 1u);
  EXPECT_EQ(
      warnings_[0],
      "far://away cannot be reached; this is what was known of it 5 hours ago (the network is "
      "down)");
  // An answer makes what is kept new again.
  store_->reachable = true;
  open().listing("a/");
  store_->reachable = false;
  open().listing("a/");
  EXPECT_NE(warnings_.back().find(" s ago"), std::string::npos) << warnings_.back();
}

TEST_F(KeptAnswersTest, WhatIsNoFileInTheFolderIsReplaced) {
  store_->create("a/1", as_bytes("one"));
  open().object("a/1");
  open().listing("a/");
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder_ / "kept"))
    if (entry.is_regular_file()) files.push_back(entry.path());
  EXPECT_EQ(files.size(), 2u);
  const std::function<void(const fs::path&)> kinds[] = {
      [](const fs::path& path) { ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0); },
      [](const fs::path& path) { fs::create_symlink(path, path); },
      [](const fs::path& path) { fs::create_directories(path / "x"); }};
  for (const auto& put : kinds) {
    for (const fs::path& file : files) {
      fs::remove(file);
      put(file);
    }
    EXPECT_EQ(text(open().object("a/1")), "one");
    EXPECT_EQ(open().listing("a/"), Names{"1"});
    for (const fs::path& file : files) EXPECT_TRUE(fs::is_regular_file(file));
  }
}

}  // namespace
}  // namespace grid::cache
