// Keeps a create in the state folder, so that other processes see it while it runs, and a repeat of
// its command continues it.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/error.h"
#include "create/create.h"
#include "create/incomplete_create.h"

namespace grid::service {

// If the state folder cannot be used, problem() says why and the create runs without it. Updates
// the state folder from a thread of its own until it is destroyed.
class KeptCreate {
 public:
  // `record` is as for LiveCreate. `counts` is called in that thread and must stay valid until this
  // is destroyed.
  KeptCreate(const std::filesystem::path& create_folder, create::CreateRecord record,
             std::function<create::CreateCounts()> counts);
  ~KeptCreate();
  KeptCreate(const KeptCreate&) = delete;
  KeptCreate& operator=(const KeptCreate&) = delete;

  const std::string& problem() const { return problem_; }  // empty: it is kept

  // Null if nothing is kept.
  create::CheckpointLog* checkpoint() { return live_ ? &live_->checkpoint() : nullptr; }

  // Empty if nothing is kept.
  std::filesystem::path folder() const { return live_ ? live_->own_folder() : ""; }

  std::string create_id() const { return live_ ? live_->create_id() : ""; }
  bool is_repeat() const { return live_ && live_->is_repeat(); }

  std::uint64_t bytes_stored_before() const { return live_ ? live_->bytes_stored_before() : 0; }

  // Runs the create in `body`. Removes what is kept if it returns. If it throws, what is kept
  // stays, with the error as the reason, unless it failed before anything was stored: then a repeat
  // has nothing to continue, and a typing error leaves no trace.
  template <class Body>
  auto run(Body body) {
    try {
      auto result = body();
      end_watch();
      if (live_) live_->finish();
      return result;
    } catch (const create::Interrupted& error) {  // passed on, as all others
      end_watch();
      if (live_) live_->interrupt(error.what());
      throw;
    } catch (const Error& error) {
      end_watch();
      if (live_) live_->fail(error.what(), counts_());
      throw;
    }
  }

 private:
  void watch();
  void end_watch();

  std::optional<create::LiveCreate> live_;
  std::string problem_;
  const std::function<create::CreateCounts()> counts_;

  std::mutex mutex_;
  std::condition_variable ending_;
  bool ended_ = false;  // guarded by mutex_
  std::thread watch_;   // records the progress once a second
};

}  // namespace grid::service
