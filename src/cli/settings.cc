#include "cli/settings.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>

#include "base/error.h"

namespace grid::cli {

namespace {

std::filesystem::path home_folder() {
  if (std::string home = environment("HOME"); !home.empty()) return home;
  if (const passwd* user = ::getpwuid(::getuid()); user != nullptr && user->pw_dir != nullptr)
    return user->pw_dir;
  fail(ErrorKind::not_found,
       "cannot tell your home folder: set HOME, or name the store with "
       "--store");
}

std::filesystem::path xdg_folder(const char* variable, std::string_view below_home) {
  std::filesystem::path base = environment(variable);
  if (!base.is_absolute()) base = home_folder() / below_home;
  return base / "grid";
}

}  // namespace

std::string from_root(const std::string& location) {
  if (location == "-" || location.find("://") != location.npos) return location;
  std::error_code error;
  std::filesystem::path path = std::filesystem::weakly_canonical(location, error);
  return error ? location : path.string();
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Settings read_settings(const std::optional<std::string>& store_option) {
  Settings settings;
  settings.store = store_option ? *store_option : environment("GRID_STORE");
  settings.store_was_named = store_option || !settings.store.empty();
  if (!settings.store_was_named) settings.store = xdg_folder("XDG_DATA_HOME", ".local/share");
  settings.cache_folder = xdg_folder("XDG_CACHE_HOME", ".cache");
  settings.state_folder = xdg_folder("XDG_STATE_HOME", ".local/state");
  settings.attachment_folder = settings.state_folder / "attachments";
  settings.create_folder = settings.state_folder / "creates";
  return settings;
}

}  // namespace grid::cli
