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

TEST_F(TokensTest, AreWrittenAsDocuments) {
  CreatedToken created = create_token(node_.settings(), {.datastores = {"cats*"}});
  created.token.id = "0123456789ab";
  created.token.created = "2026-11-29T00:00:00Z";
  created.text = "grid_x";
  EXPECT_EQ(testing::line_of(created),
            R"({"id": "0123456789ab", "token": "grid_x", "label": "", "role": "reader", )"
            R"("datastores": ["cats*"], "created": "2026-11-29T00:00:00Z", "expires": null})"
            "\n");
  EXPECT_EQ(testing::line_of(TokenList{}), R"({"tokens": []})"
                                           "\n");
  EXPECT_EQ(testing::line_of(RevokedToken{"ab"}), R"({"id": "ab"})"
                                                  "\n");
}

}  // namespace
}  // namespace grid::service
