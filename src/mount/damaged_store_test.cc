// Every object of a store, harmed in every way, behind a real mount: a program gets the bytes that
// were stored or EIO, and the mount says why.
#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <set>

#include "base/error.h"
#include "store/layout.h"
#include "tests/support/created_store.h"
#include "tests/support/hostile_store.h"
#include "tests/support/live_mount.h"
#include "tests/support/random_bytes.h"

namespace grid::mount {
namespace {

namespace fs = std::filesystem;
using testing::MemoryBackend;

// What a harm leaves of an object; nullopt: nothing.
using Harmed = std::optional<Bytes>;
struct Harm {
  std::string what;
  std::function<Harmed(Bytes)> done;
};

std::vector<Harm> harms() {
  std::vector<Harm> all;
  for (std::size_t eighth = 0; eighth <= 8; ++eighth)
    all.push_back({fmt::format("a bit flipped at {}/8", eighth), [eighth](Bytes bytes) {
                     bytes[std::min(bytes.size() * eighth / 8, bytes.size() - 1)] ^= std::byte{4};
                     return bytes;
                   }});
  all.push_back({"cut in half", [](Bytes bytes) {
                   bytes.resize(bytes.size() / 2);
                   return bytes;
                 }});
  all.push_back({"without its last byte", [](Bytes bytes) {
                   bytes.pop_back();
                   return bytes;
                 }});
  all.push_back({"with a byte behind", [](Bytes bytes) {
                   bytes.push_back(std::byte{0});
                   return bytes;
                 }});
  all.push_back({"zeros", [](const Bytes& bytes) { return Bytes(bytes.size()); }});
  all.push_back({"noise", [](const Bytes& bytes) {
                   const std::string noise = testing::random_bytes(bytes.size(), 5);
                   return Bytes(as_bytes(noise).begin(), as_bytes(noise).end());
                 }});
  all.push_back({"empty", [](const Bytes&) { return Bytes(); }});
  all.push_back({"gone", [](const Bytes&) { return Harmed(); }});
  return all;
}

struct Stored {
  std::map<std::string, std::string> files, links;  // by path: content, target
  std::set<std::string> folders{""};
};

// A version with every kind of entry and of chunk, each chunk in a pack of its own.
Stored put_every_kind(const std::shared_ptr<MemoryBackend>& backend) {
  using namespace testing;
  HostileStore store(backend);
  const std::string one = random_bytes(5000, 1), two = random_bytes(3000, 2);
  const Digest part_one = store.put_chunk(one), part_two = store.put_chunk(two);
  const Digest list = store.put(HostileRecipe{.parts = {{part_one, 5000}, {part_two, 3000}}});
  const Digest small = store.put_chunk("small");
  const HostileRoot root =
      store.root_of({{.entries = {folder_entry("", "a"), file_entry("", "empty"),
                                  file_entry("", "large", 8000, list, 1),
                                  link_entry(hostile_symlink, "", "link", "a/small")}},
                     {.entries = {link_entry(hostile_hard_link, "a", "again", "a/small"),
                                  file_entry("a", "small", 5, small)}}});
  store.put_version("cats", 1, root);
  store.put_version("cats", 2, root);
  dataset::Datastores(backend).remove("cats", 2);
  dataset::Datastores(backend).describe("cats", "many");
  return {
      .files = {{"empty", ""}, {"large", one + two}, {"a/again", "small"}, {"a/small", "small"}},
      .links = {{"link", "a/small"}},
      .folders = {"", "a"}};
}

// A version as grid makes it: compressed frames, and all chunks in one pack.
Stored create_some(const std::shared_ptr<MemoryBackend>& backend) {
  testing::CreatedStore store(backend);
  testing::TemporaryFolder source;
  Stored stored{.files = {{"noise", testing::random_bytes(300'000, 3)},
                          {"text", std::string(200'000, 't')},
                          {"a/small", "small"}},
                .links = {},
                .folders = {"", "a"}};
  for (const auto& [path, content] : stored.files) testing::write_file(source / path, content);
  store.create("cats", source.path());
  store.create("cats", source.path());
  store.store()->datastores->remove("cats", 2);
  return stored;
}

// What reading a path gives: an errno, or all that is there.
struct Answer {
  int error = 0;
  std::string bytes{};
};

Answer read_file(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {errno};
  const FileDescriptor file(fd);
  Answer answer;
  char piece[65536];
  for (;;) {
    const ssize_t size = ::read(file.get(), piece, sizeof piece);
    if (size < 0) return {errno, answer.bytes};
    if (size == 0) return answer;
    answer.bytes.append(piece, static_cast<std::size_t>(size));
  }
}

Answer read_link(const fs::path& path) {
  char target[4096];
  const ssize_t size = ::readlink(path.c_str(), target, sizeof target);
  if (size < 0) return {errno};
  return {0, std::string(target, static_cast<std::size_t>(size))};
}

// The names in a folder, each with a space behind it, sorted.
Answer list_folder(const fs::path& path) {
  DIR* folder = ::opendir(path.c_str());
  if (folder == nullptr) return {errno};
  std::set<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(folder))
    if (std::string_view(entry->d_name) != "." && std::string_view(entry->d_name) != "..")
      names.insert(entry->d_name);
  Answer answer{errno};
  ::closedir(folder);
  for (const std::string& name : names) answer.bytes += name + " ";
  return answer;
}

class DamagedStore : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (!testing::fuse_is_available()) GTEST_SKIP() << "/dev/fuse cannot be opened";
  }

  // Looks at all of version 1. Returns how many questions were answered with an error.
  int look(const fs::path& datastore, bool may_be_gone, bool files_too) {
    int failed = 0;
    const auto is_right = [&](const std::string& path, const Answer& answer,
                              const std::string& expected) {
      if (answer.error == 0) {
        EXPECT_TRUE(answer.bytes == expected) << path << " is wrong";
        return;
      }
      ++failed;
      EXPECT_TRUE(answer.error == EIO || (may_be_gone && answer.error == ENOENT))
          << path << ": " << ::strerror(answer.error);
      EXPECT_TRUE(expected.starts_with(answer.bytes)) << path << " has wrong bytes";
    };
    const fs::path top = datastore / "1";
    for (const std::string& folder : stored_.folders) {
      std::set<std::string> names;
      for (const auto* paths : {&stored_.files, &stored_.links})
        for (const auto& [path, text] : *paths)
          if (fs::path(path).parent_path() == folder) names.insert(fs::path(path).filename());
      for (const std::string& path : stored_.folders)
        if (!path.empty() && fs::path(path).parent_path() == folder) names.insert(path);
      std::string expected;
      for (const std::string& name : names) expected += name + " ";
      Answer answer = list_folder(top / folder);
      if (answer.error != 0) answer.bytes.clear();
      is_right(folder, answer, expected);
    }
    for (const auto& [path, target] : stored_.links) is_right(path, read_link(top / path), target);
    for (const auto& [path, content] : stored_.files) {
      struct stat st;
      const int error = ::stat((top / path).c_str(), &st) == 0 ? 0 : errno;
      is_right(path, {error, error == 0 ? std::to_string(st.st_size) : ""},
               std::to_string(content.size()));
      if (files_too) is_right(path, read_file(top / path), content);
    }
    return failed;
  }

  void expect_reports(int failed, bool may_be_gone) {
    const std::lock_guard lock(mutex_);
    EXPECT_TRUE(failed == 0 || may_be_gone || !reports_.empty()) << "nothing is said";
    EXPECT_LE(reports_.size(), static_cast<std::size_t>(2 * failed));
    std::set<std::string> different;
    for (const std::string& report : reports_) {
      EXPECT_TRUE(report.starts_with("cats")) << report;
      EXPECT_EQ(report.find_first_of("\n\x1b"), report.npos) << report;
      EXPECT_TRUE(different.insert(report).second) << "twice: " << report;
    }
    reports_.clear();
  }

  FilesystemOptions options() {
    return {.refresh_interval = std::chrono::milliseconds(1),
            .retry_deadline = std::chrono::milliseconds(1),
            .on_problem = [this](std::string_view report) {
              const std::lock_guard lock(mutex_);
              reports_.emplace_back(report);
            }};
  }

  Stored stored_;
  std::mutex mutex_;
  std::vector<std::string> reports_;  // guarded by mutex_
};

// A copy of the objects, one of them harmed.
std::shared_ptr<MemoryBackend> copy_of(const MemoryBackend& backend) {
  auto copy = std::make_shared<MemoryBackend>();
  for (const auto& object : backend.list_below(""))
    copy->create(object.key, *backend.find(object.key));
  return copy;
}

void harm(MemoryBackend& backend, const std::string& key, const Harm& harm) {
  const Harmed harmed = harm.done(*backend.find(key));
  backend.remove(key);
  if (harmed) backend.create(key, *harmed);
}

TEST_P(DamagedStore, GivesTheRightBytesOrEio) {
  const auto intact = std::make_shared<MemoryBackend>();
  stored_ = GetParam() ? put_every_kind(intact) : create_some(intact);
  for (const auto& object : intact->list_below(""))
    for (const Harm& one : harms()) {
      SCOPED_TRACE(object.key + ": " + one.what);
      const bool may_be_gone = object.key.starts_with("datastores/");
      const auto damaged = copy_of(*intact);
      harm(*damaged, object.key, one);
      std::shared_ptr<dataset::OpenStore> store;
      try {
        store = dataset::open_store(damaged, {});
      } catch (const Error& error) {
        EXPECT_EQ(object.key, store::marker_key()) << error.what();
        continue;
      }
      testing::LiveMount mount(store, options());
      expect_reports(look(mount / "cats", may_be_gone, true), may_be_gone);
      struct stat st;
      EXPECT_EQ(::stat((mount / "cats/2").c_str(), &st) == 0 ? 0 : errno,
                object.key == store::tombstone_key("cats", 2) && one.what == "gone" ? 0 : ENOENT);
    }
}

// What was seen stays; only what was not can be an error.
TEST_P(DamagedStore, GivesTheRightBytesOrEioWhileItIsMounted) {
  const auto intact = std::make_shared<MemoryBackend>();
  stored_ = GetParam() ? put_every_kind(intact) : create_some(intact);
  for (const auto& object : intact->list_below("packs/"))
    for (const Harm& one : harms()) {
      if (one.what.starts_with("a bit flipped") && one.what.find("4/8") == std::string::npos)
        continue;
      SCOPED_TRACE(object.key + ": " + one.what);
      const auto damaged = copy_of(*intact);
      testing::LiveMount mount(dataset::open_store(damaged, {}), options());
      EXPECT_EQ(look(mount / "cats", false, false), 0);
      harm(*damaged, object.key, one);
      expect_reports(look(mount / "cats", false, true), false);
    }
}

INSTANTIATE_TEST_SUITE_P(Of, DamagedStore, ::testing::Bool(), [](const auto& of) {
  return of.param ? "EveryKindOfChunk" : "AnOrdinaryVersion";
});

}  // namespace
}  // namespace grid::mount
