// A backend in memory, for tests and toys.
#pragma once

#include <map>
#include <mutex>

#include "backend/backend.h"

namespace grid::backend {

class MemoryBackend : public Backend {
 public:
  bool create(std::string_view key, BytesView data) override;
  std::optional<Bytes> find(std::string_view key) const override;
  std::optional<std::size_t> find_part(std::string_view key, std::uint64_t offset,
                                       MutableBytesView out) const override;
  std::vector<ObjectEntry> list(std::string_view prefix) const override;
  std::vector<std::string> list_names(std::string_view prefix) const override;
  bool remove(std::string_view key) override;
  std::string name() const override { return "memory"; }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Bytes, std::less<>> objects_;  // guarded by mutex_
};

}  // namespace grid::backend
