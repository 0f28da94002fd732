// The store's objects, for the grid of another machine whose store is this server: see
// backend/grid_server.h, and docs/http-api.md, "Objects".
//
// A pack holds chunks of many datastores, so a token that is limited to some may not come here.
#include "base/text.h"
#include "care/admission.h"
#include "server/api.h"
#include "server/body_file.h"
#include "store/layout.h"

namespace grid::server {

namespace {

constexpr std::string_view outcome_header = "Grid-Object", digest_header = "Grid-Digest";
constexpr std::string_view received_header = "Grid-Received";
constexpr std::uint64_t object_part_size_max = std::uint64_t{1} << 32;  // bytes of one request
constexpr std::size_t object_piece_size = 1 << 20;                      // bytes

Response outcome(int status, std::string_view says) {
  Response response;
  response.status = status;
  response.headers.add(outcome_header, says);
  return response;
}

void check_unlimited(const Call& call) {
  if (!call.caller.datastores.empty())
    fail(ErrorKind::permission_denied,
         "the token is limited to some datastores, and the store's objects belong to all: use the "
         "routes of its datastores, or a token without --datastore");
}

const std::string& key_of(const Call& call) {
  const std::string& key = call.part("key");
  backend::check_key(key);
  return key;
}

// A part of an object, up to its end.
class PartSource : public BodySource {
 public:
  PartSource(std::shared_ptr<dataset::OpenStore> store, std::string key, std::uint64_t offset,
             std::uint64_t size)
      : store_(std::move(store)), key_(std::move(key)), offset_(offset), left_(size) {
    advance(object_piece_size);
  }

  // False if there is no such object.
  bool found() const { return found_; }

  BytesView next(std::size_t size_max) override {
    if (!is_read_) advance(size_max);
    is_read_ = false;
    return piece_;
  }

 private:
  void advance(std::size_t size_max) {
    const std::size_t size = std::min<std::uint64_t>({left_, object_piece_size, size_max});
    if (piece_.capacity() > 2 * size) piece_ = Bytes();
    piece_.resize(size);
    const std::optional<std::size_t> got = piece_.empty()
                                               ? std::optional<std::size_t>(0)
                                               : store_->backend->find_part(key_, offset_, piece_);
    found_ = got.has_value();
    const std::size_t wanted = piece_.size();
    piece_.resize(got.value_or(0));
    offset_ += piece_.size();
    left_ = piece_.size() < wanted ? 0 : left_ - piece_.size();
    is_read_ = true;
  }

