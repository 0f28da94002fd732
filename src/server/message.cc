#include "server/message.h"

#include <algorithm>

#include "base/hex.h"
#include "base/text.h"
#include "base/utc.h"
#include "net/url.h"
#include "service/error_document.h"

namespace grid::server {

std::string_view Request::path() const {
  return std::string_view(target).substr(0, target.find('?'));
}

std::string_view Request::query_text() const {
  const std::size_t mark = target.find('?');
  return mark == target.npos ? std::string_view() : std::string_view(target).substr(mark + 1);
}

static std::string decoded_parameter(std::string_view text) {
  std::string spaced(text);
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  return net::percent_decode(spaced);
}

std::optional<std::string> Request::query(std::string_view name) const {
  std::vector<std::string> values = form_values(query_text(), name);
  if (values.empty()) return std::nullopt;
  return std::move(values.front());
}

std::vector<std::string> form_values(std::string_view form, std::string_view name) {
  std::vector<std::string> values;
  while (!form.empty()) {
    std::string_view value = take_until(form, '&');
    if (decoded_parameter(take_until(value, '=')) == name)
      values.push_back(decoded_parameter(value));
  }
  return values;
}

std::string header_lines(const HttpHeaders& headers) {
  std::string lines;
  for (const net::HttpHeader& header : headers) {
    lines += header.name;
    lines += ": ";
    lines += header.value;
    lines += "\r\n";
  }
  return lines;
}

std::string_view date_line() {
  thread_local std::chrono::sys_seconds made{};
  thread_local std::string line;
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  if (now != made) line = fmt::format("Date: {}\r\n", format_utc(now, "%a, %d %b %Y %H:%M:%S GMT"));
  made = now;
  return line;
}

int status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::not_found:
      return 404;
    case ErrorKind::already_exists:
    case ErrorKind::changed:
      return 409;
    case ErrorKind::invalid_argument:
      return 400;
    case ErrorKind::permission_denied:
      return 403;
    case ErrorKind::no_space:
      return 507;
    case ErrorKind::unavailable:
      return 503;
    case ErrorKind::unsupported:
      return 501;
    case ErrorKind::corrupt:
      return 500;
  }
  return 500;
}

Response json_response(const std::function<void(service::JsonWriter&)>& write) {
  Response response;
  service::JsonWriter json([&](std::string_view text) { response.body += text; },
                           service::JsonWriter::Layout::one_line);
  write(json);
  response.headers.add("Content-Type", "application/json");
  response.headers.add("Cache-Control", "no-store");
  return response;
}

Response error_response(int status, ErrorKind kind, std::string_view sentence) {
  Response response = json_response(
      [&](service::JsonWriter& json) { service::write_error_document(json, kind, sentence); });
  response.status = status;
  return response;
}

Response error_response(ErrorKind kind, std::string_view sentence) {
  return error_response(status_of(kind), kind, sentence);
}

Response too_large(std::uint64_t size_max) {
  return error_response(413, ErrorKind::invalid_argument,
                        fmt::format("the request's body is longer than {} bytes", size_max));
}

Response too_many(unsigned requests_max) {
  Response response = error_response(
      429, ErrorKind::unavailable,
      fmt::format("{} requests from this address are under way: send fewer at once", requests_max));
  response.headers.add("Retry-After", "1");
  return response;
}

static std::string decoded_component(std::string_view text) {
  for (std::size_t at = text.find('%'); at != text.npos; at = text.find('%', at + 1))
    if (!is_hex(lower_case(text.substr(at + 1, 2)), 2))
      fail(ErrorKind::invalid_argument, "the path has a '%' without two hexadecimal digits");
  std::string component = net::percent_decode(text);
  if (component.empty() || component == "." || component == ".." ||
      component.find('/') != component.npos || component.find('\0') != component.npos)
    fail(ErrorKind::invalid_argument,
         "the path has a component that is empty, . or .., or that has / or a zero byte in it");
  return component;
}

std::vector<std::string> path_components(std::string_view path) {
  std::vector<std::string> components;
  if (path.starts_with('/')) path.remove_prefix(1);
  while (!path.empty()) components.push_back(decoded_component(take_until(path, '/')));
  return components;
}

}  // namespace grid::server
