#include <sys/wait.h>

#include <thread>

#include "base/spawn.h"
#include "base/start_thread.h"
#include "cli/args.h"
#include "cli/commands.h"
#include "cli/serve_options.h"
#include "cli/version.h"
#include "server/local_server.h"
#include "server/s3/gateway.h"

namespace grid::cli {

namespace {

std::string url_of(const server::HttpServer& server, const Arguments& arguments) {
  return fmt::format("{}://{}", arguments.has("--tls-cert") ? "https" : "http", server.address());
}

// The S3 gateway, below /s3 of the main address and, with --s3-listen, at an address of its own.
class S3Service {
 public:
  S3Service(const Settings& settings, const server::Api& api, const Arguments& arguments)
      : domain_(arguments.find("--s3-domain").value_or("")),
        gateway_(api, {.domain = domain_}),
        own_gateway_(api, {.base = "", .domain = domain_}) {
    const std::optional<std::string> own = arguments.find("--s3-listen");
    if (!own) return;
    own_server_.emplace(own_gateway_,
                        server_options(settings, arguments, parse_listen("--s3-listen", *own)));
    own_url_ = url_of(*own_server_, arguments);
  }

  ~S3Service() { stop(); }

  server::s3::Gateway& gateway() { return gateway_; }
  std::string url(const std::string& main_url) const {
    return own_url_.empty() ? main_url + "/s3" : own_url_;
  }
  void start() {
    if (own_server_) thread_ = start_thread([this] { own_server_->run(false); });
  }
  void stop() {
    if (!thread_.joinable()) return;
    own_server_->stop();
    thread_.join();
  }

