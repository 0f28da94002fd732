#include "service/logins.h"

#include <nlohmann/json.hpp>

#include "backend/grid_server.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/own_file.h"
#include "base/text.h"
#include "net/http.h"
#include "net/url.h"

namespace grid::service {

namespace fs = std::filesystem;

static constexpr std::size_t token_size_max = 4096;  // characters

static fs::path login_file(const fs::path& folder, std::string_view url) {
  return folder / (digest_of(as_bytes(url)).hex().substr(0, 32) + ".json");
}

static bool is_this_machine(std::string_view host) {
  return host.starts_with("localhost") || host.starts_with("127.") || host.starts_with("[::1]");
}

std::string server_url(std::string_view text) {
  if (text.find("://") != text.npos) {
    const std::string url = net::with_plain_scheme(text);
    if (!url.starts_with("http://") && !url.starts_with("https://"))
      fail(ErrorKind::invalid_argument, "{} is no grid server: its URL begins with https://",
           net::shown(text));
    return backend::checked_server_url(url);
  }
  return backend::checked_server_url((is_this_machine(text) ? "http://" : "https://") +
                                     std::string(text));
}

static Login ask_who(const Settings& settings, const std::string& url, std::string_view token) {
  net::HttpClient http(settings.servers.http);
  const std::string doing = fmt::format("log in at {}", url);
  const net::HttpResponse response =
      http.send({.url = url + "/api/v1/session",
                 .headers = {{"Authorization", "Bearer " + std::string(token)}}},
                settings.servers.retries);
  if (response.status() == 401)
    fail(ErrorKind::permission_denied,
         "cannot {}: the server does not know this token: it may have expired or been revoked; "
         "grid token create makes one where the server runs",
         doing);
  const auto refuse = [&] {
    fail(ErrorKind::unsupported, "cannot {}: it answers with status {}, and is no grid server",
         doing, response.status());
  };
  if (response.status() != 200) refuse();
  Login login{.url = url, .role = {}, .datastores = {}};
  try {
    const auto document = parse_json(as_text(response.body), doing);
    login.role = document.at("role").get<std::string>();
    login.datastores = document.at("datastores").get<std::vector<std::string>>();
  } catch (const std::exception&) {  // another document, or none
    refuse();
  }
  return login;
}

Login log_in(const Settings& settings, std::string_view server, std::string_view token) {
  const std::string url = server_url(server);
  if (token.empty() || token.size() > token_size_max || !net::HttpHeaders::can_hold(token))
    fail(ErrorKind::invalid_argument, "this is no token: grid token create prints one");
  Login login = ask_who(settings, url, token);
  make_private_folders(settings.login_folder);
  const nlohmann::ordered_json saved = {
      {"grid", "login"}, {"format", 1}, {"url", url}, {"token", token}};
  replace_file(login_file(settings.login_folder, url), as_bytes(saved.dump(2) + "\n"));
  return login;
}

Login log_out(const Settings& settings, std::string_view server) {
  const std::string url = server_url(server);
  const fs::path file = login_file(settings.login_folder, url);
  std::error_code error;
  if (!fs::remove(file, error)) {
    if (error) throw system_error(error.value(), fmt::format("cannot remove {}", file.string()));
    fail(ErrorKind::not_found, "no token is saved for {}", url);
  }
  return {.url = url, .role = {}, .datastores = {}};
}

std::optional<std::string> find_login(const fs::path& folder, std::string_view url) {
  const fs::path file = login_file(folder, url);
  const std::optional<Bytes> bytes = find_own_file_bytes(file);
  if (!bytes) return std::nullopt;
  const JsonObject object(as_text(*bytes), file.string());
  if (object.find_text("grid") != "login" || object.find_number("format") != 1 ||
      object.text("url") != url)
    fail(ErrorKind::corrupt, "{} is no saved token: remove it, and log in again", file.string());
  return object.text("token");
}

void write_document(JsonWriter& json, const Login& login) {
  json.begin_object().member("url", login.url);
  if (!login.role.empty()) {
    json.member("role", login.role).key("datastores").begin_array();
    for (const std::string& pattern : login.datastores) json.value(pattern);
    json.end_array();
  }
  json.end_object();
}

}  // namespace grid::service
