// Random trees and random questions: a Filesystem answers like the folder from which its version
// was made. GRID_TEST_SEED repeats a run.
#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <iostream>
#include <map>
#include <random>

#include "base/file.h"
#include "mount/filesystem.h"
#include "tests/support/created_store.h"
#include "tests/support/temporary_folder.h"

namespace grid::mount {
namespace {

namespace fs = std::filesystem;
using testing::CreatedStore;
using testing::TemporaryFolder;

struct Pair {
  Node node = 0;
  fs::path path;  // of the same entry in the real folder
};

class Model {
 public:
  explicit Model(std::uint64_t seed) : random_(seed) {
    make_tree();
    const auto version = created_.create("cats", source_.path());
    filesystem_ = std::make_unique<Filesystem>(created_.store());
    const Node cats = filesystem_->lookup(top_node, "cats").attributes.value().node;
    const Node top = filesystem_->lookup(cats, std::to_string(version)).attributes.value().node;
    folders_.push_back({top, source_.path()});
  }

  void step() {
    switch (below(6)) {
      case 0:
        return look_up();
      case 1:
        return look_up_missing();
      case 2:
        return list();
      case 3:
        return read();
      case 4:
        return read_link();
      case 5:
        return ask_again();
    }
  }

 private:
  std::size_t below(std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_);
  }
  template <class T>
  T& pick(std::vector<T>& from) {
    return from[below(from.size())];
  }

  std::string random_name() {
    std::string name;
    const std::size_t size = 1 + (below(20) == 0 ? 250 : below(12));
    while (name.size() < size) {
      char c = static_cast<char>(1 + below(255));
      if (below(3) != 0) c = static_cast<char>('a' + below(4));
      if (c != '/') name += c;
    }
    return name == "." || name == ".." ? "x" : name;
  }

  void make_tree() {
    std::vector<fs::path> folders{source_.path()}, files;
    for (int i = 0; i < 400; ++i) {
      const fs::path path = pick(folders) / random_name();
      if (fs::exists(fs::symlink_status(path))) continue;
      switch (below(8)) {
        case 0:
          if (path.native().size() < 3000 && ::mkdir(path.c_str(), 0777) == 0) {
            folders.push_back(path);
          }
          break;
        case 1:
          ASSERT_EQ(::symlink(random_name().c_str(), path.c_str()), 0);
          break;
        case 2:
          if (!files.empty()) {
            ASSERT_EQ(::link(pick(files).c_str(), path.c_str()), 0);
          }
          break;
        default:
          make_file(path);
          files.push_back(path);
      }
    }
    for (const fs::path& path : files) set_random_time(path);
    for (const fs::path& path : folders) set_random_time(path);
  }

