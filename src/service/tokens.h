// Tokens: what programs and people show a server to be let in. A file each, with a digest of the
// token only, so that who reads the folder cannot use them.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
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
  Digest digest;                       // of the token's text

  bool may_see(std::string_view datastore) const;
  bool is_expired(std::chrono::system_clock::time_point now) const;
};

struct TokenRequest {
  std::string label{};
  Role role = Role::reader;
  std::vector<std::string> datastores{};
  std::optional<std::chrono::seconds> lasts{};  // empty: for ever
};

struct CreatedToken {
  Token token;
  std::string text;  // "grid_ID_SECRET": known to nobody but the caller from now on
};

// Throws `invalid_argument` for a pattern that no name of a datastore matches.
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

void write_document(JsonWriter& json, const CreatedToken& created);
void write_document(JsonWriter& json, const TokenList& list);
void write_document(JsonWriter& json, const RevokedToken& revoked);

}  // namespace grid::service
