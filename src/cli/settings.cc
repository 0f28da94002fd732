#include "cli/settings.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "base/error.h"
#include "base/text.h"
#include "cli/version.h"
#include "net/url.h"
#include "service/logins.h"

namespace grid::cli {

namespace {

std::filesystem::path home_folder() {
  if (std::string home = environment("HOME"); !home.empty()) return home;
  if (const passwd* user = ::getpwuid(::getuid()); user != nullptr && user->pw_dir != nullptr)
    return user->pw_dir;
  fail(ErrorKind::not_found,
       "cannot find your home folder: set HOME, or each of GRID_STORE, XDG_CACHE_HOME, "
       "XDG_STATE_HOME and XDG_CONFIG_HOME");
}

std::filesystem::path xdg_folder(const char* variable, std::string_view below_home) {
  std::filesystem::path base = environment(variable);
  if (!base.is_absolute()) base = home_folder() / below_home;
  return base / "grid";
}

// The value of the first of these variables that is set.
std::string first_of(std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (std::string value = environment(name); !value.empty()) return value;
  return {};
}

// A number of seconds; empty if the variable is unset.
std::optional<std::chrono::seconds> seconds_of(const char* variable, long min = 1) {
  const std::string text = environment(variable);
  if (text.empty()) return std::nullopt;
  const long seconds = parse_number<long>(text).value_or(-1);
  if (seconds < min)
    fail(ErrorKind::invalid_argument, "{} is \"{}\"; it must be a number of seconds", variable,
         text);
  return std::chrono::seconds(seconds);
}

// Proxies as in curl: lower case takes precedence, and HTTP_PROXY is ignored, because a web server
// sets it from a request's header.
net::HttpOptions http_options() {
  net::HttpOptions options;
  // AWS_CA_BUNDLE is about S3 servers, the others are about all; each is trusted for all.
  for (std::string file :
       {environment("AWS_CA_BUNDLE"), first_of({"SSL_CERT_FILE", "CURL_CA_BUNDLE"})})
    if (!file.empty() &&
        std::find(options.ca_files.begin(), options.ca_files.end(), file) == options.ca_files.end())
      options.ca_files.push_back(std::move(file));
  options.http_proxy = first_of({"http_proxy", "all_proxy", "ALL_PROXY"});
  options.https_proxy = first_of({"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"});
  options.no_proxy = first_of({"no_proxy", "NO_PROXY"});
  if (auto seconds = seconds_of("GRID_STALL_TIMEOUT")) {
    options.stall_timeout = *seconds;
    options.connect_timeout =
        std::min<std::chrono::milliseconds>(options.connect_timeout, *seconds);
  }
  options.user_agent = fmt::format("grid/{}", program_version());
  return options;
}

// The policies that a comma-separated list names; all of them if the variable is unset.
ReadAhead read_ahead_policies() {
  const std::string text = environment("GRID_READ_AHEAD");
  if (text.empty()) return {};
  ReadAhead policies{.packs = false, .files = false, .blocks = false};
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view name = trimmed(take_until(rest, ','));
    if (name == "packs")
      policies.packs = true;
    else if (name == "files")
      policies.files = true;
    else if (name == "blocks")
      policies.blocks = true;
    else if (name != "none")
      fail(ErrorKind::invalid_argument,
           "GRID_READ_AHEAD is \"{}\"; it takes packs, files and blocks, separated by commas, or "
           "none",
           text);
  }
  return policies;
}

bool is_true(const char* name) { return environment(name) == "true"; }

net::AwsSettings aws_settings() {
  net::AwsSettings aws;
  aws.access_key_id = environment("AWS_ACCESS_KEY_ID");
  aws.secret_access_key = environment("AWS_SECRET_ACCESS_KEY");
  aws.session_token = first_of({"AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"});
  aws.profile = first_of({"AWS_PROFILE", "AWS_DEFAULT_PROFILE"});
  aws.region = first_of({"AWS_REGION", "AWS_DEFAULT_REGION"});
  aws.endpoint_url = first_of({"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"});
  aws.sts_endpoint_url = first_of({"AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"});
  aws.ignore_configured_endpoints = is_true("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
  if (aws.ignore_configured_endpoints) aws.endpoint_url = aws.sts_endpoint_url = "";
  const std::filesystem::path home = environment("HOME");
  auto file_of = [&](const char* variable, const char* below_home) -> std::filesystem::path {
    if (std::string named = environment(variable); !named.empty()) return named;
    return home.empty() ? home : home / below_home;
  };
  aws.config_file = file_of("AWS_CONFIG_FILE", ".aws/config");
  aws.credentials_file = file_of("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials");
  aws.role_arn = environment("AWS_ROLE_ARN");
  aws.role_session_name = environment("AWS_ROLE_SESSION_NAME");
  aws.web_identity_token_file = environment("AWS_WEB_IDENTITY_TOKEN_FILE");
  aws.container_url = environment("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (std::string path = environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"); !path.empty())
    aws.container_url = "http://169.254.170.2" + path;  // the address that ECS gives it
  aws.container_token = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  aws.container_token_file = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  if (std::string url = environment("AWS_EC2_METADATA_SERVICE_ENDPOINT"); !url.empty())
    aws.metadata_url = url.substr(0, url.find_last_not_of('/') + 1);
  aws.metadata_disabled = is_true("AWS_EC2_METADATA_DISABLED");
  aws.anonymous = is_true("GRID_S3_ANONYMOUS");
  return aws;
}

}  // namespace

