#include "mount/store_identity.h"

#include <sys/stat.h>

#include <string>

#include "base/error.h"

namespace grid::mount {

StoreIdentity::StoreIdentity(std::shared_ptr<const dataset::OpenStore> store, OnProblem on_problem)
    : store_(std::move(store)), on_problem_(std::move(on_problem)), folder_(folder_at_path()) {}

std::optional<StoreIdentity::FolderIdentity> StoreIdentity::folder_at_path() const {
  struct stat found {};
  if (store_->local_folder.empty() || ::stat(store_->local_folder.c_str(), &found) != 0)
    return std::nullopt;
  return FolderIdentity(found.st_dev, found.st_ino);
}

void StoreIdentity::say_once(bool& was_said, std::string_view sentence) {
  if (!on_problem_) return;
  {
    std::lock_guard lock(mutex_);
    if (std::exchange(was_said, true)) return;
  }
  on_problem_(sentence);
}

// Empty if nothing is there. A damaged marker is no other store's: verify names it.
static std::optional<store::StoreMarker> find_valid_marker(const dataset::OpenStore& store) {
  try {
    return store::find_marker(*store.origin);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt) throw;
    return store.marker;
  }
}

void StoreIdentity::check() {
  const std::optional<store::StoreMarker> marker = find_valid_marker(*store_);
  if (!marker || marker->store_id != store_->marker.store_id) {
    const std::string sentence =
        marker ? fmt::format(
                     "{} is another store now (id {}) than the one that is mounted (id {}): "
                     "nothing of it is shown; unmount, and mount it again",
                     store_->origin->name(), marker->store_id, store_->marker.store_id)
               : fmt::format("the store at {} is gone: what was not read of it yet cannot be read",
                             store_->origin->name());
    say_once(said_changed_, sentence);
    throw Error(ErrorKind::changed, sentence);
  }
  if (folder_ && folder_at_path() != folder_)
    say_once(said_moved_,
             fmt::format("the folder of the store was moved away from {}: this mount goes on with "
                         "that folder, and shows nothing of what is at the path now",
                         store_->local_folder.string()));
}

}  // namespace grid::mount
