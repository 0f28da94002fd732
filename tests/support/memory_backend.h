// A backend in memory, whose bytes need not be brought near. Tests of what does so override what is
// asked for.
#pragma once

#include <algorithm>
#include <map>
#include <mutex>

#include "backend/backend.h"

namespace grid::testing {

class MemoryBackend : public backend::Backend, public backend::Carrier {
 public:
  bool create(std::string_view key, BytesView data) override {
    backend::check_key(key);
    std::lock_guard lock(mutex_);
    return objects_.try_emplace(std::string(key), data.begin(), data.end()).second;
  }
  std::optional<Bytes> find(std::string_view key) const override {
    backend::check_key(key);
    std::lock_guard lock(mutex_);
    auto at = objects_.find(key);
    if (at == objects_.end()) return std::nullopt;
    return at->second;
  }
  std::optional<std::size_t> find_part(std::string_view key, std::uint64_t offset,
                                       MutableBytesView out) const override {
    backend::check_key(key);
    std::lock_guard lock(mutex_);
    auto at = objects_.find(key);
    if (at == objects_.end()) return std::nullopt;
    const Bytes& object = at->second;
    if (offset >= object.size()) return 0;
    std::size_t size = std::min<std::uint64_t>(out.size(), object.size() - offset);
    std::copy_n(object.begin() + static_cast<std::ptrdiff_t>(offset), size, out.begin());
    return size;
  }
  std::vector<backend::ObjectEntry> list(std::string_view prefix) const override {
    std::lock_guard lock(mutex_);
    std::vector<backend::ObjectEntry> found;
    for (auto at = objects_.lower_bound(prefix);
         at != objects_.end() && at->first.starts_with(prefix); ++at)
      if (at->first.find('/', prefix.size()) == std::string::npos)
        found.push_back({at->first, at->second.size()});
    return found;
  }
  std::vector<std::string> list_names(std::string_view prefix) const override {
    std::lock_guard lock(mutex_);
    std::vector<std::string> names;
    for (auto at = objects_.lower_bound(prefix);
         at != objects_.end() && at->first.starts_with(prefix); ++at) {
      const std::string rest = at->first.substr(prefix.size());
      names.push_back(rest.substr(0, std::min(rest.find('/'), rest.size() - 1) + 1));
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
  }
  bool remove(std::string_view key) override {
    backend::check_key(key);
    std::lock_guard lock(mutex_);
    auto at = objects_.find(key);
    if (at == objects_.end()) return false;
    objects_.erase(at);
    return true;
  }
  bool remote() const override { return false; }
  void prove_creates() override {}
  std::string name() const override { return "memory"; }
  std::string location() const override { return name(); }
  const backend::Carrier& carrier() const override { return *this; }

  void expect_reads(std::string_view, std::uint64_t, std::uint64_t) const override {}
  bool is_in_memory(std::string_view, std::uint64_t, std::uint64_t) const override { return true; }
  std::uint64_t read_ahead_max() const override { return backend::memory_for_read_ahead(); }
  std::optional<std::uint64_t> copy_part(std::string_view key, std::uint64_t offset,
                                         std::uint64_t size, const TakePiece& take) const override {
    return backend::copy_in_one_piece(*this, key, offset, size, take);
  }
  bool drop_copy(std::string_view, std::uint64_t, std::uint64_t) const override { return false; }
  std::shared_ptr<backend::Backend> hasty() const override { return nullptr; }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Bytes, std::less<>> objects_;  // guarded by mutex_
};

}  // namespace grid::testing
