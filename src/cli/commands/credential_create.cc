#include <unistd.h>

#include <iostream>

#include "base/error.h"
#include "base/text.h"
#include "cli/args.h"
#include "cli/commands.h"
#include "service/credentials.h"

namespace grid::cli {

namespace {

service::CredentialRequest request_of(const Arguments& arguments) {
  if (arguments.get("--type") != "s3")
    fail(ErrorKind::invalid_argument, "--type takes s3, not \"{}\"", arguments.get("--type"));
  if (!arguments.has("--bucket"))
    fail(ErrorKind::invalid_argument, "name the bucket to read with --bucket BUCKET");
  return {.bucket = arguments.get("--bucket"),
          .name = arguments.find("--name"),
          .role_arn = arguments.find("--role-arn"),
          .external_id = arguments.find("--external-id"),
          .principal = arguments.find("--principal")};
}

void show_policies(Output& output, const service::CredentialPlan& plan) {
  output.write(
      fmt::format("Create a role with this trust policy:\n\n{}\nand this permission "
                  "policy:\n\n{}\n",
                  plan.trust_policy, plan.permission_policy));
  output.flush();
}

// Empty if the answer is, or if standard input has ended.
std::string ask_role(Output& output) {
  output.ask("ARN of the role: ");
  std::string answer;
  std::getline(std::cin, answer);
  if (::isatty(STDIN_FILENO) != 1) output.ask("\n");
  return std::string(trimmed(answer));
}

void write_document(Output& output, const service::CreatedCredential& created) {
  service::JsonWriter json(output.result_writer());
  service::write_document(json, created);
}

int create(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  service::CredentialPlan plan = service::plan_credential(context.settings, request_of(arguments));
  if (!output.json()) {
    show_policies(output, plan);
    if (plan.credential.role_arn.empty()) plan.credential.role_arn = ask_role(output);
  }
  if (plan.credential.role_arn.empty()) {
    output.say(
        fmt::format("nothing is saved yet; once the role exists: grid credential create "
                    "--type s3 --bucket {} --external-id {} --role-arn ARN",
                    plan.credential.bucket, plan.credential.external_id));
    if (output.json()) write_document(output, {.plan = plan});
    return 0;
  }
  const service::CreatedCredential created =
      service::create_credential(context.settings, std::move(plan));
  const net::SavedCredential& credential = created.plan.credential;
  if (!created.asks_for_external_id)
    output.warn(
        fmt::format("the role {} can be assumed without the external id: its trust policy "
                    "has no condition on sts:ExternalId",
                    credential.role_arn));
  if (output.json())
    write_document(output, created);
  else
    output.write(fmt::format("{}  s3://{} can be read; saved in {}\n", credential.name,
                             credential.bucket, created.file));
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
               "role that may read the bucket (only s3:ListBucket, s3:GetBucketLocation and "
               "s3:GetObject). Asks for the role's ARN, assumes the role, lists the bucket once "
               "and saves the credential for this user. From then on, creates from the bucket and "
               "reads from it assume the role automatically.",
           .options =
               {{.name = "--type",
                 .value = "TYPE",
                 .help = "the kind of bucket, only s3",
                 .default_value = "s3"},
                {.name = "--bucket", .value = "BUCKET", .help = "the bucket to read"},
                {.name = "--role-arn",
                 .value = "ARN",
                 .help = "the role, instead of asking for it"},
                {.name = "--external-id",
                 .value = "ID",
                 .help = "the external id of an earlier attempt, instead of a fresh one"},
                {.name = "--principal",
                 .value = "ARN",
                 .help =
                     "the user or role that assumes it (default: you, as the server names you)"},
                {.name = "--name",
                 .short_name = "-n",
                 .value = "NAME",
                 .help = "name of the credential (default: the bucket's)"}},
           .examples =
               {"grid credential create --type s3 --bucket cats",
                "grid credential create --bucket cats --external-id 5f2c… --role-arn arn:…"}},
      .run = create};
}

}  // namespace grid::cli
