// Opens a store in memory and makes versions of folders, in one line each.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "create/create.h"
#include "dataset/open_store.h"
#include "tests/support/memory_backend.h"

namespace grid::testing {

inline std::shared_ptr<dataset::OpenStore> open_test_store(
    std::shared_ptr<backend::Backend> backend = std::make_shared<MemoryBackend>(),
    const std::filesystem::path& cache_folder = {}) {
  return dataset::open_store(std::move(backend),
                             {.make_if_absent = true, .cache_folder = cache_folder});
}

inline create::CreateResult create_version(dataset::OpenStore& store,
                                           const std::filesystem::path& source,
                                           create::CreateOptions options = {}) {
  options.input.sources = {{.where = source.string()}};
  if (options.note.name.empty()) options.note.name = "cats";
  options.storing.workers = 2;
  create::CreateProgress progress;
  return create::create_version(store, options, progress);
}

// The bytes of a file of a version.
inline std::string read_from(const dataset::OpenStore& store, const tree::Manifest& manifest,
                             const std::string& path) {
  std::optional<tree::EntryRef> entry = manifest.find_path(path);
  if (!entry) return "(absent)";
  if (entry->kind() == tree::EntryKind::hard_link) entry = manifest.find_path(entry->target());
  Bytes scratch;
  return std::string(as_text(
      store.contents->read_content(entry->content(), entry->size(), 0, entry->size(), scratch)));
}

// True if every file of every ready version can be read; its chunks are checked on the way.
inline bool is_readable(const dataset::OpenStore& store) {
  Bytes scratch;
  for (const std::string& name : store.datastores->names())
    for (dataset::VersionNumber number : store.datastores->ready_numbers(name)) try {
        auto manifest = store.manifest(store.datastores->find(name, number)->record);
        tree::EntryCursor cursor(manifest, {0, manifest->totals().entries});
        while (std::optional<tree::EntryRef> entry = cursor.next())
          if (entry->kind() == tree::EntryKind::file)
            store.contents->read_content(entry->content(), entry->size(), 0, entry->size(),
                                         scratch);
      } catch (const Error& error) {
        ADD_FAILURE() << name << ":" << number << ": " << error.what();
        return false;
      }
  return true;
}

}  // namespace grid::testing
