#include "cli/kept_create.h"

#include <algorithm>
#include <chrono>
#include <set>

#include "base/digest.h"
#include "base/hex.h"
#include "base/user.h"
#include "cli/version.h"

namespace grid::cli {

namespace fs = std::filesystem;

namespace {

constexpr auto update_interval = std::chrono::seconds(1);

// Options of a create that say what becomes of the tree, not what is read.
bool decides_nothing(std::string_view option) {
  static const std::set<std::string_view> names = {"--name", "--message", "--force",
                                                   "--allow-partial"};
  return names.contains(option);
}

bool is_global(std::string_view option) {
  return std::any_of(global_options().begin(), global_options().end(),
                     [&](const OptionSpec& global) { return global.name == option; });
}

bool takes_path(Completes completes) {
  return completes == Completes::file || completes == Completes::folder;
}

}  // namespace

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
    for (const std::string& value : arguments.all(positional.name)) add("", from_root(value));
  for (const OptionSpec& option : spec.options) {
    if (decides_nothing(option.name) || is_global(option.name)) continue;
    std::string_view name = option.name == "--source" ? "" : std::string_view(option.name);
    for (const std::string& value : arguments.all(option.name))
      add(name, takes_path(option.completes) ? from_root(value) : value);
  }
  return to_hex(BytesView(digest_of(all).bytes).first(16));
}

KeptCreate::KeptCreate(Context& context, const CommandSpec& spec, const Arguments& arguments,
                       create::CreateRecord record, std::function<create::CreateCounts()> counts)
    : counts_(std::move(counts)) {
  try {
    record.folder = fs::current_path().string();
    record.store = from_root(record.store);
    record.words = words_of(spec, arguments);
    record.identity = identity_of(spec, arguments);
    record.program = fmt::format("grid {}", program_version());
    record.created_by = user_at_host();
    live_.emplace(context.settings.create_folder, std::move(record));
  } catch (const Error& error) {  // nothing of the create itself depends on it
    context.output.warn(fmt::format(
        "{}; an interruption of this create will cost more than it should", error.what()));
  } catch (const fs::filesystem_error&) {
    // The current folder was removed: there is nowhere to come back to.
  }
  if (live_) watch_ = std::thread([this] { watch(); });
}

KeptCreate::~KeptCreate() { end_watch(); }

void KeptCreate::watch() {
  std::unique_lock lock(mutex_);
  while (!ending_.wait_for(lock, update_interval, [this] { return ended_; })) {
    lock.unlock();
    live_->update(counts_());
    lock.lock();
  }
}

void KeptCreate::end_watch() {
  if (!watch_.joinable()) return;
  {
    std::lock_guard lock(mutex_);
    ended_ = true;
  }
  ending_.notify_all();
  watch_.join();
  live_->update(counts_());
}

}  // namespace grid::cli
