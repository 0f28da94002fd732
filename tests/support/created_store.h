// A store in memory with versions made from folders, for tests that read versions.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "create/create.h"
#include "dataset/open_store.h"
#include "tests/support/memory_backend.h"

namespace grid::testing {

class CreatedStore {
 public:
  CreatedStore() : CreatedStore(std::make_shared<MemoryBackend>()) {}
  // `backend` may wrap another one, to count calls or make them fail.
  explicit CreatedStore(std::shared_ptr<backend::Backend> backend)
      : store_(dataset::open_store(std::move(backend), {.make_if_absent = true})) {}

  dataset::VersionNumber create(const std::string& name, const std::filesystem::path& source) {
    create::CreateProgress progress;
    return create::create_version(*store_,
                                  {.input = {.sources = {{.where = source.string()}}},
                                   .storing = {.force = true, .workers = 1},
                                   .note = {.name = name}},
                                  progress)
        .record.number;
  }

  const std::shared_ptr<dataset::OpenStore>& store() const { return store_; }

 private:
  std::shared_ptr<dataset::OpenStore> store_;
};

}  // namespace grid::testing