 private:
  const std::string domain_;
  server::s3::Gateway gateway_, own_gateway_;
  std::optional<server::HttpServer> own_server_;
  std::string own_url_;
  std::thread thread_;
};

// Lets the desktop open the link in a browser. Empty if it has; else why it has not.
std::string open_in_browser(const std::string& link) {
  const Spawned spawned = spawn({.words = {"xdg-open", link},
                                 .environment = {},
                                 .descriptors = {-1, -1, -1},
                                 .detached = true});
  if (spawned.error == ENOENT) return "there is no xdg-open here (Debian's package xdg-utils)";
  if (spawned.error != 0) return std::generic_category().message(spawned.error);
  // It hands the link over and ends; where it is the browser itself, it stays for as long as that.
  std::thread([process = spawned.process] { ::waitpid(process, nullptr, 0); }).detach();
  return {};
}

void say_where(Output& output, const std::string& store, const std::string& url,
               const std::string& link, const std::string& s3_url) {
  if (output.json()) {
    service::JsonWriter json(output.result_writer());
    json.begin_object()
        .member("url", url)
        .member("link", link)
        .member("s3_url", s3_url)
        .end_object();
  } else {
    output.write(
        fmt::format("serving {} at {}\n"
                    "open this link, once, to sign in: {}\n"
                    "programs need a token: grid token create\n"
                    "S3 for reading is at {}, with keys of grid token create --s3\n",
                    store, url, link, s3_url));
  }
  output.flush();
}

// At a Unix socket alone, for this user's processes: no port, no link, no tokens.
int serve_locally(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  const Settings& settings = context.settings;
  server::Api api(settings, context.open_store(StoreUse::attach), {},
                  {.program = fmt::format("grid {}", program_version()),
                   .fetch = server::FetchPolicy::anywhere,
                   .access_log = access_log(arguments.find("--access-log"))});
  server::HttpServer http(api, {.address = {}, .body_folder = settings.state_folder / "uploads"});
  const std::string path = std::filesystem::absolute(arguments.get("--socket"));
  server::LocalServer local(api, http, path);
  if (output.json()) {
    service::JsonWriter json(output.result_writer());
    json.begin_object().member("socket", path).end_object();
  } else {
    output.write(fmt::format("serving {} at the socket {}, for this user\n", settings.store, path));
  }
  output.flush();
  http.run(true);
  output.say("the server has ended");
  return 0;
}

// Throws `invalid_argument` for options that a socket has no use for.
void check_local(const Arguments& arguments) {
  for (const char* option : {"--listen", "--open", "--host", "--tls-cert", "--tls-key",
                             "--behind-proxy", "--s3-listen", "--s3-domain", "--allow-fetch"})
    if (arguments.has(option))
      fail(ErrorKind::invalid_argument,
           "--socket and {} do not go together: at a socket the server answers this user alone",
           option);
}

int serve(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  if (arguments.has("--print-openapi")) {
    output.write(server::openapi_document());
    return 0;
  }
  if (arguments.has("--socket")) {
    check_local(arguments);
    return serve_locally(context, arguments);
  }
  const Settings& settings = context.settings;
  const ListenAddress listen = parse_listen("--listen", arguments.get("--listen"));
  server::HttpServerOptions options = server_options(settings, arguments, listen);
  // Somebody may want to begin on the page. A store that was named may be a typing error instead.
  if (!settings.store_was_named) context.open_store(StoreUse::make_if_absent);
  server::Api api(settings, context.open_store(StoreUse::attach), access_options(arguments, listen),
                  {.program = fmt::format("grid {}", program_version()),
                   .fetch = fetch_policy(arguments, listen),
                   .access_log = access_log(arguments.find("--access-log"))});
  S3Service s3(settings, api, arguments);
  server::s3::ApiAndGateway both(api, s3.gateway());
  server::HttpServer server(both, std::move(options));
  const std::string url = url_of(server, arguments);
  const std::string link = fmt::format("{}/login?code={}", url, api.access().make_code());
  say_where(output, settings.store, url, link, s3.url(url));
  s3.start();
  if (arguments.has("--open"))
    if (const std::string why = open_in_browser(link); !why.empty())
      output.say(fmt::format("no browser was opened, as {}: open the link yourself", why));
  server.run(true);
  s3.stop();
  output.say("the server has ended");
  return 0;
}

std::vector<OptionSpec> serve_option_specs() {
  return {{.name = "--listen",
           .value = "ADDRESS",
           .help = "an IP address of this machine and a port; 0: a free one",
           .default_value = "127.0.0.1:8080"},
          {.name = "--socket",
           .value = "PATH",
           .help = "listen at a Unix socket instead, for processes of this user, which need no "
                   "token",
           .completes = Completes::file},
          {.name = "--open", .help = "open the page in this desktop's browser"},
          {.name = "--host",
           .value = "NAME",
           .help = "a name by which clients know the server, such as a proxy's",
           .repeatable = true},
          {.name = "--tls-cert",
           .value = "FILE",
           .help = "speak TLS, with the certificate and its chain in this file; it is read again "
                   "when it changes",
           .completes = Completes::file},
          {.name = "--tls-key",
           .value = "FILE",
           .help = "the key of the certificate",
           .completes = Completes::file},
          {.name = "--behind-proxy",
           .value = "ADDRESS",
           .help = "answer the proxy at this IP address, and believe whom it says its requests "
                   "come from",
           .repeatable = true},
          {.name = "--s3-listen",
           .value = "ADDRESS",
           .help = "an address for S3 alone, where paths begin with the bucket"},
          {.name = "--s3-domain",
           .value = "NAME",
           .help = "hosts below this name are buckets, as cats.NAME"},
          {.name = "--allow-fetch",
           .help = "where other machines can reach the server: make versions from URLs of the "
                   "internet, and from buckets, for those who may write"},
          {.name = "--access-log",
           .value = "FILE",
           .help = "add a line of JSON for each answer; -: to standard error",
           .completes = Completes::file},
          {.name = "--print-openapi", .help = "print the OpenAPI document of the API, and end"}};
}

}  // namespace

Command serve_command() {
  return {.spec = {.path = {"serve"},
                   .summary = "Serve a store over HTTP, to programs and browsers",
                   .description =
                       "Answers until it is interrupted. The printed link lets one browser in, to "
                       "the page that shows datastores and runs (docs/page.md); programs send a "
                       "token of grid token create as Authorization: Bearer TOKEN. For other "
                       "machines it needs TLS, or a proxy that has it, and a token. "
                       "docs/http-api.md describes the API.",
                   .options = serve_option_specs(),
                   .examples =
                       {"grid serve --open", "grid --store s3://team/data serve --listen 9000",
                        "grid serve --listen 0.0.0.0:443 --tls-cert chain.pem --tls-key key.pem",
                        "curl -H \"Authorization: Bearer $TOKEN\" "
                        "http://127.0.0.1:8080/api/v1/datastores"}},
          .run = serve};
}

}  // namespace grid::cli
