// Tokens: what programs and people show a server to be let in. A file each, with a digest of the
// token only, so that who reads the folder cannot use them.
//
// A token for S3 is not shown but signed with, so that the server must know its secret. That is
// derived from the token's id and a key of the server, which lies in the same folder, and is kept
// nowhere: who reads that key can use all tokens for S3.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/lru.h"
#include "service/json.h"
#include "service/settings.h"

namespace grid::service {

enum class Role { reader, writer, admin };  // each may do what those before it may
std::string_view name_of(Role role);
Role parse_role(std::string_view text);  // throws `invalid_argument`

struct Token {
  std::string id;  // 12 lower-case hexadecimal digits
  std::string label;
  Role role = Role::reader;
  // Patterns of names, in which '*' stands for any characters; empty: all datastores.
  std::vector<std::string> datastores;
  std::string created;                 // RFC 3339, UTC
  std::optional<std::string> expires;  // the same; empty: never
  bool for_s3 = false;                 // it signs requests of S3, and is good for nothing else
  Digest digest;                       // of the token's text; for_s3: none

  bool may_see(std::string_view datastore) const;
  bool is_expired(std::chrono::system_clock::time_point now) const;
};

struct TokenRequest {
  std::string label{};
  Role role = Role::reader;
  std::vector<std::string> datastores{};
  std::optional<std::chrono::seconds> lasts{};  // empty: for ever
  bool for_s3 = false;
};

struct CreatedToken {
  Token token;
  // "grid_ID_SECRET", or the secret access key: known to nobody but the caller from now on.
  std::string text;
};

// Throws `invalid_argument` for a pattern that no name of a datastore matches; for S3 `unsupported`
// if libcrypto is not installed.
CreatedToken create_token(const Settings& settings, const TokenRequest& request);

struct TokenList {
  std::vector<Token> tokens;  // oldest first
};
TokenList list_tokens(const Settings& settings);

struct RevokedToken {
  std::string id;
};
// Works at once, in servers too that run. Throws `not_found`.
RevokedToken revoke_token(const Settings& settings, const std::string& id);

// The token that this text is, unless it has expired; empty if there is none. Reads one file.
std::optional<Token> find_token(const Settings& settings, std::string_view text);

// The tokens that were shown lately. Each time, the token's file is looked at and read only if it
// is another one than before, so that revoking works at once. Thread-safe.
class KnownTokens {
 public:
  // `settings` outlives it. A file is read each time until it has not changed for this long:
  // sooner, it could change again without another time.
  explicit KnownTokens(const Settings& settings,
                       std::chrono::milliseconds settling_time = std::chrono::seconds(2))
      : settings_(settings), settling_time_(settling_time) {}

  // As find_token(); null if there is none.
  std::shared_ptr<const Token> find(std::string_view text);

 private:
  // What is another after a file was changed or replaced.
  struct FileState {
    std::uint64_t device = 0, inode = 0;
    std::int64_t size = 0, mtime_ns = 0, ctime_ns = 0;
    bool operator==(const FileState&) const = default;
  };
  struct Known {
    FileState state;
    std::shared_ptr<const Token> token;
  };
  static constexpr std::size_t known_max = 256;

  const Settings& settings_;
  const std::chrono::milliseconds settling_time_;
  std::mutex mutex_;
  Lru<std::string, Known, StringHash> known_{known_max};  // by id; guarded by mutex_
};

struct S3Key {
  Token token;
  std::string secret_access_key;
};
std::string s3_access_key_id(const Token& token);  // "GRID" and its id
// The token for S3 of this access key id, unless it has expired; empty if there is none. Reads two
// files.
std::optional<S3Key> find_s3_key(const Settings& settings, std::string_view access_key_id);

void write_document(JsonWriter& json, const CreatedToken& created);
void write_document(JsonWriter& json, const TokenList& list);
void write_document(JsonWriter& json, const RevokedToken& revoked);

}  // namespace grid::service
