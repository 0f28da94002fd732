// A flat map from keys to immutable objects: a local folder, a bucket, or a std::map in tests.
// Every implementation passes backend_conformance_test.cc; a decorator passes every call on, which
// tests/support/decorator_conformance.h checks.
//
// Only what is whole and has bytes of its own is an object: a folder, a pipe or a socket at a key
// is none, and reads as absent; yet create() cannot take its place and returns false.
//
// A backend knows nothing of chunks, digests or datasets, and does not check the bytes it
// returns; store::ChunkStore does.
//
// Keys are '/'-separated, non-empty components of [a-zA-Z0-9._-], none of them "." or "..".
//
// Thread-safe. An object appears whole or not at all, and once create() has returned, it is
// durable and every later call by any client sees it. Failures throw Error; an absent key is not a
// failure.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend/carrier.h"
#include "base/bytes.h"

namespace grid::backend {

struct ObjectEntry {
  std::string key;
  std::uint64_t size = 0;  // bytes

  bool operator==(const ObjectEntry&) const = default;
};

// What find() reads at most: a longer object is damaged, or someone's trap for the memory.
constexpr std::uint64_t whole_object_size_max = 64 << 20;  // bytes

class Backend {
 public:
  virtual ~Backend() = default;

  // Stores a new object. Returns false and changes nothing if `key` is taken: publishing a
  // version is winning the race to create its key.
  virtual bool create(std::string_view key, BytesView data) = 0;

  // Reads a whole object; nullopt if there is none at `key`. Throws if it has more than
  // whole_object_size_max bytes.
  virtual std::optional<Bytes> find(std::string_view key) const = 0;

  // Reads the object's bytes from `offset` on into the front of `out`. Returns how many there are,
  // fewer than out.size() only at the object's end; nullopt if there is no object at `key`.
  virtual std::optional<std::size_t> find_part(std::string_view key, std::uint64_t offset,
                                               MutableBytesView out) const = 0;

  // The same for a part that must be there: throws `corrupt` if the object ends before `out` is
  // full. Returns false if there is no object at `key`.
  bool find_range(std::string_view key, std::uint64_t offset, MutableBytesView out) const;

  // The objects PREFIXc, in key order, not those further below. `prefix` is empty or ends in '/'.
  // What lies deeper is not looked at, so that no stray folder can keep a listing from its end.
  virtual std::vector<ObjectEntry> list(std::string_view prefix) const = 0;

  // Every object whose key starts with `prefix`, in key order: a listing for each folder, but only
  // one of a server.
  virtual std::vector<ObjectEntry> list_below(std::string_view prefix) const;

  // What a folder listing would show, sorted: "c" for an object PREFIXc, and "c/" if there are
  // objects PREFIXc/…, or a folder of that name. So "3/" is no object 3.
  virtual std::vector<std::string> list_names(std::string_view prefix) const = 0;

  // Removes an object; false if there was none. What is no object stays.
  virtual bool remove(std::string_view key) = 0;
  // Removes an object, if there is one: one request to a server, which need not say.
  virtual void discard(std::string_view key) { remove(key); }

  // True if reading goes over a network, so that copies on the node's own disk pay off.
  virtual bool remote() const = 0;

  // Checks that create() can keep its promise here; throws `unsupported` if it cannot: some S3
  // servers overwrite where they should refuse. Called once, before a store is made. It is a method
  // because only a backend can try this, below its own prefix.
  virtual void prove_creates() = 0;

  // The store's name in messages, for instance its path or URL.
  virtual std::string name() const = 0;

  // Where the store is, for programs: two stores never have the same location, and one store has
  // one, however it was named. See store::cache_key().
  virtual std::string location() const = 0;

  // Brings its bytes near; lives as long as the backend.
  virtual const Carrier& carrier() const = 0;
};

// Throws `invalid_argument` unless `key` follows the rule above.
void check_key(std::string_view key);

}  // namespace grid::backend