std::string from_root(const std::string& location) {
  if (location == "-" || location.find("://") != location.npos) return location;
  std::error_code error;
  std::filesystem::path path = std::filesystem::weakly_canonical(location, error);
  return error ? location : path.string();
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string folder_hint(const Settings& settings, std::string_view sentence) {
  auto is_about = [&](const std::filesystem::path& folder) {
    return sentence.find("cannot ") != sentence.npos &&
           sentence.find(folder.native()) != sentence.npos;
  };
  std::string_view variable;
  if (is_about(settings.state_folder)) variable = "XDG_STATE_HOME";
  if (is_about(settings.cache_folder)) variable = "XDG_CACHE_HOME";
  if (!settings.store_was_named && is_about(settings.store)) variable = "GRID_STORE";
  return variable.empty()
             ? ""
             : fmt::format("; {} names another folder if this one cannot be used", variable);
}

std::string home_hint(const Settings& settings) {
  const std::string home = environment("HOME");
  struct stat st {};
  if (::geteuid() != 0 || home.empty() || ::stat(home.c_str(), &st) != 0 || st.st_uid == 0)
    return "";
  if (!settings.state_folder.native().starts_with(home)) return "";
  return fmt::format(
      "you are root, but HOME is {}, which is another user's: that user cannot use what is made "
      "there now; sudo -H takes root's own",
      home);
}

Settings read_settings(const std::optional<std::string>& store_option) {
  Settings settings;
  settings.store = net::with_plain_scheme(store_option ? *store_option : environment("GRID_STORE"));
  settings.store_was_named = store_option || !settings.store.empty();
  if (!settings.store_was_named) settings.store = xdg_folder("XDG_DATA_HOME", ".local/share");
  settings.cache_folder = xdg_folder("XDG_CACHE_HOME", ".cache");
  settings.state_folder = xdg_folder("XDG_STATE_HOME", ".local/state");
  settings.servers = {.http = http_options(), .aws = aws_settings()};
  settings.patience = seconds_of("GRID_PATIENCE");
  if (settings.patience) settings.servers.retries.deadline = *settings.patience;
  settings.servers.http.retries = settings.servers.retries;
  settings.recheck = seconds_of("GRID_RECHECK", 0).value_or(settings.recheck);
  settings.read_ahead = read_ahead_policies();
  settings.attachment_folder = settings.state_folder / "attachments";
  settings.create_folder = settings.state_folder / "creates";
  settings.run_folder = settings.state_folder / "runs";
  settings.credential_folder = xdg_folder("XDG_CONFIG_HOME", ".config") / "credentials";
  settings.token_folder = settings.credential_folder.parent_path() / "tokens";
  settings.login_folder = settings.credential_folder.parent_path() / "logins";
  settings.servers.token_for = [folder = settings.login_folder](const std::string& url) {
    const std::string token = environment("GRID_TOKEN");
    return token.empty() ? service::find_login(folder, url).value_or("") : token;
  };
  settings.servers.aws.saved_credentials = settings.credential_folder;
  return settings;
}

}  // namespace grid::cli
