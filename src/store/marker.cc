#include "store/marker.h"

#include <nlohmann/json.hpp>

#include "base/digest.h"
#include "base/error.h"
#include "base/hex.h"
#include "base/random.h"
#include "base/user.h"
#include "base/utc.h"
#include "store/layout.h"
#include "store/sealed_json.h"

namespace grid::store {

static constexpr std::size_t store_id_size = 32;
static constexpr SealedKind marker_kind{
    .grid = "store", .companion = "created", .format = store_format};

bool is_store_id(std::string_view text) { return is_hex(text, store_id_size); }

static StoreMarker parse(const Bytes& object, const std::string& store) {
  const JsonObject json = unseal(marker_kind, object, fmt::format("{}: {}", store, marker_key()));
  StoreMarker marker{.store_id = json.text("store_id"),
                     .format = static_cast<unsigned>(json.number("format"))};
  if (!is_store_id(marker.store_id))
    json.refuse("store_id", "not 32 lower-case hexadecimal digits");
  if (const std::optional<std::string> created = json.find_text("created");
      created && !is_rfc3339_utc(*created))
    json.refuse("created", "not a time of RFC 3339 in UTC");
  return marker;
}

static std::string encode(const StoreMarker& marker) {
  return seal(marker_kind, {{"store_id", marker.store_id}, {"created", utc_now()}});
}

static std::optional<StoreMarker> look_for_marker(const backend::Backend& backend) {
  for (const std::string& key : {marker_key(), next_marker_key()})
    if (std::optional<Bytes> object = backend.find(key)) return parse(*object, backend.name());
  return std::nullopt;
}

std::optional<StoreMarker> find_marker(const backend::Backend& backend) {
  if (std::optional<StoreMarker> marker = look_for_marker(backend)) return marker;
  if (backend.list_names("").empty()) return std::nullopt;
  // The other things may be those of a store that was made, or upgraded, since the look before:
  // its marker came first.
  if (std::optional<StoreMarker> marker = look_for_marker(backend)) return marker;
  fail(ErrorKind::corrupt, "{} is not a store: it holds other things and no {}", backend.name(),
       marker_key());
}

StoreMarker make_store(backend::Backend& backend) {
  if (std::optional<StoreMarker> marker = find_marker(backend)) return *marker;
  backend.prove_creates();
  const StoreMarker marker{.store_id = random_hex(store_id_size), .made_now = true};
  if (backend.create(marker_key(), as_bytes(encode(marker)))) return marker;
  return find_marker(backend).value();  // another process made it just now
}

// An object cannot be replaced in one step. Whoever finds the marker gone finds the next one, and
// an older program finds no store, in which it would not make one: there are other objects.
StoreMarker upgrade_store(backend::Backend& backend) {
  const std::optional<StoreMarker> found = find_marker(backend);
  if (!found) fail(ErrorKind::not_found, "there is no store at {}", backend.name());
  const StoreMarker next{.store_id = found->store_id};
  if (found->format < store_format) {
    backend.create(next_marker_key(), as_bytes(encode(next)));
    backend.remove(marker_key());
  }
  backend.create(marker_key(), as_bytes(encode(next)));
  backend.remove(next_marker_key());
  return find_marker(backend).value();
}

std::string cache_key(const StoreMarker& marker, const backend::Backend& backend) {
  return digest_of(as_bytes(marker.store_id + "\n" + backend.location())).hex().substr(0, 32);
}

}  // namespace grid::store
