#include "care/kept_trees.h"

#include <gtest/gtest.h>

#include "tests/support/decorator_conformance.h"
#include "tests/support/far_store.h"
#include "tests/support/temporary_folder.h"

namespace grid::care {
namespace {

TEST(KeptTrees, PassesOnWhatItDoesNotKeep) {
  testing::TemporaryFolder folder;
  testing::expect_passes_calls_on([&](std::shared_ptr<backend::Backend> inner) {
    return std::make_unique<KeptTrees>(std::move(inner), folder.path());
  });
}

TEST(KeptTrees, AnswersForPartsSideBySideWithoutARequest) {
  testing::TemporaryFolder folder;
  auto far = std::make_shared<testing::FarStore>();
  far->create("packs/a", as_bytes("0123456789"));
  KeptTrees trees(far, folder / "tmp");
  trees.keep("packs/a", 2, as_bytes("23"));
  trees.keep("packs/b", 0, as_bytes("other"));
  trees.keep("packs/a", 4, as_bytes("456"));
  const auto read = [&](std::uint64_t offset, std::size_t size) {
    Bytes out(size);
    EXPECT_EQ(trees.find_part("packs/a", offset, out), size);
    return std::string(as_text(out));
  };
  EXPECT_EQ(read(2, 5), "23456");
  EXPECT_EQ(read(3, 2), "34");
  EXPECT_EQ(far->requests, 0u);
  EXPECT_EQ(read(1, 5), "12345");
  EXPECT_EQ(read(5, 5), "56789");
  EXPECT_EQ(far->requests, 2u);
  // The bytes of a damaged answer are kept again when they arrive whole.
  trees.keep("packs/a", 2, as_bytes("xy"));
  trees.keep("packs/a", 2, as_bytes("23"));
  EXPECT_EQ(read(2, 3), "234");
}

TEST(KeptTrees, WithoutAFolderItRequestsEverything) {
  testing::TemporaryFolder folder;
  testing::write_file(folder / "file", "in the way");
  auto far = std::make_shared<testing::FarStore>();
  far->create("packs/a", as_bytes("0123456789"));
  KeptTrees trees(far, folder / "file");
  trees.keep("packs/a", 0, as_bytes("01"));
  Bytes out(2);
  EXPECT_EQ(trees.find_part("packs/a", 0, out), 2u);
  EXPECT_EQ(far->requests, 1u);
}

}  // namespace
}  // namespace grid::care
