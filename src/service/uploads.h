// Versions that clients of a server send to it, digests first: they ask which chunks the store
// lacks, send those, say which chunks make up each file, and commit. Nothing is visible before the
// commit. Each step may be repeated, so that an upload goes on after whatever broke it off.
//
// Knowing a digest is no right to its bytes: a client that may see only some datastores is told of,
// and may name, only chunks that it has sent itself and those of the datastore's newest version.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/error.h"
#include "create/upload.h"
#include "dataset/open_store.h"
#include "service/creates.h"
#include "service/json.h"
#include "service/settings.h"
#include "service/upload_leases.h"

namespace grid::service {

inline constexpr std::size_t upload_chunk_size_max = 1 << 20;    // bytes
inline constexpr std::size_t upload_chunks_size_max = 64 << 20;  // bytes of one request
inline constexpr std::size_t upload_digests_max = 32'768;        // of one question
inline constexpr std::size_t upload_files_size_max = 16 << 20;   // bytes of one list of files
inline constexpr std::chrono::hours upload_kept_for{7 * 24};     // since it was last used

// Who sends.
struct Uploader {
  std::string token_id;     // an upload belongs to its token
  bool is_limited = false;  // sees only some datastores
};

struct UploadState {
  std::string id;         // 32 hexadecimal digits
  std::string datastore;  // its name
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;  // of the files
  struct Part {
    std::string path;
    std::uint64_t received = 0;  // bytes, from the front
  };
  std::vector<Part> parts;  // files of which only the front has arrived
};

struct StoredChunks {
  std::uint64_t received = 0, stored = 0;  // chunks; what the store had already is not stored
};

// Thrown by commit() if chunks are missing.
class MissingChunks : public Error {
 public:
  MissingChunks(const std::string& message, std::vector<Digest> digests)
      : Error(ErrorKind::changed, message), digests_(std::move(digests)) {}
  const std::vector<Digest>& digests() const { return digests_; }  // some of them

 private:
  std::vector<Digest> digests_;
};

// Thread-safe.
class Uploads {
 public:
  // `settings` outlives it.
  explicit Uploads(const Settings& settings) : settings_(settings) {}

  // Begins an upload, and removes those that nobody has used for `upload_kept_for`.
  UploadState open(const std::string& datastore, const Uploader& uploader);
  // All that follow throw `not_found` for an upload that is not there, or is another's.
  UploadState state(const std::string& datastore, const std::string& id, const Uploader& uploader);

  // One byte for each digest: 1 if the chunk must be sent.
  std::string missing(dataset::OpenStore& store, const std::string& datastore,
                      const std::string& id, const Uploader& uploader,
                      std::span<const Digest> digests);
  // `body` has, for each chunk, its digest (32 bytes), its size (u32) and its bytes. Throws
  // `corrupt` for bytes that do not have the digest; the chunks before them are stored.
  StoredChunks add_chunks(dataset::OpenStore& store, const std::string& datastore,
                          const std::string& id, const Uploader& uploader, BytesView body);
  // A JSON document: see docs/http-api.md. Throws `invalid_argument` with what is wrong with it.
  UploadState add_files(const std::string& datastore, const std::string& id,
                        const Uploader& uploader, std::string_view document);
  // Adds bytes to the front of a whole file; it is complete when `size` bytes are there. Throws
  // `changed` if `offset` is not how many bytes are there.
  struct FilePart {
    std::string path;
    std::uint64_t offset = 0, size = 0;  // of the whole file
    std::int64_t mtime_ns = 0;
    bool executable = false;
  };
  UploadState::Part add_part(const std::string& datastore, const std::string& id,
                             const Uploader& uploader, const FilePart& part, BytesView bytes);

  // Makes the version of exactly the files that were listed; once made, it is the answer to every
  // later call. Throws MissingChunks, or what a create throws.
  CreatedVersion commit(dataset::OpenStore& store, const std::string& datastore,
                        const std::string& id, const Uploader& uploader,
                        const create::CreateNote& note);
  void remove(const std::string& datastore, const std::string& id, const Uploader& uploader);

 private:
  using Digests = std::unordered_set<Digest, DigestHash>;

  create::UploadFolder find(const std::string& datastore, const std::string& id,
                            const Uploader& uploader) const;
  // What a limited client may name.
  Digests allowed(dataset::OpenStore& store, const std::string& datastore,
                  const create::UploadFolder& folder);
  std::shared_ptr<const Digests> chunks_of(dataset::OpenStore& store, const Digest& root);
  void check_chunks(dataset::OpenStore& store, const std::string& datastore,
                    const create::UploadFolder& folder, const Uploader& uploader,
                    const store::Lease& lease);

  CreatedVersion create_of(dataset::OpenStore& store, const std::string& datastore,
                           const create::UploadFolder& folder, const Uploader& uploader,
                           const create::CreateNote& note, UploadLeases::Held& held);

  const Settings& settings_;
  UploadLeases leases_;
  std::mutex mutex_;
  Digest kept_root_;                     // of the version whose chunks are kept; guarded
  std::shared_ptr<const Digests> kept_;  // by mutex_, like this
};

void write_document(JsonWriter& json, const UploadState& state);
void write_document(JsonWriter& json, const StoredChunks& stored);

}  // namespace grid::service
