#include "cli/create_command.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/digest.h"
#include "base/hex.h"
#include "net/url.h"

namespace grid::cli {

namespace {

// Options of a create that do not change what is read.
bool decides_nothing(std::string_view option) {
  static const std::set<std::string_view> names = {"--name",          "--message",  "--force",
                                                   "--allow-partial", "--paranoid", "--repair"};
  return names.contains(option);
}

bool is_global(std::string_view option) {
  return std::any_of(global_options().begin(), global_options().end(),
                     [&](const OptionSpec& global) { return global.name == option; });
}

bool takes_path(Completes completes) {
  return completes == Completes::file || completes == Completes::folder;
}

// The words after `grid` that repeat this command, without the global options.
std::vector<std::string> words_of(const CommandSpec& spec, const Arguments& arguments) {
  std::vector<std::string> words = spec.path;
  for (const OptionSpec& option : spec.options)
    for (const std::string& value : arguments.all(option.name))
      words.push_back(option.value.empty() ? option.name : option.name + "=" + value);
  words.emplace_back("--");
  for (const PositionalSpec& positional : spec.positionals)
    for (const std::string& value : arguments.all(positional.name)) words.push_back(value);
  return words;
}

// See CreateCommand. Makes relative paths absolute from the current folder. A URL is the same when
// it is signed again.
std::string identity_of(const CommandSpec& spec, const Arguments& arguments) {
  Bytes all;
  auto add = [&](std::string_view name, const std::string& value) {
    for (std::string_view text : {name, std::string_view(value)}) {
      append(all, static_cast<std::uint32_t>(text.size()));
      append(all, as_bytes(text));
    }
  };
  // `create DIR` and `create --source DIR` are one command.
  for (const PositionalSpec& positional : spec.positionals)
    for (const std::string& value : arguments.all(positional.name))
      add("", net::without_secrets(from_root(value)));
  for (const OptionSpec& option : spec.options) {
    if (decides_nothing(option.name) || is_global(option.name)) continue;
    std::string_view name = option.name == "--source" ? "" : std::string_view(option.name);
    for (const std::string& value : arguments.all(option.name))
      add(name, net::without_secrets(takes_path(option.completes) ? from_root(value) : value));
  }
  return to_hex(BytesView(digest_of(all).bytes).first(16));
}

}  // namespace

std::optional<service::CreateCommand> find_create_command(const Settings& settings,
                                                          const CommandSpec& spec,
                                                          const Arguments& arguments) {
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::current_path(error);
  if (error) return std::nullopt;
  return service::CreateCommand{.words = words_of(spec, arguments),
                                .folder = folder.string(),
                                .store = from_root(settings.store),
                                .identity = identity_of(spec, arguments)};
}

}  // namespace grid::cli
