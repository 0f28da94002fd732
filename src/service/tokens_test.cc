#include "service/tokens.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "base/error.h"
#include "base/file.h"
#include "tests/support/node.h"

namespace grid::service {
namespace {

using std::chrono::seconds;

class TokensTest : public ::testing::Test {
 protected:
  std::filesystem::path file_of(const CreatedToken& created) {
    return node_.settings().token_folder / (created.token.id + ".json");
  }
  std::optional<Token> find(const std::string& text) { return find_token(node_.settings(), text); }

  testing::Node node_;
};

TEST_F(TokensTest, AreFoundByTheirTextAlone) {
  const CreatedToken created = create_token(
      node_.settings(), {.label = "ci", .role = Role::writer, .datastores = {"cats*"}});
  const std::optional<Token> found = find(created.text);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, created.token.id);
  EXPECT_EQ(found->role, Role::writer);
  EXPECT_EQ(found->label, "ci");
  EXPECT_FALSE(found->expires);
  std::string other = created.text;
  other.back() = other.back() == '0' ? '1' : '0';
  for (const std::string& wrong :
       {other, created.text + "0", created.text.substr(1), std::string("grid_"), std::string(),
        "grid_../../../../x" + created.text.substr(18)})
    EXPECT_FALSE(find(wrong)) << wrong;
}

TEST_F(TokensTest, AreKeptAsDigestsThatOnlyTheirOwnerReads) {
  const CreatedToken created = create_token(node_.settings(), {});
  const std::optional<Bytes> kept = find_file_bytes(file_of(created));
  ASSERT_TRUE(kept);
  EXPECT_EQ(as_text(*kept).find(created.text.substr(created.text.rfind('_') + 1)),
            std::string_view::npos);
  struct stat status;
  ASSERT_EQ(::stat(file_of(created).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(TokensTest, SeeTheDatastoresOfTheirPatterns) {
  const Token all;
  EXPECT_TRUE(all.may_see("cats"));
  const Token some{.datastores = {"cats", "dog-*"}};
  EXPECT_TRUE(some.may_see("cats"));
  EXPECT_TRUE(some.may_see("dog-small"));
  EXPECT_FALSE(some.may_see("cats-secret"));
  EXPECT_FALSE(some.may_see("dogs"));
  for (const std::string pattern : {"", "Cats", "a/b", "[a]", "a?", "../x"})
    EXPECT_THROW(create_token(node_.settings(), {.datastores = {pattern}}), Error) << pattern;
}

TEST_F(TokensTest, EndWhenTheyExpireOrAreRevoked) {
  const CreatedToken late = create_token(node_.settings(), {.lasts = seconds(-1)});
  EXPECT_FALSE(find(late.text));
  const CreatedToken created = create_token(node_.settings(), {.lasts = seconds(1000)});
  EXPECT_TRUE(find(created.text));
  EXPECT_EQ(list_tokens(node_.settings()).tokens.size(), 2u);
  revoke_token(node_.settings(), created.token.id);
  EXPECT_FALSE(find(created.text));
  EXPECT_THROW(revoke_token(node_.settings(), created.token.id), Error);
  EXPECT_THROW(revoke_token(node_.settings(), "../credentials/x"), Error);
}

TEST_F(TokensTest, ThatAreKnownStayWhatTheirFilesSay) {
  for (const seconds settling_time : {seconds(0), seconds(2)}) {
    KnownTokens known(node_.settings(), settling_time);
    const CreatedToken created = create_token(node_.settings(), {});
    for (int i = 0; i < 3; ++i) {
      const auto found = known.find(created.text);
      ASSERT_TRUE(found);
      EXPECT_EQ(found->role, Role::reader);
    }
    std::string other = created.text;
    other.back() = other.back() == '0' ? '1' : '0';
    EXPECT_FALSE(known.find(other));
    EXPECT_FALSE(known.find(created.text + "0"));
    std::string json(as_text(*find_file_bytes(file_of(created))));
    json.replace(json.find("reader"), 6, "admin");
    replace_file(file_of(created), as_bytes(json));
    EXPECT_EQ(known.find(created.text)->role, Role::admin);
    revoke_token(node_.settings(), created.token.id);
    EXPECT_FALSE(known.find(created.text));
  }
}

TEST_F(TokensTest, ThatAreDamagedAreNamedAndLetNobodyIn) {
  const CreatedToken created = create_token(node_.settings(), {});
  const std::string good(as_text(*find_file_bytes(file_of(created))));
  for (const auto& [from, to] :
       std::vector<std::pair<std::string, std::string>>{{"reader", "root"},
                                                        {"[]", "[1]"},
                                                        {"[]", "{}"},
                                                        {"\"digest\"", "\"gist\""},
                                                        {"\"format\": 1", "\"format\": 2"},
                                                        {"}", ""}}) {
    std::string damaged = good;
    damaged.replace(damaged.find(from), from.size(), to);
    std::ofstream(file_of(created)) << damaged;
    EXPECT_THROW(find(created.text), Error) << to;
  }
}

TEST_F(TokensTest, ForS3HaveASecretThatIsDerivedAndKeptNowhere) {
  const CreatedToken created = create_token(
      node_.settings(), {.role = Role::writer, .datastores = {"cats"}, .for_s3 = true});
  const CreatedToken other = create_token(node_.settings(), {.for_s3 = true});
  const std::string id = s3_access_key_id(created.token);
  EXPECT_EQ(id, "GRID" + created.token.id);
  const std::optional<S3Key> found = find_s3_key(node_.settings(), id);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->secret_access_key, created.text);
  EXPECT_EQ(found->token.datastores, std::vector<std::string>{"cats"});
  EXPECT_NE(created.text, other.text);
  for (const auto& file : std::filesystem::directory_iterator(node_.settings().token_folder)) {
    EXPECT_EQ(as_text(*find_file_bytes(file.path())).find(created.text), std::string_view::npos);
    struct stat status;
    ASSERT_EQ(::stat(file.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u) << file.path();
  }
  EXPECT_EQ(list_tokens(node_.settings()).tokens.size(), 2u);  // the server's key is none
  revoke_token(node_.settings(), created.token.id);
  EXPECT_FALSE(find_s3_key(node_.settings(), id));
  EXPECT_TRUE(find_s3_key(node_.settings(), s3_access_key_id(other.token)));
}

TEST_F(TokensTest, AreForS3OrForTheApi) {
  const CreatedToken api = create_token(node_.settings(), {});
  const CreatedToken s3 = create_token(node_.settings(), {.for_s3 = true});
  EXPECT_FALSE(find_s3_key(node_.settings(), "GRID" + api.token.id));
  EXPECT_FALSE(find("grid_" + s3.token.id + "_" + s3.text));
  for (const char* wrong : {"", "GRID", "GRID../../../../x", "AKIAIOSFODNN7EXAMPLE"})
    EXPECT_FALSE(find_s3_key(node_.settings(), wrong)) << wrong;
  const CreatedToken past = create_token(node_.settings(), {.lasts = seconds(-1), .for_s3 = true});
  EXPECT_FALSE(find_s3_key(node_.settings(), s3_access_key_id(past.token)));
}

TEST_F(TokensTest, AreWrittenAsDocuments) {
  CreatedToken created = create_token(node_.settings(), {.datastores = {"cats*"}});
  created.token.id = "0123456789ab";
  created.token.created = "2026-11-29T00:00:00Z";
  created.text = "grid_x";
  EXPECT_EQ(testing::line_of(created),
            R"({"id": "0123456789ab", "token": "grid_x", "label": "", "role": "reader", )"
            R"("datastores": ["cats*"], "created": "2026-11-29T00:00:00Z", "expires": null})"
            "\n");
  created.token.for_s3 = true;
  EXPECT_EQ(testing::line_of(created),
            R"({"id": "0123456789ab", "access_key_id": "GRID0123456789ab", )"
            R"("secret_access_key": "grid_x", "label": "", "role": "reader", )"
            R"("datastores": ["cats*"], "created": "2026-11-29T00:00:00Z", "expires": null})"
            "\n");
  EXPECT_EQ(testing::line_of(TokenList{}), R"({"tokens": []})"
                                           "\n");
  EXPECT_EQ(testing::line_of(RevokedToken{"ab"}), R"({"id": "ab"})"
                                                  "\n");
}

}  // namespace
}  // namespace grid::service
