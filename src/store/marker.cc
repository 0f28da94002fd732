#include "store/marker.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/random.h"
#include "store/layout.h"

namespace grid::store {

static constexpr int marker_format = 1;

static StoreMarker parse(const Bytes& object, const std::string& store) {
  auto json = nlohmann::json::parse(as_text(object), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || json.value("grid", "") != "store" || !json.contains("format"))
    fail(ErrorKind::corrupt, "{} is not a store: its {} is damaged", store, marker_key());
  if (json["format"] != marker_format)
    fail(ErrorKind::unsupported,
         "the store {} has format {}; this program knows format {}: use a newer grid", store,
         json["format"].dump(), marker_format);
  auto id = json.find("store_id");
  if (id == json.end() || !id->is_string() || id->get<std::string>().size() != 32)
    fail(ErrorKind::corrupt, "{} is not a store: its {} is damaged", store, marker_key());
  return {.store_id = id->get<std::string>()};
}

std::optional<StoreMarker> find_marker(const backend::Backend& backend) {
  if (std::optional<Bytes> object = backend.find(marker_key()))
    return parse(*object, backend.name());
  if (!backend.list_names("").empty())
    fail(ErrorKind::corrupt, "{} is not a store: it holds other things and no {}", backend.name(),
         marker_key());
  return std::nullopt;
}

StoreMarker make_store(backend::Backend& backend) {
  if (std::optional<StoreMarker> marker = find_marker(backend)) return *marker;
  backend.prove_creates();
  nlohmann::json json = {
      {"grid", "store"}, {"format", marker_format}, {"store_id", random_hex(32)}};
  std::string text = json.dump(2) + "\n";
  if (backend.create(marker_key(), as_bytes(text))) return {.store_id = json["store_id"]};
  return find_marker(backend).value();  // another process made it just now
}

}  // namespace grid::store
