// Policies with which the owner of a bucket grants read access, as JSON to paste.
//
// Reading always takes the same three actions: s3:ListBucket and s3:GetBucketLocation on the
// bucket, s3:GetObject on its objects.
#pragma once

#include <string>
#include <string_view>

namespace grid::net {

// Lets `principal` take a role, if it presents this external id.
std::string trust_policy(std::string_view principal, std::string_view external_id);

// What the role may do. `partition` is the partition of the ARNs: "aws", "aws-cn".
std::string read_policy(std::string_view bucket, std::string_view partition);

// For the bucket itself, when the reader belongs to another account and no role is made.
std::string bucket_policy(std::string_view bucket, std::string_view principal);

// Throws `invalid_argument` unless this is the ARN of a principal or an account number.
void check_principal(std::string_view principal);
// The same for roles: "arn:aws:iam::123456789012:role/NAME".
void check_role_arn(std::string_view arn);

// The second part of an ARN; "aws" for an account number.
std::string partition_of(std::string_view arn);

// The principal that a trust policy must name for a caller whose GetCallerIdentity returns `arn`.
// For an assumed role that is the role.
std::string principal_of_caller(std::string_view arn);

}  // namespace grid::net
