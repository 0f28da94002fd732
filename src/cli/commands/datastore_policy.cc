#include "cli/args.h"
#include "cli/commands.h"
#include "service/credentials.h"

namespace grid::cli {

namespace {

int policy(Context& context, const Arguments& arguments) {
  const std::string bucket = service::bucket_of_policy(arguments.get("s3://BUCKET"));
  if (!arguments.has("--principal"))
    fail(ErrorKind::invalid_argument,
         "name the reader of the bucket with --principal ARN, such as "
         "arn:aws:iam::123456789012:root for a whole account");
  context.output.write(service::bucket_policy(bucket, arguments.get("--principal")));
  return 0;
}

}  // namespace

Command datastore_policy_command() {
  return {.spec = {.path = {"datastore", "policy"},
                   .summary = "Print the policy that lets another account read a bucket in place",
                   .description =
                       "For the owner of a bucket that is read without a role. The policy allows "
                       "only s3:ListBucket, s3:GetBucketLocation and s3:GetObject. No server is "
                       "asked and nothing is changed. The output is the same with -o json.",
                   .positionals = {{.name = "s3://BUCKET"}},
                   .options = {{.name = "--principal",
                                .value = "ARN",
                                .help = "the user, role or account that may read the bucket"}},
                   .examples =
                       {"grid datastore policy s3://cats --principal 123456789012",
                        "aws s3api put-bucket-policy --bucket cats --policy file://policy.json"}},
          .run = policy};
}

}  // namespace grid::cli
