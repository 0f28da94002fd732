// Tokens of grid servers that this user's commands show: one small file for each server, readable
// only by its owner.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "service/json.h"
#include "service/settings.h"

namespace grid::service {

// What is known of a server that was asked who the caller is.
struct Login {
  std::string url;                      // of the server, as --store takes it
  std::string role;                     // of the token there
  std::vector<std::string> datastores;  // patterns; empty: all
};

// The URL of the server that a person means: "host:8080" gets https://, or http:// if it is this
// machine. Throws `invalid_argument` for what names no server.
std::string server_url(std::string_view text);

// Asks the server whether it knows the token, and saves it; one that was saved before is replaced.
// Throws `permission_denied` if it does not know it, `unsupported` if it is no grid server.
Login log_in(const Settings& settings, std::string_view server, std::string_view token);

// Forgets the token. Throws `not_found` if none is saved.
Login log_out(const Settings& settings, std::string_view server);

// The token that was saved for the server with this URL; empty if there is none. Throws `corrupt`,
// naming the file, for one that is damaged.
std::optional<std::string> find_login(const std::filesystem::path& folder, std::string_view url);

void write_document(JsonWriter& json, const Login& login);

}  // namespace grid::service
