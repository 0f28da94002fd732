#include "net/aws_credentials.h"

#include <nlohmann/json.hpp>
#include <set>

#include "base/file.h"
#include "base/utc.h"
#include "net/aws_sts.h"
#include "net/url.h"

namespace grid::net {

using std::chrono::milliseconds;

namespace {

// Looks through the places for one set of settings.
class Search {
 public:
  Search(HttpClient& http, const AwsSettings& settings, const AwsProfiles& profiles,
         const AwsCredentialSource::Clock& clock)
      : http_(http), settings_(settings), profiles_(profiles), clock_(clock) {}

  std::optional<AwsCredentials> run() {
    std::optional<AwsCredentials> found = look();
    if (settings_.taken_role.empty()) return found;
    if (!found)
      fail(ErrorKind::permission_denied,
           "cannot take the role {}: no credentials were found to take it with",
           settings_.taken_role);
    RoleRequest request = role_request(settings_.taken_role, settings_.role_session_name);
    request.external_id = settings_.taken_role_external_id;
    return assume_role(http_, request, *found, clock_());
  }

 private:
  std::optional<AwsCredentials> look() {
    const std::string profile = settings_.profile.empty() ? "default" : settings_.profile;
    if (auto found = from_environment()) return found;
    if (auto found = from_role_of(profile)) return found;
    if (auto found = from_web_identity(settings_.role_arn, settings_.web_identity_token_file,
                                       settings_.role_session_name))
      return found;
    if (auto found = from_keys_of(profile)) return found;
    refuse_what_is_unknown(profile);
    if (auto found = from_container()) return found;
    return from_machine();
  }

  std::optional<AwsCredentials> from_environment() const {
    if (settings_.access_key_id.empty()) return std::nullopt;
    if (settings_.secret_access_key.empty())
      fail(ErrorKind::invalid_argument,
           "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not");
    return AwsCredentials{settings_.access_key_id, settings_.secret_access_key,
                          settings_.session_token};
  }

  std::optional<AwsCredentials> from_keys_of(const std::string& profile) const {
    const std::string key = profiles_.get(profile, "aws_access_key_id");
    const std::string secret = profiles_.get(profile, "aws_secret_access_key");
    if (key.empty()) return std::nullopt;
    if (secret.empty())
      fail(ErrorKind::invalid_argument,
           "the profile {} has an aws_access_key_id and no aws_secret_access_key", profile);
    return AwsCredentials{key, secret, profiles_.get(profile, "aws_session_token")};
  }

  RoleRequest role_request(const std::string& arn, const std::string& session_name) const {
    const std::string region = s3_endpoint(settings_, profiles_).region;
    return {.url = sts_url(settings_, profiles_, region),
            .region = region,
            .role_arn = arn,
            .session_name = session_name.empty() ? "grid" : session_name};
  }

  std::optional<AwsCredentials> from_web_identity(const std::string& role_arn,
                                                  const std::filesystem::path& token_file,
                                                  const std::string& session_name) const {
    if (role_arn.empty() || token_file.empty()) return std::nullopt;
    const std::optional<Bytes> token = find_file_bytes(token_file);
    if (!token)
      fail(ErrorKind::permission_denied, "cannot take the role {}: there is no token at {}",
           role_arn, token_file.string());
    std::string_view text = as_text(*token);
    text = text.substr(0, text.find_last_not_of(" \r\n") + 1);
    return assume_role_with_token(http_, role_request(role_arn, session_name), std::string(text));
  }

  std::optional<AwsCredentials> from_role_of(const std::string& profile) {
    const std::string arn = profiles_.get(profile, "role_arn");
    if (arn.empty()) return std::nullopt;
    if (!seen_.insert(profile).second)
      fail(ErrorKind::invalid_argument,
           "the profile {} is its own source_profile, directly or through others", profile);
    if (!profiles_.get(profile, "mfa_serial").empty())
      fail(ErrorKind::unsupported,
           "the profile {} takes the role {} with mfa_serial, and grid does not ask for codes: {}",
           profile, arn, export_advice(profile));
    const std::string session_name = profiles_.get(profile, "role_session_name");
    if (auto found =
            from_web_identity(arn, profiles_.get(profile, "web_identity_token_file"), session_name))
      return found;
    RoleRequest request = role_request(arn, session_name);
    request.external_id = profiles_.get(profile, "external_id");
    if (const std::string seconds = profiles_.get(profile, "duration_seconds"); !seconds.empty())
      request.duration = std::chrono::seconds(std::strtol(seconds.c_str(), nullptr, 10));
    return assume_role(http_, request, caller_for(profile), clock_());
  }

