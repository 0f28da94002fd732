// A map of bounded size that evicts the least recently used entries.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace grid {

// Lets an Lru with std::string keys be searched with a std::string_view. Not noexcept: libstdc++
// then stores each key's hash, as it does for std::hash of strings.
struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>()(text);
  }
};

// The sizes of the entries add up to at most `size_max`: in bytes, or in entries if each is added
// with size 1. The newest entry stays, however large it is. A hit costs one hash lookup and moves
// one list node; it allocates nothing.
//
// Not thread-safe: the owner holds a mutex around each call and until it has copied what the call
// returned. A std::shared_ptr as value keeps an evicted object alive while it is in use.
template <class Key, class Value, class Hash = std::hash<Key>>
class Lru {
 public:
  explicit Lru(std::size_t size_max) : size_max_(size_max) {}
  Lru(const Lru&) = delete;
  Lru& operator=(const Lru&) = delete;

  // Marks the entry at `key` as the most recently used one. nullptr if there is none. The pointer
  // is valid until the next add() or remove().
  template <class LookupKey>
  const Value* find(const LookupKey& key) {
    const auto at = entries_.find(key);
    if (at == entries_.end()) return nullptr;
    order_.splice(order_.begin(), order_, at->second.place);
    return &at->second.value;
  }

  // Adds an entry as the most recently used one, then evicts others until the sizes fit. Evicted
  // values are destroyed before add() returns. If there is an entry at `key`, nothing changes.
  // Returns the value that is at `key` now, valid until the next add() or remove().
  const Value& add(Key key, Value value, std::size_t size = 1) {
    Order node(1, nullptr);
    const auto [at, added] =
        entries_.try_emplace(std::move(key), std::move(value), size, node.begin());
    if (added) {
      node.front() = &at->first;
      order_.splice(order_.begin(), node);
      size_ += size;
      while (size_ > size_max_ && order_.size() > 1) remove_at(entries_.find(*order_.back()));
    }
    return at->second.value;
  }

  // False if there is no entry at `key`.
  template <class LookupKey>
  bool remove(const LookupKey& key) {
    const auto at = entries_.find(key);
    if (at == entries_.end()) return false;
    remove_at(at);
    return true;
  }

 private:
  using Order = std::list<const Key*>;  // of keys in entries_; the most recently used first
  struct Entry {
    Entry(Value v, std::size_t s, typename Order::iterator at)
        : value(std::move(v)), size(s), place(at) {}
    Value value;
    std::size_t size;
    typename Order::iterator place;
  };
  using Entries = std::unordered_map<Key, Entry, Hash, std::equal_to<>>;

  void remove_at(typename Entries::iterator at) {
    size_ -= at->second.size;
    order_.erase(at->second.place);
    entries_.erase(at);
  }

  const std::size_t size_max_;
  std::size_t size_ = 0;  // of all entries
  Entries entries_;
  Order order_;
};

}  // namespace grid
