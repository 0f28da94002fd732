#include "server/s3/xml.h"

#include "base/text.h"

namespace grid::server::s3 {

static bool xml_has(const CodePoint& point) {
  const char32_t c = point.value;
  return point.size > 0 && (c >= ' ' || c == '\t' || c == '\n' || c == '\r') && c != 0xFFFE &&
         c != 0xFFFF;
}

bool xml_can_hold(std::string_view text) {
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    if (!xml_has(point)) return false;
    text.remove_prefix(point.size);
  }
  return true;
}

std::string fit_for_xml(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    const std::size_t size = std::max<std::size_t>(point.size, 1);
    out += xml_has(point) ? text.substr(0, size) : "\uFFFD";
    text.remove_prefix(size);
  }
  return out;
}

Xml& Xml::open(std::string_view name) {
  text_.append("<").append(name).append(">");
  return *this;
}

Xml& Xml::open_root(std::string_view name) {
  text_.append("<").append(name).append(" xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
  return *this;
}

Xml& Xml::close(std::string_view name) {
  text_.append("</").append(name).append(">");
  return *this;
}

Xml& Xml::element(std::string_view name, std::string_view text) {
  open(name);
  escape(text);
  return close(name);
}

void Xml::escape(std::string_view text) {
  for (const char c : text) switch (c) {
      case '&':
        text_ += "&amp;";
        break;
      case '<':
        text_ += "&lt;";
        break;
      case '>':
        text_ += "&gt;";
        break;
      case '"':
        text_ += "&quot;";
        break;
      case '\t':  // as they are, parsers would turn some of these into others
        text_ += "&#9;";
        break;
      case '\n':
        text_ += "&#10;";
        break;
      case '\r':
        text_ += "&#13;";
        break;
      default:
        text_ += c;
    }
}

}  // namespace grid::server::s3