  void make_file(const fs::path& path) {
    const std::size_t sizes[] = {0, 1, 100, 5000, 300'000, 3'000'000};
    const std::size_t size = below(sizes[below(12) == 0 ? 5 : below(5)] + 1);
    std::string text(size, '\0');
    // Halves of zeros and noise, so that every kind of chunk occurs.
    for (std::size_t i = size / 2; i < size; ++i) text[i] = static_cast<char>(random_());
    testing::write_file(path, text);
    ASSERT_EQ(::chmod(path.c_str(), below(2) ? 0755 : 0640), 0);
  }

  void set_random_time(const fs::path& path) {
    const timespec times[2] = {{0, UTIME_OMIT},
                               {static_cast<time_t>(below(4'000'000'000)) - 1'000'000'000,
                                static_cast<long>(below(1'000'000'000))}};
    ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW), 0);
  }

  void expect_same(const Attributes& attributes, const fs::path& path) {
    struct stat real;
    ASSERT_EQ(::lstat(path.c_str(), &real), 0);
    const NodeKind kind = S_ISDIR(real.st_mode)   ? NodeKind::folder
                          : S_ISLNK(real.st_mode) ? NodeKind::symlink
                                                  : NodeKind::file;
    EXPECT_EQ(attributes.kind, kind) << path;
    EXPECT_EQ(attributes.mtime_ns, real.st_mtim.tv_sec * 1'000'000'000 + real.st_mtim.tv_nsec)
        << path;
    if (kind != NodeKind::folder) {
      EXPECT_EQ(attributes.size, static_cast<std::uint64_t>(real.st_size)) << path;
      EXPECT_EQ(attributes.link_count, real.st_nlink) << path;
    }
    if (kind == NodeKind::file) {
      EXPECT_EQ(attributes.executable, (real.st_mode & 0111) != 0) << path;
    }
    // One number per file, different from all others.
    const auto [known, is_new] = inodes_.try_emplace(real.st_ino, attributes.node);
    EXPECT_EQ(known->second, attributes.node) << path;
    if (is_new) {
      EXPECT_TRUE(nodes_.try_emplace(attributes.node, real.st_ino).second) << path;
    }
  }

  void remember(const Attributes& attributes, const fs::path& path) {
    const Pair pair{attributes.node, path};
    all_.push_back(pair);
    if (attributes.kind == NodeKind::folder) folders_.push_back(pair);
    if (attributes.kind == NodeKind::file) files_.push_back(pair);
    if (attributes.kind == NodeKind::symlink) links_.push_back(pair);
  }

  static std::vector<std::string> real_names(const fs::path& folder) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder)) {
      names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  void look_up() {
    const Pair folder = pick(folders_);
    auto names = real_names(folder.path);
    if (names.empty()) return;
    const std::string& name = pick(names);
    const auto found = filesystem_->lookup(folder.node, name);
    ASSERT_TRUE(found.attributes) << folder.path / name;
    expect_same(*found.attributes, folder.path / name);
    remember(*found.attributes, folder.path / name);
  }

  void look_up_missing() {
    const Pair folder = pick(folders_);
    const std::string name = random_name();
    EXPECT_EQ(filesystem_->lookup(folder.node, name).attributes.has_value(),
              fs::exists(fs::symlink_status(folder.path / name)));
  }

  // In pieces of random lengths, as the kernel reads with a small buffer.
  void list() {
    const Pair folder = pick(folders_);
    std::vector<std::string> names;
    for (std::uint64_t offset = 0, next = 0;; offset = next) {
      std::size_t room = 1 + below(50);
      filesystem_->read_folder(folder.node, offset, [&](const FolderEntry& entry) {
        if (room-- == 0) return false;
        next = entry.next_offset;
        names.emplace_back(entry.name);
        if (names.size() > 2) expect_same(entry.attributes.value(), folder.path / entry.name);
        if (entry.attributes) {
          EXPECT_EQ(entry.attributes->node, entry.node);
        }
        return true;
      });
      if (next == offset) break;
    }
    ASSERT_GE(names.size(), 2u);
    EXPECT_EQ(names[0], ".");
    EXPECT_EQ(names[1], "..");
    names.erase(names.begin(), names.begin() + 2);
    std::sort(names.begin(), names.end());
    EXPECT_EQ(names, real_names(folder.path)) << folder.path;
  }

  void read() {
    if (files_.empty()) return;
    const Pair file = pick(files_);
    const auto size = static_cast<std::size_t>(fs::file_size(file.path));
    const std::uint64_t offset = below(size + 10);
    const std::size_t length = 1 + below(below(2) ? 5000 : 1 << 20);
    const BytesView bytes = filesystem_->read_node(file.node, offset, length, scratch_);
    Bytes expected(length);
    const FileDescriptor real = open_file(file.path, O_RDONLY);
    expected.resize(read_at(real.get(), expected, offset, "the source"));
    EXPECT_EQ(as_text(bytes), as_text(expected)) << file.path << " at " << offset;
  }

  void read_link() {
    if (links_.empty()) return;
    const Pair link = pick(links_);
    EXPECT_EQ(filesystem_->read_link(link.node), fs::read_symlink(link.path).native());
  }

  void ask_again() {
    if (all_.empty()) return;
    const Pair pair = pick(all_);
    expect_same(filesystem_->attributes(pair.node).attributes, pair.path);
  }

  std::mt19937_64 random_;
  TemporaryFolder source_;
  CreatedStore created_;
  std::unique_ptr<Filesystem> filesystem_;
  std::vector<Pair> folders_, files_, links_, all_;
  std::map<ino_t, Node> inodes_;
  std::map<Node, ino_t> nodes_;
  Bytes scratch_;
};

TEST(FilesystemModel, AnswersLikeTheFolderThatTheVersionWasMadeFrom) {
  const char* given = std::getenv("GRID_TEST_SEED");
  std::uint64_t seed = given ? std::stoull(given) : std::random_device{}();
  std::cout << "GRID_TEST_SEED=" << seed << "\n";
  for (int round = 0; round < 5; ++round) {
    Model model(seed + static_cast<std::uint64_t>(round));
    for (int i = 0; i < 2000 && !::testing::Test::HasFailure(); ++i) model.step();
  }
}

}  // namespace
}  // namespace grid::mount
