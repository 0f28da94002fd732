// The policies with which the owner of a bucket lets somebody read it, as JSON for people to paste.
//
// What reading takes is always the same three actions and no other: s3:ListBucket and
// s3:GetBucketLocation on the bucket, s3:GetObject on what is in it.
#pragma once

#include <string>
#include <string_view>

namespace grid::net {

// Who may take a role: `principal`, and only with this external id.
std::string trust_policy(std::string_view principal, std::string_view external_id);

// What the role may do. `partition` is that of the ARNs: "aws", "aws-cn".
std::string read_policy(std::string_view bucket, std::string_view partition);

// For the bucket itself, where the reader is of another account and no role is made.
std::string bucket_policy(std::string_view bucket, std::string_view principal);

// Throws `invalid_argument` for what is neither the ARN of a principal nor an account's number.
void check_principal(std::string_view principal);
// The same for roles: "arn:aws:iam::123456789012:role/NAME".
void check_role_arn(std::string_view arn);

// The second part of an ARN; "aws" for an account's number.
std::string partition_of(std::string_view arn);

// The principal that a trust policy has to name for who calls himself `arn` (GetCallerIdentity):
// one who has taken a role is that role.
std::string principal_of_caller(std::string_view arn);

}  // namespace grid::net
