#include "dataset/note_text.h"

#include "tests/support/expect_error.h"

namespace grid::dataset {
namespace {

TEST(NoteText, IsUtf8OfALimitedSize) {
  EXPECT_EQ(checked_note_text("", "--text"), "");
  EXPECT_EQ(checked_note_text("Katzen, 37 Arten\n猫", "--text"), "Katzen, 37 Arten\n猫");
  EXPECT_EQ(checked_note_text(std::string(note_text_size_max, 'x'), "--text").size(),
            note_text_size_max);
  testing::expect_error(ErrorKind::invalid_argument, "--text: the text has 65537 bytes", [] {
    checked_note_text(std::string(note_text_size_max + 1, 'x'), "--text");
  });
  for (std::string_view text : {std::string_view("K\xe4tzchen"), std::string_view("\xed\xa0\x80"),
                                std::string_view("a\0b", 3)})
    testing::expect_error(ErrorKind::invalid_argument, "--message: the text is not UTF-8",
                          [&] { checked_note_text(text, "--message"); });
}

}  // namespace
}  // namespace grid::dataset
