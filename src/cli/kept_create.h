// A create as the state folder keeps it: visible from another terminal while it runs, continued
// when the same command is given again.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "cli/args.h"
#include "cli/command.h"
#include "create/incomplete_create.h"

namespace grid::cli {

// The words behind `grid` that give a command with these arguments, without the global options.
std::vector<std::string> words_of(const CommandSpec& spec, const Arguments& arguments);

// What two creates have in common if one can continue the other: their sources and every option
// that decides what is read. Relative paths are taken from the current folder.
std::string identity_of(const CommandSpec& spec, const Arguments& arguments);

// Where the state folder cannot be used there is one warning, and the create runs without.
class KeptCreate {
 public:
  // `record` needs its store, name and source; the rest is added here.
  KeptCreate(Context& context, const CommandSpec& spec, const Arguments& arguments,
             create::CreateRecord record, std::function<create::CreateCounts()> counts);
  ~KeptCreate();
  KeptCreate(const KeptCreate&) = delete;
  KeptCreate& operator=(const KeptCreate&) = delete;

  // Null if nothing is kept.
  create::CheckpointLog* checkpoint() { return live_ ? &live_->checkpoint() : nullptr; }

  // Empty if nothing is kept.
  std::filesystem::path folder() const { return live_ ? live_->own_folder() : ""; }

  std::uint64_t bytes_stored_before() const { return live_ ? live_->bytes_stored_before() : 0; }

  // Does the create: what is kept goes away if `body` returns, and stays with the reason if it
  // throws.
  template <class Body>
  auto run(Body body) {
    try {
      auto result = body();
      end_watch();
      if (live_) live_->finish();
      return result;
    } catch (const Error& error) {  // passed on
      end_watch();
      if (live_) live_->fail(error.what());
      throw;
    }
  }

 private:
  void watch();
  void end_watch();

  std::optional<create::LiveCreate> live_;
  const std::function<create::CreateCounts()> counts_;

  std::mutex mutex_;
  std::condition_variable ending_;
  bool ended_ = false;  // guarded by mutex_
  std::thread watch_;   // says how far it is, once a second
};

}  // namespace grid::cli
