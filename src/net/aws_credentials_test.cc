#include "net/aws_credentials.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/utc.h"
#include "net/aws_sts.h"
#include "tests/support/loopback_server.h"
#include "tests/support/temporary_folder.h"

namespace grid::net {
namespace {

using testing::LoopbackServer;
using Request = LoopbackServer::Request;
using Connection = LoopbackServer::Connection;

std::string sts_answer(const std::string& key, const char* expires = "2030-01-01T00:00:00Z") {
  return "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
         "<AssumeRoleResult><Credentials><AccessKeyId>" +
         key +
         "</AccessKeyId><SecretAccessKey>role-secret</SecretAccessKey><SessionToken>role-token"
         "</SessionToken><Expiration>" +
         expires + "</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";
}

std::string json_answer(const std::string& key, const char* expires = "2030-01-01T00:00:00Z") {
  return "{\"AccessKeyId\":\"" + key +
         "\",\"SecretAccessKey\":\"s\",\"Token\":\"t\",\"Expiration\":\"" + expires + "\"}";
}

class AwsCredentialsTest : public ::testing::Test {
 protected:
  void write_config(const std::string& text) { testing::write_file(folder_ / "config", text); }

  std::optional<AwsCredentials> find() {
    settings_.config_file = folder_ / "config";
    settings_.credentials_file = folder_ / "credentials";
    const AwsProfiles profiles(settings_.config_file, settings_.credentials_file);
    return find_aws_credentials(*http_, settings_, profiles, std::chrono::system_clock::now);
  }
  std::string key() {
    const auto found = find();
    return found ? found->access_key_id : "(none)";
  }
  std::string failure() {
    try {
      find();
      return "(no failure)";
    } catch (const Error& error) {
      return error.what();
    }
  }

