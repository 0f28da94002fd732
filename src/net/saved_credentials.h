// Roles that may read private buckets, as `grid credential create` keeps them: one small file for
// each, which only its owner may read. There is no secret key in it: a role is taken anew with the
// credentials that are found otherwise, and the external id that its trust policy asks for.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/aws_settings.h"
#include "net/s3_bucket.h"

namespace grid::net {

struct SavedCredential {
  std::string name;
  std::string bucket;
  std::string endpoint_url;  // of the S3 server; empty: AWS's own
  std::string role_arn;
  std::string external_id;
  std::string created;  // RFC 3339, UTC

  bool operator==(const SavedCredential&) const = default;
};

// Throws `invalid_argument` for what cannot be the name of one.
void check_credential_name(std::string_view name);

// The folder in which they are. Nothing is made before save().
class SavedCredentials {
 public:
  explicit SavedCredentials(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // All, by name. Throws `corrupt`, naming the file, for what is no credential.
  std::vector<SavedCredential> all() const;
  std::optional<SavedCredential> find(std::string_view name) const;

  // False, and nothing changes, if the name is taken. The file has mode 0600, the folder 0700.
  bool save(const SavedCredential& credential);
  bool remove(std::string_view name);  // false if there is none
  std::filesystem::path path_of(std::string_view name) const;

 private:
  const std::filesystem::path folder_;
};

// Settings with which whatever reads takes this role.
AwsSettings with_role(AwsSettings settings, const SavedCredential& credential);

// The way to read a bucket: with the first of the saved credentials for it that may list
// `prefix`, else with what is found otherwise. Throws `permission_denied`, naming the credential,
// if there is one for the bucket and neither may.
S3Access open_to_read(const HttpOptions& http, const AwsSettings& settings,
                      const std::string& bucket, const std::string& prefix,
                      const RetryPolicy& retries = {});

}  // namespace grid::net
