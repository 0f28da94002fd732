// Versions that break the rules of docs/format.md are named by verify, and nothing ends in a crash.

#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "care/exporter.h"
#include "care/verify.h"
#include "tests/support/hostile_versions.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/test_store.h"

namespace grid::care {
namespace {

using testing::HostileStore;

std::shared_ptr<dataset::OpenStore> open_hostile(const testing::HostileVersion& version) {
  auto backend = std::make_shared<testing::MemoryBackend>();
  HostileStore store(backend);
  version.put(store);
  return testing::open_test_store(backend);
}

TEST(HostileVersions, VerifyNamesVersionAndPath) {
  for (const testing::HostileVersion& hostile : testing::hostile_versions()) {
    VerifyProgress progress;
    const VerifyReport report = verify(*open_hostile(hostile), {}, progress);
    std::string all;
    bool named = false;
    for (const Damage& damage : report.damages) {
      all +=
          fmt::format("{}:{}: {}: {}\n", damage.name, damage.version, damage.path, damage.reason);
      named =
          named || (damage.name == "cats" && damage.version == 1 && damage.path == hostile.path &&
                    damage.reason.find(hostile.reason) != std::string::npos);
    }
    EXPECT_TRUE(named) << hostile.what << ":\n" << all;
  }
}

TEST(HostileVersions, GetWritesOrFails) {
  for (const testing::HostileVersion& hostile : testing::hostile_versions()) {
    testing::TemporaryFolder folder;
    auto store = open_hostile(hostile);
    try {
      ExportProgress progress;
      auto manifest = store->manifest(store->datastores->find("cats", 1)->record);
      export_tree(*store, manifest, "", folder / "copy", progress);
    } catch (const Error&) {  // as good
    }
  }
}

// Adds to the version, removes from it, and copies it.
TEST(HostileVersions, CreateMakesAVersionOrFails) {
  for (const testing::HostileVersion& hostile : testing::hostile_versions())
    for (const char* removed : {"", "a", "b", "**"}) {
      testing::TemporaryFolder folder;
      testing::write_file(folder / "source/new", "new");
      testing::write_file(folder / "source/a/b", "b");
      auto store = open_hostile(hostile);
      create::CreateOptions options{.storing = {.force = true}};
      options.input.base = create::CreateBase{.reference = {.name = "cats"}, .removed = {}};
      if (*removed != '\0') options.input.base->removed = {removed};
      try {
        const create::CreateResult result =
            testing::create_version(*store, folder / "source", options);
        store->manifest(result.record);  // at least its root is one that readers accept
      } catch (const Error&) {           // as good
      }
    }
}

TEST(HostileVersions, ACopyIsMadeOrFails) {
  for (const testing::HostileVersion& hostile : testing::hostile_versions()) {
    auto store = open_hostile(hostile);
    create::CreateOptions options{.storing = {.force = true, .workers = 1}};
    options.input.version = dataset::Reference{.name = "cats", .version = 1};
    options.note.name = "dogs";
    try {
      create::CreateProgress progress;
      store->manifest(create::create_version(*store, options, progress).record);
    } catch (const Error&) {  // as good
    }
  }
}

}  // namespace
}  // namespace grid::care
