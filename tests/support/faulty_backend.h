// A backend whose n-th call fails, and which counts calls.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "backend/backend.h"
#include "base/error.h"

namespace grid::testing {

// Passes every call on except one: call number `failing` (from 1) throws `unavailable` before it
// does anything or, with `after` and for a create, once it was done, as if the answer were lost.
class FaultyBackend : public backend::Backend {
 public:
  explicit FaultyBackend(std::shared_ptr<backend::Backend> inner) : inner_(std::move(inner)) {}

  // failing = 0: no call fails.
  void fail_call(std::uint64_t failing, bool after = false) {
    calls_ = 0;
    failing_ = failing;
    after_ = after;
  }
  // Every create of a key with this prefix fails.
  void refuse_creates(std::string prefix) { refused_prefix_ = std::move(prefix); }
  std::uint64_t calls() const { return calls_; }

  bool create(std::string_view key, BytesView data) override {
    bool fails = ++calls_ == failing_;
    if (fails && !after_) refuse(key);
    if (!refused_prefix_.empty() && key.substr(0, refused_prefix_.size()) == refused_prefix_)
      refuse(key);
    bool made = inner_->create(key, data);
    if (fails) refuse(key);
    return made;
  }
  std::optional<Bytes> find(std::string_view key) const override {
    count(key);
    return inner_->find(key);
  }
  std::optional<std::size_t> find_part(std::string_view key, std::uint64_t offset,
                                       MutableBytesView out) const override {
    count(key);
    return inner_->find_part(key, offset, out);
  }
  std::vector<backend::ObjectEntry> list(std::string_view prefix) const override {
    count(prefix);
    return inner_->list(prefix);
  }
  std::vector<std::string> list_names(std::string_view prefix) const override {
    count(prefix);
    return inner_->list_names(prefix);
  }
  std::vector<backend::ObjectEntry> list_below(std::string_view prefix) const override {
    count(prefix);
    return inner_->list_below(prefix);
  }
  bool remove(std::string_view key) override {
    count(key);
    return inner_->remove(key);
  }
  bool remote() const override { return inner_->remote(); }
  void prove_creates() override { inner_->prove_creates(); }
  std::string name() const override { return inner_->name(); }
  std::string location() const override { return inner_->location(); }
  const backend::Carrier& carrier() const override { return inner_->carrier(); }

 private:
  void count(std::string_view key) const {
    if (++calls_ == failing_) refuse(key);
  }
  [[noreturn]] static void refuse(std::string_view key) {
    fail(ErrorKind::unavailable, "the test made the call for {} fail", key);
  }

  std::shared_ptr<backend::Backend> inner_;
  mutable std::atomic<std::uint64_t> calls_ = 0;
  std::atomic<std::uint64_t> failing_ = 0;
  bool after_ = false;
  std::string refused_prefix_;
};

}  // namespace grid::testing
