// What has arrived of large objects whose clients, or whose server, ended in the middle: the client
// goes on where it was, also a new one that sends the same bytes.
//
// They are known by the digest of the whole, in files of their own; what arrives is in the file at
// once, and stays when the server is killed. A machine that crashes may leave other bytes there:
// whoever has the whole compares its digest.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "base/digest.h"
#include "server/body_file.h"
#include "store/layout.h"

namespace grid::server {

// Thread-safe.
class PartialObjects {
 public:
  // The folder is made when there is something to keep.
  explicit PartialObjects(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // How many bytes of the object have arrived, from its front; 0 if there are none.
  std::uint64_t received(const Digest& digest) const;

  // To append from `offset` on; what was there behind it is dropped. As long as it lives, nobody
  // else can open it. Throws `changed` if fewer bytes are there, `unavailable` if somebody has it
  // open. Removes those that nobody has touched for a day.
  std::shared_ptr<BodyFile> open(const Digest& digest, std::uint64_t offset) const;

  // After the object was stored, or is not what its digest says.
  void remove(const Digest& digest) const;

  // After the object was stored as the data of `pack`: it stays until the pack's index has come. A
  // client that is killed before that sends the same bytes in another pack.
  void keep_for(const store::PackId& pack, const Digest& digest) const;
  void pack_is_whole(const store::PackId& pack) const;

 private:
  std::filesystem::path note_of(const store::PackId& pack) const;
  std::filesystem::path path_of(const Digest& digest) const { return folder_ / digest.hex(); }
  void sweep() const;

  const std::filesystem::path folder_;
};

}  // namespace grid::server
