// AWS's Security Token Service: temporary credentials for a role.
#pragma once

#include <chrono>
#include <string>

#include "net/http.h"
#include "net/s3_signer.h"

namespace grid::net {

struct RoleRequest {
  std::string url;     // of the service
  std::string region;  // for the signature
  std::string role_arn;
  std::string session_name;
  std::string external_id;  // may be empty
  std::chrono::seconds duration{3600};
};

// Throws `permission_denied` with the service's message, or `unavailable`.
AwsCredentials assume_role(HttpClient& http, const RoleRequest& request,
                           const AwsCredentials& caller, std::chrono::system_clock::time_point now);
// The same with a token of another identity provider as proof; the request is not signed.
AwsCredentials assume_role_with_token(HttpClient& http, const RoleRequest& request,
                                      const std::string& token);

// The ARN under which the service knows these credentials: "arn:aws:iam::123456789012:user/ann".
// Empty if it does not say: not every STS-compatible service can.
std::optional<std::string> find_caller(HttpClient& http, const std::string& url,
                                       const std::string& region, const AwsCredentials& caller,
                                       std::chrono::system_clock::time_point now);

}  // namespace grid::net
