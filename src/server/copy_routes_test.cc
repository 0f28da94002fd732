#include <filesystem>

#include "server/api_fixture.h"
#include "server/body_file.h"

namespace grid::server {
namespace {

class CopyRoutesTest : public ApiTest {
 protected:
  Response batch(const std::string& body) {
    Request request = request_of("POST", version + "/batch", admin_);
    request.body = body;
    return send(std::move(request));
  }
  // Damages the file a.txt in the store.
  void damage() {
    for (const auto& file : std::filesystem::recursive_directory_iterator(node_ / "store/packs")) {
      if (!file.is_regular_file()) continue;
      std::string bytes = testing::read_file(file.path());
      const std::size_t at = bytes.find("0123456789");
      if (at == bytes.npos) continue;
      bytes[at] = '!';
      std::filesystem::remove(file.path());
      testing::write_file(file.path(), bytes);
      return;
    }
    FAIL() << "no pack has the file as it is";
  }
};

// "STATUS CONTENT" for each record.
std::vector<std::string> records_of(const std::string& answer) {
  std::vector<std::string> records;
  for (BytesView rest = as_bytes(answer); !rest.empty();) {
    const auto size = load<std::uint32_t>(rest.data() + 1);
    records.push_back(
        fmt::format("{} {}", static_cast<int>(rest[0]), as_text(rest.subspan(5, size))));
    rest = rest.subspan(5 + size);
  }
  return records;
}

TEST_F(CopyRoutesTest, MakesSoManyArchivesAtOnce) {
  std::vector<Response> made;
  for (int i = 0; i < 16; ++i) EXPECT_EQ(made.emplace_back(get(version + "/archive")).status, 200);
  const Response refused = get(version + "/archive");
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.headers.get("Retry-After"), "5");
  made.pop_back();
  EXPECT_EQ(get(version + "/archive").status, 200);
}

TEST_F(CopyRoutesTest, GivesFoldersAsArchives) {
  Response zip = get(version + "/archive");
  EXPECT_EQ(zip.status, 200);
  EXPECT_EQ(zip.headers.get("Content-Type"), "application/zip");
  EXPECT_EQ(zip.headers.get("Content-Disposition"), "attachment; filename*=UTF-8''cats-1.zip");
  const std::string bytes = body_of(std::move(zip));
  EXPECT_TRUE(bytes.starts_with("PK\3\4"));
  EXPECT_NE(bytes.find("cats-1/folder/big"), bytes.npos);
  Response tar = get(version + "/archive/folder/?format=tar");
  EXPECT_EQ(tar.headers.get("Content-Disposition"), "attachment; filename*=UTF-8''folder.tar");
  const std::string blocks = body_of(std::move(tar));
  EXPECT_EQ(blocks.size() % 512, 0u);
  EXPECT_NE(blocks.find("folder/big"), blocks.npos);
  EXPECT_NE(blocks.find(std::string(3 << 20, 'x')), blocks.npos);
  EXPECT_EQ(send(request_of("HEAD", version + "/archive", admin_)).source, nullptr);
  EXPECT_EQ(get(version + "/archive/a.txt").status, 400);
  EXPECT_EQ(get(version + "/archive/missing").status, 404);
  EXPECT_EQ(get(version + "/archive?format=rar").status, 400);
}

TEST_F(CopyRoutesTest, GivesSelectionsAsOneArchive) {
  const auto select = [&](const std::string& target, const std::string& form) {
    Request request = request_of("POST", version + target, admin_);
    request.body = form;
    return send(std::move(request));
  };
  Response tar = select("/archive?format=tar", "path=a.txt&path=folder&x=y");
  EXPECT_EQ(tar.headers.get("Content-Disposition"), "attachment; filename*=UTF-8''cats-1.tar");
  const std::string blocks = body_of(std::move(tar));
  EXPECT_NE(blocks.find("cats-1/a.txt"), blocks.npos);
  EXPECT_NE(blocks.find("cats-1/folder/big"), blocks.npos);
  EXPECT_EQ(blocks.find("page.html"), blocks.npos);
  const std::string zip = body_of(select("/archive/folder", "path_hex=626967"));
  EXPECT_NE(zip.find("folder/big"), zip.npos);
  for (const char* form : {"", "path=", "path=../a.txt", "path_hex=6", "path_hex=zz", "page=a.txt"})
    EXPECT_EQ(select("/archive", form).status, 400) << form;
  EXPECT_EQ(select("/archive", "path=a.txt&path=missing").status, 404);
  EXPECT_EQ(select("/archive/a.txt", "path=x").status, 400);
}

TEST_F(CopyRoutesTest, TakesLongListsOfPaths) {
  std::string form, paths;
  for (int i = 0; i < 200'000; ++i) {
    form += "path=a.txt&";
    paths += R"("a.txt", )";
  }
  const auto in_file = [&](const std::string& target, const std::string& body) {
    Request request = request_of("POST", version + target, admin_);
    EXPECT_GE(api_->admit(request).body_size_max, body.size());
    request.body_file = std::make_shared<BodyFile>(node_ / "bodies");
    request.body_file->append(as_bytes(body));
    return send(std::move(request));
  };
  EXPECT_EQ(in_file("/archive?format=tar", form).status, 200);
  const Response answer = in_file("/batch", R"({"paths": [)" + paths + R"("empty"]})");
  EXPECT_EQ(answer.status, 200) << answer.body;
}

TEST_F(CopyRoutesTest, CountsTheChunksOfAFile) {
  const auto one = nlohmann::json::parse(get(version + "/chunks/a.txt").body);
  EXPECT_EQ(one["chunks"], 1);
  EXPECT_EQ(one["size"], 10);
  EXPECT_GT(nlohmann::json::parse(get(version + "/chunks/folder/big").body)["chunks"], 1);
  EXPECT_EQ(get(version + "/chunks/folder").status, 400);
  EXPECT_EQ(get(version + "/chunks/missing").status, 404);
}

TEST_F(CopyRoutesTest, GivesBatchesInTheOrderThatWasAskedFor) {
  const std::string answer = body_of(batch(
      R"({"paths": ["page.html", "missing", "/a.txt", "folder/big", "empty", "folder", "../x", "a.txt"]})"));
  EXPECT_EQ(records_of(answer),
            (std::vector<std::string>{"0 <script>alert(1)</script>", "1 ", "0 0123456789", "2 ",
                                      "0 ", "1 ", "1 ", "0 0123456789"}));
  EXPECT_EQ(records_of(body_of(batch(R"({"paths": ["a.txt", "empty"], "size_max": 9})"))),
            (std::vector<std::string>{"2 ", "0 "}));
}

TEST_F(CopyRoutesTest, RefusesBatchesThatAreNone) {
  for (const char* body : {"", "[]", "{}", R"({"paths": []})", R"({"paths": [1]})",
                           R"({"paths": "a.txt"})", R"({"paths": ["a"], "size_max": 1000000})"})
    EXPECT_EQ(batch(body).status, 400) << body;
}

TEST_F(CopyRoutesTest, NamesDamagedFiles) {
  damage();
  const auto records = records_of(body_of(batch(R"({"paths": ["page.html", "a.txt", "empty"]})")));
  EXPECT_EQ(records, (std::vector<std::string>{"0 <script>alert(1)</script>", "3 ", "0 "}));
  const Response archive = get(version + "/archive");
  EXPECT_EQ(archive.status, 500);
  EXPECT_NE(archive.body.find("a.txt"), archive.body.npos) << archive.body;
}

}  // namespace
}  // namespace grid::server
