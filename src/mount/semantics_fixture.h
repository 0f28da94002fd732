// What the tests of docs/semantics.md share: each quotes its paragraph, and asks a real mount.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <functional>
#include <map>
#include <optional>
#include <sstream>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "tests/support/created_store.h"
#include "tests/support/live_mount.h"
#include "tests/support/memory_backend.h"
#include "tests/support/temporary_folder.h"

namespace grid::mount {

namespace fs = std::filesystem;
using testing::CreatedStore;
using testing::LiveMount;
using testing::TemporaryFolder;
using testing::write_file;
using namespace std::chrono_literals;

// The words of a text, separated by single spaces.
inline std::string words_of(const std::string& text) {
  std::istringstream in(text);
  std::string words, word;
  while (in >> word) words += word + " ";
  return words;
}

// Not __FILE__, which compiler options can make relative.
inline const fs::path project = fs::path(GRID_TEST_DATA).parent_path().parent_path();

inline std::string semantics() {
  const std::string text = testing::read_file(project / "docs/semantics.md");
  EXPECT_FALSE(text.empty());
  return text;
}

// The paragraphs of the document by their anchors.
inline std::map<std::string, std::string> paragraphs() {
  std::map<std::string, std::string> found;
  const std::string text = semantics(), start = "<a id=\"";
  for (std::size_t at = text.find(start); at != std::string::npos; at = text.find(start, at + 1)) {
    const std::size_t name = at + start.size();
    found[text.substr(name, text.find('"', name) - name)] =
        words_of(text.substr(at, text.find("\n\n", at) - at));
  }
  return found;
}

inline int error_of(int result) { return result < 0 ? errno : 0; }

inline struct stat stat_of(const fs::path& path) {
  struct stat result {};
  EXPECT_EQ(::lstat(path.c_str(), &result), 0) << path << ": " << std::strerror(errno);
  return result;
}

inline std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

inline bool becomes_true_within(std::chrono::milliseconds time,
                                const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + time;
  do {
    if (condition()) return true;
    std::this_thread::sleep_for(20ms);
  } while (std::chrono::steady_clock::now() < end);
  return condition();
}

// A store that can be made unavailable.
class UnreliableBackend : public testing::MemoryBackend {
 public:
  std::atomic<bool> answers = true, is_a_store = true;

  std::optional<std::size_t> find_part(std::string_view key, std::uint64_t offset,
                                       MutableBytesView out) const override {
    if (!answers) fail(ErrorKind::unavailable, "the store does not answer");
    if (!is_a_store) fail(ErrorKind::unsupported, "the server answers with a web page");
    return MemoryBackend::find_part(key, offset, out);
  }
};

using Names = std::vector<std::string>;

class Semantics : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!testing::fuse_is_available()) GTEST_SKIP() << "/dev/fuse cannot be opened";
  }

  // States what this test shows, in the words of the paragraph with this anchor.
  static void quote(const std::string& anchor, const std::string& words) {
    const auto all = paragraphs();
    const auto paragraph = all.find(anchor);
    ASSERT_NE(paragraph, all.end()) << "docs/semantics.md has no paragraph " << anchor;
    EXPECT_NE(paragraph->second.find(words), std::string::npos) << paragraph->second;
  }

  // Version 1 of the datastore `data`, mounted.
  fs::path mount_source(FilesystemOptions options = {}) {
    created.create("data", source.path());
    mount.emplace(created.store(), std::move(options));
    return *mount / "data/1";
  }

  TemporaryFolder source;
  std::shared_ptr<UnreliableBackend> backend = std::make_shared<UnreliableBackend>();
  CreatedStore created{backend};
  std::optional<LiveMount> mount;
};

}  // namespace grid::mount
