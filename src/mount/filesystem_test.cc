#include "mount/filesystem.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "base/error.h"
#include "mount/slots.h"
#include "tests/support/created_store.h"
#include "tests/support/memory_backend.h"
#include "tests/support/temporary_folder.h"

namespace grid::mount {
namespace {

using testing::CreatedStore;
using testing::TemporaryFolder;
using testing::write_file;
using namespace std::chrono_literals;

// Counts reading calls, and makes a given number of them fail.
class WatchedBackend : public testing::MemoryBackend {
 public:
  mutable std::atomic<int> reads = 0;
  mutable std::atomic<int> failures_left = 0;

  std::optional<Bytes> find(std::string_view key) const override {
    count();
    return MemoryBackend::find(key);
  }
  std::optional<std::size_t> find_part(std::string_view key, std::uint64_t offset,
                                       MutableBytesView out) const override {
    count();
    return MemoryBackend::find_part(key, offset, out);
  }
  std::vector<backend::ObjectEntry> list(std::string_view prefix) const override {
    count();
    return MemoryBackend::list(prefix);
  }
  std::vector<std::string> list_names(std::string_view prefix) const override {
    count();
    return MemoryBackend::list_names(prefix);
  }
  std::string name() const override { return "watched"; }

  // Flips a byte in the middle of every object under `prefix`.
  void damage(std::string_view prefix) {
    for (const auto& entry : MemoryBackend::list(prefix)) {
      Bytes bytes = *MemoryBackend::find(entry.key);
      bytes[bytes.size() / 2] ^= std::byte{0x40};
      MemoryBackend::remove(entry.key);
      MemoryBackend::create(entry.key, bytes);
    }
  }

