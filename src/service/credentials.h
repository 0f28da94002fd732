// Roles through which this user reads private buckets, and the policies that they need.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/saved_credentials.h"
#include "service/json.h"
#include "service/settings.h"

namespace grid::service {

struct CredentialRequest {
  std::string bucket;                      // its name, or s3://NAME
  std::optional<std::string> name;         // of the credential; empty: the bucket's
  std::optional<std::string> role_arn;     // empty: the role does not exist yet
  std::optional<std::string> external_id;  // of an earlier attempt; empty: a fresh one
  std::optional<std::string> principal;    // assumes the role; empty: ask the server who calls
};

// Everything that is decided before the role is assumed.
struct CredentialPlan {
  net::SavedCredential credential;  // its role may still be missing
  std::string principal;            // the ARN that assumes the role
  // JSON documents from which the owner of the bucket creates the role.
  std::string trust_policy, permission_policy;
};

// Throws `invalid_argument`, `already_exists` if the name is taken, `permission_denied` if
// there are no credentials to assume a role with.
CredentialPlan plan_credential(const Settings& settings, const CredentialRequest& request);

struct CreatedCredential {
  CredentialPlan plan;
  std::string file;  // where it is saved; empty: nothing is saved
  // The role asks for the external id. If not, every holder of these credentials could assume it on
  // behalf of a third party.
  bool asks_for_external_id = true;
};

// Assumes the plan's role, lists the bucket with it, and saves the credential. An error names what
// was refused and what may help.
CreatedCredential create_credential(const Settings& settings, CredentialPlan plan);

struct CredentialList {
  std::vector<net::SavedCredential> credentials;  // by name
};
CredentialList list_credentials(const Settings& settings);

struct DeletedCredential {
  std::string name;
};
// The role itself stays. Throws `not_found`.
DeletedCredential delete_credential(const Settings& settings, const std::string& name);

// The bucket that a policy is for. Throws `invalid_argument` for anything but the URL of a bucket.
std::string bucket_of_policy(std::string_view s3_url);
// The policy that lets `principal` read a bucket in place. Throws `invalid_argument`.
std::string bucket_policy(const std::string& bucket, const std::string& principal);
// The policy with the actions that reading a bucket in place takes, for its reader's own role.
std::string read_policy(const std::string& bucket);

void write_document(JsonWriter& json, const CreatedCredential& created);
void write_document(JsonWriter& json, const CredentialList& list);
void write_document(JsonWriter& json, const DeletedCredential& deleted);

}  // namespace grid::service
