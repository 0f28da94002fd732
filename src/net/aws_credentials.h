// Finds AWS credentials in the same places and order as the AWS tools.
//
//   1. AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
//   2. the profile's role_arn, with source_profile, credential_source or web_identity_token_file
//   3. AWS_WEB_IDENTITY_TOKEN_FILE with AWS_ROLE_ARN
//   4. the profile's keys in the credentials file, then in the config file
//   5. a container's endpoint (ECS, EKS Pod Identity)
//   6. the machine's role (EC2 instance metadata, version 2)
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "net/aws_settings.h"
#include "net/http.h"
#include "net/s3_signer.h"

namespace grid::net {

// Gives credentials that are valid for a while and renews them before they expire. One thread
// renews; the others keep using the current ones while these are valid. Thread-safe.
class AwsCredentialSource {
 public:
  using Clock = std::function<std::chrono::system_clock::time_point()>;

  AwsCredentialSource(std::shared_ptr<HttpClient> http, AwsSettings settings,
                      Clock clock = std::chrono::system_clock::now);

  // Empty if no place has credentials, or if the settings say `anonymous`. Throws
  // `permission_denied` if a configured place refuses, `unavailable` if it does not answer.
  std::optional<AwsCredentials> get();

  // Call this when a server refuses `refused` as expired or unknown: the next get() looks for new
  // ones, unless it did so just now.
  void drop(const AwsCredentials& refused);

 private:
  std::optional<AwsCredentials> look() const;

  const std::shared_ptr<HttpClient> http_;
  const AwsSettings settings_;
  const Clock clock_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool looking_ = false;                              // guarded by mutex_
  bool known_ = false;                                // guarded by mutex_
  std::optional<AwsCredentials> current_;             // guarded by mutex_
  std::chrono::system_clock::time_point look_again_;  // guarded by mutex_: no new look before
  std::chrono::system_clock::time_point drop_again_;  // guarded by mutex_: nor is drop() heeded
};

// One look through all the places.
std::optional<AwsCredentials> find_aws_credentials(HttpClient& http, const AwsSettings& settings,
                                                   const AwsProfiles& profiles,
                                                   const AwsCredentialSource::Clock& clock);

}  // namespace grid::net