 private:
  void count() const {
    ++reads;
    if (failures_left > 0 && failures_left-- > 0) {
      fail(ErrorKind::unavailable, "watched: the store does not answer");
    }
  }
};

Attributes find(Filesystem& filesystem, std::string_view path) {
  Attributes found{.node = top_node, .kind = NodeKind::folder};
  while (!path.empty()) {
    const auto slash = std::min(path.find('/'), path.size());
    const auto result = filesystem.lookup(found.node, path.substr(0, slash));
    if (!result.attributes) {
      ADD_FAILURE() << "there is no " << path;
      return {};
    }
    found = *result.attributes;
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return found;
}

std::vector<std::string> names_in(Filesystem& filesystem, Node folder) {
  std::vector<std::string> names;
  filesystem.read_folder(folder, 0, [&](const FolderEntry& entry) {
    names.emplace_back(entry.name);
    return true;
  });
  return names;
}

std::string text_of(Filesystem& filesystem, std::string_view path) {
  const Attributes file = find(filesystem, path);
  Bytes scratch;
  return std::string(as_text(filesystem.read_node(file.node, 0, file.size, scratch)));
}

using Names = std::vector<std::string>;

class FilesystemTest : public ::testing::Test {
 protected:
  FilesystemTest() { write_file(source / "a.txt", "first"); }

  dataset::VersionNumber create(const std::string& name) {
    return created.create(name, source.path());
  }
  std::shared_ptr<dataset::OpenStore> store() const { return created.store(); }

  TemporaryFolder source;
  std::shared_ptr<WatchedBackend> backend = std::make_shared<WatchedBackend>();
  CreatedStore created{backend};
};

TEST_F(FilesystemTest, ShowsDatastoresAndTheirVersions) {
  create("cats");
  create("cats");
  create("dogs");
  Filesystem filesystem(store());
  EXPECT_EQ(names_in(filesystem, top_node), (Names{".", "..", "cats", "dogs"}));
  const Node cats = find(filesystem, "cats").node;
  EXPECT_EQ(names_in(filesystem, cats), (Names{".", "..", "1", "2", "latest"}));
  EXPECT_EQ(filesystem.read_link(find(filesystem, "cats/latest").node), "2");
  EXPECT_EQ(text_of(filesystem, "cats/1/a.txt"), "first");
}

TEST_F(FilesystemTest, AsksTheStoreNothingAboutAMissingNameInAVersion) {
  create("cats");
  Filesystem filesystem(store());
  const Node top = find(filesystem, "cats/1").node;
  find(filesystem, "cats/1/a.txt");
  const int reads = backend->reads;
  for (int i = 0; i < 1000; ++i) {
    const auto missing = filesystem.lookup(top, "missing-" + std::to_string(i));
    EXPECT_FALSE(missing.attributes);
    EXPECT_EQ(missing.name_validity, Validity::for_ever);
  }
  EXPECT_EQ(backend->reads, reads);
}

TEST_F(FilesystemTest, AsksTheStoreNothingAboutImpossibleNames) {
  create("cats");
  Filesystem filesystem(store());
  const Node cats = find(filesystem, "cats").node;
  const int reads = backend->reads;
  for (const char* name : {".git", "Cats", "a b", "-x", ""}) {
    EXPECT_EQ(filesystem.lookup(top_node, name).name_validity, Validity::for_ever) << name;
  }
  for (const char* name : {"a.txt", "01", "0", "-1", "99999999999", "4294967296", "1x"}) {
    const auto missing = filesystem.lookup(cats, name);
    EXPECT_FALSE(missing.attributes) << name;
    EXPECT_EQ(missing.name_validity, Validity::for_ever) << name;
  }
  EXPECT_EQ(backend->reads, reads);
}

TEST_F(FilesystemTest, FindsAtOnceAVersionCreatedAfterTheLastListing) {
  create("cats");
  Filesystem filesystem(store(), {.refresh_interval = 1h});
  const Node cats = find(filesystem, "cats").node;
  EXPECT_FALSE(filesystem.lookup(cats, "2").attributes);
  EXPECT_FALSE(filesystem.lookup(top_node, "dogs").attributes);
  create("cats");
  create("dogs");
  EXPECT_TRUE(filesystem.lookup(cats, "2").attributes);
  EXPECT_TRUE(filesystem.lookup(top_node, "dogs").attributes);
}

TEST_F(FilesystemTest, ListsAgainOnlyWhenTheLastListingIsTooOld) {
  create("cats");
  Filesystem filesystem(store(), {.refresh_interval = 1h});
  const Node cats = find(filesystem, "cats").node;
  names_in(filesystem, cats);
  const int reads = backend->reads;
  for (int i = 0; i < 100; ++i) names_in(filesystem, cats);
  EXPECT_EQ(backend->reads, reads);
}

TEST_F(FilesystemTest, ChangesAFoldersTimeAndTheNodeOfLatestWhenAVersionAppears) {
  create("cats");
  Filesystem filesystem(store(), {.refresh_interval = 0ms});
  const Attributes cats = find(filesystem, "cats");
  const Attributes latest = find(filesystem, "cats/latest");
  EXPECT_EQ(find(filesystem, "cats"), cats);
  create("cats");
  EXPECT_NE(find(filesystem, "cats").mtime_ns, cats.mtime_ns);
  EXPECT_NE(find(filesystem, "cats/latest").node, latest.node);
  EXPECT_EQ(filesystem.read_link(latest.node), "1");  // what the kernel may have cached stays true
  EXPECT_EQ(filesystem.read_link(find(filesystem, "cats/latest").node), "2");
}

TEST_F(FilesystemTest, ReadsAnOpenFileAfterItsVersionIsDeleted) {
  create("cats");
  create("cats");
  Filesystem filesystem(store(), {.refresh_interval = 0ms});
  const Attributes file = find(filesystem, "cats/2/a.txt");
  const Node cats = find(filesystem, "cats").node;
  store()->datastores->remove("cats", 2);
  EXPECT_FALSE(filesystem.lookup(cats, "2").attributes);
  EXPECT_EQ(names_in(filesystem, cats), (Names{".", "..", "1", "latest"}));
  EXPECT_EQ(filesystem.read_link(find(filesystem, "cats/latest").node), "1");
  Bytes scratch;
  EXPECT_EQ(as_text(filesystem.read_node(file.node, 0, 100, scratch)), "first");
  store()->datastores->remove("cats", 1);
  EXPECT_FALSE(filesystem.lookup(cats, "latest").attributes);
  EXPECT_EQ(names_in(filesystem, cats), (Names{".", ".."}));
}

TEST_F(FilesystemTest, ListsWhatStayedExactlyOnceWhileVersionsComeAndGo) {
  for (int i = 0; i < 5; ++i) create("m");
  Filesystem filesystem(store(), {.refresh_interval = 0ms});
  const Node folder = find(filesystem, "m").node;
  Names names, datastores;
  for (std::uint64_t offset = 0, next = 0;; offset = next) {
    filesystem.read_folder(folder, offset, [&](const FolderEntry& entry) {
      if (next != offset) return false;
      names.emplace_back(entry.name);
      next = entry.next_offset;
      return true;
    });
    if (next == offset) break;
    if (names.back() == "2") store()->datastores->remove("m", 1);
    if (names.back() == "3") store()->datastores->remove("m", 3);
    if (names.back() == "4") create("m");
  }
  EXPECT_EQ(names, (Names{".", "..", "1", "2", "3", "4", "5", "6", "latest"}));

  for (std::uint64_t offset = 0, next = 0;; offset = next) {
    filesystem.read_folder(top_node, offset, [&](const FolderEntry& entry) {
      if (next != offset) return false;
      datastores.emplace_back(entry.name);
      next = entry.next_offset;
      return true;
    });
    if (next == offset) break;
    if (datastores.size() == 3) create("a");  // sorts before what was already listed
  }
  EXPECT_EQ(datastores, (Names{".", "..", "m", "a"}));
}

TEST_F(FilesystemTest, ShowsAPinnedVersionInItsDatastoresFolder) {
  write_file(source / "deep/b.txt", "second");
  create("cats");
  write_file(source / "a.txt", "changed");
  create("cats");
  Filesystem filesystem(store(), {.pins = {{"cats", 1}}});
  EXPECT_TRUE(filesystem.unmerged_pins().empty());
  const Node cats = find(filesystem, "cats").node;
  EXPECT_EQ(names_in(filesystem, cats), (Names{".", "..", "a.txt", "deep", "1", "2", "latest"}));
  EXPECT_EQ(text_of(filesystem, "cats/a.txt"), "first");
  EXPECT_EQ(text_of(filesystem, "cats/deep/b.txt"), "second");
  EXPECT_EQ(text_of(filesystem, "cats/2/a.txt"), "changed");
  EXPECT_EQ(filesystem.read_link(find(filesystem, "cats/latest").node), "2");
  EXPECT_FALSE(filesystem.lookup(cats, "missing").attributes);
  // The kernel keeps one copy of a file, and requires one path per folder.
  EXPECT_EQ(find(filesystem, "cats/a.txt"), find(filesystem, "cats/1/a.txt"));
  EXPECT_EQ(find(filesystem, "cats/deep/b.txt"), find(filesystem, "cats/1/deep/b.txt"));
  EXPECT_NE(find(filesystem, "cats/deep").node, find(filesystem, "cats/1/deep").node);
}

TEST_F(FilesystemTest, DoesNotMergeAPinWhoseNamesWouldHideVersions) {
  create("plain");
  for (const char* name : {"0", "7", "007", "latest", "99999999999999999999"}) {
    TemporaryFolder classes;
    write_file(classes / (std::string(name) + "/x"), "x");
    write_file(classes / "0a", "x");
    write_file(classes / "zebra", "x");
    const auto version = created.create("classes", classes.path());
    Filesystem filesystem(store(), {.pins = {{"classes", version}, {"plain", 1}}});
    EXPECT_EQ(filesystem.unmerged_pins(), (std::vector<VersionName>{{"classes", version}})) << name;
    EXPECT_FALSE(filesystem.lookup(find(filesystem, "classes").node, "zebra").attributes);
    EXPECT_TRUE(filesystem.lookup(find(filesystem, "plain").node, "a.txt").attributes);
  }
}

TEST_F(FilesystemTest, PinsTheNewestVersionAtTheFirstLookupIfAsked) {
  create("cats");
  write_file(source / "a.txt", "second");
  create("cats");
  create("dogs");
  Filesystem filesystem(store(), {.pins = {{"dogs", 1}}, .pin_newest = true});
  EXPECT_EQ(text_of(filesystem, "cats/a.txt"), "second");
  write_file(source / "a.txt", "third");
  create("cats");
  EXPECT_EQ(text_of(filesystem, "cats/a.txt"), "second");
  EXPECT_EQ(text_of(filesystem, "cats/3/a.txt"), "third");
  EXPECT_EQ(text_of(filesystem, "cats/1/a.txt"), "first");
  EXPECT_FALSE(filesystem.lookup(top_node, "birds").attributes);
}

TEST_F(FilesystemTest, RefusesAPinToAMissingVersion) {
  create("cats");
  try {
    Filesystem filesystem(store(), {.pins = {{"cats", 7}}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::not_found);
    EXPECT_EQ(std::string(error.what()), "cats:7: there is no such version");
  }
}

TEST_F(FilesystemTest, RecordsExactlyTheVersionsThatWereLookedInto) {
  create("cats");
  create("cats");
  create("dogs");
  std::vector<VersionName> told;
  Filesystem filesystem(store(),
                        {.pins = {{"dogs", 1}},
                         .on_touch = [&](const VersionName& version) { told.push_back(version); }});
  const Node cats = find(filesystem, "cats").node;
  names_in(filesystem, cats);
  find(filesystem, "cats/1");
  find(filesystem, "dogs/latest");
  EXPECT_TRUE(told.empty());
  EXPECT_EQ(filesystem.totals(top_node).bytes, 0u);
  find(filesystem, "cats/2/a.txt");
  find(filesystem, "cats/2/a.txt");
  find(filesystem, "dogs/a.txt");
  EXPECT_EQ(told, (std::vector<VersionName>{{"cats", 2}, {"dogs", 1}}));
  EXPECT_EQ(filesystem.totals(top_node).bytes, 10u);
  EXPECT_EQ(filesystem.totals(find(filesystem, "cats/1").node).entries, 1u);
}

TEST_F(FilesystemTest, RetriesWhileTheStoreDoesNotAnswer) {
  create("cats");
  Filesystem filesystem(store());
  const Attributes file = find(filesystem, "cats/1/a.txt");
  backend->failures_left = 3;
  Bytes scratch;
  EXPECT_EQ(as_text(filesystem.read_node(file.node, 0, 100, scratch)), "first");
  EXPECT_EQ(backend->failures_left, 0);
}

TEST_F(FilesystemTest, GivesUpAtTheDeadlineAndNamesTheFile) {
  create("cats");
  Names problems;
  Filesystem filesystem(store(), {.retry_deadline = 30ms, .on_problem = [&](std::string_view text) {
                                    problems.emplace_back(text);
                                  }});
  const Attributes file = find(filesystem, "cats/1/a.txt");
  backend->failures_left = 1'000'000;
  Bytes scratch;
  EXPECT_THROW(filesystem.read_node(file.node, 0, 100, scratch), Error);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].rfind("cats:1: a.txt: ", 0), 0u) << problems[0];
}

TEST_F(FilesystemTest, StopsWaitingOnRequest) {
  create("cats");
  Filesystem filesystem(store(), {.retry_deadline = 1h});
  const Attributes file = find(filesystem, "cats/1/a.txt");
  backend->failures_left = 1'000'000'000;
  std::atomic<bool> threw = false;
  std::thread reader([&] {
    Bytes scratch;
    try {
      filesystem.read_node(file.node, 0, 100, scratch);
    } catch (const Error&) {
      threw = true;
    }
  });
  filesystem.stop_waiting();
  reader.join();
  EXPECT_TRUE(threw);
}

TEST_F(FilesystemTest, KeepsTheLastListingWhileTheStoreDoesNotAnswer) {
  create("cats");
  Filesystem filesystem(store(), {.refresh_interval = 0ms, .retry_deadline = 0ms});
  const Node cats = find(filesystem, "cats").node;
  find(filesystem, "cats/1");
  backend->failures_left = 1'000'000;
  EXPECT_EQ(names_in(filesystem, cats), (Names{".", "..", "1", "latest"}));
  EXPECT_TRUE(filesystem.lookup(cats, "1").attributes);
}

TEST_F(FilesystemTest, ReportsADamagedFileOnceWithItsNameAndItsChunk) {
  // Larger than everything else in its pack, so that the middle of the pack is in it.
  std::string noise(200'000, '\0');
  std::mt19937 random(1);
  for (char& c : noise) c = static_cast<char>(random());
  write_file(source / "deep/a.bin", noise);
  create("cats");
  Names problems;
  Filesystem filesystem(
      store(), {.on_problem = [&](std::string_view text) { problems.emplace_back(text); }});
  const Attributes file = find(filesystem, "cats/1/deep/a.bin");
  backend->damage("packs/");
  for (int i = 0; i < 3; ++i) {
    Bytes scratch;
    try {
      filesystem.read_node(file.node, 0, noise.size(), scratch);
      ADD_FAILURE() << "damaged bytes were read";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::corrupt);
    }
  }
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].rfind("cats:1: deep/a.bin: chunk ", 0), 0u) << problems[0];
}

