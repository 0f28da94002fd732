#include "service/credentials.h"

#include "base/error.h"
#include "base/random.h"
#include "base/user.h"
#include "net/aws_policy.h"
#include "net/aws_sts.h"
#include "net/s3_bucket.h"

namespace grid::service {

namespace {

std::string bucket_of(const std::string& word) {
  const net::S3Url url = net::parse_s3_url(word.starts_with("s3://") ? word : "s3://" + word);
  if (!url.key.empty())
    fail(ErrorKind::invalid_argument,
         "{}: a credential is for a whole bucket: name s3://{} without a prefix", word, url.bucket);
  return url.bucket;
}

net::S3Access open_access(const Settings& settings, const net::AwsSettings& aws) {
  return net::S3Access::open(settings.servers.http, aws, settings.servers.retries);
}

// The ARN of the current credentials, as a trust policy has to name it.
std::string find_principal(const net::S3Access& access, const net::AwsSettings& aws) {
  const net::AwsProfiles profiles(aws.config_file, aws.credentials_file);
  const std::optional<net::AwsCredentials> caller = access.credentials->get();
  if (!caller)
    fail(ErrorKind::permission_denied,
         "no credentials were found to assume a role with: set AWS_ACCESS_KEY_ID and "
         "AWS_SECRET_ACCESS_KEY, or AWS_PROFILE");
  const std::string& region = access.endpoint.region;
  const std::optional<std::string> arn =
      net::find_caller(*access.http, net::sts_url(aws, profiles, region), region, *caller,
                       std::chrono::system_clock::now());
  if (!arn)
    fail(ErrorKind::invalid_argument,
         "the server does not say who you are: with --principal, name the ARN of the user or role "
         "whose credentials you use, for the trust policy");
  return net::principal_of_caller(*arn);
}

[[noreturn]] void refuse_taken(const std::string& name) {
  fail(ErrorKind::already_exists,
       "there is a credential {0} already: delete it first (grid credential delete {0}), or choose "
       "another name with --name",
       name);
}

// Assumes the role and lists the bucket with it.
void prove(const CredentialPlan& plan, const Settings& settings) {
  const net::SavedCredential& credential = plan.credential;
  const net::S3Access access =
      open_access(settings, net::with_role(settings.servers.aws, credential));
  try {
    access.credentials->get();
  } catch (const Error& error) {  // here it is known what may help
    if (error.kind() != ErrorKind::permission_denied) throw;
    fail(error.kind(),
         "{}; the trust policy of the role must name {} and the external id {} (--external-id, if "
         "it has another one); a role that was created just now may need some seconds",
         error.what(), plan.principal, credential.external_id);
  }
  try {
    net::S3Bucket(access, credential.bucket).list({.count_max = 1});
  } catch (const Error& error) {  // as above
    if (error.kind() != ErrorKind::permission_denied) throw;
    fail(
        error.kind(),
        "{}; the role can be assumed, but its permission policy does not let it list the bucket {}",
        error.what(), credential.bucket);
  }
}

bool asks_for_external_id(const net::SavedCredential& credential, const Settings& settings) {
  net::SavedCredential without = credential;
  without.external_id.clear();
  try {
    open_access(settings, net::with_role(settings.servers.aws, without)).credentials->get();
    return false;
  } catch (const Error&) {  // refused, as it should be
    return true;
  }
}

}  // namespace

CredentialPlan plan_credential(const Settings& settings, const CredentialRequest& request) {
  const net::S3Access access = open_access(settings, settings.servers.aws);
  const std::string bucket = bucket_of(request.bucket);
  CredentialPlan plan{.credential = {.name = request.name.value_or(bucket),
                                     .bucket = bucket,
                                     .endpoint_url = access.endpoint.url,
                                     .role_arn = request.role_arn.value_or(""),
                                     .external_id = request.external_id.value_or(random_hex(32)),
                                     .created = utc_now()}};
  const net::SavedCredential& credential = plan.credential;
  net::check_credential_name(credential.name);
  if (!credential.role_arn.empty()) net::check_role_arn(credential.role_arn);
  plan.principal =
      request.principal ? *request.principal : find_principal(access, settings.servers.aws);
  net::check_principal(plan.principal);
  if (net::SavedCredentials(settings.credential_folder).find(credential.name))
    refuse_taken(credential.name);
  plan.trust_policy = net::trust_policy(plan.principal, credential.external_id);
  plan.permission_policy = net::read_policy(bucket, net::partition_of(plan.principal));
  return plan;
}

CreatedCredential create_credential(const Settings& settings, CredentialPlan plan) {
  const net::SavedCredential& credential = plan.credential;
  net::check_role_arn(credential.role_arn);
  prove(plan, settings);
  net::SavedCredentials saved(settings.credential_folder);
  CreatedCredential created{.file = saved.path_of(credential.name).string(),
                            .asks_for_external_id = asks_for_external_id(credential, settings)};
  if (!saved.save(credential)) refuse_taken(credential.name);
  created.plan = std::move(plan);
  return created;
}

CredentialList list_credentials(const Settings& settings) {
  return {net::SavedCredentials(settings.credential_folder).all()};
}

DeletedCredential delete_credential(const Settings& settings, const std::string& name) {
  if (!net::SavedCredentials(settings.credential_folder).remove(name))
    fail(ErrorKind::not_found, "there is no credential {}; see grid credential list", name);
  return {name};
}

std::string bucket_of_policy(std::string_view s3_url) {
  const net::S3Url url = net::parse_s3_url(s3_url);
  if (!url.key.empty())
    fail(ErrorKind::invalid_argument, "a bucket has one policy: name s3://{} without a prefix",
         url.bucket);
  return url.bucket;
}

std::string bucket_policy(const std::string& bucket, const std::string& principal) {
  net::check_principal(principal);
  return net::bucket_policy(bucket, principal);
}

std::string read_policy(const std::string& bucket) { return net::read_policy(bucket, "aws"); }

void write_document(JsonWriter& json, const CreatedCredential& created) {
  const CredentialPlan& plan = created.plan;
  const net::SavedCredential& credential = plan.credential;
  json.begin_object().member("name", credential.name).member("type", "s3");
  json.member("bucket", credential.bucket).member("endpoint_url", credential.endpoint_url);
  json.member("role_arn", credential.role_arn).member("external_id", credential.external_id);
  json.member("principal", plan.principal);
  json.member("trust_policy", plan.trust_policy);
  json.member("permission_policy", plan.permission_policy);
  json.member("saved", !created.file.empty()).name_member("file", created.file).end_object();
}

void write_document(JsonWriter& json, const CredentialList& list) {
  json.begin_object().key("credentials").begin_array();
  for (const net::SavedCredential& credential : list.credentials) {
    json.begin_object().member("name", credential.name).member("type", "s3");
    json.member("bucket", credential.bucket).member("endpoint_url", credential.endpoint_url);
    json.member("role_arn", credential.role_arn).member("external_id", credential.external_id);
    json.member("created", credential.created).end_object();
  }
  json.end_array().end_object();
}

void write_document(JsonWriter& json, const DeletedCredential& deleted) {
  json.begin_object().member("deleted", deleted.name).end_object();
}

}  // namespace grid::service
