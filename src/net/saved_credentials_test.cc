#include "net/saved_credentials.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/error.h"
#include "tests/support/loopback_server.h"
#include "tests/support/temporary_folder.h"

namespace grid::net {
namespace {

using testing::LoopbackServer;
using Request = LoopbackServer::Request;
using Connection = LoopbackServer::Connection;

class SavedCredentialsTest : public ::testing::Test {
 protected:
  static SavedCredential credential(const std::string& name, const std::string& role = "Read") {
    return {.name = name,
            .bucket = "cats",
            .role_arn = "arn:aws:iam::1:role/" + role,
            .external_id = "id-of-" + role,
            .created = "2026-11-23T00:00:00Z"};
  }
  static unsigned mode_of(const std::filesystem::path& path) {
    struct stat st;
    return ::stat(path.c_str(), &st) == 0 ? st.st_mode & 0777 : 0;
  }

  testing::TemporaryFolder folder_;
  const std::filesystem::path place_ = folder_ / "grid/credentials";
  SavedCredentials saved_{place_};
};

TEST_F(SavedCredentialsTest, ComeBackAsTheyWere) {
  EXPECT_TRUE(saved_.all().empty());
  EXPECT_TRUE(saved_.save(credential("b")));
  EXPECT_TRUE(saved_.save(credential("a")));
  EXPECT_EQ(saved_.all(), (std::vector{credential("a"), credential("b")}));
  EXPECT_TRUE(saved_.remove("a"));
  EXPECT_FALSE(saved_.remove("a"));
  EXPECT_EQ(saved_.find("a"), std::nullopt);
}

TEST_F(SavedCredentialsTest, OnlyTheirOwnerMayReadThem) {
  const mode_t before = ::umask(0);
  saved_.save(credential("a"));
  ::umask(before);
  EXPECT_EQ(mode_of(saved_.path_of("a")), 0600u);
  EXPECT_EQ(mode_of(place_), 0700u);
}

TEST_F(SavedCredentialsTest, ATakenNameIsLeftAlone) {
  saved_.save(credential("a", "First"));
  EXPECT_FALSE(saved_.save(credential("a", "Second")));
  EXPECT_EQ(saved_.find("a"), credential("a", "First"));
}

TEST_F(SavedCredentialsTest, NamesThatLeaveTheFolderAreRefused) {
  for (const char* name : {"", "..", "../x", "a/b", ".hidden", "a b"})
    EXPECT_THROW(saved_.path_of(name), Error) << name;
}

TEST_F(SavedCredentialsTest, NamesAFileThatIsNotACredential) {
  testing::write_file(place_ / "broken.json", "{");
  try {
    saved_.all();
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("broken.json"), std::string::npos);
  }
}

// A server that knows which roles may be taken, and which of them may list the bucket.
class OpeningToRead : public SavedCredentialsTest {
 protected:
  static std::string role_of(const Request& request) {
    const std::size_t at = request.body.find("role%2F");
    return at == std::string::npos ? "" : request.body.substr(at + 7, 4);
  }
  void answer(const Request& request, Connection& connection) {
    if (request.method == "POST") {
      const std::string role = role_of(request);
      if (request.body.find("ExternalId=id-of-" + role) == std::string::npos)
        return connection.answer(403, "<Error><Code>AccessDenied</Code></Error>");
      return connection.answer(
          200,
          "<R><Credentials><AccessKeyId>KEY-OF-" + role +
              "</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
              "<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></R>");
    }
    const std::string authorization = request.header("authorization");
    const bool may = authorization.find(allowed_key_) != std::string::npos;
    connection.answer(
        may ? 200 : 403,
        may ? "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>" : "");
  }
  std::string key_that_reads() {
    const S3Access access = open_to_read({}, settings_, "cats", "", {.tries_max = 1});
    return access.credentials->get()->access_key_id;
  }

  std::string allowed_key_ = "KEY-OF-Good";
  LoopbackServer server_{[this](const Request& r, Connection& c) { answer(r, c); }};
  AwsSettings settings_{.access_key_id = "OWN",
                        .secret_access_key = "s",
                        .endpoint_url = server_.origin(),
                        .sts_endpoint_url = server_.origin(),
                        .saved_credentials = place_};

  void save(const std::string& name, const std::string& role, const std::string& bucket = "cats") {
    SavedCredential one = credential(name, role);
    one.bucket = bucket;
    one.endpoint_url = server_.origin();
    saved_.save(one);
  }
};

TEST_F(OpeningToRead, UsesTheFirstCredentialThatMayList) {
  save("a", "Bad1");
  save("b", "Good");
  save("c", "Bad2");
  EXPECT_EQ(key_that_reads(), "KEY-OF-Good");
}

TEST_F(OpeningToRead, UsesTheCallersCredentialsIfNoneIsSavedForTheBucket) {
  save("b", "Good", "dogs");
  EXPECT_EQ(key_that_reads(), "OWN");
}

TEST_F(OpeningToRead, DoesNotTryACredentialForAnotherServer) {
  SavedCredential one = credential("a", "Good");
  one.endpoint_url = "https://elsewhere.example.org";
  saved_.save(one);
  EXPECT_EQ(key_that_reads(), "OWN");
}

TEST_F(OpeningToRead, TriesTheCallersCredentialsIfNoSavedOneMayList) {
  save("a", "Bad1");
  allowed_key_ = "OWN";
  EXPECT_EQ(key_that_reads(), "OWN");
}

TEST_F(OpeningToRead, NamesTheSavedCredentialIfNeitherMayList) {
  save("a", "Bad1");
  try {
    key_that_reads();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::permission_denied);
    EXPECT_NE(std::string(error.what()).find("the credential a: "), std::string::npos)
        << error.what();
  }
}

TEST_F(OpeningToRead, AWrongExternalIdIsARefusal) {
  SavedCredential one = credential("a", "Good");
  one.endpoint_url = server_.origin();
  one.external_id = "another";
  saved_.save(one);
  EXPECT_THROW(key_that_reads(), Error);
}

}  // namespace
}  // namespace grid::net