TEST_F(FilesystemTest, AnswersManyThreadsWhileVersionsComeAndGo) {
  create("cats");
  std::mutex mutex;
  std::vector<VersionName> told;  // guarded by mutex
  Filesystem filesystem(
      store(),
      {.pins = {{"cats", 1}}, .refresh_interval = 0ms, .on_touch = [&](const VersionName& version) {
         std::lock_guard lock(mutex);
         told.push_back(version);
       }});
  std::atomic<bool> done = false;
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&] {
      Bytes scratch;
      while (!done) {
        const Node cats = filesystem.lookup(top_node, "cats").attributes.value().node;
        names_in(filesystem, cats);
        names_in(filesystem, top_node);
        const Node link = filesystem.lookup(cats, "latest").attributes.value().node;
        const auto version = filesystem.lookup(cats, filesystem.read_link(link));
        if (!version.attributes) continue;  // deleted just now
        const auto file = filesystem.lookup(version.attributes->node, "a.txt").attributes.value();
        EXPECT_EQ(as_text(filesystem.read_node(file.node, 1, 3, scratch)), "irs");
        EXPECT_EQ(filesystem.attributes(file.node).attributes, file);
      }
    });
  }
  for (dataset::VersionNumber number = 2; number < 30; ++number) {
    create("cats");
    if (number % 3 == 0) store()->datastores->remove("cats", number);
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(std::set(told.begin(), told.end()).size(), told.size()) << "each is told once";
}