  testing::TemporaryFolder folder_;
  std::shared_ptr<HttpClient> http_ = std::make_shared<HttpClient>();
  AwsSettings settings_{.metadata_url = "http://127.0.0.1:1"};
};

TEST_F(AwsCredentialsTest, VariablesTakePrecedenceOverTheProfilesKeys) {
  testing::write_file(folder_ / "credentials",
                      "[default]\naws_access_key_id=file\naws_secret_access_key=s\n"
                      "aws_session_token=t\n");
  EXPECT_EQ(find(), (AwsCredentials{"file", "s", "t"}));
  settings_.access_key_id = "variable";
  settings_.secret_access_key = "s";
  EXPECT_EQ(key(), "variable");
  settings_.secret_access_key = "";
  EXPECT_NE(failure().find("AWS_SECRET_ACCESS_KEY is not"), std::string::npos);
}

TEST_F(AwsCredentialsTest, FindingNoneIsNotAFailure) {
  EXPECT_EQ(key(), "(none)");
  settings_.access_key_id = settings_.secret_access_key = "x";
  settings_.anonymous = true;
  EXPECT_EQ(key(), "(none)");
}

TEST_F(AwsCredentialsTest, TakesTheRoleOfAProfileWithItsSourceProfile) {
  std::string form, authorization;
  LoopbackServer sts([&](const Request& request, Connection& connection) {
    form = request.body;
    authorization = request.header("authorization");
    connection.answer(200, sts_answer("role"));
  });
  settings_.sts_endpoint_url = sts.origin();
  settings_.profile = "dev";
  write_config(
      "[profile dev]\nrole_arn=arn:aws:iam::1:role/r\nsource_profile=base\nexternal_id=e/1\n"
      "role_session_name=me\nduration_seconds=900\n"
      "[profile base]\naws_access_key_id=BASE\naws_secret_access_key=s\n");
  const AwsCredentials found = find().value();
  EXPECT_EQ(found.access_key_id, "role");
  EXPECT_EQ(found.session_token, "role-token");
  EXPECT_EQ(found.expires, parse_rfc3339("2030-01-01T00:00:00Z"));
  EXPECT_EQ(form,
            "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr"
            "&RoleSessionName=me&DurationSeconds=900&ExternalId=e%2F1");
  EXPECT_NE(authorization.find("Credential=BASE/"), std::string::npos);
  EXPECT_NE(authorization.find("/us-east-1/sts/"), std::string::npos);
}

TEST_F(AwsCredentialsTest, ARoleMayBeTakenWithTheCredentialsOfAnotherRole) {
  std::vector<std::string> callers;
  LoopbackServer sts([&](const Request& request, Connection& connection) {
    const std::string text = request.header("authorization");
    const std::size_t at = text.find("Credential=") + 11;
    callers.push_back(text.substr(at, text.find('/', at) - at));
    connection.answer(200, sts_answer("role" + std::to_string(callers.size())));
  });
  settings_.sts_endpoint_url = sts.origin();
  write_config(
      "[default]\nrole_arn=second\nsource_profile=first\n[profile first]\nrole_arn=first\n"
      "source_profile=keys\n[profile keys]\naws_access_key_id=K\naws_secret_access_key=s\n");
  EXPECT_EQ(key(), "role2");
  EXPECT_EQ(callers, (std::vector<std::string>{"K", "role1"}));
  write_config(
      "[default]\nrole_arn=a\nsource_profile=b\n[profile b]\nrole_arn=b\nsource_profile=default\n");
  EXPECT_NE(failure().find("its own source_profile"), std::string::npos) << failure();
}

TEST_F(AwsCredentialsTest, ReportsARefusedRole) {
  LoopbackServer sts([&](const Request&, Connection& connection) {
    connection.answer(403,
                      "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not you</Message>"
                      "</Error></ErrorResponse>");
  });
  settings_.sts_endpoint_url = sts.origin();
  settings_.access_key_id = "";
  write_config(
      "[default]\nrole_arn=r\nsource_profile=default\naws_access_key_id=K\n"
      "aws_secret_access_key=s\n");
  EXPECT_NE(failure().find("cannot take the role r at http://127.0.0.1"), std::string::npos);
  EXPECT_NE(failure().find("403 (access denied): AccessDenied: not you"), std::string::npos);
  write_config("[default]\nrole_arn=r\n");
  EXPECT_NE(failure().find("source_profile is missing"), std::string::npos);
}

TEST_F(AwsCredentialsTest, TakesARoleWithATokenOfAnotherProviderUnsigned) {
  std::string form, authorization = "-";
  LoopbackServer sts([&](const Request& request, Connection& connection) {
    form = request.body;
    authorization = request.header("authorization");
    connection.answer(200, sts_answer("web"));
  });
  settings_.sts_endpoint_url = sts.origin();
  settings_.role_arn = "r";
  settings_.web_identity_token_file = folder_ / "token";
  EXPECT_NE(failure().find("there is no token at"), std::string::npos);
  testing::write_file(folder_ / "token", "abc.def\n");
  EXPECT_EQ(key(), "web");
  EXPECT_TRUE(form.ends_with("&WebIdentityToken=abc.def")) << form;
  EXPECT_EQ(authorization, "");
}

TEST_F(AwsCredentialsTest, AsksTheEndpointOfAContainer) {
  LoopbackServer container([&](const Request& request, Connection& connection) {
    if (request.header("authorization") != "secret") return connection.answer(401);
    connection.answer(200, json_answer("container"));
  });
  settings_.container_url = container.url("/v2/credentials");
  EXPECT_NE(failure().find("401"), std::string::npos);
  settings_.container_token = "secret";
  EXPECT_EQ(key(), "container");
}

TEST_F(AwsCredentialsTest, AsksTheMachineForItsRole) {
  LoopbackServer metadata([&](const Request& request, Connection& connection) {
    if (request.method == "PUT" && request.target == "/latest/api/token" &&
        !request.header("x-aws-ec2-metadata-token-ttl-seconds").empty())
      return connection.answer(200, "session");
    if (request.header("x-aws-ec2-metadata-token") != "session") return connection.answer(401);
    if (request.target == "/latest/meta-data/iam/security-credentials/")
      return connection.answer(200, "my-role");
    if (request.target == "/latest/meta-data/iam/security-credentials/my-role")
      return connection.answer(200, json_answer("machine"));
    connection.answer(404);
  });
  settings_.metadata_url = metadata.origin();
  EXPECT_EQ(key(), "machine");
  settings_.metadata_disabled = true;
  EXPECT_EQ(key(), "(none)");
}

TEST_F(AwsCredentialsTest, ReportsUnsupportedKindsOfCredentials) {
  write_config("[default]\nsso_session = x\n");
  EXPECT_NE(failure().find("export-credentials"), std::string::npos);
}

TEST_F(AwsCredentialsTest, NamesWhatIsMissingOrUnsupportedInAProfile) {
  const std::pair<const char*, const char*> cases[] = {
      {"[default]\naws_access_key_id = a\n", "and no aws_secret_access_key"},
      {"[default]\nlogin_session = x\n", "through login_session"},
      {"[default]\nrole_arn = r\nsource_profile = s\nmfa_serial = m\n", "with mfa_serial"},
      {"[default]\nrole_arn = r\nsource_profile = s\n[profile s]\ncredential_process = x\n",
       "the profile s gets its credentials through credential_process"},
      {"[default]\nrole_arn = r\nsource_profile = s\n", "there is no such profile"}};
  for (const auto& [config, said] : cases) {
    write_config(config);
    EXPECT_NE(failure().find(said), std::string::npos) << failure();
  }
}

TEST_F(AwsCredentialsTest, ThoseThatAreExpiredAlreadyAreNotAskedForBeforeEachRequest) {
  std::atomic<int> calls = 0;
  LoopbackServer container([&](const Request&, Connection& connection) {
    ++calls;
    connection.answer(200, json_answer("old", "2029-01-01T00:00:00Z"));
  });
  std::atomic<int> second = 3600;
  AwsCredentialSource source(http_, {.container_url = container.url("/")}, [&] {
    return *parse_rfc3339("2029-01-01T00:00:00Z") + std::chrono::seconds(second);
  });
  for (int i = 0; i < 10; ++i) EXPECT_EQ(source.get()->access_key_id, "old");
  EXPECT_EQ(calls, 1);
  for (int i = 0; i < 10; ++i) {  // nor each time that a server refuses them
    source.drop(*source.get());
    source.get();
  }
  EXPECT_EQ(calls, 2);
  second = 3700;
  source.get();
  EXPECT_EQ(calls, 3);
}

TEST_F(AwsCredentialsTest, OneThreadRenewsThemBeforeTheyExpire) {
  std::atomic<int> calls = 0;
  LoopbackServer container([&](const Request&, Connection& connection) {
    const int call = ++calls;
    connection.answer(200,
                      json_answer("call" + std::to_string(call),
                                  call == 1 ? "2029-01-01T01:00:00Z" : "2029-01-01T02:00:00Z"));
  });
  std::atomic<int> minute = 0;
  AwsSettings settings{.container_url = container.url("/")};
  AwsCredentialSource source(http_, settings, [&] {
    return *parse_rfc3339("2029-01-01T00:00:00Z") + std::chrono::minutes(minute);
  });
  auto key_now = [&] { return source.get()->access_key_id; };
  EXPECT_EQ(key_now(), "call1");
  minute = 54;
  EXPECT_EQ(key_now(), "call1");
  minute = 56;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) threads.emplace_back([&] { key_now(); });
  }
  EXPECT_EQ(key_now(), "call2");
  EXPECT_EQ(calls, 2);
}

