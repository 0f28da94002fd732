// The heads of requests and answers, as Boost has them and as the handlers do. For http_server.cc
// only: it knows Boost.
#pragma once

#include <boost/beast/http.hpp>
#include <string>
#include <string_view>

#include "server/http_connection.h"
#include "server/message.h"

namespace grid::server {

using HeadParser = boost::beast::http::request_parser<boost::beast::http::buffer_body>;

// Of a parser whose header is done.
Request request_of(const HttpConnection& connection, const HeadParser& parser);

// The status line and the headers, up to the empty line.
std::string head_text(const Response& response, bool keeps_open, std::string_view framing);

}  // namespace grid::server
