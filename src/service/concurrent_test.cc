// What a long-lived process does: it calls everything in service, many times and at once, for one
// store.
#include <gtest/gtest.h>

#include <latch>
#include <thread>

#include "service/comparison.h"
#include "service/credentials.h"
#include "service/datastores.h"
#include "service/entries.h"
#include "service/exports.h"
#include "service/node_cache.h"
#include "service/shown_datastore.h"
#include "service/verification.h"
#include "tests/support/node.h"
#include "tests/support/random_bytes.h"

namespace grid::service {
namespace {

using testing::line_of;

constexpr unsigned rounds = 4;
// Every client's datastore has this content too, which the first to come stores.
constexpr unsigned shared_seed = 7'777;

constexpr std::uint64_t cache_size_max = 1 << 30;

dataset::Reference version_of(const std::string& name, dataset::VersionNumber number) {
  return {.name = name, .version = number};
}

// One client, with a datastore of its own.
class Client {
 public:
  Client(const testing::Node& node, std::shared_ptr<dataset::OpenStore> store, unsigned index)
      : node_(node),
        store_(std::move(store)),
        name_("cats-" + std::to_string(index)),
        seed_(index * 100) {}

  // Makes a version, inspects it in every way and deletes the one before.
  void run(dataset::VersionNumber number) {
    make(number);
    look(number);
    if (number > 1) replace(number);
    use_node();
  }

 private:
  void make(dataset::VersionNumber number) {
    const std::string text = testing::random_bytes(100'000, seed_ + number);
    testing::write_file(node_ / (name_ + "/folder/file"), text);
    if (number == 1)
      testing::write_file(node_ / (name_ + "/kept"), testing::random_bytes(50'000, shared_seed));
    const CreatedVersion created = node_.create(*store_, name_, name_);
    EXPECT_EQ(created.result.record.number, number);
    EXPECT_EQ(write_description(*store_, name_, "of " + name_).text, "of " + name_);
  }

  void look(dataset::VersionNumber number) {
    const std::string list = line_of(list_datastores(node_.settings(), *store_));
    EXPECT_NE(list.find(name_), std::string::npos);
    const ShownDatastore shown = show_datastore(node_.settings(), *store_, {.name = name_});
    EXPECT_EQ(shown.versions.size(), number);
    EXPECT_NE(line_of(shown).find("\"of " + name_), std::string::npos);
    const OpenVersion version = open_version(*store_, version_of(name_, number));
    EXPECT_NE(line_of(list_entries(version, "", true)).find("folder/file"), std::string::npos);
    std::string text;
    read_file(*store_, version, "folder/file", [&](BytesView bytes) { text += as_text(bytes); });
    EXPECT_EQ(text, testing::random_bytes(100'000, seed_ + number));
    care::VerifyProgress progress;
    EXPECT_TRUE(verify_versions(*store_, {version_of(name_, number)}, progress).is_well());
  }

  void replace(dataset::VersionNumber number) {
    const Comparison comparison =
        compare_versions(*store_, version_of(name_, number - 1), version_of(name_, number));
    EXPECT_EQ(comparison.totals.changed, 1u);
    const std::filesystem::path copy = node_ / (name_ + "-copy-" + std::to_string(number));
    care::ExportProgress progress;
    export_version(
        *store_,
        {.version = open_version(*store_, version_of(name_, number - 1)), .destination = copy},
        progress);
    EXPECT_EQ(testing::read_file(copy / "kept"), testing::random_bytes(50'000, shared_seed));
    delete_versions(*store_, versions_to_delete(node_.settings(), *store_,
                                                version_of(name_, number - 1), false));
  }

  void use_node() {
    EXPECT_EQ(limit_cache(node_.settings(), cache_size_max).statistics.size_max, cache_size_max);
    clear_cache(node_.settings());
    EXPECT_NE(line_of(show_cache(node_.settings())).find("\"limit\""), std::string::npos);
    EXPECT_TRUE(list_credentials(node_.settings()).credentials.empty());
    for (const create::IncompleteCreate& create : find_incomplete_creates(node_.settings()))
      EXPECT_NE(create.record.name, name_);
  }

  const testing::Node& node_;
  const std::shared_ptr<dataset::OpenStore> store_;
  const std::string name_;
  const std::uint64_t seed_;
};

// Half of the clients share an open store; each of the others opens it again.
TEST(Service, AnswersManyThreadsOfOneProcess) {
  constexpr unsigned client_count = 6;
  const testing::Node node;
  const std::shared_ptr<dataset::OpenStore> shared = node.open();
  std::latch ready(client_count);
  std::vector<std::thread> threads;
  for (unsigned index = 0; index < client_count; ++index)
    threads.emplace_back([&, index] {
      ready.arrive_and_wait();
      try {
        for (dataset::VersionNumber number = 1; number <= rounds; ++number)
          Client(node, index % 2 == 0 ? shared : open_store(node.settings()), index).run(number);
      } catch (const std::exception& error) {  // reported, instead of ending the program
        ADD_FAILURE() << index << ": " << error.what();
      }
    });
  for (std::thread& thread : threads) thread.join();

  const DatastoreList list = list_datastores(node.settings());
  EXPECT_EQ(list.datastores.size(), client_count);
  EXPECT_TRUE(list.incomplete.empty());
  for (const DatastoreSummary& datastore : list.datastores) {
    EXPECT_EQ(datastore.ready, 1u) << datastore.name;
    EXPECT_EQ(datastore.newest->record.number, rounds) << datastore.name;
  }
  care::VerifyProgress progress;
  EXPECT_TRUE(verify_versions(*node.open(), {}, progress).is_well());
}

// Concurrent creates of one datastore each publish a version of their own.
TEST(Service, PublishesTheVersionsThatSeveralThreadsCreate) {
  constexpr unsigned client_count = 4;
  const testing::Node node;
  std::vector<std::thread> threads;
  for (unsigned index = 0; index < client_count; ++index)
    threads.emplace_back([&, index] {
      try {
        const std::string source = "source-" + std::to_string(index);
        testing::write_file(node / (source + "/a"), testing::random_bytes(50'000, index));
        node.create(*node.open(), "cats", source);
      } catch (const std::exception& error) {  // as above
        ADD_FAILURE() << index << ": " << error.what();
      }
    });
  for (std::thread& thread : threads) thread.join();
  const std::shared_ptr<dataset::OpenStore> store = node.open();
  EXPECT_EQ(store->datastores->ready_numbers("cats").size(), client_count);
  care::VerifyProgress progress;
  EXPECT_TRUE(verify_versions(*store, {}, progress).is_well());
  EXPECT_TRUE(find_incomplete_creates(node.settings()).empty());
}

}  // namespace
}  // namespace grid::service
