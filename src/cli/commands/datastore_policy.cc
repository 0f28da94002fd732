#include "cli/args.h"
#include "cli/commands.h"
#include "net/aws_policy.h"
#include "net/s3_bucket.h"

namespace grid::cli {

namespace {

int policy(Context& context, const Arguments& arguments) {
  const net::S3Url url = net::parse_s3_url(arguments.get("s3://BUCKET"));
  if (!url.key.empty())
    fail(ErrorKind::invalid_argument, "a bucket has one policy: name s3://{} without a prefix",
         url.bucket);
  if (!arguments.has("--principal"))
    fail(ErrorKind::invalid_argument,
         "name who is to read the bucket, with --principal ARN, for instance "
         "arn:aws:iam::123456789012:root for a whole account");
  const std::string principal = arguments.get("--principal");
  net::check_principal(principal);
  context.output.write(net::bucket_policy(url.bucket, principal));
  return 0;
}

}  // namespace

Command datastore_policy_command() {
  return {.spec = {.path = {"datastore", "policy"},
                   .summary = "Print the policy that lets another account read a bucket in place",
                   .description =
                       "For the owner of the bucket, where no role is made: it allows "
                       "s3:ListBucket, s3:GetBucketLocation and s3:GetObject, no more. Nothing is "
                       "asked or changed. With -o json it is the same document.",
                   .positionals = {{.name = "s3://BUCKET"}},
                   .options = {{.name = "--principal",
                                .value = "ARN",
                                .help = "the user, role or account that is to read"}},
                   .examples =
                       {"grid datastore policy s3://cats --principal 123456789012",
                        "aws s3api put-bucket-policy --bucket cats --policy file://policy.json"}},
          .run = policy};
}

}  // namespace grid::cli