  // The credentials with which this profile's role is taken.
  AwsCredentials caller_for(const std::string& profile) {
    const std::string source = profiles_.get(profile, "source_profile");
    if (!source.empty()) {
      // A profile may name itself as its source, to use its own keys.
      if (source != profile)
        if (auto found = from_role_of(source)) return *found;
      if (auto found = from_keys_of(source)) return *found;
      refuse_what_is_unknown(source);
      if (!profiles_.contains(source))
        fail(ErrorKind::invalid_argument,
             "the profile {} names {} as its source_profile, and there is no such profile", profile,
             source);
      fail(ErrorKind::permission_denied,
           "the profile {} names {} as its source_profile, which has no credentials", profile,
           source);
    }
    const std::string place = profiles_.get(profile, "credential_source");
    std::optional<AwsCredentials> found;
    if (place == "Environment") found = from_environment();
    if (place == "EcsContainer") found = from_container();
    if (place == "Ec2InstanceMetadata") found = from_machine();
    if (!found)
      fail(ErrorKind::permission_denied,
           "the profile {} has a role_arn but no credentials to take it with: source_profile is "
           "missing and credential_source is {}",
           profile, place.empty() ? "missing" : "\"" + place + "\", which has none");
    return *found;
  }

  void refuse_what_is_unknown(const std::string& profile) const {
    for (const char* name : {"credential_process", "sso_session", "sso_start_url", "login_session"})
      if (!profiles_.get(profile, name).empty())
        fail(ErrorKind::unsupported,
             "the profile {} gets its credentials through {}, which grid does not support: {}",
             profile, name, export_advice(profile));
  }

  static std::string export_advice(const std::string& profile) {
    return fmt::format(
        "run `eval \"$(aws configure export-credentials --profile {} --format env)\"` first",
        profile);
  }

  static AwsCredentials from_json(BytesView body, std::string_view place) {
    const auto json = nlohmann::json::parse(as_text(body), nullptr, /*allow_exceptions=*/false);
    auto text = [&](const char* name) -> std::string {
      if (!json.is_object()) return {};
      const auto member = json.find(name);
      return member != json.end() && member->is_string() ? member->get<std::string>() : "";
    };
    AwsCredentials credentials{.access_key_id = text("AccessKeyId"),
                               .secret_access_key = text("SecretAccessKey"),
                               .session_token = text("Token"),
                               .expires = parse_rfc3339(text("Expiration"))};
    if (credentials.access_key_id.empty() || credentials.secret_access_key.empty())
      fail(ErrorKind::permission_denied, "{} returned no credentials", place);
    return credentials;
  }

  std::optional<AwsCredentials> from_container() const {
    if (settings_.container_url.empty()) return std::nullopt;
    HttpRequest request{.url = settings_.container_url};
    std::string token = settings_.container_token;
    if (!settings_.container_token_file.empty())
      if (const auto bytes = find_file_bytes(settings_.container_token_file))
        token = std::string(as_text(*bytes));
    while (token.ends_with('\n') || token.ends_with('\r')) token.pop_back();
    if (!token.empty()) request.headers.set("Authorization", token);
    const HttpResponse response = http_.send(request, {.tries_max = 4});
    if (response.status() != 200)
      throw status_error("cannot get credentials from " + shown(request.url), response.status());
    return from_json(response.body, shown(request.url));
  }

