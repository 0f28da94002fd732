// A mount answers every question about a version that breaks the rules of docs/format.md, if only
// with an error.

#include <gtest/gtest.h>

#include "base/error.h"
#include "mount/filesystem.h"
#include "tests/support/hostile_versions.h"
#include "tests/support/memory_backend.h"

namespace grid::mount {
namespace {

template <class Ask>
void survive(const Ask& ask) {
  try {
    ask();
  } catch (const Error&) {  // as good
  }
}

void ask_everything(Filesystem& filesystem, Node node, int depth) {
  survive([&] { filesystem.attributes(node); });
  survive([&] { filesystem.read_link(node); });
  survive([&] {
    Bytes scratch;
    for (std::uint64_t offset : {std::uint64_t{0}, std::uint64_t{1} << 43, UINT64_MAX - 10})
      survive([&] { filesystem.read_node(node, offset, 100, scratch); });
  });
  std::vector<std::pair<std::string, Node>> below;
  survive([&] {
    filesystem.read_folder(node, 0, [&](const FolderEntry& entry) {
      if (entry.name != "." && entry.name != "..") below.emplace_back(entry.name, entry.node);
      return true;
    });
  });
  for (const char* name : {"a", "b", "c", "x", ".."})
    survive([&] { filesystem.lookup(node, name); });
  for (const auto& [name, child] : below) {
    survive([&] { filesystem.lookup(node, name); });
    if (depth < 5) ask_everything(filesystem, child, depth + 1);
  }
}

TEST(HostileMount, AnswersWhateverTheTreeSays) {
  for (const testing::HostileVersion& hostile : testing::hostile_versions()) {
    SCOPED_TRACE(hostile.what);
    auto backend = std::make_shared<testing::MemoryBackend>();
    testing::HostileStore store(backend);
    hostile.put(store);
    Filesystem filesystem(dataset::open_store(backend, {}));
    ask_everything(filesystem, top_node, 0);
    // Nodes of entries that no folder shows.
    const auto version = filesystem.lookup(top_node, "cats");
    ASSERT_TRUE(version.attributes);
    for (Node node = 0; node < 20; ++node)
      survive([&] { filesystem.attributes(version.attributes->node + node); });
  }
}

}  // namespace
}  // namespace grid::mount
