#include "service/datastores.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "run/attachment.h"
#include "service/shown_datastore.h"
#include "store/layout.h"
#include "tests/support/node.h"

namespace grid::service {
namespace {

using Numbers = std::vector<dataset::VersionNumber>;

class DatastoresTest : public ::testing::Test {
 protected:
  DatastoresTest() : store_(node_.open()) {
    testing::write_file(node_ / "one/a", "1");
    testing::write_file(node_ / "two/a", "2");
    node_.create(*store_, "cats", "one");
    node_.create(*store_, "cats", "two");
    node_.create(*store_, "dogs", "one");
  }
  std::vector<std::string> listed(bool deleted_too = false) {
    std::vector<std::string> names;
    for (const DatastoreSummary& datastore :
         list_datastores(node_.settings(), deleted_too).datastores)
      names.push_back(fmt::format("{} {}", datastore.name, datastore.status));
    return names;
  }
  void remove(const char* reference, bool all = false) {
    delete_versions(*store_, versions_to_delete(node_.settings(), *store_,
                                                dataset::Reference::parse(reference), all));
  }
  create::CreateRecord started(const std::string& name) {
    return {.store_id = store_->marker.store_id,
            .store_key = store_->cache_key,
            .name = name,
            .source = "one",
            .identity = "0"};
  }

  testing::Node node_;
  std::shared_ptr<dataset::OpenStore> store_;
};

TEST_F(DatastoresTest, AreListedByNameWithTheNewestReadyVersion) {
  const DatastoreList list = list_datastores(node_.settings(), *store_);
  ASSERT_EQ(list.datastores.size(), 2u);
  EXPECT_EQ(list.datastores[0].name, "cats");
  EXPECT_EQ(list.datastores[0].newest->record.number, 2u);
  EXPECT_EQ(list.datastores[0].ready, 2u);
  EXPECT_EQ(listed(), (std::vector<std::string>{"cats ready", "dogs ready"}));
}

// One damaged record hides nothing but itself.
TEST_F(DatastoresTest, AreListedAroundADamagedRecord) {
  const std::string key = store::version_key("cats", 2);
  store_->origin->remove(key);
  store_->origin->create(key, as_bytes("{}"));
  const DatastoreList list = list_datastores(node_.settings(), *node_.open());
  ASSERT_EQ(list.datastores.size(), 2u);
  EXPECT_EQ(list.datastores[0].newest->record.number, 1u);
  ASSERT_EQ(list.unreadable.size(), 1u);
  EXPECT_EQ(list.unreadable[0].name, "cats");
  EXPECT_EQ(list.unreadable[0].version, 2u);
  EXPECT_TRUE(list.unreadable[0].reason.starts_with("its record")) << list.unreadable[0].reason;
  const ShownDatastore shown =
      show_datastore(node_.settings(), *node_.open(), dataset::Reference::parse("cats"));
  EXPECT_EQ(shown.versions.size(), 1u);
  EXPECT_EQ(shown.unreadable, list.unreadable);
}

TEST_F(DatastoresTest, AFolderWithoutVersionsIsNoHint) {
  std::filesystem::create_directories(store_->local_folder / "datastores/bats/versions");
  std::filesystem::create_directories(store_->local_folder / "datastores/rats");
  try {
    store_->datastores->resolve({.name = "rats"});
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string_view(error.what()).find("did you mean cats?"), std::string_view::npos)
        << error.what();
  }
}

TEST_F(DatastoresTest, AreLeftOutWhenAllTheirVersionsAreDeleted) {
  remove("dogs:1");
  EXPECT_EQ(listed(), (std::vector<std::string>{"cats ready"}));
  EXPECT_EQ(listed(true), (std::vector<std::string>{"cats ready", "dogs deleted"}));
}

TEST_F(DatastoresTest, AreListedWhileTheirFirstVersionIsMade) {
  create::LiveCreate birds(node_.settings().create_folder, started("birds"));
  { create::LiveCreate fish(node_.settings().create_folder, started("fish")); }
  EXPECT_EQ(listed(), (std::vector<std::string>{"birds uploading", "cats ready", "dogs ready",
                                                "fish failed"}));
}

TEST_F(DatastoresTest, AreNoneBeforeTheDefaultStoreExists) {
  node_.settings().store = node_ / "elsewhere";
  EXPECT_THROW(listed(), Error);
  node_.settings().store_was_named = false;
  EXPECT_TRUE(listed().empty());
}

TEST_F(DatastoresTest, AreDescribed) {
  EXPECT_EQ(read_description(*store_, "cats").text, "");
  EXPECT_EQ(write_description(*store_, "cats", "37 breeds").text, "37 breeds");
  EXPECT_EQ(read_description(*store_, "cats").text, "37 breeds");
  EXPECT_THROW(write_description(*store_, "cats", "\xff"), Error);
  EXPECT_THROW(read_description(*store_, "birds"), Error);
  EXPECT_THROW(described_name(dataset::Reference::parse("cats:1")), Error);
}

TEST_F(DatastoresTest, LoseOneVersionOrAll) {
  EXPECT_THROW(remove("cats"), Error);
  EXPECT_THROW(remove("cats:1", true), Error);
  remove("cats:1");
  EXPECT_EQ(store_->datastores->ready_numbers("cats"), Numbers{2});
  remove("cats", true);
  EXPECT_TRUE(store_->datastores->ready_numbers("cats").empty());
  EXPECT_THROW(remove("cats", true), Error);
}

TEST_F(DatastoresTest, KeepVersionsThatAreInUse) {
  run::LiveAttachment live(node_.settings().attachment_folder, {.kind = run::AttachmentKind::mount,
                                                                .label = "/mnt",
                                                                .store_id = store_->marker.store_id,
                                                                .versions = {{"cats", 1}}});
  try {
    remove("cats", true);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unavailable);
    EXPECT_NE(std::string(error.what()).find("nothing was deleted"), std::string::npos);
  }
  remove("cats:2");
  EXPECT_EQ(store_->datastores->ready_numbers("cats"), Numbers{1});
}

TEST_F(DatastoresTest, AreShownAsAWholeOrByVersion) {
  create::LiveCreate live(node_.settings().create_folder, started("cats"));
  auto shown = [&](const char* reference) {
    return show_datastore(node_.settings(), *store_, dataset::Reference::parse(reference));
  };
  const ShownDatastore whole = shown("cats");
  EXPECT_TRUE(whole.whole);
  EXPECT_EQ(whole.versions.size(), 2u);
  EXPECT_EQ(whole.creates.size(), 1u);
  const ShownDatastore one = shown("cats:1");
  EXPECT_FALSE(one.whole);
  EXPECT_EQ(one.versions.size(), 1u);
  EXPECT_TRUE(one.creates.empty());
  EXPECT_FALSE(shown("cats:latest").whole);
  EXPECT_THROW(shown("birds"), Error);
}

}  // namespace
}  // namespace grid::service