  // Most machines are not EC2 instances: no answer at that address means no credentials, after one
  // second at most.
  std::optional<AwsCredentials> from_machine() const {
    if (settings_.metadata_disabled || settings_.metadata_url.empty()) return std::nullopt;
    HttpRequest request{.method = "PUT",
                        .url = settings_.metadata_url + "/latest/api/token",
                        .headers = {{"x-aws-ec2-metadata-token-ttl-seconds", "21600"}}};
    request.timeout = milliseconds(1'000);
    const HttpResult token = http_.attempt(request);
    if (token.failure != HttpFailure::none || token.response.status() != 200) return std::nullopt;
    request = {
        .url = settings_.metadata_url + "/latest/meta-data/iam/security-credentials/",
        .headers = {{"x-aws-ec2-metadata-token", std::string(as_text(token.response.body))}}};
    request.timeout = milliseconds(5'000);
    HttpResponse response = http_.send(request, {.tries_max = 4});
    if (response.status() == 404) return std::nullopt;  // an instance without a role
    std::string role(as_text(response.body));
    role = role.substr(0, role.find_first_of("\r\n"));
    if (response.status() == 200) {
      request.url += role;
      response = http_.send(request, {.tries_max = 4});
    }
    if (response.status() != 200)
      throw status_error("cannot get credentials from this machine's metadata service",
                         response.status());
    return from_json(response.body, "this machine's metadata service");
  }

  HttpClient& http_;
  const AwsSettings& settings_;
  const AwsProfiles& profiles_;
  const AwsCredentialSource::Clock& clock_;
  std::set<std::string> seen_;
};

// New credentials are looked for this long before the current ones expire, and the current ones are
// used until this long before.
constexpr std::chrono::minutes refresh_ahead{5};
constexpr std::chrono::seconds last_moment{30};
// A server that refuses what is found again and again causes no more looks than this.
constexpr std::chrono::seconds between_drops{5};

}  // namespace

std::optional<AwsCredentials> find_aws_credentials(HttpClient& http, const AwsSettings& settings,
                                                   const AwsProfiles& profiles,
                                                   const AwsCredentialSource::Clock& clock) {
  if (settings.anonymous) return std::nullopt;
  return Search(http, settings, profiles, clock).run();
}

AwsCredentialSource::AwsCredentialSource(std::shared_ptr<HttpClient> http, AwsSettings settings,
                                         Clock clock)
    : http_(std::move(http)), settings_(std::move(settings)), clock_(std::move(clock)) {}

std::optional<AwsCredentials> AwsCredentialSource::look() const {
  // Read again each time: another program may have written newer ones.
  const AwsProfiles profiles(settings_.config_file, settings_.credentials_file);
  return find_aws_credentials(*http_, settings_, profiles, clock_);
}

std::optional<AwsCredentials> AwsCredentialSource::get() {
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto now = clock_();
    auto expires = std::chrono::system_clock::time_point::max();  // never
    if (current_ && current_->expires) expires = *current_->expires;
    const bool fresh = known_ && now + refresh_ahead < expires;
    const bool usable = known_ && now + last_moment < expires;
    // Credentials that were expired when they were found may be good by the server's clock; in any
    // case another look at once would find the same.
    if (fresh || (usable && looking_) || (known_ && now < look_again_)) return current_;
    if (looking_) {
      changed_.wait(lock);
      continue;
    }
    looking_ = true;
    const std::optional<AwsCredentials> before = current_;
    lock.unlock();
    std::optional<AwsCredentials> found = before;
    std::exception_ptr failure;
    try {
      found = look();
    } catch (const Error&) {
      // While the current credentials are valid, a later call can try again.
      if (!usable) failure = std::current_exception();
    }
    lock.lock();
    looking_ = false;
    changed_.notify_all();
    if (failure) std::rethrow_exception(failure);
    current_ = found;
    known_ = true;
    look_again_ = now + last_moment;
    return current_;
  }
}

void AwsCredentialSource::drop(const AwsCredentials& refused) {
  std::lock_guard lock(mutex_);
  if (current_ != refused || clock_() < drop_again_) return;
  known_ = false;
  look_again_ = {};
  drop_again_ = clock_() + between_drops;
}

}  // namespace grid::net
