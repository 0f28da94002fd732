// Stores trees of a few tiny chunks, in one thread, for tests that count calls or cut them short.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "dataset/open_store.h"
#include "store/chunk_session.h"
#include "tree/manifest_writer.h"
#include "tree/recipe.h"

namespace grid::testing {

struct SmallTree {
  Digest root;
  std::set<Digest> chunks;  // all that a version with this root needs
};

// A file for each of `contents`, and one with a recipe of all of them. What the store has is not
// stored again.
inline SmallTree write_small_tree(dataset::OpenStore& store, const std::set<std::string>& contents,
                                  std::optional<store::LeaseId> lease = std::nullopt) {
  std::atomic<std::uint64_t> bytes_stored = 0;
  store::ChunkSession session(*store.chunks, bytes_stored, {}, nullptr, lease);
  std::vector<std::unique_ptr<store::ChunkWriter>> writers;
  writers.push_back(std::make_unique<store::ChunkWriter>(session));
  tree::ManifestWriter manifest(*writers[0]);
  tree::RecipeBuilder recipe(*writers[0]);
  SmallTree tree;
  std::uint64_t size = 0;
  for (const std::string& content : contents) {
    const store::ChunkRef ref = writers[0]->put(as_bytes(content));
    tree.chunks.insert(ref.digest);
    manifest.add({.name = content, .size = ref.size, .content = {ref.digest, 0}});
    recipe.add(ref);
    size += ref.size;
  }
  const tree::Content all = recipe.finish();
  tree.chunks.insert(all.digest);
  manifest.add({.name = "~all", .size = size, .content = all});
  tree.root = manifest.finish();
  tree.chunks.insert(tree.root);
  session.finish(std::move(writers));
  const auto written = tree::Manifest::open(store.chunks, store.segments, tree.root);
  for (const auto& segment : written->segments()) tree.chunks.insert(segment.digest);
  return tree;
}

}  // namespace grid::testing
