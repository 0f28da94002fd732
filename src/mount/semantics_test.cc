// One test for each paragraph of docs/semantics.md, quoting it, through a real mount: the tree,
// names and files.
#include <sys/mman.h>
#include <sys/sendfile.h>

#include "mount/semantics_fixture.h"
#include "tests/support/bucket_server.h"
#include "tests/support/random_bytes.h"

namespace grid::mount {
namespace {

TEST_F(Semantics, Layout) {
  quote("layout", "a folder for each ready version, named by its number without leading zeros");
  write_file(source / "b/c.txt", "text");
  created.create("cats", source.path());
  const fs::path top = mount_source();
  EXPECT_EQ(names_in(*mount / ""), (Names{"cats", "data"}));
  EXPECT_EQ(names_in(*mount / "data"), (Names{"1", "latest"}));
  EXPECT_EQ(names_in(top), Names{"b"});
  EXPECT_EQ(testing::read_file(top / "b/c.txt"), "text");
  EXPECT_FALSE(fs::exists(*mount / "data/01"));
}

TEST_F(Semantics, Latest) {
  quote("latest", "a relative symbolic link to the newest ready version");
  write_file(source / "a", "1");
  created.create("data", source.path());
  mount_source();
  EXPECT_EQ(fs::read_symlink(*mount / "data/latest"), "2");
  EXPECT_EQ(testing::read_file(*mount / "data/latest/a"), "1");
  created.store()->datastores->remove("data", 1);
  created.store()->datastores->remove("data", 2);
  EXPECT_TRUE(becomes_true_within(2s, [&] { return names_in(*mount / "data").empty(); }));
}

TEST_F(Semantics, ComingAndGoing) {
  quote("coming-and-going", "found by its path as soon as its create has returned");
  quote("coming-and-going", "stays readable while the store still has its bytes");
  write_file(source / "a", "1");
  mount_source();
  const auto listed = [&] { return names_in(*mount / "data"); };
  EXPECT_EQ(listed(), (Names{"1", "latest"}));
  EXPECT_FALSE(fs::exists(*mount / "data/2"));
  EXPECT_EQ(fs::read_symlink(*mount / "data/latest"), "1");

  created.create("data", source.path());
  created.create("new", source.path());
  EXPECT_TRUE(fs::exists(*mount / "data/2/a"));
  EXPECT_TRUE(fs::exists(*mount / "new/1/a"));
  EXPECT_TRUE(becomes_true_within(2s, [&] {
    return listed() == Names{"1", "2", "latest"} && names_in(*mount / "") == Names{"data", "new"} &&
           fs::read_symlink(*mount / "data/latest") == "2";
  }));

  const FileDescriptor open = open_file(*mount / "data/2/a", O_RDONLY);
  created.store()->datastores->remove("data", 2);
  EXPECT_TRUE(becomes_true_within(2s, [&] {
    return listed() == Names{"1", "latest"} && !fs::exists(*mount / "data/2") &&
           fs::read_symlink(*mount / "data/latest") == "1";
  }));
  char byte = 0;
  EXPECT_EQ(::pread(open.get(), &byte, 1, 0), 1);
  EXPECT_EQ(byte, '1');
}

TEST_F(Semantics, Pins) {
  quote("pins", "they are the same as in DIR/NAME/V, and `latest` still leads to the newest");
  write_file(source / "deep/a", "old");
  created.create("data", source.path());
  write_file(source / "deep/a", "newer");
  TemporaryFolder classes;
  write_file(classes / "0/x", "x");
  created.create("classes", classes.path());
  mount_source({.pins = {{"data", 1}, {"classes", 1}}});
  EXPECT_EQ(names_in(*mount / "data"), (Names{"1", "2", "deep", "latest"}));
  EXPECT_EQ(testing::read_file(*mount / "data/deep/a"), "old");
  EXPECT_EQ(testing::read_file(*mount / "data/1/deep/a"), "old");
  EXPECT_EQ(testing::read_file(*mount / "data/latest/deep/a"), "newer");
  EXPECT_EQ(testing::read_file(*mount / "data/deep/a"), "old");
  EXPECT_EQ(stat_of(*mount / "data/deep/a").st_ino, stat_of(*mount / "data/1/deep/a").st_ino);
  EXPECT_EQ(names_in(*mount / "classes"), (Names{"1", "latest"}));
}

TEST_F(Semantics, NamesAreBytes) {
  quote("names", "byte for byte, whether or not it is UTF-8");
  const Names names{"\xff\xfe", " leading", "A",     "a",           "new\nline",
                    "\x01",     "-rf",      "*?[x]", "caf\xc3\xa9", std::string(255, 'n')};
  for (const std::string& name : names) write_file(source.path() / name, name);
  std::string deep;
  for (char c = 'a'; c < 's'; ++c) deep.append(200, c).append("/");
  write_file(source / (deep + "file"), "deep");
  const fs::path top = mount_source();
  for (const std::string& name : names) EXPECT_EQ(testing::read_file(top / name), name);
  EXPECT_EQ(testing::read_file(top / deep / "file"), "deep");
  EXPECT_EQ(names_in(top), names_in(source.path()));
}

TEST_F(Semantics, MissingNames) {
  quote("missing-names", "the kernel gives it from then on without asking the server");
  write_file(source / "a", "1");
  const fs::path top = mount_source();
  for (const fs::path& path : {top / "b", *mount / "data/9", *mount / "no", *mount / "data/b"}) {
    EXPECT_EQ(error_of(::open(path.c_str(), O_RDONLY)), ENOENT) << path;
  }
  EXPECT_EQ(error_of(::open((top / "a/b").c_str(), O_RDONLY)), ENOTDIR);
  for (const std::size_t size : {256, 1000, 2000})
    EXPECT_EQ(error_of(::open((top / std::string(size, 'n')).c_str(), O_RDONLY)), ENAMETOOLONG);
  const FileDescriptor held = open_file(top, O_RDONLY | O_DIRECTORY);
  EXPECT_EQ(error_of(::openat(held.get(), "b", O_RDONLY)), ENOENT);
  mount->stop();  // only the kernel still answers
  EXPECT_EQ(error_of(::openat(held.get(), "b", O_RDONLY)), ENOENT);
  EXPECT_NE(error_of(::openat(held.get(), "c", O_RDONLY)), ENOENT);
}

TEST_F(Semantics, Content) {
  quote("content",
        "Reads at any offset, `mmap`, `sendfile` and `O_DIRECT` reads give the same bytes");
  std::string text(3'000'001, '\0');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * i >> 7);
  write_file(source / "a", text);
  const fs::path path = mount_source() / "a";
  EXPECT_EQ(testing::read_file(path), text);

