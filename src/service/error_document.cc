#include "service/error_document.h"

#include "service/version_document.h"

namespace grid::service {

static void begin(JsonWriter& json, ErrorKind kind, std::string_view sentence) {
  json.begin_object().key("error").begin_object();
  json.member("kind", name_of(kind)).member("message", sentence);
}

void write_error_document(JsonWriter& json, ErrorKind kind, std::string_view sentence) {
  begin(json, kind, sentence);
  json.end_object().end_object();
}

void write_error_document(JsonWriter& json, ErrorKind kind, std::string_view sentence,
                          const std::vector<source::Problem>& problems) {
  begin(json, kind, sentence);
  write_problems_member(json, problems);
  json.end_object().end_object();
}

}  // namespace grid::service
