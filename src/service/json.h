// Writes one JSON document piece by piece, so that a listing of ten million files needs the same
// memory as one of ten.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace grid::service {

// Text as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD.
std::string json_string(std::string_view text);

// A document starts with begin_object() or begin_array() and is complete when that is ended. Calls
// in an order that JSON does not allow are bugs.
class JsonWriter {
 public:
  enum class Layout { indented, one_line };
  explicit JsonWriter(std::function<void(std::string_view)> write, Layout layout = Layout::indented)
      : write_(std::move(write)), one_line_(layout == Layout::one_line) {}

  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  JsonWriter& key(std::string_view name);

  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(bool truth);
  JsonWriter& value(double number);
  JsonWriter& null();
  template <std::integral T>
  requires(!std::same_as<T, bool>) JsonWriter& value(T number) {
    return raw(std::to_string(number));
  }

  template <class T>
  JsonWriter& member(std::string_view name, const T& content) {
    return key(name).value(content);
  }
  // A name from a file system. If it is not UTF-8, "NAME_hex" follows with its exact bytes.
  JsonWriter& name_member(std::string_view name, std::string_view bytes);

 private:
  struct Level {
    char end;
    bool has_members = false;
  };

  JsonWriter& begin(char open, char close);
  JsonWriter& end(char close);
  JsonWriter& raw(std::string_view text);
  void start_member();

  std::function<void(std::string_view)> write_;
  bool one_line_;
  std::vector<Level> levels_;
  bool after_key_ = false;
};

}  // namespace grid::service
