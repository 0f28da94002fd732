// A store as written in format 1, kept in tests/data/format-1: every later program must read it,
// and write the same tree with the same root. GRID_ACCEPT=1 writes the store anew, which is right
// only for a new format, in a separate folder. tests/data/in-place is such a store: its version 2
// has files in place, which format 1 of segments and roots cannot express.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>

#include "backend/local.h"
#include "care/verify.h"
#include "tests/support/bucket_server.h"
#include "tests/support/random_bytes.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/test_store.h"

namespace grid::care {
namespace {

namespace fs = std::filesystem;

const fs::path golden = fs::path(GRID_TEST_DATA) / "format-1";
const fs::path golden_in_place = fs::path(GRID_TEST_DATA) / "in-place";

void set_time(const fs::path& path, std::int64_t seconds) {
  timespec times[2] = {{.tv_sec = seconds, .tv_nsec = 0}, {.tv_sec = seconds, .tv_nsec = 7}};
  ::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW);
}

// The source of version 1; version 2 adds a file.
void make_source(const fs::path& source) {
  std::string text;
  for (int i = 0; i < 3000; ++i) text += "row " + std::to_string(i * i) + "\n";
  testing::write_file(source / "table.csv", text);
  testing::write_file(source / "noise", testing::random_bytes(70'000, 1));
  testing::write_file(source / "deep/er/empty file", "");
  testing::write_file(source / "deep/\xff\xfe not utf-8", "bytes");
  testing::write_file(source / "program", "#!/bin/sh\n");
  ::chmod((source / "program").c_str(), 0755);
  fs::create_directories(source / "empty folder");
  fs::create_symlink("../nowhere", source / "deep/link");
  fs::create_hard_link(source / "noise", source / "noise again");
  for (const auto& entry : fs::recursive_directory_iterator(source)) set_time(entry, 1'700'000'000);
}

std::string line_of(const dataset::OpenStore& store, const tree::EntryRef& entry) {
  std::string line = fmt::format("{} {} {} {}", name_of(entry.kind()), entry.size(),
                                 entry.mtime_ns(), entry.executable() ? "x" : "-");
  if (entry.is_in_place()) {
    const tree::ObjectRef object = entry.object();
    return line + fmt::format(" in place {} {} {} {} {}\n", entry.path(), object.bucket, object.key,
                              object.etag, object.version_id);
  }
  if (entry.kind() == tree::EntryKind::file) {
    Bytes scratch;
    BytesView data =
        store.contents->read_content(entry.content(), entry.size(), 0, entry.size(), scratch);
    line += fmt::format(" {} depth {}", digest_of(data).hex(), entry.content().depth);
  }
  return line + " " + entry.path() + (entry.target().empty() ? "" : " -> ") +
         std::string(entry.target()) + "\n";
}

// Everything that a reader can learn from a store.
std::string describe(const dataset::OpenStore& store) {
  std::string text;
  for (const std::string& name : store.datastores->names()) {
    text += name + ": " + store.datastores->description(name) + "\n";
    for (const dataset::Version& version : store.datastores->versions(name)) {
      std::shared_ptr<const tree::Manifest> manifest = store.manifest(version.record);
      text += fmt::format("{}:{} {} {}\n", name, version.record.number, name_of(version.state),
                          manifest->root_digest().hex());
      tree::EntryCursor cursor(manifest, {0, manifest->totals().entries});
      while (std::optional<tree::EntryRef> entry = cursor.next()) text += line_of(store, *entry);
    }
  }
  return text;
}

void make_golden() {
  testing::TemporaryFolder folder;
  fs::remove_all(golden);
  auto store = testing::open_test_store(std::make_shared<backend::LocalBackend>(golden / "store"));
  make_source(folder / "cats");
  testing::create_version(*store, folder / "cats");
  testing::write_file(folder / "cats/more", "more\n");
  set_time(folder / "cats/more", 1'700'000'001);
  testing::create_version(*store, folder / "cats");
  testing::create_version(*store, folder / "cats", {.storing = {.force = true}});
  store->datastores->remove("cats", 3);
  store->datastores->describe("cats", "what format 1 looks like");
  testing::write_file(golden / "expected.txt", describe(*store));
}

void make_golden_in_place() {
  testing::TemporaryFolder folder;
  fs::remove_all(golden_in_place);
  auto store =
      testing::open_test_store(std::make_shared<backend::LocalBackend>(golden_in_place / "store"));
  testing::write_file(folder / "cats/owned", "in the store\n");
  set_time(folder / "cats/owned", 1'700'000'000);
  testing::create_version(*store, folder / "cats");
  testing::BucketServer server;
  server.set({{"pets/a/1.txt", "one"}, {"pets/a/2.txt", "two"}, {"pets/b", ""}});
  create::CreateOptions options{.input = {.servers = {.aws = server.settings()}, .in_place = true},
                                .note = {.name = "cats"}};
  options.input.sources = {{.where = "s3://bucket/pets/", .place = "in/place"}};
  options.input.base = create::CreateBase{.reference = {.name = "cats", .version = 1}};
  create::CreateProgress progress;
  create::create_version(*store, options, progress);
  testing::write_file(golden_in_place / "expected.txt", describe(*store));
}

TEST(Golden, FilesInPlaceAreReadAsTheyWereWritten) {
  if (std::getenv("GRID_ACCEPT_IN_PLACE") != nullptr) make_golden_in_place();
  auto store =
      testing::open_test_store(std::make_shared<backend::LocalBackend>(golden_in_place / "store"));
  EXPECT_EQ(describe(*store), testing::read_file(golden_in_place / "expected.txt"));
}

TEST(Golden, Format1IsReadAsItWasWritten) {
  if (std::getenv("GRID_ACCEPT") != nullptr) make_golden();
  auto store = testing::open_test_store(std::make_shared<backend::LocalBackend>(golden / "store"));
  EXPECT_EQ(describe(*store), testing::read_file(golden / "expected.txt"));
  VerifyProgress progress;
  EXPECT_TRUE(verify(*store, {}, progress).damages.empty());
}

// The root's digest names a version in run records: it must not depend on the program's version.
TEST(Golden, TheSameTreeStillHasTheSameRoot) {
  testing::TemporaryFolder folder;
  make_source(folder / "cats");
  auto kept = testing::open_test_store(std::make_shared<backend::LocalBackend>(golden / "store"));
  auto store = testing::open_test_store();
  EXPECT_EQ(testing::create_version(*store, folder / "cats").record.root,
            kept->datastores->resolve({.name = "cats", .version = 1}).record.root);
}

}  // namespace
}  // namespace grid::care
