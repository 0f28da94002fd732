// Writes the XML of S3's answers.
#pragma once

#include <string>
#include <string_view>

namespace grid::server::s3 {

// Whether XML 1.0 can express a text at all: UTF-8, and no control characters but tabs and line
// ends.
bool xml_can_hold(std::string_view text);
// What XML cannot hold becomes U+FFFD.
std::string fit_for_xml(std::string_view text);

// Texts must be such that XML can hold them.
class Xml {
 public:
  Xml() : text_("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n") {}

  Xml& open(std::string_view name);
  Xml& open_root(std::string_view name);  // in the namespace of S3
  Xml& close(std::string_view name);
  Xml& element(std::string_view name, std::string_view text);

  std::string take() { return std::move(text_); }

 private:
  void escape(std::string_view text);

  std::string text_;
};

}  // namespace grid::server::s3