  const std::shared_ptr<dataset::OpenStore> store_;
  const std::string key_;
  std::uint64_t offset_, left_;
  Bytes piece_;
  bool is_read_ = false, found_ = false;
};

Digest digest_in(std::string_view text) {
  if (const std::optional<Digest> digest = parse_digest(text)) return *digest;
  fail(ErrorKind::invalid_argument, "\"{}\" is no digest", to_utf8(text));
}

// Of an object that a client is about to send.
Response received_of(const Api& api, const std::string& digest) {
  Response response = outcome(200, "received");
  response.headers.add(received_header,
                       std::to_string(api.partial_objects().received(digest_in(digest))));
  return response;
}

Response read_object(const Api& api, const Call& call) {
  check_unlimited(call);
  const std::string& key = key_of(call);
  if (const auto digest = call.request.query("received")) return received_of(api, *digest);
  const std::shared_ptr<dataset::OpenStore> store = api.store();
  if (call.request.query("size")) {
    auto source =
        std::make_unique<PartSource>(store, key, call.number("offset", 0, 0, UINT64_MAX / 2),
                                     call.number("size", 0, 0, object_part_size_max));
    if (!source->found()) return outcome(404, "absent");
    Response response = outcome(200, "data");
    response.headers.add("Content-Type", "application/octet-stream");
    response.source = std::move(source);
    return response;
  }
  const std::optional<Bytes> object = store->backend->find(key);
  if (!object) return outcome(404, "absent");
  Response response = outcome(200, "data");
  response.headers.add("Content-Type", "application/octet-stream");
  response.headers.add(digest_header, digest_of(*object).hex());
  response.body = as_text(*object);
  return response;
}

Response list_objects(const Api& api, const Call& call) {
  check_unlimited(call);
  const std::string prefix = call.request.query("prefix").value_or("");
  const std::string kind = call.request.query("kind").value_or("here");
  if (!prefix.empty()) {
    if (!prefix.ends_with('/'))
      fail(ErrorKind::invalid_argument, "prefix is \"{}\"; it ends in /", to_utf8(prefix));
    backend::check_key(std::string_view(prefix).substr(0, prefix.size() - 1));
  }
  const backend::Backend& from = *api.store()->backend;
  std::string body;
  if (kind == "names") {
    for (const std::string& name : from.list_names(prefix)) body += name + '\n';
  } else if (kind == "here" || kind == "below") {
    for (const backend::ObjectEntry& object :
         kind == "here" ? from.list(prefix) : from.list_below(prefix))
      body += fmt::format("{} {}\n", object.size, object.key);
  } else {
    fail(ErrorKind::invalid_argument, "kind is \"{}\"; it is here, below or names", to_utf8(kind));
  }
  Response response = outcome(200, "listing");
  response.headers.add("Content-Type", "text/plain; charset=utf-8");
  response.headers.add(digest_header, digest_of(as_bytes(body)).hex());
  response.body = std::move(body);
  return response;
}

// Whether the object at `key` has exactly these bytes.
bool holds(const backend::Backend& backend, const std::string& key, BytesView bytes) {
  Bytes piece;
  for (std::uint64_t at = 0;; at += piece.size()) {
    const BytesView expected = bytes.subspan(at, std::min(bytes.size() - at, object_piece_size));
    piece.resize(expected.size() + 1);  // one more, to see whether it goes on
    const std::size_t got = backend.find_part(key, at, piece).value_or(0);
    const bool is_last = at + expected.size() == bytes.size();
    if (got != expected.size() + (is_last ? 0 : 1) ||
        !std::equal(expected.begin(), expected.end(), piece.begin()))
      return false;
    if (is_last) return true;
    piece.resize(expected.size());
  }
}

// A body that can be gone on with.
std::shared_ptr<BodyFile> open_partial(const Api& api, const Call& call) {
  if (!call.request.query("from")) return nullptr;
  check_unlimited(call);
  return api.partial_objects().open(digest_in(call.request.headers.get(digest_header)),
                                    call.number("from", 0, 0, care::admitted_data_size_max));
}

Response write_whole(const Api& api, const Call& call) {
  check_unlimited(call);
  const std::string& key = key_of(call);
  const RequestBody body(call.request);
  const std::string digest = digest_of(body.bytes()).hex();
  const bool is_pack_data = store::pack_of_data_key(key).has_value();
  if (!is_pack_data && body.bytes().size() > care::admitted_object_size_max)
    return error_response(413, ErrorKind::invalid_argument, key + " is refused: it is too long");
  if (call.request.headers.get("If-None-Match") != "*")
    fail(ErrorKind::invalid_argument, "objects are never replaced: send If-None-Match: *");
  const std::string_view sent = call.request.headers.get(digest_header);
  if (sent != digest)
    return error_response(422, ErrorKind::corrupt,
                          fmt::format("{} arrived with the digest {}, and {} says {}", key, digest,
                                      digest_header, to_utf8(sent)));
  const std::shared_ptr<dataset::OpenStore> store = api.store();
  try {
    care::check_admission(*store, key, body.bytes());
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt && error.kind() != ErrorKind::unsupported) throw;
    return error_response(422, error.kind(), error.what());
  }
  if (store->backend->create(key, body.bytes())) {
    Response response = outcome(201, "stored");
    response.headers.add(digest_header, digest);
    return response;
  }
  // Perhaps by an earlier try of this client, whose answer was lost.
  Response response = outcome(412, "taken");
  if (holds(*store->backend, key, body.bytes())) response.headers.add(digest_header, digest);
  return response;
}

Response write_object(const Api& api, const Call& call) {
  Response response = write_whole(api, call);
  const std::string& key = key_of(call);
  const PartialObjects& partial = api.partial_objects();
  // What was stored is no longer needed, and neither is what was damaged.
  if (call.request.query("from")) {
    const Digest digest = digest_in(call.request.headers.get(digest_header));
    const std::optional<store::PackId> pack = store::pack_of_data_key(key);
    if (pack && response.status == 201)
      partial.keep_for(*pack, digest);
    else
      partial.remove(digest);
  }
  const bool is_there = response.status == 201 || response.status == 412;
  if (const auto pack = store::pack_of_index_key(key); pack && is_there)
    partial.pack_is_whole(*pack);
  return response;
}

// Of all objects, a writer's own lease alone is for it to remove, when it has ended.
Response remove_object(const Api& api, const Call& call) {
  check_unlimited(call);
  const std::string& key = key_of(call);
  if (!store::parse_lease_slot_key(key))
    fail(ErrorKind::permission_denied,
         "a server lets nobody remove {}: do it where its store is, with `grid gc`", key);
  return api.store()->origin->remove(key) ? outcome(200, "removed") : outcome(404, "absent");
}

}  // namespace

std::vector<Route> object_routes() {
  return {
      {"GET",
       "/api/v1/objects",
       Needs::reader,
       "List the store's objects",
       {{"prefix", "string", "of their keys: empty, or ending in /"},
        {"kind", "string",
         "here (those right below), below (all of them) or names (with folders)"}},
       list_objects},
      {"GET",
       "/api/v1/objects/{key...}",
       Needs::reader,
       "Read an object, or a part of it",
       {{"offset", "integer", "of the part's first byte"},
        {"size", "integer", "of the part; fewer come at the object's end"},
        {"received", "string",
         "a digest: how much of the object with it has arrived, instead (Grid-Received)"}},
       read_object},
      {"PUT",
       "/api/v1/objects/{key...}",
       Needs::writer,
       "Add an object: the body is its bytes",
       {{"from", "integer", "the body's place in the object, whose front has arrived before"}},
       write_object,
       care::admitted_data_size_max,
       open_partial},
      {"DELETE",
       "/api/v1/objects/{key...}",
       Needs::writer,
       "Remove a slot of a lease that has ended",
       {},
       remove_object},
  };
}

}  // namespace grid::server
