#include "net/aws_sts.h"

#include <pugixml.hpp>

#include "base/utc.h"
#include "net/url.h"

namespace grid::net {

static AwsCredentials parse_credentials(BytesView body, std::string_view doing) {
  pugi::xml_document document;
  document.load_buffer(body.data(), body.size());
  const pugi::xml_node node = document.select_node("//*[local-name()='Credentials']").node();
  AwsCredentials credentials{.access_key_id = node.child_value("AccessKeyId"),
                             .secret_access_key = node.child_value("SecretAccessKey"),
                             .session_token = node.child_value("SessionToken"),
                             .expires = parse_rfc3339(node.child_value("Expiration"))};
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty())
    fail(ErrorKind::unavailable, "{}: the answer contains no credentials", doing);
  return credentials;
}

static AwsCredentials ask(HttpClient& http, const HttpRequest& request, const RoleRequest& role) {
  const std::string doing = fmt::format("cannot take the role {} at {}", role.role_arn, role.url);
  const HttpResponse response = http.send(request);
  if (response.status() == 200) return parse_credentials(response.body, doing);
  pugi::xml_document document;
  document.load_buffer(response.body.data(), response.body.size());
  const pugi::xml_node error = document.select_node("//*[local-name()='Error']").node();
  std::string said = error.child_value("Code");
  if (*error.child_value("Message") != '\0')
    said += std::string(": ") + error.child_value("Message");
  const Error failure = status_error(doing, response.status(), said);
  // STS answers 400 for some refusals.
  if (failure.kind() == ErrorKind::unsupported)
    throw Error(ErrorKind::permission_denied, failure.what());
  throw failure;
}

static std::string form_of(std::string_view action, const RoleRequest& role) {
  std::string form =
      fmt::format("Action={}&Version=2011-06-15&RoleArn={}&RoleSessionName={}&DurationSeconds={}",
                  action, percent_encode(role.role_arn, Slash::encode),
                  percent_encode(role.session_name, Slash::encode), role.duration.count());
  if (!role.external_id.empty())
    form += "&ExternalId=" + percent_encode(role.external_id, Slash::encode);
  return form;
}

static HttpRequest request_of(const std::string& url, const std::string& form) {
  return {.method = "POST",
          .url = url + (parse_url(url).path.empty() ? "/" : ""),
          .headers = {{"Content-Type", "application/x-www-form-urlencoded"}},
          .body = as_bytes(form)};
}

AwsCredentials assume_role(HttpClient& http, const RoleRequest& role, const AwsCredentials& caller,
                           std::chrono::system_clock::time_point now) {
  const std::string form = form_of("AssumeRole", role);
  HttpRequest request = request_of(role.url, form);
  sign(request, caller, {role.region, "sts", now});
  return ask(http, request, role);
}

std::optional<std::string> find_caller(HttpClient& http, const std::string& url,
                                       const std::string& region, const AwsCredentials& caller,
                                       std::chrono::system_clock::time_point now) {
  const std::string form = "Action=GetCallerIdentity&Version=2011-06-15";
  HttpRequest request = request_of(url, form);
  sign(request, caller, {region, "sts", now});
  const HttpResponse response = http.send(request);
  if (response.status() != 200) return std::nullopt;
  pugi::xml_document document;
  document.load_buffer(response.body.data(), response.body.size());
  std::string arn = document.select_node("//*[local-name()='Arn']").node().child_value();
  if (arn.empty()) return std::nullopt;
  return arn;
}

AwsCredentials assume_role_with_token(HttpClient& http, const RoleRequest& role,
                                      const std::string& token) {
  const std::string form = form_of("AssumeRoleWithWebIdentity", role) +
                           "&WebIdentityToken=" + percent_encode(token, Slash::encode);
  return ask(http, request_of(role.url, form), role);
}

}  // namespace grid::net
