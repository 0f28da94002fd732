#include <arpa/inet.h>

#include "base/text.h"
#include "cli/args.h"
#include "cli/commands.h"
#include "server/api.h"
#include "server/http_server.h"

namespace grid::cli {

namespace {

struct ListenAddress {
  std::string host;
  std::uint16_t port = 0;
};

// "127.0.0.1:8080", "[::1]:8080", or either part alone: "8080", "127.0.0.1".
ListenAddress parse_listen(const std::string& text) {
  constexpr std::uint16_t port_default = 8080;
  std::string host = text, port;
  const std::size_t colon = text.rfind(':');
  const bool is_bare_six = colon != text.npos && text.find(':') != colon && text.front() != '[';
  if (colon != text.npos && text.back() != ']' && !is_bare_six) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
  } else if (parse_number<std::uint16_t>(text)) {
    host = "127.0.0.1";
    port = text;
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  const auto number = port.empty() ? port_default : parse_number<std::uint16_t>(port);
  in6_addr address;  // large enough for both kinds
  if (!number || (::inet_pton(AF_INET, host.c_str(), &address) != 1 &&
                  ::inet_pton(AF_INET6, host.c_str(), &address) != 1))
    fail(ErrorKind::invalid_argument,
         "--listen {}: it takes an IP address and a port, as 127.0.0.1:8080", text);
  return {host, *number};
}

bool is_loopback(const std::string& host) { return host.starts_with("127.") || host == "::1"; }

int serve(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  if (arguments.has("--print-openapi")) {
    output.write(server::openapi_document());
    return 0;
  }
  const ListenAddress listen = parse_listen(arguments.get("--listen"));
  if (!is_loopback(listen.host))
    fail(
        ErrorKind::unsupported,
        "--listen {}: this grid serves its own machine only, as it cannot encrypt yet: let a proxy "
        "with TLS on this machine pass requests on to it",
        listen.host);
  std::shared_ptr<dataset::OpenStore> store = context.open_store(StoreUse::attach);
  server::Api api(
      context.settings, std::move(store),
      {.host_names = arguments.all("--host"), .cookie_name = fmt::format("grid-{}", listen.port)});
  server::HttpServer server(api, {.address = listen.host, .port = listen.port});
  const std::string url = fmt::format("http://{}", server.address());
  const std::string link = fmt::format("{}/login?code={}", url, api.access().make_code());
  if (output.json()) {
    service::JsonWriter json(output.result_writer());
    json.begin_object().member("url", url).member("link", link).end_object();
  } else {
    output.write(
        fmt::format("serving {} at {}\n"
                    "open this link, once, to sign in: {}\n"
                    "programs need a token: grid token create\n",
                    context.settings.store, url, link));
  }
  output.flush();
  server.run(true);
  output.say("the server has ended");
  return 0;
}

}  // namespace

Command serve_command() {
  return {
      .spec = {.path = {"serve"},
               .summary = "Serve a store over HTTP, to programs and browsers on this machine",
               .description =
                   "Answers until it is interrupted. The printed link lets one browser in; "
                   "programs send a token of grid token create as Authorization: Bearer TOKEN. "
                   "docs/http-api.md describes the API.",
               .options = {{.name = "--listen",
                            .value = "ADDRESS",
                            .help = "an IP address of this machine and a port; 0: a free one",
                            .default_value = "127.0.0.1:8080"},
                           {.name = "--host",
                            .value = "NAME",
                            .help = "a name by which clients know the server, such as a proxy's",
                            .repeatable = true},
                           {.name = "--print-openapi",
                            .help = "print the OpenAPI document of the API, and end"}},
               .examples = {"grid serve", "grid --store s3://team/data serve --listen 9000",
                            "curl -H \"Authorization: Bearer $TOKEN\" "
                            "http://127.0.0.1:8080/api/v1/datastores"}},
      .run = serve};
}

}  // namespace grid::cli
