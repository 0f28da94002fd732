#include "base/json.h"

#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"

namespace grid {

namespace {

template <class Json>
Json parse_strictly(std::string_view text, std::string_view noun, const JsonLimits& limits) {
  if (text.size() > limits.size_max)
    fail(ErrorKind::corrupt, "{}: has {} bytes, more than the {} that are allowed", noun,
         text.size(), limits.size_max);
  // The library passes over a mark, and takes a zero byte for the end.
  if (text.starts_with("\xEF\xBB\xBF"))
    fail(ErrorKind::corrupt, "{}: begins with a byte order mark", noun);
  if (text.find('\0') != text.npos) fail(ErrorKind::corrupt, "{}: has a zero byte", noun);
  std::vector<std::set<std::string>> members;  // of the objects that are open
  unsigned depth = 0;
  const auto watch = [&](int, typename Json::parse_event_t event, Json& parsed) {
    using Event = typename Json::parse_event_t;
    if (event == Event::object_start || event == Event::array_start) {
      if (++depth > limits.depth_max)
        fail(ErrorKind::corrupt, "{}: is nested more than {} deep", noun, limits.depth_max);
      members.emplace_back();
    } else if (event == Event::object_end || event == Event::array_end) {
      --depth;
      members.pop_back();
    } else if (event == Event::key) {
      const auto& name = parsed.template get_ref<const std::string&>();
      if (!members.back().insert(name).second)
        fail(ErrorKind::corrupt, "{}: has the member \"{}\" twice", noun, name);
    }
    return true;
  };
  Json value = Json::parse(text, watch, /*allow_exceptions=*/false);
  if (value.is_discarded()) fail(ErrorKind::corrupt, "{}: is not JSON", noun);
  return value;
}

}  // namespace

nlohmann::json parse_json(std::string_view text, std::string_view noun, const JsonLimits& limits) {
  return parse_strictly<nlohmann::json>(text, noun, limits);
}

nlohmann::ordered_json parse_ordered_json(std::string_view text, std::string_view noun,
                                          const JsonLimits& limits) {
  return parse_strictly<nlohmann::ordered_json>(text, noun, limits);
}

JsonObject::JsonObject(std::string_view text, std::string noun, const JsonLimits& limits)
    : noun_(std::move(noun)),
      object_(std::make_shared<const nlohmann::json>(parse_json(text, noun_, limits))) {
  if (!object_->is_object()) fail(ErrorKind::corrupt, "{}: is not a JSON object", noun_);
}

const nlohmann::json* JsonObject::find(std::string_view name) const {
  const auto at = object_->find(name);
  return at == object_->end() ? nullptr : &*at;
}

bool JsonObject::has(std::string_view name) const { return find(name) != nullptr; }

std::string JsonObject::shown(std::string_view name) const {
  static constexpr std::size_t shown_max = 80;
  const nlohmann::json* value = find(name);
  if (value == nullptr) return "nothing";
  std::string text = value->dump(-1, ' ', /*ensure_ascii=*/true);
  if (text.size() > shown_max) text = text.substr(0, shown_max) + "...";
  return text;
}

void JsonObject::refuse(std::string_view name, std::string_view why) const {
  fail(ErrorKind::corrupt, "{}: \"{}\" is {}, {}", noun_, name, shown(name), why);
}

std::optional<std::string> JsonObject::find_text(std::string_view name) const {
  const nlohmann::json* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) refuse(name, "not a text");
  return value->get<std::string>();
}

std::string JsonObject::text(std::string_view name) const {
  std::optional<std::string> text = find_text(name);
  if (!text) refuse(name, "not a text");
  return std::move(*text);
}

std::uint64_t JsonObject::number_of(const nlohmann::json& value, std::string_view name,
                                    std::uint64_t min, std::uint64_t max) const {
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() < min ||
      value.get<std::uint64_t>() > max)
    refuse(name, fmt::format("not a number from {} to {}", min, max));
  return value.get<std::uint64_t>();
}

std::optional<std::uint64_t> JsonObject::find_number(std::string_view name, std::uint64_t min,
                                                     std::uint64_t max) const {
  const nlohmann::json* value = find(name);
  if (value == nullptr) return std::nullopt;
  return number_of(*value, name, min, max);
}

std::uint64_t JsonObject::number(std::string_view name, std::uint64_t min,
                                 std::uint64_t max) const {
  const nlohmann::json* value = find(name);
  if (value == nullptr) refuse(name, "not a number");
  return number_of(*value, name, min, max);
}

std::optional<std::int64_t> JsonObject::find_integer(std::string_view name) const {
  const nlohmann::json* value = find(name);
  if (value == nullptr) return std::nullopt;
  const bool fits = value->is_number_unsigned() ? value->get<std::uint64_t>() <= INT64_MAX
                                                : value->is_number_integer();
  if (!fits) refuse(name, "not an integer of 64 bits");
  return value->get<std::int64_t>();
}

std::optional<std::vector<std::uint64_t>> JsonObject::find_numbers(std::string_view name,
                                                                   std::uint64_t min,
                                                                   std::uint64_t max) const {
  const nlohmann::json* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_array()) refuse(name, "not an array of numbers");
  std::vector<std::uint64_t> numbers;
  for (const nlohmann::json& number : *value) numbers.push_back(number_of(number, name, min, max));
  return numbers;
}

std::optional<bool> JsonObject::find_truth(std::string_view name) const {
  const nlohmann::json* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_boolean()) refuse(name, "neither true nor false");
  return value->get<bool>();
}

std::optional<std::vector<std::string>> JsonObject::find_texts(std::string_view name) const {
  const nlohmann::json* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_array()) refuse(name, "not an array of texts");
  std::vector<std::string> texts;
  for (const nlohmann::json& text : *value) {
    if (!text.is_string()) refuse(name, "not an array of texts");
    texts.push_back(text.get<std::string>());
  }
  return texts;
}

}  // namespace grid