TEST_F(AwsCredentialsTest, AreKeptWhileValidIfRenewalFails) {
  std::atomic<bool> up = true;
  LoopbackServer container([&](const Request&, Connection& connection) {
    if (!up) return connection.answer(403);
    connection.answer(200, json_answer("old", "2029-01-01T01:00:00Z"));
  });
  std::atomic<int> minute = 0;
  AwsSettings settings{.container_url = container.url("/")};
  AwsCredentialSource source(http_, settings, [&] {
    return *parse_rfc3339("2029-01-01T00:00:00Z") + std::chrono::minutes(minute);
  });
  EXPECT_TRUE(source.get());
  up = false;
  minute = 58;
  EXPECT_EQ(source.get()->access_key_id, "old");
  minute = 61;
  EXPECT_THROW(source.get(), Error);
}

TEST_F(AwsCredentialsTest, DropsThoseThatAServerReportsAsExpired) {
  std::atomic<int> calls = 0;
  LoopbackServer container([&](const Request&, Connection& connection) {
    connection.answer(200, json_answer("call" + std::to_string(++calls)));
  });
  AwsCredentialSource source(http_, {.container_url = container.url("/")});
  const AwsCredentials first = source.get().value();
  source.drop(first);
  EXPECT_EQ(source.get()->access_key_id, "call2");
  source.drop(first);  // another thread noticed later
  EXPECT_EQ(source.get()->access_key_id, "call2");
}

}  // namespace
}  // namespace grid::net
