// Keeps the trees and recipes that pass by while the packs of a remote store are checked, so that
// walking the versions afterwards does not request them one by one; and indexes that were read
// before their packs are checked.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "backend/backend.h"
#include "base/file.h"
#include "store/layout.h"

namespace grid::care {

// The store, with some parts of its packs in a file without a name. Thread-safe.
class KeptTrees : public backend::Backend {
 public:
  // `folder` is for the file.
  KeptTrees(std::shared_ptr<backend::Backend> store, std::filesystem::path folder)
      : store_(std::move(store)), folder_(std::move(folder)) {}

  // Keeps bytes that lie at `offset` of an object if they may be a tree's or a recipe's. Not more
  // than a few gigabytes; what cannot be kept is requested when it is needed.
  static bool may_be_tree(BytesView chunk);
  void keep(const std::string& key, std::uint64_t offset, BytesView bytes);

  // From now on, list_names() shows the indexes of these packs and no others, for a chunk store
  // that must not find more.
  void show_only(const std::set<store::PackId>& packs);

  std::optional<std::size_t> find_part(std::string_view key, std::uint64_t offset,
                                       MutableBytesView out) const override;

  bool create(std::string_view key, BytesView data) override { return store_->create(key, data); }
  // The index of a pack is given once if it was kept.
  std::optional<Bytes> find(std::string_view key) const override;
  std::vector<backend::ObjectEntry> list(std::string_view prefix) const override {
    return store_->list(prefix);
  }
  std::vector<std::string> list_names(std::string_view prefix) const override;
  std::vector<backend::ObjectEntry> list_below(std::string_view prefix) const override {
    return store_->list_below(prefix);
  }
  bool remove(std::string_view key) override { return store_->remove(key); }
  bool remote() const override { return store_->remote(); }
  void prove_creates() override { store_->prove_creates(); }
  std::string name() const override { return store_->name(); }
  std::string location() const override { return store_->location(); }
  const backend::Carrier& carrier() const override { return store_->carrier(); }

 private:
  struct Part {
    std::uint64_t size = 0;
    std::uint64_t at = 0;  // in the file
  };
  bool find_kept(std::string_view key, std::uint64_t offset, MutableBytesView out) const;

  const std::shared_ptr<backend::Backend> store_;
  const std::filesystem::path folder_;
  mutable std::mutex mutex_;
  FileDescriptor file_;     // guarded by mutex_; opened when there is something to keep
  std::uint64_t size_ = 0;  // guarded by mutex_; of the file
  bool full_ = false;       // guarded by mutex_; or it cannot be written
  using Parts = std::map<std::uint64_t, Part>;
  mutable std::map<std::string, Parts, std::less<>> parts_;    // guarded by mutex_
  std::optional<std::vector<std::string>> index_names_shown_;  // guarded by mutex_
};

}  // namespace grid::care
