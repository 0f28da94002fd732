// What the AWS tools read from environment variables and files, as values. The command line reads
// the variables; this file knows what each one means and which takes precedence.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace grid::net {

// Any member may be empty; then the files or a default decide.
struct AwsSettings {
  std::string access_key_id;                 // AWS_ACCESS_KEY_ID
  std::string secret_access_key;             // AWS_SECRET_ACCESS_KEY
  std::string session_token;                 // AWS_SESSION_TOKEN
  std::string profile;                       // AWS_PROFILE
  std::string region;                        // AWS_REGION, AWS_DEFAULT_REGION
  std::string endpoint_url;                  // AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL
  std::string sts_endpoint_url;              // AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL
  bool ignore_configured_endpoints = false;  // AWS_IGNORE_CONFIGURED_ENDPOINT_URLS

  std::filesystem::path config_file;       // AWS_CONFIG_FILE, ~/.aws/config
  std::filesystem::path credentials_file;  // AWS_SHARED_CREDENTIALS_FILE, ~/.aws/credentials

  std::string role_arn;                           // AWS_ROLE_ARN, for the token below
  std::string role_session_name;                  // AWS_ROLE_SESSION_NAME
  std::filesystem::path web_identity_token_file;  // AWS_WEB_IDENTITY_TOKEN_FILE

  std::string container_url;    // AWS_CONTAINER_CREDENTIALS_FULL_URI, or …_RELATIVE_URI in full
  std::string container_token;  // AWS_CONTAINER_AUTHORIZATION_TOKEN
  std::filesystem::path container_token_file;  // AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE

  std::string metadata_url = "http://169.254.169.254";  // AWS_EC2_METADATA_SERVICE_ENDPOINT
  bool metadata_disabled = false;                       // AWS_EC2_METADATA_DISABLED

  // The credentials found in these places are used to take this role; empty: they are used
  // directly.
  std::string taken_role, taken_role_external_id;
  std::filesystem::path saved_credentials;  // see SavedCredentials; empty: none

  bool anonymous = false;  // use no credentials: for public buckets
};

// The profiles of ~/.aws/config and ~/.aws/credentials. A missing file counts as empty.
class AwsProfiles {
 public:
  // Throws `invalid_argument`, with file and line, if a file cannot be parsed.
  AwsProfiles(const std::filesystem::path& config_file,
              const std::filesystem::path& credentials_file);

  bool contains(const std::string& profile) const;
  // A setting of a profile; empty if unset. The credentials file takes precedence over the config
  // file. A nested setting is named with a dot: "s3.addressing_style".
  std::string get(const std::string& profile, const std::string& name) const;
  // A setting of a section [services NAME].
  std::string service(const std::string& services, const std::string& name) const;

 private:
  using Section = std::map<std::string, std::string>;
  using Sections = std::map<std::string, Section>;
  static Sections read(const std::filesystem::path& file, bool is_config);

  Sections config_;  // keys: "x" for [profile x], "services x" unchanged
  Sections credentials_;
};

// Where the S3 server is and how to address it.
struct S3Endpoint {
  std::string region = "us-east-1";
  std::string url;          // of the server; empty: AWS's, derived from the region
  bool path_style = false;  // HOST/BUCKET/KEY instead of BUCKET.HOST/KEY

  // The server in one spelling, to tell servers apart: "AWS", or the URL with scheme and host in
  // lower case, without user, default port and last '/'. Of AWS, a bucket's name means one bucket
  // in all regions of a partition.
  std::string location() const;
};

// Throws `not_found` if the settings name a profile that does not exist.
S3Endpoint s3_endpoint(const AwsSettings& settings, const AwsProfiles& profiles);
// The URL of STS for that region.
std::string sts_url(const AwsSettings& settings, const AwsProfiles& profiles,
                    const std::string& region);

}  // namespace grid::net
