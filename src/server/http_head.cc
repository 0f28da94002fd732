#include "server/http_head.h"

namespace grid::server {

namespace beast = boost::beast;
namespace http = beast::http;

static std::string_view text_of(beast::string_view text) { return {text.data(), text.size()}; }

Request request_of(const HttpConnection& connection, const HeadParser& parser) {
  const auto& message = parser.get();
  Request request{.method = std::string(text_of(message.method_string())),
                  .target = std::string(text_of(message.target())),
                  .peer = {.address = connection.address(),
                           .secure = connection.secure(),
                           .is_own_user = connection.is_own_user()}};
  for (const auto& field : message)
    request.headers.add(text_of(field.name_string()), text_of(field.value()));
  return request;
}

std::string head_text(const Response& response, bool keeps_open, std::string_view framing) {
  std::string text;
  text.reserve(1024);
  fmt::format_to(std::back_inserter(text), "HTTP/1.1 {} {}\r\nServer: grid\r\n", response.status,
                 text_of(http::obsolete_reason(http::int_to_status(response.status))));
  if (!response.headers.contains("Date")) text += date_line();
  text += header_lines(response.headers);
  if (response.shared_head) text += *response.shared_head;
  text += framing;
  text += keeps_open ? "\r\n" : "Connection: close\r\n\r\n";
  return text;
}

}  // namespace grid::server
