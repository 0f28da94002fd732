#include "run/mount_uses.h"

#include "base/error.h"

namespace grid::run {

MountUses::MountUses(std::filesystem::path folder, Attachment attachment, Warn warn)
    : folder_(std::move(folder)),
      warn_(std::move(warn)),
      attachment_(std::move(attachment)),
      marks_(attachment_.store_id) {
  write();
}

void MountUses::add(const UsedVersion& version) noexcept {
  std::lock_guard lock(mutex_);
  try {
    attachment_.versions.push_back(version);
  } catch (const std::exception&) {
    return;  // there is no memory: the version is not noted
  }
  write();
}

void MountUses::write() noexcept {
  try {
    if (!live_) live_.emplace(folder_, attachment_);
    live_->use(attachment_.versions);
    marks_.set({});
  } catch (const std::exception& error) {
    if (!live_) marks_.set(attachment_.versions);
    if (std::exchange(has_warned_, true)) return;
    try {
      warn_(
          fmt::format("`grid datastore show` may not tell what this mount uses: {}", error.what()));
    } catch (...) {  // the log is on the same full disk
    }
  }
}

}  // namespace grid::run
