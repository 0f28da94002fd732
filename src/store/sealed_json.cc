#include "store/sealed_json.h"

#include <cassert>
#include <nlohmann/json.hpp>

#include "base/digest.h"
#include "base/error.h"

namespace grid::store {

static const std::string blank_digest(2 * sizeof(Digest), '0');

std::string seal(const SealedKind& kind, nlohmann::json value) {
  assert(value.contains(kind.companion));
  value["grid"] = kind.grid;
  value["format"] = kind.format;
  value["digest"] = blank_digest;
  std::string text = value.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  value["digest"] = digest_of(as_bytes(text)).hex();
  return value.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

// The digits must stand in the bytes once, as they are: then there is one way to replace them.
static void check_digest(const JsonObject& json, std::string_view text) {
  const std::string digits = json.text("digest");
  if (!parse_digest(digits)) json.refuse("digest", "not 64 lower-case hexadecimal digits");
  const std::size_t at = text.find(digits);
  if (at == text.npos || text.find(digits, at + 1) != text.npos)
    json.refuse("digest", "not written once and plainly");
  Digester digester;
  digester.update(as_bytes(text.substr(0, at)));
  digester.update(as_bytes(blank_digest));
  digester.update(as_bytes(text.substr(at + digits.size())));
  if (digester.finish().hex() != digits)
    fail(ErrorKind::corrupt, "{}: is damaged: its bytes do not have the digest that it names",
         json.noun());
}

JsonObject unseal(const SealedKind& kind, BytesView object, std::string noun) {
  JsonObject json(as_text(object), std::move(noun), {.size_max = sealed_size_max});
  if (json.text("grid") != kind.grid) json.refuse("grid", fmt::format("not \"{}\"", kind.grid));
  const std::uint64_t format = json.number("format");
  if (format == 0 || format > kind.format)
    fail(ErrorKind::unsupported,
         "{}: has format {}; this program reads format {}: use a newer grid", json.noun(), format,
         kind.format);
  if (json.has("digest") != json.has(kind.companion))
    fail(ErrorKind::corrupt, "{}: is damaged: it has only one of \"digest\" and \"{}\"",
         json.noun(), kind.companion);
  if (json.has("digest")) check_digest(json, as_text(object));
  return json;
}

}  // namespace grid::store
