#include <algorithm>
#include <iterator>

#include "server/s3/answers.h"
#include "server/s3/xml.h"

namespace grid::server::s3 {

namespace {

enum class Of { bucket, object };

// An answer that is always the same, for what this server's buckets never have.
struct Fixed {
  Of of;
  std::string_view parameter;
  std::string_view root;   // of an XML document; empty: an error 404 with `code`
  std::string_view inner;  // its content
  std::string_view code;
};

constexpr std::string_view grants =
    "<Owner><ID>grid</ID><DisplayName>grid</DisplayName></Owner><AccessControlList><Grant>"
    "<Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"CanonicalUser\">"
    "<ID>grid</ID><DisplayName>grid</DisplayName></Grantee><Permission>READ</Permission>"
    "</Grant></AccessControlList>";

constexpr Fixed fixed[] = {
    // Empty stands for us-east-1.
    {Of::bucket, "location", "LocationConstraint", "", ""},
    {Of::bucket, "versioning", "VersioningConfiguration", "", ""},
    {Of::bucket, "acl", "AccessControlPolicy", grants, ""},
    {Of::bucket, "requestPayment", "RequestPaymentConfiguration", "<Payer>BucketOwner</Payer>", ""},
    {Of::bucket, "logging", "BucketLoggingStatus", "", ""},
    {Of::bucket, "notification", "NotificationConfiguration", "", ""},
    {Of::bucket, "accelerate", "AccelerateConfiguration", "", ""},
    {Of::bucket, "tagging", "", "", "NoSuchTagSet"},
    {Of::bucket, "policy", "", "", "NoSuchBucketPolicy"},
    {Of::bucket, "policyStatus", "", "", "NoSuchBucketPolicy"},
    {Of::bucket, "cors", "", "", "NoSuchCORSConfiguration"},
    {Of::bucket, "lifecycle", "", "", "NoSuchLifecycleConfiguration"},
    {Of::bucket, "website", "", "", "NoSuchWebsiteConfiguration"},
    {Of::bucket, "replication", "", "", "ReplicationConfigurationNotFoundError"},
    {Of::bucket, "encryption", "", "", "ServerSideEncryptionConfigurationNotFoundError"},
    {Of::bucket, "object-lock", "", "", "ObjectLockConfigurationNotFoundError"},
    {Of::bucket, "publicAccessBlock", "", "", "NoSuchPublicAccessBlockConfiguration"},
    {Of::bucket, "ownershipControls", "", "", "OwnershipControlsNotFoundError"},
    {Of::object, "acl", "AccessControlPolicy", grants, ""},
    {Of::object, "tagging", "Tagging", "<TagSet></TagSet>", ""},
    {Of::object, "retention", "", "", "NoSuchObjectLockConfiguration"},
    {Of::object, "legal-hold", "", "", "NoSuchObjectLockConfiguration"},
};

// The other parameters that ask S3 for something else than a list or a file.
constexpr std::string_view others[] = {"accelerate",
                                       "acl",
                                       "analytics",
                                       "attributes",
                                       "cors",
                                       "delete",
                                       "encryption",
                                       "intelligent-tiering",
                                       "inventory",
                                       "legal-hold",
                                       "lifecycle",
                                       "location",
                                       "logging",
                                       "metadataConfiguration",
                                       "metadataTable",
                                       "metrics",
                                       "notification",
                                       "object-lock",
                                       "ownershipControls",
                                       "policy",
                                       "policyStatus",
                                       "publicAccessBlock",
                                       "renameObject",
                                       "replication",
                                       "requestPayment",
                                       "restore",
                                       "retention",
                                       "select",
                                       "session",
                                       "tagging",
                                       "torrent",
                                       "uploadId",
                                       "uploads",
                                       "versioning",
                                       "versions",
                                       "website"};

}  // namespace

std::optional<Answer> answer_subresource(const S3Request& request) {
  for (const auto& [name, value] : request.parameters) {
    const Of of = request.key.empty() ? Of::bucket : Of::object;
    for (const Fixed& one : fixed) {
      if (one.parameter != name || one.of != of || request.bucket.empty()) continue;
      if (one.root.empty())
        return S3Error{404, one.code, "buckets of this server have none, as they are read only"};
      Xml xml;
      std::string document = xml.open_root(one.root).take();
      return xml_response(document.append(one.inner).append(fmt::format("</{}>", one.root)));
    }
    if (std::find(std::begin(others), std::end(others), name) != std::end(others))
      return not_implemented("?" + name);
  }
  return std::nullopt;
}

}  // namespace grid::server::s3