  const FileDescriptor file = open_file(path, O_RDONLY);
  Bytes part(100'000);
  EXPECT_EQ(read_at(file.get(), part, 2'950'000, "a"), 50'001u);
  EXPECT_EQ(as_text(BytesView(part).first(50'001)), text.substr(2'950'000));

  const auto mapped = MappedFile::find(path);
  EXPECT_TRUE(as_text(mapped->bytes()) == text);

  const FileDescriptor copy = open_file(source / "copy", O_RDWR | O_CREAT);
  EXPECT_EQ(::sendfile(copy.get(), file.get(), nullptr, text.size()), ssize_t(text.size()));
  EXPECT_TRUE(testing::read_file(source / "copy") == text);

  const FileDescriptor direct = open_file(path, O_RDONLY | O_DIRECT);
  Bytes whole(4 << 20);
  EXPECT_EQ(read_at(direct.get(), whole, 0, "a"), text.size());
  EXPECT_TRUE(as_text(BytesView(whole).first(text.size())) == text);
}

TEST_F(Semantics, Damage) {
  quote("damage", "MUST fail with EIO and MUST NOT return other bytes");
  const auto content = [](char name) {
    return testing::random_bytes(100'000, static_cast<unsigned>(name));
  };
  for (char name = 'a'; name <= 'z'; ++name)
    write_file(source / std::string(1, name), content(name));
  const fs::path top = mount_source();
  for (const auto& entry : backend->list("packs/")) {
    Bytes bytes = *backend->find(entry.key);
    bytes[bytes.size() / 2] ^= std::byte{1};
    backend->remove(entry.key);
    backend->create(entry.key, bytes);
  }
  std::size_t damaged = 0, whole = 0;
  for (char name = 'a'; name <= 'z'; ++name) {
    const FileDescriptor file = open_file(top / std::string(1, name), O_RDONLY);
    const std::string expected = content(name);
    std::string text(expected.size(), '\0');
    std::size_t done = 0;
    ssize_t size = 1;
    while (size > 0 && done < text.size()) {
      size = ::pread(file.get(), text.data() + done, text.size() - done, static_cast<off_t>(done));
      done += static_cast<std::size_t>(std::max<ssize_t>(size, 0));
    }
    if (done < text.size()) {
      EXPECT_EQ(size, -1);
      EXPECT_EQ(errno, EIO);
      ++damaged;
    } else {
      ++whole;
    }
    EXPECT_TRUE(text.substr(0, done) == expected.substr(0, done));
  }
  EXPECT_GE(damaged, 1u);
  EXPECT_GE(whole, 1u);
}

TEST_F(Semantics, FilesInPlace) {
  quote("in-place", "a read MUST fail with EIO and MUST NOT return bytes of another object");
  quote("in-place", "the log names it once");
  testing::BucketServer bucket;
  bucket.set({{"a", "aaaa"}, {"b", "bbbb"}, {"c", "cccc"}});
  auto store = dataset::open_store(
      backend, {.servers = {.http = {}, .aws = bucket.settings(), .retries = bucket.retries()}});
  create::CreateOptions options{
      .input = {.servers = {.http = {}, .aws = bucket.settings(), .retries = {}}, .in_place = true},
      .note = {.name = "data"}};
  options.input.sources = {{.where = "s3://bucket"}};
  create::CreateProgress progress;
  create::create_version(*store, options, progress);
  std::vector<std::string> problems;
  mount.emplace(store, FilesystemOptions{.on_problem = [&](std::string_view problem) {
                  problems.emplace_back(problem);
                }});
  const fs::path top = *mount / "data/1";
  EXPECT_EQ(stat_of(top / "a").st_size, 4);
  EXPECT_EQ(stat_of(top / "a").st_mtim.tv_sec, 1'577'934'245);
  bucket.put("b", "BBBB");
  bucket.remove("c");
  EXPECT_EQ(testing::read_file(top / "a"), "aaaa");
  for (const char* name : {"b", "c", "b", "c"}) {
    const FileDescriptor file = open_file(top / name, O_RDONLY);
    char byte = 0;
    EXPECT_EQ(error_of(static_cast<int>(::pread(file.get(), &byte, 1, 0))), EIO);
  }
  mount->stop();
  ASSERT_EQ(problems.size(), 2u);
  EXPECT_TRUE(problems[0].starts_with("data:1: b: s3://bucket/b is no longer")) << problems[0];
  EXPECT_TRUE(problems[1].starts_with("data:1: c: s3://bucket/c is gone")) << problems[1];
}

TEST_F(Semantics, Patience) {
  quote("patience", "A read waits, trying again, for 30 seconds before it fails with EIO");
  EXPECT_EQ(FilesystemOptions{}.retry_deadline, 30s);
  write_file(source / "a", "text");
  write_file(source / "b", std::string(100'000, 'b'));
  const fs::path top = mount_source({.retry_deadline = 200ms});
  EXPECT_EQ(names_in(top), (Names{"a", "b"}));
  const FileDescriptor file = open_file(top / "b", O_RDONLY);
  char byte = 0;
  backend->answers = false;
  EXPECT_EQ(error_of(static_cast<int>(::pread(file.get(), &byte, 1, 0))), EIO);
  backend->answers = true;
  quote("patience", "An answer that is none of a store's is EIO too.");
  backend->is_a_store = false;
  EXPECT_EQ(error_of(static_cast<int>(::pread(file.get(), &byte, 1, 0))), EIO);
  backend->is_a_store = true;
  EXPECT_EQ(::pread(file.get(), &byte, 1, 0), 1);
}

TEST_F(Semantics, EmptyFilesAndFolders) {
  quote("empty", "Both are kept");
  write_file(source / "file", "");
  fs::create_directories(source / "folder/inner");
  const fs::path top = mount_source();
  EXPECT_EQ(stat_of(top / "file").st_size, 0);
  EXPECT_EQ(testing::read_file(top / "file"), "");
  EXPECT_TRUE(names_in(top / "folder/inner").empty());
}

TEST_F(Semantics, Holes) {
  quote("sparse", "read as zeros. They are not kept as holes");
  write_file(source / "a", "start");
  fs::resize_file(source / "a", 5'000'000);
  const fs::path path = mount_source() / "a";
  const std::string text = testing::read_file(path);
  ASSERT_EQ(text.size(), 5'000'000u);
  EXPECT_EQ(text.substr(0, 5), "start");
  EXPECT_EQ(text.find_first_not_of('\0', 5), std::string::npos);
  EXPECT_EQ(stat_of(path).st_blocks, 9766);
}

TEST_F(Semantics, HardLinks) {
  quote("hard-links", "`st_nlink` counts those that are in the version");
  write_file(source / "z/first", "text");
  fs::create_hard_link(source / "z/first", source / "a");
  TemporaryFolder outside;
  fs::create_hard_link(source / "z/first", outside / "not in the version");
  const fs::path top = mount_source();
  const struct stat a = stat_of(top / "a"), first = stat_of(top / "z/first");
  EXPECT_EQ(a.st_ino, first.st_ino);
  EXPECT_EQ(a.st_nlink, 2u);
  EXPECT_EQ(testing::read_file(top / "a"), "text");
  EXPECT_EQ(testing::read_file(top / "z/first"), "text");
}

TEST_F(Semantics, SymbolicLinks) {
  quote("symbolic-links", "One that dangles, or leads outside of its version, is shown as it is");
  write_file(source / "folder/file", "text");
  TemporaryFolder outside;
  write_file(outside / "x", "outside");
  fs::create_symlink("folder/file", source / "to file");
  fs::create_symlink("folder", source / "to folder");
  fs::create_symlink("no\xffthing", source / "dangling");
  fs::create_symlink(outside / "x", source / "leaving");
  const fs::path top = mount_source();
  EXPECT_EQ(testing::read_file(top / "to file"), "text");
  EXPECT_EQ(testing::read_file(top / "to folder/file"), "text");
  EXPECT_EQ(testing::read_file(top / "leaving"), "outside");
  EXPECT_EQ(fs::read_symlink(top / "dangling"), "no\xffthing");
  EXPECT_EQ(error_of(::open((top / "dangling").c_str(), O_RDONLY)), ENOENT);
}

TEST(SemanticsDocument, HasATestForEveryParagraph) {
  std::string tests;
  for (const char* file : {"semantics_test.cc", "semantics_attributes_test.cc"})
    tests += testing::read_file(project / "src/mount" / file);
  const auto all = paragraphs();
  EXPECT_GE(all.size(), 20u);
  for (const auto& [anchor, words] : all) {
    EXPECT_NE(tests.find("quote(\"" + anchor + "\""), std::string::npos) << anchor;
  }
}

}  // namespace
}  // namespace grid::mount
