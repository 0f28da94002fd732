// A store in memory, and versions made of folders, in one line each.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "backend/memory.h"
#include "dataset/create.h"
#include "dataset/open_store.h"

namespace grid::testing {

inline std::shared_ptr<dataset::OpenStore> open_test_store(
    std::shared_ptr<backend::Backend> backend = std::make_shared<backend::MemoryBackend>(),
    const std::filesystem::path& cache_folder = {}) {
  return dataset::open_store(std::move(backend),
                             {.make_if_absent = true, .cache_folder = cache_folder});
}

inline dataset::CreateResult create_version(dataset::OpenStore& store,
                                            const std::filesystem::path& source,
                                            dataset::CreateOptions options = {}) {
  options.sources = {{.where = source.string()}};
  if (options.name.empty()) options.name = "cats";
  options.workers = 2;
  dataset::CreateProgress progress;
  return dataset::create_version(store, options, progress);
}

// The bytes of a file of a version.
inline std::string read_from(const dataset::OpenStore& store, const dataset::Manifest& manifest,
                             const std::string& path) {
  std::optional<dataset::EntryRef> entry = manifest.find_path(path);
  if (!entry) return "(absent)";
  if (entry->kind() == dataset::EntryKind::hard_link) entry = manifest.find_path(entry->target());
  Bytes scratch;
  return std::string(
      as_text(store.contents->read(entry->content(), entry->size(), 0, entry->size(), scratch)));
}

}  // namespace grid::testing
