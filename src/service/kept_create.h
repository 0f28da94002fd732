// A create as the state folder keeps it: visible to others while it runs, continued when the same
// create is asked for again.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/error.h"
#include "create/incomplete_create.h"

namespace grid::service {

// Where the state folder cannot be used, problem() says why and the create runs without. At work
// in a thread of its own until it is destroyed.
class KeptCreate {
 public:
  // `record` is as for LiveCreate; `counts` is called in that thread, and outlives this.
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
  std::string problem_;
  const std::function<create::CreateCounts()> counts_;

  std::mutex mutex_;
  std::condition_variable ending_;
  bool ended_ = false;  // guarded by mutex_
  std::thread watch_;   // says how far it is, once a second
};

}  // namespace grid::service
