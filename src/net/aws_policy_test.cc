#include "net/aws_policy.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace grid::net {
namespace {

using nlohmann::json;

TEST(AwsPolicy, TheReadPolicyAllowsThreeActionsAndNoMore) {
  EXPECT_EQ(json::parse(read_policy("cats", "aws")), json::parse(R"({
    "Version": "2012-10-17",
    "Statement": [
      {"Effect": "Allow", "Action": ["s3:ListBucket", "s3:GetBucketLocation"], "Resource": "arn:aws:s3:::cats"},
      {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::cats/*"}]})"));
}

TEST(AwsPolicy, TheTrustPolicyRequiresTheExternalId) {
  EXPECT_EQ(json::parse(trust_policy("arn:aws:iam::1:user/ann", "secret")), json::parse(R"({
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:user/ann"}, "Action": "sts:AssumeRole",
                   "Condition": {"StringEquals": {"sts:ExternalId": "secret"}}}]})"));
}

TEST(AwsPolicy, ABucketPolicyNamesThePrincipalInEachStatement) {
  const json policy = json::parse(bucket_policy("cats", "arn:aws-cn:iam::1:root"));
  ASSERT_EQ(policy["Statement"].size(), 2u);
  for (const json& statement : policy["Statement"])
    EXPECT_EQ(statement["Principal"], json({{"AWS", "arn:aws-cn:iam::1:root"}}));
  EXPECT_EQ(policy["Statement"][1]["Resource"], "arn:aws-cn:s3:::cats/*");
}

TEST(AwsPolicy, ThePrincipalOfAnAssumedRoleIsTheRole) {
  EXPECT_EQ(principal_of_caller("arn:aws:sts::123456789012:assumed-role/Train/i-0abc"),
            "arn:aws:iam::123456789012:role/Train");
  EXPECT_EQ(principal_of_caller("arn:aws:iam::123456789012:user/ann"),
            "arn:aws:iam::123456789012:user/ann");
}

TEST(AwsPolicy, ChecksPrincipalsAndRoles) {
  for (const char* good :
       {"123456789012", "arn:aws:iam::123456789012:root", "arn:aws:iam:::user/x"})
    EXPECT_NO_THROW(check_principal(good)) << good;
  for (const char* bad : {"", "12345", "ann", "arn:aws:iam", "arn:aws:iam::1:user/a b", "*"})
    EXPECT_THROW(check_principal(bad), Error) << bad;
  EXPECT_NO_THROW(check_role_arn("arn:aws:iam:::role/Read"));
  EXPECT_THROW(check_role_arn("arn:aws:iam::1:user/ann"), Error);
}

}  // namespace
}  // namespace grid::net
