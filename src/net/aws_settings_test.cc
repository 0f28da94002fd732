#include "net/aws_settings.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/temporary_folder.h"

namespace grid::net {
namespace {

class AwsSettingsTest : public ::testing::Test {
 protected:
  AwsProfiles profiles() {
    testing::write_file(folder_ / "config", config_);
    testing::write_file(folder_ / "credentials", credentials_);
    return {folder_ / "config", folder_ / "credentials"};
  }

  testing::TemporaryFolder folder_;
  std::string config_, credentials_;
};

TEST_F(AwsSettingsTest, ReadsProfilesOfBothFiles) {
  config_ =
      "# a comment\n[default]\nregion = eu-west-1\n\n[profile dev]\nregion=us-west-2 # here\n"
      "s3 =\n    addressing_style = path\n  max_queue_size=3\noutput = json\r\n"
      "[services other]\ns3 = \n  endpoint_url = http://localhost:9000\n";
  credentials_ = "[dev]\naws_access_key_id=AKIA\naws_secret_access_key = a/b+c==\n";
  const AwsProfiles found = profiles();
  EXPECT_TRUE(found.contains("default"));
  EXPECT_TRUE(found.contains("dev"));
  EXPECT_FALSE(found.contains("prod"));
  EXPECT_EQ(found.get("default", "region"), "eu-west-1");
  EXPECT_EQ(found.get("dev", "region"), "us-west-2");
  EXPECT_EQ(found.get("dev", "s3.addressing_style"), "path");
  EXPECT_EQ(found.get("dev", "output"), "json");
  EXPECT_EQ(found.get("dev", "aws_secret_access_key"), "a/b+c==");
  EXPECT_EQ(found.get("dev", "absent"), "");
  EXPECT_EQ(found.service("other", "s3.endpoint_url"), "http://localhost:9000");
}

TEST_F(AwsSettingsTest, ReadsNamesAsTheAwsToolsDo) {
  config_ =
      "\xef\xbb\xbf[default]\nregion = eu-west-1\n[profile \"dev\"]\nregion = a\n"
      "[profile\tother]\n\tregion\t=\tb\n[profile 'my own']\nregion = c\n[profiles]\nregion = d\n"
      "[services\t\"local\"]\ns3 =\n\tendpoint_url = http://localhost\n";
  const AwsProfiles found = profiles();
  EXPECT_EQ(found.get("default", "region"), "eu-west-1");
  EXPECT_EQ(found.get("dev", "region"), "a");
  EXPECT_EQ(found.get("other", "region"), "b");
  EXPECT_EQ(found.get("my own", "region"), "c");
  EXPECT_EQ(found.get("profiles", "region"), "d");
  EXPECT_EQ(found.service("local", "s3.endpoint_url"), "http://localhost");
}

TEST_F(AwsSettingsTest, TheCredentialsFileTakesPrecedence) {
  config_ = "[profile dev]\naws_access_key_id=config\n";
  credentials_ = "[dev]\naws_access_key_id=credentials\n";
  EXPECT_EQ(profiles().get("dev", "aws_access_key_id"), "credentials");
}

TEST_F(AwsSettingsTest, MissingFilesAreEmptyAndBadOnesAreNamed) {
  EXPECT_FALSE(AwsProfiles("/nonexistent/config", "").contains("default"));
  for (const char* text : {"[default\n", "region = x\n", "[default]\nnonsense\n"}) {
    config_ = text;
    try {
      profiles();
      FAIL() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::invalid_argument);
      EXPECT_NE(std::string(error.what()).find("config: line "), std::string::npos);
    }
  }
}

TEST_F(AwsSettingsTest, NamesOfSettingsMayHaveCapitals) {
  config_ = "[default]\nRegion = eu-central-1\nS3 =\n  Addressing_Style = Path\n";
  EXPECT_EQ(profiles().get("default", "region"), "eu-central-1");
  EXPECT_EQ(profiles().get("default", "s3.addressing_style"), "Path");
}

TEST_F(AwsSettingsTest, TheEndpointComesFromVariableThenServicesThenProfile) {
  config_ =
      "[default]\nendpoint_url=http://profile\nservices = mine\n[profile plain]\n"
      "endpoint_url=http://plain/\n[services mine]\ns3 =\n  endpoint_url = http://services\n";
  const AwsProfiles found = profiles();
  EXPECT_EQ(s3_endpoint({.endpoint_url = "http://variable"}, found).url, "http://variable");
  EXPECT_EQ(s3_endpoint({}, found).url, "http://services");
  EXPECT_EQ(s3_endpoint({.profile = "plain"}, found).url, "http://plain");
  EXPECT_EQ(s3_endpoint({.ignore_configured_endpoints = true}, found).url, "");
  EXPECT_EQ(sts_url({}, found, "eu-west-1"), "http://profile");
  EXPECT_EQ(sts_url({}, AwsProfiles("", ""), "eu-west-1"), "https://sts.eu-west-1.amazonaws.com");
}

TEST_F(AwsSettingsTest, TheRegionHasADefault) {
  config_ = "[default]\nregion=eu-west-1\n";
  EXPECT_EQ(s3_endpoint({.region = "us-west-2"}, profiles()).region, "us-west-2");
  EXPECT_EQ(s3_endpoint({}, profiles()).region, "eu-west-1");
  EXPECT_EQ(s3_endpoint({}, AwsProfiles("", "")).region, "us-east-1");
}

TEST_F(AwsSettingsTest, CustomServersAreAddressedByPath) {
  config_ = "[profile virtual]\ns3 =\n  addressing_style = virtual\n";
  EXPECT_FALSE(s3_endpoint({}, profiles()).path_style);
  EXPECT_TRUE(s3_endpoint({.endpoint_url = "http://x"}, profiles()).path_style);
  EXPECT_FALSE(
      s3_endpoint({.profile = "virtual", .endpoint_url = "http://x"}, profiles()).path_style);
}

TEST_F(AwsSettingsTest, ANamedProfileMustExist) {
  EXPECT_THROW(s3_endpoint({.profile = "absent"}, profiles()), Error);
}

TEST(S3Endpoint, HasOneLocationForEachServer) {
  EXPECT_EQ((S3Endpoint{.region = "eu-central-1"}.location()), "AWS");
  EXPECT_EQ((S3Endpoint{.region = "cn-north-1"}.location()), "AWS in China");
  EXPECT_EQ((S3Endpoint{.url = "HTTP://Minio:80/"}.location()), "http://minio");
  EXPECT_EQ((S3Endpoint{.url = "https://ann:pw@minio:443/s3"}.location()), "https://minio/s3");
  EXPECT_EQ((S3Endpoint{.url = "http://minio:9000", .path_style = true}.location()),
            (S3Endpoint{.region = "x", .url = "http://minio:9000"}.location()));
}

}  // namespace
}  // namespace grid::net
