// Roles that may read private buckets, as `grid credential create` saves them: one small file each,
// readable only by its owner. It contains no secret key: a role is taken each time anew, with the
// credentials found elsewhere and the external id that its trust policy requires.
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
  std::string endpoint_url;  // of the S3 server; empty: AWS's
  std::string role_arn;
  std::string external_id;
  std::string created;  // RFC 3339, UTC

  bool operator==(const SavedCredential&) const = default;
};

// Throws `invalid_argument` unless this can be the name of a credential.
void check_credential_name(std::string_view name);

// The folder of saved credentials. Creates nothing before save().
class SavedCredentials {
 public:
  explicit SavedCredentials(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // All, sorted by name. Throws `corrupt`, naming the file, for a file that is not a credential.
  std::vector<SavedCredential> all() const;
  std::optional<SavedCredential> find(std::string_view name) const;

  // False, without a change, if the name is taken. The file gets mode 0600, the folder 0700.
  bool save(const SavedCredential& credential);
  bool remove(std::string_view name);  // false if there is none
  std::filesystem::path path_of(std::string_view name) const;

 private:
  const std::filesystem::path folder_;
};

// The settings with which a reader takes this role.
AwsSettings with_role(AwsSettings settings, const SavedCredential& credential);

// Access for reading a bucket: with the first saved credential for it that may list `prefix`, else
// with the credentials found elsewhere. Throws `permission_denied`, naming the credential, if one
// is saved for the bucket and neither may list.
S3Access open_to_read(const HttpOptions& http, const AwsSettings& settings,
                      const std::string& bucket, const std::string& prefix,
                      const RetryPolicy& retries = {});

}  // namespace grid::net
