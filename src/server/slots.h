// What may go on at once, and how much memory each of those who do it may hold.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace grid::server {

// So many for each holder, who is known by a name. Thread-safe; outlives its slots.
class Slots {
 public:
  explicit Slots(unsigned each_max) : each_max_(each_max) {}

  // A place that is free again when this ends.
  class Slot {
   public:
    Slot(Slots& slots, std::string holder) : slots_(&slots), holder_(std::move(holder)) {}
    Slot(Slot&& other) noexcept
        : slots_(std::exchange(other.slots_, nullptr)), holder_(std::move(other.holder_)) {}
    Slot& operator=(Slot&&) = delete;
    ~Slot() {
      if (slots_ != nullptr) slots_->give_back(holder_);
    }

   private:
    Slots* slots_;
    std::string holder_;
  };

  // Empty if the holder has all that it may have.
  std::optional<Slot> take(std::string holder = {}) {
    {
      std::lock_guard lock(mutex_);
      unsigned& taken = taken_[holder];
      if (taken >= each_max_) return std::nullopt;
      ++taken;
    }
    return Slot(*this, std::move(holder));
  }

 private:
  void give_back(const std::string& holder) {
    std::lock_guard lock(mutex_);
    const auto found = taken_.find(holder);
    if (--found->second == 0) taken_.erase(found);
  }

  const unsigned each_max_;
  std::mutex mutex_;
  std::map<std::string, unsigned> taken_;  // none of them 0; guarded by mutex_
};

// Memory that all who are counted share: the more there are, the less each may hold, and what some
// hold already is not given to others, however slow those are. Thread-safe; outlives its holders.
class SharedMemory {
 public:
  SharedMemory(std::size_t bytes, std::size_t share_min, std::size_t share_max)
      : bytes_(bytes), share_min_(share_min), share_max_(share_max) {}

  // Counts its maker for as long as it lives. Used by one thread at a time.
  class Holder {
   public:
    explicit Holder(SharedMemory& memory) : memory_(memory) { ++memory_.holders_; }
    Holder(const Holder&) = delete;
    Holder& operator=(const Holder&) = delete;
    ~Holder() {
      if (share_ > 0) memory_.change(share_, 0);
      --memory_.holders_;
    }

    // Bytes that it may hold from now on, until it asks again.
    std::size_t share() { return share_ = memory_.change(share_, memory_.even_share()); }

   private:
    SharedMemory& memory_;
    std::size_t share_ = 0;
  };

 private:
  std::size_t even_share() const { return bytes_ / (holders_.load() + 1); }

  // Takes `held` back and gives at most `wanted`, if that is not 0, and a quarter of what is left:
  // so something is left for whoever comes, down to the least share, which all get.
  std::size_t change(std::size_t held, std::size_t wanted) {
    std::lock_guard lock(mutex_);
    held_ -= held;
    if (wanted == 0) return 0;
    const std::size_t left = held_ < bytes_ ? bytes_ - held_ : 0;
    const std::size_t share = std::clamp(std::min(wanted, left / 4), share_min_, share_max_);
    held_ += share;
    return share;
  }

  const std::size_t bytes_, share_min_, share_max_;
  std::atomic<std::size_t> holders_ = 0;
  std::mutex mutex_;
  std::size_t held_ = 0;  // bytes; guarded by mutex_
};

}  // namespace grid::server
