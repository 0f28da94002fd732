#include "store/lease_slot.h"

#include <array>
#include <cassert>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/utc.h"
#include "store/sealed_json.h"

namespace grid::store {

static constexpr SealedKind slot_kind{.grid = "lease", .companion = "lease"};
static constexpr std::array<std::string_view, 3> state_names = {"open", "publishing", "closed"};

std::string encode_lease_slot(const LeaseSlot& slot) {
  assert(slot.number > 0 && slot.collection.has_value() == (slot.number == 1));
  nlohmann::json value = {{"lease", slot.lease.hex()},
                          {"slot", slot.number},
                          {"state", state_names[static_cast<std::size_t>(slot.state)]},
                          {"created", slot.created}};
  if (slot.collection) {
    value["collection"] = *slot.collection;
    value["holder"] = slot.holder.substr(0, lease_holder_size_max / 3);  // what is no UTF-8 grows
  }
  if (slot.publication) {
    value["key"] = slot.publication->key;
    value["object"] = slot.publication->object;
  }
  std::string text = seal(slot_kind, std::move(value));
  // Whoever ends the lease creates these very bytes.
  if (text.size() > sealed_size_max ||
      (slot.publication &&
       decode_lease_slot(as_bytes(text), slot.lease, slot.number).publication != slot.publication))
    fail(ErrorKind::invalid_argument, "{} cannot be announced in a lease: it has {} bytes{}",
         slot.publication ? slot.publication->key : "a slot", text.size(),
         text.size() > sealed_size_max ? "" : " that are not all UTF-8");
  return text;
}

static LeaseSlotState state_of(const JsonObject& json) {
  const std::string name = json.text("state");
  for (std::size_t i = 0; i < state_names.size(); ++i)
    if (name == state_names[i]) return static_cast<LeaseSlotState>(i);
  json.refuse("state", "not a state of a lease");
}

static std::optional<Publication> publication_of(const JsonObject& json, LeaseSlotState state) {
  if (json.has("key") != json.has("object")) json.refuse("key", "not together with its object");
  if (json.has("key") != (state == LeaseSlotState::publishing) && state != LeaseSlotState::closed)
    json.refuse("key", "not where one is due");
  if (!json.has("key")) return std::nullopt;
  Publication found{.key = json.text("key"), .object = json.text("object")};
  const std::optional<RecordKey> at = parse_record_key(found.key);
  if (!at || (at->kind != RecordKind::version && at->kind != RecordKind::restoration))
    json.refuse("key", "not that of a version or a restoration");
  if (found.object.empty()) json.refuse("object", "empty");
  return found;
}

LeaseSlot decode_lease_slot(BytesView object, const LeaseId& lease, std::uint32_t number) {
  const JsonObject json = unseal(slot_kind, object, lease_slot_key(lease, number));
  if (json.text("lease") != lease.hex()) json.refuse("lease", "another one than in the key");
  if (json.number("slot", 1, UINT32_MAX) != number)
    json.refuse("slot", "another number than in the key");
  LeaseSlot slot{
      .lease = lease, .number = number, .state = state_of(json), .created = json.text("created")};
  if (!is_rfc3339_utc(slot.created)) json.refuse("created", "not a time of RFC 3339 in UTC");
  if (number == 1) {
    if (slot.state != LeaseSlotState::open) json.refuse("state", "not open in slot 1");
    slot.collection = static_cast<std::uint32_t>(json.number("collection", 0, UINT32_MAX));
    slot.holder = json.text("holder");
    if (slot.holder.size() > lease_holder_size_max) json.refuse("holder", "too long");
  }
  slot.publication = publication_of(json, slot.state);
  return slot;
}

}  // namespace grid::store
