// Notices when what answers is not the store that a mount was made of: its folder, or what is below
// a bucket's prefix, was replaced or removed while the mount lives.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

#include "dataset/open_store.h"

namespace grid::mount {

// Thread-safe.
class StoreIdentity {
 public:
  using OnProblem = std::function<void(std::string_view)>;

  // `on_problem`, if set, gets each sentence once.
  StoreIdentity(std::shared_ptr<const dataset::OpenStore> store, OnProblem on_problem);

  // To be called after the store was asked, so that no answer of another store is shown. Throws
  // `changed` if the store is another one or gone, and what asking it throws. Says it, and throws
  // nothing, if only the path leads elsewhere: the server goes on with the folder that it holds.
  void check();

  // Whether check() costs no request, so that it may be called after every answer.
  bool is_cheap() const { return !store_->origin->remote(); }

 private:
  using FolderIdentity = std::pair<dev_t, ino_t>;
  std::optional<FolderIdentity> folder_at_path() const;
  void say_once(bool& was_said, std::string_view sentence);

  const std::shared_ptr<const dataset::OpenStore> store_;
  const OnProblem on_problem_;
  const std::optional<FolderIdentity> folder_;  // when the store was opened
  std::mutex mutex_;
  bool said_changed_ = false, said_moved_ = false;  // guarded by mutex_
};

}  // namespace grid::mount