TEST_F(FilesystemTest, GivesTheSameNumbersAsItsPredecessorWithTheSameSlotFile) {
  write_file(source / "sub/file", "first");
  created.create("cats", source.path());
  created.create("dogs", source.path());
  const FileDescriptor slots = make_slot_file();
  const std::vector<std::string> paths = {"dogs/1/sub/file", "cats", "cats/sub", "cats/latest"};
  std::vector<Node> nodes;
  {
    Filesystem first(created.store(), {.pin_newest = true, .slot_file = slots.get()});
    for (const std::string& path : paths) nodes.push_back(find(first, path).node);
  }
  // Versions that came or went meanwhile do not change the known numbers.
  created.create("cats", source.path());
  created.store()->datastores->remove("dogs", 1);
  Filesystem second(created.store(), {.pin_newest = true, .slot_file = slots.get()});
  Bytes scratch;
  EXPECT_EQ(as_text(second.read_node(nodes[0], 0, 100, scratch)), "first");
  EXPECT_EQ(find(second, "cats/2/sub/file").size, 5u);
  EXPECT_EQ(find(second, "cats").node, nodes[1]);
  EXPECT_EQ(find(second, "cats/sub").node, nodes[2]);
  EXPECT_EQ(second.read_link(nodes[3]), "1");
  EXPECT_FALSE(second.pin({"cats", 2}));
  EXPECT_TRUE(second.pin({"cats", 1}));
}

