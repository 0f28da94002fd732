#include "service/mounts.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/error.h"

namespace grid::service {

namespace fs = std::filesystem;

std::optional<run::Attachment> find_mount(const Settings& settings, const fs::path& folder) {
  for (run::Attachment& user : run::live_attachments(settings.attachment_folder))
    if (user.kind == run::AttachmentKind::mount && user.label == folder) return std::move(user);
  return std::nullopt;
}

void refuse_second_mount(const Settings& settings, const fs::path& folder) {
  if (std::optional<run::Attachment> mount = find_mount(settings, folder))
    fail(ErrorKind::already_exists, "datastores are mounted at {} already, by process {}",
         folder.string(), mount->pid);
}

fs::path mount_log(const Settings& settings, const fs::path& folder) {
  std::string name = folder.relative_path().string();
  std::replace(name.begin(), name.end(), '/', '-');
  constexpr std::size_t name_size_max = 200;  // file systems allow 255
  if (name.size() > name_size_max) name.erase(0, name.size() - name_size_max);
  return settings.state_folder / "mounts" / (name + ".log");
}

Unmounted unmount(const Settings& settings, const fs::path& folder, mount::UnmountMode mode) {
  mount::unmount(folder, mode);
  using std::chrono::steady_clock;
  const auto deadline = steady_clock::now() + std::chrono::seconds(30);
  while (mode != mount::UnmountMode::lazy && find_mount(settings, folder) &&
         steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  return {folder.string()};
}

void write_document(JsonWriter& json, const Mounted& mounted) {
  json.begin_object().name_member("folder", mounted.folder);
  json.name_member("store", mounted.store).member("pid", mounted.pid);
  json.name_member("log", mounted.log).end_object();
}

void write_document(JsonWriter& json, const Unmounted& unmounted) {
  json.begin_object().name_member("folder", unmounted.folder).end_object();
}

}  // namespace grid::service
