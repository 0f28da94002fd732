#include "server/frames/frame_answers.h"

#include "server/api_fixture.h"

namespace grid::server::frames {

namespace {

class FrameAnswersTest : public ApiTest {
 protected:
  struct Frame {
    Code code;
    std::string content;
    bool operator==(const Frame&) const = default;
  };
  struct Part {
    std::string path;
    std::uint64_t offset = 0, size = UINT64_MAX;
  };

  static Bytes head(Operation operation, std::string_view name, std::uint64_t number) {
    Bytes request;
    append(request, static_cast<std::uint8_t>(operation));
    append(request, static_cast<std::uint8_t>(name.size()));
    append(request, as_bytes(name));
    append(request, number);
    return request;
  }
  static void add_path(Bytes& request, std::string_view path) {
    append(request, static_cast<std::uint16_t>(path.size()));
    append(request, as_bytes(path));
  }
  std::vector<Frame> answer(BytesView request) {
    std::vector<Frame> frames;
    FrameAnswers(*api_).answer(request, [&](Code code, BytesView content) {
      frames.push_back({code, std::string(as_text(content))});
    });
    return frames;
  }
  std::vector<Frame> read(const std::vector<Part>& parts, std::uint64_t number = 1) {
    Bytes request = head(Operation::read, "cats", number);
    for (const Part& part : parts) {
      add_path(request, part.path);
      append(request, part.offset);
      append(request, part.size);
    }
    return answer(request);
  }
  static std::string failure(ErrorKind kind, const std::string& sentence) {
    return static_cast<char>(kind) + sentence;
  }
};

TEST_F(FrameAnswersTest, GiveTheBytesOfAFileAndOfItsParts) {
  EXPECT_EQ(read({{"a.txt"}}), (std::vector<Frame>{{Code::content, "0123456789"}}));
  EXPECT_EQ(
      read({{"a.txt", 2, 3}, {"a.txt", 9, 100}, {"a.txt", 10, 1}, {"empty"}}),
      (std::vector<Frame>{
          {Code::content, "234"}, {Code::content, "9"}, {Code::content, ""}, {Code::content, ""}}));
  const std::vector<Frame> big = read({{"folder/big"}});
  ASSERT_EQ(big.size(), 1u);
  EXPECT_EQ(big[0].content, std::string(3 << 20, 'x'));
}

TEST_F(FrameAnswersTest, AnswerEachOfManyInTheirOrder) {
  for (int again = 0; again < 2; ++again) {
    const std::vector<Frame> frames = read({{"folder/big"}, {"none"}, {"a.txt"}, {"folder"}});
    ASSERT_EQ(frames.size(), 4u);
    EXPECT_EQ(frames[0].content.size(), 3u << 20);
    EXPECT_EQ(frames[1],
              (Frame{Code::failed, failure(ErrorKind::not_found, "cats:1 has no none")}));
    EXPECT_EQ(frames[2], (Frame{Code::content, "0123456789"}));
    EXPECT_EQ(frames[3],
              (Frame{Code::failed, failure(ErrorKind::invalid_argument,
                                           "cats:1: folder is not a file but a folder")}));
  }
}

TEST_F(FrameAnswersTest, SayThatAPartIsTooLarge) {
  testing::write_file(node_ / "large/x", std::string(read_size_max + 1, 'y'));
  node_.create(*store_, "cats", "large");
  Bytes size;
  append(size, read_size_max + 1);
  EXPECT_EQ(read({{"x"}}, 2), (std::vector<Frame>{{Code::larger, std::string(as_text(size))}}));
  EXPECT_EQ(read({{"x", 1}}, 2)[0].content.size(), read_size_max);
}

TEST_F(FrameAnswersTest, RefuseAVersionThatIsNotThere) {
  const std::vector<Frame> frames = read({{"a.txt"}, {"a.txt"}}, 7);
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].code, Code::refused);
  EXPECT_EQ(frames[0].content[0], static_cast<char>(ErrorKind::not_found));
}

TEST_F(FrameAnswersTest, ExpectFilesAndPassOverWhatIsNone) {
  Bytes request = head(Operation::expect, "cats", 1);
  for (const char* path : {"folder/big", "none", "folder", "empty", "a.txt"})
    add_path(request, path);
  const std::vector<Frame> frames = answer(request);
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].code, Code::content);
  ASSERT_EQ(frames[0].content.size(), 8u);
  EXPECT_GT(load<std::uint64_t>(as_bytes(frames[0].content).data()), 0u);
}

TEST_F(FrameAnswersTest, TakeNoBytesThatAreNoRequest) {
  Bytes whole = head(Operation::read, "cats", 1);
  add_path(whole, "a.txt");
  append(whole, std::uint64_t{0});
  append(whole, std::uint64_t{5});
  EXPECT_EQ(answer(whole)[0].content, "01234");
  const std::size_t without_parts = head(Operation::read, "cats", 1).size();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    if (size == without_parts) continue;  // a request for nothing
    EXPECT_THROW(answer(BytesView(whole).first(size)), Error) << size;
  }
  EXPECT_THROW(answer(head(static_cast<Operation>(77), "cats", 1)), Error);
  // A name that is none is refused as a request, and harms no more.
  EXPECT_EQ(answer(head(Operation::read, "../x", 1))[0].code, Code::refused);
}

}  // namespace

}  // namespace grid::server::frames
