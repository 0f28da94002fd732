#include "net/aws_policy.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace grid::net {

using nlohmann::ordered_json;  // ordered: members in the order of AWS's documents

static constexpr const char* policy_version = "2012-10-17";

static std::string text_of(ordered_json statements) {
  return ordered_json({{"Version", policy_version}, {"Statement", std::move(statements)}}).dump(2) +
         "\n";
}

static std::string bucket_arn(std::string_view bucket, std::string_view partition) {
  return fmt::format("arn:{}:s3:::{}", partition, bucket);
}

// The two statements that allow reading.
static ordered_json reading(std::string_view bucket, std::string_view partition) {
  const std::string arn = bucket_arn(bucket, partition);
  return ordered_json::array(
      {{{"Effect", "Allow"},
        {"Action", {"s3:ListBucket", "s3:GetBucketLocation"}},
        {"Resource", arn}},
       {{"Effect", "Allow"}, {"Action", "s3:GetObject"}, {"Resource", arn + "/*"}}});
}

std::string trust_policy(std::string_view principal, std::string_view external_id) {
  return text_of(ordered_json::array(
      {{{"Effect", "Allow"},
        {"Principal", {{"AWS", principal}}},
        {"Action", "sts:AssumeRole"},
        {"Condition", {{"StringEquals", {{"sts:ExternalId", external_id}}}}}}}));
}

std::string read_policy(std::string_view bucket, std::string_view partition) {
  return text_of(reading(bucket, partition));
}

std::string bucket_policy(std::string_view bucket, std::string_view principal) {
  ordered_json statements = ordered_json::array();
  for (const ordered_json& allowed : reading(bucket, partition_of(principal))) {
    ordered_json statement = {{"Effect", allowed["Effect"]}, {"Principal", {{"AWS", principal}}}};
    statement.update(allowed);
    statements.push_back(std::move(statement));
  }
  return text_of(std::move(statements));
}

static bool is_account(std::string_view text) {
  return text.size() == 12 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

static bool is_arn(std::string_view text) {
  return text.starts_with("arn:") && std::count(text.begin(), text.end(), ':') >= 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 127; });
}

void check_principal(std::string_view principal) {
  if (is_account(principal) || is_arn(principal)) return;
  fail(ErrorKind::invalid_argument,
       "\"{}\" is not a principal: give an ARN like arn:aws:iam::123456789012:user/NAME or an "
       "account number",
       principal);
}

void check_role_arn(std::string_view arn) {
  if (is_arn(arn) && arn.find(":role/") != arn.npos) return;
  fail(ErrorKind::invalid_argument,
       "\"{}\" is not the ARN of a role: give one like arn:aws:iam::123456789012:role/NAME", arn);
}

std::string partition_of(std::string_view arn) {
  if (!is_arn(arn)) return "aws";
  arn.remove_prefix(4);
  return std::string(arn.substr(0, arn.find(':')));
}

std::string principal_of_caller(std::string_view arn) {
  static constexpr std::string_view taken = ":assumed-role/";
  const std::size_t at = arn.find(taken);
  if (at == arn.npos) return std::string(arn);
  // "arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION"
  const std::string_view account = arn.substr(0, at);
  const std::string_view role = arn.substr(at + taken.size());
  return fmt::format("arn:{}:iam::{}:role/{}", partition_of(arn),
                     account.substr(account.rfind(':') + 1), role.substr(0, role.find('/')));
}

}  // namespace grid::net
