#include "service/mounts.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

#include "backend/open.h"
#include "base/error.h"
#include "mount/mount_place.h"

namespace grid::service {

namespace fs = std::filesystem;

fs::path mount_path(const fs::path& folder) {
  fs::path path = fs::absolute(folder).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  return mount::kernel_path_of(path);
}

std::optional<run::Attachment> find_mount(const Settings& settings, const fs::path& path) {
  for (run::Attachment& user : run::live_attachments(settings.attachment_folder))
    if (user.kind == run::AttachmentKind::mount && user.label == path) return std::move(user);
  return std::nullopt;
}

void prepare_mount(const Settings& settings, const fs::path& path) {
  mount::clear_dead_mount(path);
  if (const auto mounted = mount::find_mounted(path);
      mounted && mounted->type == mount::mount_type) {
    const std::optional<run::Attachment> ours = find_mount(settings, path);
    fail(ErrorKind::already_exists, "datastores are mounted at {} already, by {}", path.string(),
         ours ? fmt::format("process {}", ours->pid) : "another user or from another state folder");
  }
  refuse_own_folders(settings, path, "cannot mount at");
}

void refuse_own_folders(const Settings& settings, const fs::path& folder, std::string_view doing) {
  std::vector<mount::OwnFolder> own;
  if (std::optional<fs::path> store = backend::local_folder(settings.store))
    own.push_back({"the store", std::move(*store)});
  own.push_back({"grid's cache", settings.cache_folder});
  own.push_back({"grid's state folder", settings.state_folder});
  if (const auto hidden = mount::find_own_folder_at(folder, own))
    fail(ErrorKind::invalid_argument,
         "{} {}: that would hide {}, {}, from grid itself; name another folder", doing,
         folder.string(), hidden->noun, hidden->path.string());
}

fs::path mount_log(const Settings& settings, const fs::path& folder) {
  std::string name = folder.relative_path().string();
  std::replace(name.begin(), name.end(), '/', '-');
  constexpr std::size_t name_size_max = 200;  // file systems allow 255
  if (name.size() > name_size_max) name.erase(0, name.size() - name_size_max);
  return settings.state_folder / "mounts" / (name + ".log");
}

Unmounted unmount(const Settings& settings, const fs::path& folder, mount::UnmountMode mode) {
  const std::optional<run::Attachment> ending = find_mount(settings, mount_path(folder));
  const auto lives = [&] {
    const std::vector<run::Attachment> users = run::live_attachments(settings.attachment_folder);
    return std::any_of(users.begin(), users.end(),
                       [&](const run::Attachment& user) { return user.pid == ending->pid; });
  };
  mount::unmount(folder, mode);
  using std::chrono::steady_clock;
  const auto deadline = steady_clock::now() + std::chrono::seconds(30);
  while (mode != mount::UnmountMode::lazy && ending && lives() && steady_clock::now() < deadline)
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