TEST_F(FilesystemTest, RemembersAPinThatIsNotShown) {
  write_file(source / "7", "in the way");
  created.create("cats", source.path());
  const FileDescriptor slots = make_slot_file();
  for (int i = 0; i < 2; ++i) {
    Filesystem filesystem(created.store(), {.pins = {{"cats", 1}}, .slot_file = slots.get()});
    EXPECT_EQ(filesystem.unmerged_pins().size(), 1u);
    EXPECT_FALSE(filesystem.lookup(find(filesystem, "cats").node, "7").attributes);
  }
}

TEST_F(FilesystemTest, RefusesNodesThatItDidNotGive) {
  create("cats");
  Filesystem filesystem(store());
  const Node file = find(filesystem, "cats/1/a.txt").node;
  for (Node node : std::vector<Node>{0, file + 1, file + (1ull << 40), ~0ull}) {
    EXPECT_THROW(filesystem.attributes(node), Error) << node;
  }
  EXPECT_THROW(filesystem.lookup(file, "x"), Error);
  EXPECT_THROW(filesystem.read_link(file), Error);
  Bytes scratch;
  EXPECT_THROW(filesystem.read_node(find(filesystem, "cats/1").node, 0, 1, scratch), Error);
}

}  // namespace
}  // namespace grid::mount
