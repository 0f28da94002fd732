#include "server/near_disk.h"

#include <linux/magic.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>

namespace grid::server {

bool is_on_near_disk(const std::filesystem::path& folder) {
  static constexpr std::array<std::uint32_t, 7> near = {
      EXT4_SUPER_MAGIC,      XFS_SUPER_MAGIC,  BTRFS_SUPER_MAGIC, TMPFS_MAGIC,
      OVERLAYFS_SUPER_MAGIC, F2FS_SUPER_MAGIC, 0x2fc12fc1 /* ZFS */};
  struct statfs system {};
  if (::statfs(folder.c_str(), &system) != 0)
    return errno == ENOENT && folder.has_relative_path() && is_on_near_disk(folder.parent_path());
  return std::find(near.begin(), near.end(), static_cast<std::uint32_t>(system.f_type)) !=
         near.end();
}

}  // namespace grid::server
