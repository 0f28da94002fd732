// The leases of uploads (store/lease.h): from the first answer on that tells a client what the
// store has, until the commit.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "dataset/open_store.h"
#include "store/lease.h"

namespace grid::service {

// An upload that nobody goes on with lets its lease stand still, and a collector closes it. Then
// the client is told at the commit what it has to send again. Thread-safe.
class UploadLeases {
 public:
  // What nobody has gone on with for `idle_max` is forgotten when another upload begins; it gets a
  // new lease if somebody does.
  explicit UploadLeases(std::chrono::nanoseconds idle_max = std::chrono::hours(24))
      : idle_max_(idle_max) {}
  ~UploadLeases();

  struct Held {
    Held(std::shared_ptr<backend::Backend> origin, const std::string& holder);
    const std::shared_ptr<backend::Backend> origin;
    std::mutex mutex;    // held by the one who changes the lease
    store::Lease lease;  // its id and what it excludes never change
    std::chrono::steady_clock::time_point beaten;
  };

  // The upload's lease, which shows that it lives; made if there is none, or it was closed.
  std::shared_ptr<Held> of(const dataset::OpenStore& store, const std::string& upload);
  // The upload is done with, or begins anew with its next request. `nothing_is_kept`: see
  // Lease::abandon().
  void drop(const std::string& upload, bool nothing_is_kept);
  std::size_t count() const;

 private:
  void forget_idle();

  const std::chrono::nanoseconds idle_max_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Held>> held_;  // by upload; guarded by mutex_
};

}  // namespace grid::service
