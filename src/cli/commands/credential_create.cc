#include <unistd.h>

#include <iostream>

#include "base/random.h"
#include "base/text.h"
#include "base/user.h"
#include "cli/args.h"
#include "cli/commands.h"
#include "net/aws_policy.h"
#include "net/aws_sts.h"
#include "net/s3_bucket.h"
#include "net/saved_credentials.h"
#include "service/json.h"

namespace grid::cli {

namespace {

// Everything that is decided before anybody is asked.
struct Wanted {
  net::SavedCredential credential;  // its role may be missing yet
  std::string principal;            // who will take the role
};

std::string bucket_of(const std::string& word) {
  const net::S3Url url = net::parse_s3_url(word.starts_with("s3://") ? word : "s3://" + word);
  if (!url.key.empty())
    fail(ErrorKind::invalid_argument,
         "{}: a credential is for a whole bucket: name s3://{} without a prefix", word, url.bucket);
  return url.bucket;
}

// The ARN of whoever asks now, as a trust policy has to name it.
std::string find_principal(const net::S3Access& access, const net::AwsSettings& aws) {
  const net::AwsProfiles profiles(aws.config_file, aws.credentials_file);
  const std::optional<net::AwsCredentials> caller = access.credentials->get();
  if (!caller)
    fail(ErrorKind::permission_denied,
         "no credentials were found to take a role with: set AWS_ACCESS_KEY_ID and "
         "AWS_SECRET_ACCESS_KEY, or AWS_PROFILE");
  const std::string& region = access.endpoint.region;
  const std::optional<std::string> arn =
      net::find_caller(*access.http, net::sts_url(aws, profiles, region), region, *caller,
                       std::chrono::system_clock::now());
  if (!arn)
    fail(ErrorKind::invalid_argument,
         "the server does not say who you are: name with --principal the ARN of the user or role "
         "whose credentials you use, for the trust policy");
  return net::principal_of_caller(*arn);
}

Wanted wanted_by(const Arguments& arguments, const net::S3Access& access,
                 const Settings& settings) {
  if (arguments.get("--type") != "s3")
    fail(ErrorKind::invalid_argument, "--type is \"{}\"; it can be s3", arguments.get("--type"));
  if (!arguments.has("--bucket"))
    fail(ErrorKind::invalid_argument, "name the bucket that is to be read, with --bucket BUCKET");
  const std::string bucket = bucket_of(arguments.get("--bucket"));
  Wanted wanted{
      .credential = {.name = arguments.find("--name").value_or(bucket),
                     .bucket = bucket,
                     .endpoint_url = access.endpoint.url,
                     .role_arn = arguments.find("--role-arn").value_or(""),
                     .external_id = arguments.find("--external-id").value_or(random_hex(32)),
                     .created = utc_now()}};
  net::check_credential_name(wanted.credential.name);
  if (!wanted.credential.role_arn.empty()) net::check_role_arn(wanted.credential.role_arn);
  wanted.principal = arguments.has("--principal") ? arguments.get("--principal")
                                                  : find_principal(access, settings.servers.aws);
  net::check_principal(wanted.principal);
  return wanted;
}

std::string permissions_of(const Wanted& wanted) {
  return net::read_policy(wanted.credential.bucket, net::partition_of(wanted.principal));
}

void show_policies(Output& output, const Wanted& wanted) {
  output.write(fmt::format(
      "Make a role with this trust policy:\n\n{}\nand this permission "
      "policy:\n\n{}\n",
      net::trust_policy(wanted.principal, wanted.credential.external_id), permissions_of(wanted)));
  output.flush();
}

// An empty answer, or nobody who answers: not now.
std::string ask_role(Output& output) {
  output.ask("ARN of the role: ");
  std::string answer;
  std::getline(std::cin, answer);
  if (::isatty(STDIN_FILENO) != 1) output.ask("\n");
  return std::string(trimmed(answer));
}

// Takes the role and lists the bucket in it. Throws with what refuses, and what may help.
void prove(const Wanted& wanted, const Settings& settings) {
  const net::SavedCredential& credential = wanted.credential;
  const net::S3Access access =
      net::S3Access::open(settings.servers.http, net::with_role(settings.servers.aws, credential),
                          settings.servers.retries);
  try {
    access.credentials->get();
  } catch (const Error& error) {  // what can be done is known here
    if (error.kind() != ErrorKind::permission_denied) throw;
    fail(error.kind(),
         "{}; the trust policy of the role must name {} and the external id {} (--external-id, if "
         "it has another one); a role that was made just now may take some seconds",
         error.what(), wanted.principal, credential.external_id);
  }
  try {
    net::S3Bucket(access, credential.bucket).list({.count_max = 1});
  } catch (const Error& error) {  // as above
    if (error.kind() != ErrorKind::permission_denied) throw;
    fail(error.kind(),
         "{}; the role can be taken, but its permission policy does not let it list the bucket {}",
         error.what(), credential.bucket);
  }
}

// Anybody who may use these credentials could take the role for somebody else, if it does not ask
// for the external id.
bool asks_for_external_id(const Wanted& wanted, const Settings& settings) {
  net::SavedCredential without = wanted.credential;
  without.external_id.clear();
  try {
    net::S3Access::open(settings.servers.http, net::with_role(settings.servers.aws, without),
                        settings.servers.retries)
        .credentials->get();
    return false;
  } catch (const Error&) {  // refused, as it should be
    return true;
  }
}

void write_document(Output& output, const Wanted& wanted, const std::string& file) {
  const net::SavedCredential& credential = wanted.credential;
  service::JsonWriter json(output.result_writer());
  json.begin_object().member("name", credential.name).member("type", "s3");
  json.member("bucket", credential.bucket).member("endpoint_url", credential.endpoint_url);
  json.member("role_arn", credential.role_arn).member("external_id", credential.external_id);
  json.member("principal", wanted.principal);
  json.member("trust_policy", net::trust_policy(wanted.principal, credential.external_id));
  json.member("permission_policy", permissions_of(wanted));
  json.member("saved", !file.empty()).name_member("file", file).end_object();
}

int create(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  const Settings& settings = context.settings;
  const net::S3Access access =
      net::S3Access::open(settings.servers.http, settings.servers.aws, settings.servers.retries);
  Wanted wanted = wanted_by(arguments, access, settings);
  net::SavedCredential& credential = wanted.credential;
  net::SavedCredentials saved(settings.credential_folder);
  auto refuse_taken = [&] {
    fail(ErrorKind::already_exists,
         "there is a credential {} already: delete it first (grid credential delete {}), or choose "
         "another name with --name",
         credential.name, credential.name);
  };
  if (saved.find(credential.name)) refuse_taken();
  if (!output.json()) show_policies(output, wanted);
  if (credential.role_arn.empty() && !output.json()) credential.role_arn = ask_role(output);
  if (credential.role_arn.empty()) {
    output.say(
        fmt::format("nothing is saved yet. When the role is there: grid credential create "
                    "--type s3 --bucket {} --external-id {} --role-arn ARN",
                    credential.bucket, credential.external_id));
    if (output.json()) write_document(output, wanted, "");
    return 0;
  }
  net::check_role_arn(credential.role_arn);
  prove(wanted, settings);
  if (!asks_for_external_id(wanted, settings))
    output.warn(
        fmt::format("the role {} can be taken without the external id: its trust policy "
                    "has no condition on sts:ExternalId",
                    credential.role_arn));
  if (!saved.save(credential)) refuse_taken();
  const std::string file = saved.path_of(credential.name).string();
  if (output.json())
    write_document(output, wanted, file);
  else
    output.write(fmt::format("{}  s3://{} can be read; saved in {}\n", credential.name,
                             credential.bucket, file));
  return 0;
}

}  // namespace

Command credential_create_command() {
  return {
      .spec =
          {.path = {"credential", "create"},
           .summary = "Let this user read a private bucket through a role",
           .description =
               "Prints the trust policy, with a fresh external id, and the permission policy of a "
               "role that may read the bucket: s3:ListBucket, s3:GetBucketLocation and "
               "s3:GetObject, no more. Asks for the role's ARN, takes the role, lists the bucket "
               "once, and saves it for this user. From then on creates from the bucket, and reads "
               "of it, take the role by themselves.",
           .options =
               {{.name = "--type", .value = "TYPE", .help = "s3", .default_value = "s3"},
                {.name = "--bucket", .value = "BUCKET", .help = "the bucket that is to be read"},
                {.name = "--role-arn", .value = "ARN", .help = "the role, instead of asking"},
                {.name = "--external-id",
                 .value = "ID",
                 .help = "that of an earlier try, instead of a fresh one"},
                {.name = "--principal",
                 .value = "ARN",
                 .help = "who takes the role; else whoever the server says you are"},
                {.name = "--name",
                 .short_name = "-n",
                 .value = "NAME",
                 .help = "of the credential; else the bucket's"}},
           .examples =
               {"grid credential create --type s3 --bucket cats",
                "grid credential create --bucket cats --external-id 5f2c… --role-arn arn:…"}},
      .run = create};
}

}  // namespace grid::cli
