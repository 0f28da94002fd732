#include "service/tokens.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/own_file.h"
#include "base/random.h"
#include "base/timestamp.h"
#include "base/utc.h"
#include "dataset/note_text.h"
#include "dataset/reference.h"
#include "net/aws_signature.h"

namespace grid::service {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace {

constexpr std::string_view token_prefix = "grid_", token_suffix = ".json";
constexpr std::string_view s3_prefix = "GRID", server_key_name = "server-key";
constexpr std::size_t id_size = 12, secret_size = 48;  // hexadecimal digits
constexpr std::size_t server_key_size = 32;            // bytes
constexpr std::array<std::string_view, 3> role_names = {"reader", "writer", "admin"};

bool is_token_id(std::string_view text) { return is_hex(text, id_size); }

fs::path token_file(const Settings& settings, std::string_view id) {
  return settings.token_folder / (std::string(id) + std::string(token_suffix));
}

std::string encode_token(const Token& token) {
  ordered_json json = {{"grid", "token"},
                       {"format", 1},
                       {"label", token.label},
                       {"role", name_of(token.role)},
                       {"datastores", token.datastores},
                       {"created", token.created}};
  if (token.expires) json["expires"] = *token.expires;
  if (token.for_s3)
    json["for"] = "s3";
  else
    json["digest"] = token.digest.hex();
  return json.dump(2) + "\n";
}

Token decode_token(BytesView bytes, const fs::path& file) {
  const std::string noun = file.string();
  const JsonObject object(as_text(bytes), noun);
  if (object.find_text("grid") != "token" || object.find_number("format") != 1)
    fail(ErrorKind::corrupt, "{} is no token: remove it", noun);
  Token token{.id = file.stem().string(),
              .label = object.text("label"),
              .role = parse_role(object.text("role")),
              .datastores = parse_json(as_text(bytes), noun)["datastores"],
              .created = object.text("created"),
              .expires = object.find_text("expires")};
  token.for_s3 = object.find_text("for") == "s3";
  const std::optional<Digest> digest =
      token.for_s3 ? Digest{} : parse_digest(object.text("digest"));
  if (!digest || (token.expires && !parse_rfc3339(*token.expires)))
    fail(ErrorKind::corrupt, "{} is damaged: remove it", noun);
  token.digest = *digest;
  return token;
}

Token read_token(BytesView bytes, const fs::path& file) {
  try {
    return decode_token(bytes, file);
  } catch (const nlohmann::json::exception&) {  // a member of another kind
    fail(ErrorKind::corrupt, "{} is damaged: remove it", file.string());
  }
}

std::optional<Token> find_token_file(const Settings& settings, std::string_view id) {
  if (!is_token_id(id)) return std::nullopt;
  const fs::path file = token_file(settings, id);
  const std::optional<Bytes> bytes = find_regular_file_bytes(file);
  if (!bytes) return std::nullopt;
  Token token = read_token(*bytes, file);
  if (token.is_expired(std::chrono::system_clock::now())) return std::nullopt;
  return token;
}

// The key of which all secrets for S3 are derived; empty if there is none yet.
std::optional<Bytes> find_server_key(const Settings& settings) {
  const fs::path file = settings.token_folder / server_key_name;
  std::optional<Bytes> key = find_file_bytes(file);
  if (key && key->size() != server_key_size)
    fail(ErrorKind::corrupt, "{} is damaged: remove it, and create the tokens for S3 again",
         file.string());
  return key;
}

Bytes make_server_key(const Settings& settings) {
  if (std::optional<Bytes> key = find_server_key(settings)) return *key;
  const fs::path file = settings.token_folder / server_key_name;
  const fs::path temporary = file.string() + "." + random_hex(id_size);
  Bytes key(server_key_size);
  fill_random(key);
  replace_file(temporary, key);
  // Of two processes that make one, both use that of the first: a key is never replaced.
  const int linked = ::link(temporary.c_str(), file.c_str());
  const int error = errno;
  ::unlink(temporary.c_str());
  if (linked != 0 && error != EEXIST)
    throw system_error(error, fmt::format("cannot write {}", file.string()));
  return find_server_key(settings).value();
}

std::string s3_secret(BytesView server_key, std::string_view id) {
  return to_hex(net::hmac_sha256(server_key, fmt::format("grid s3 {}", id))).substr(0, secret_size);
}

void check_pattern(const std::string& pattern) {
  std::string name = pattern;
  std::replace(name.begin(), name.end(), '*', 'x');
  if (!dataset::is_datastore_name(name))
    fail(ErrorKind::invalid_argument,
         "\"{}\" is no pattern for names of datastores: use a name, with * for any characters",
         pattern);
}

}  // namespace

std::string_view name_of(Role role) { return role_names[static_cast<std::size_t>(role)]; }

Role parse_role(std::string_view text) {
  for (std::size_t i = 0; i < role_names.size(); ++i)
    if (role_names[i] == text) return static_cast<Role>(i);
  fail(ErrorKind::invalid_argument, "\"{}\" is no role: choose reader, writer or admin", text);
}

bool Token::may_see(std::string_view datastore) const {
  const std::string name(datastore);
  return datastores.empty() ||
         std::any_of(datastores.begin(), datastores.end(), [&](const std::string& pattern) {
           return ::fnmatch(pattern.c_str(), name.c_str(), FNM_NOESCAPE) == 0;
         });
}

bool Token::is_expired(std::chrono::system_clock::time_point now) const {
  return expires && parse_rfc3339(*expires).value_or(now) <= now;
}

CreatedToken create_token(const Settings& settings, const TokenRequest& request) {
  for (const std::string& pattern : request.datastores) check_pattern(pattern);
  const auto now = std::chrono::system_clock::now();
  CreatedToken created{.token = {.id = random_hex(id_size),
                                 .label = dataset::checked_note_text(request.label, "the label"),
                                 .role = request.role,
                                 .datastores = request.datastores,
                                 .created = format_rfc3339(now)}};
  if (request.lasts) created.token.expires = format_rfc3339(now + *request.lasts);
  make_private_folders(settings.token_folder);
  if (request.for_s3) {
    created.token.for_s3 = true;
    created.text = s3_secret(make_server_key(settings), created.token.id);
  } else {
    created.text = fmt::format("{}{}_{}", token_prefix, created.token.id, random_hex(secret_size));
    created.token.digest = digest_of(as_bytes(created.text));
  }
  replace_file(token_file(settings, created.token.id), as_bytes(encode_token(created.token)));
  return created;
}

TokenList list_tokens(const Settings& settings) {
  TokenList list;
  std::error_code error;
  for (fs::directory_iterator at(settings.token_folder, error), end; !error && at != end;
       at.increment(error)) {
    const fs::path& file = at->path();
    if (file.extension() != token_suffix || !is_token_id(file.stem().string())) continue;
    if (const std::optional<Bytes> bytes = find_regular_file_bytes(file))
      list.tokens.push_back(read_token(*bytes, file));
  }
  if (error && error != std::errc::no_such_file_or_directory)
    throw system_error(error.value(),
                       fmt::format("cannot list {}", settings.token_folder.string()));
  std::sort(list.tokens.begin(), list.tokens.end(), [](const Token& a, const Token& b) {
    return std::tie(a.created, a.id) < std::tie(b.created, b.id);
  });
  return list;
}

RevokedToken revoke_token(const Settings& settings, const std::string& id) {
  if (!is_token_id(id))
    fail(ErrorKind::invalid_argument, "\"{}\" is no id of a token: see grid token list", id);
  if (::unlink(token_file(settings, id).c_str()) != 0) {
    if (errno == ENOENT)
      fail(ErrorKind::not_found, "there is no token {}: see grid token list", id);
    throw system_error(errno, fmt::format("cannot remove {}", token_file(settings, id).string()));
  }
  return {id};
}

// Of what could be the text of a token; else empty.
static std::string_view id_in(std::string_view text) {
  if (text.size() != token_prefix.size() + id_size + 1 + secret_size ||
      !text.starts_with(token_prefix))
    return {};
  return text.substr(token_prefix.size(), id_size);
}

// What is compared are digests, so the time that it takes tells nothing of the token.
static bool is_text_of(const Token& token, std::string_view text) {
  return !token.for_s3 && token.digest == digest_of(as_bytes(text));
}

std::optional<Token> find_token(const Settings& settings, std::string_view text) {
  std::optional<Token> token = find_token_file(settings, id_in(text));
  if (!token || !is_text_of(*token, text)) return std::nullopt;
  return token;
}

std::shared_ptr<const Token> KnownTokens::find(std::string_view text) {
  const std::string_view id = id_in(text);
  if (!is_token_id(id)) return nullptr;
  struct stat st {};
  const std::string file =
      fmt::format("{}/{}{}", settings_.token_folder.native(), id, token_suffix);
  const bool is_there = ::stat(file.c_str(), &st) == 0;
  const FileState state{st.st_dev, st.st_ino, st.st_size, timestamp_of(st.st_mtim),
                        timestamp_of(st.st_ctim)};
  std::shared_ptr<const Token> token;
  if (is_there) {
    std::lock_guard lock(mutex_);
    if (const Known* known = known_.find(id); known != nullptr && known->state == state)
      token = known->token;
  }
  const auto now = std::chrono::system_clock::now();
  if (token == nullptr) {
    std::optional<Token> read = find_token_file(settings_, id);
    if (!read) return nullptr;
    token = std::make_shared<const Token>(*std::move(read));
    std::lock_guard lock(mutex_);
    known_.remove(id);
    if (is_there && time_point_of(state.ctime_ns) < now - settling_time_)
      known_.add(std::string(id), {state, token});
  }
  if (token->is_expired(now) || !is_text_of(*token, text)) return nullptr;
  return token;
}

std::string s3_access_key_id(const Token& token) { return std::string(s3_prefix) + token.id; }

std::optional<S3Key> find_s3_key(const Settings& settings, std::string_view access_key_id) {
  if (!access_key_id.starts_with(s3_prefix)) return std::nullopt;
  std::optional<Token> token = find_token_file(settings, access_key_id.substr(s3_prefix.size()));
  if (!token || !token->for_s3) return std::nullopt;
  const std::optional<Bytes> key = find_server_key(settings);
  if (!key) return std::nullopt;
  std::string secret = s3_secret(*key, token->id);
  return S3Key{std::move(*token), std::move(secret)};
}

static void write_token(JsonWriter& json, const Token& token, std::string_view text = {}) {
  json.begin_object().member("id", token.id);
  if (token.for_s3) json.member("access_key_id", s3_access_key_id(token));
  if (!text.empty()) json.member(token.for_s3 ? "secret_access_key" : "token", text);
  json.member("label", token.label).member("role", name_of(token.role));
  json.key("datastores").begin_array();
  for (const std::string& pattern : token.datastores) json.value(pattern);
  json.end_array().member("created", token.created).key("expires");
  if (token.expires)
    json.value(*token.expires);
  else
    json.null();
  json.end_object();
}

void write_document(JsonWriter& json, const CreatedToken& created) {
  write_token(json, created.token, created.text);
}

void write_document(JsonWriter& json, const TokenList& list) {
  json.begin_object().key("tokens").begin_array();
  for (const Token& token : list.tokens) write_token(json, token);
  json.end_array().end_object();
}

void write_document(JsonWriter& json, const RevokedToken& revoked) {
  json.begin_object().member("id", revoked.id).end_object();
}

}  // namespace grid::service
