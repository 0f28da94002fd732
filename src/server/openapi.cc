#include <nlohmann/json.hpp>

#include "base/text.h"
#include "server/api.h"

namespace grid::server {

using nlohmann::ordered_json;

namespace {

ordered_json parameter(std::string_view name, std::string_view place, std::string_view type,
                       std::string_view description, bool required) {
  return {{"name", name},
          {"in", place},
          {"required", required},
          {"description", description},
          {"schema", {{"type", type}}}};
}

ordered_json operation(const Route& route) {
  ordered_json parameters = ordered_json::array();
  std::string_view rest = route.pattern;
  while (!rest.empty()) {
    std::string_view part = take_until(rest, '/');
    if (!part.starts_with('{')) continue;
    part = part.substr(1, part.size() - 2);
    if (part.ends_with("...")) part.remove_suffix(3);
    parameters.push_back(parameter(part, "path", "string", part, true));
  }
  for (const Parameter& one : route.parameters)
    parameters.push_back(parameter(one.name, "query", one.type, one.description, one.required));
  ordered_json operation = {{"summary", route.summary}, {"parameters", std::move(parameters)}};
  operation["responses"] = {{"default", {{"description", "see docs/http-api.md"}}}};
  if (route.needs == Needs::nobody) operation["security"] = ordered_json::array();
  return operation;
}

}  // namespace

std::string openapi_document() {
  ordered_json document = {
      {"openapi", "3.1.0"},
      {"info", {{"title", "Grid Datastores"}, {"version", "1"}}},
      {"security", ordered_json::array({{{"token", ordered_json::array()}}})},
      {"components", {{"securitySchemes", {{"token", {{"type", "http"}, {"scheme", "bearer"}}}}}}},
      {"paths", ordered_json::object()}};
  for (const Route& route : api_routes()) {
    std::string path(route.pattern);
    if (const std::size_t dots = path.find("...}"); dots != path.npos) path.erase(dots, 3);
    std::string method(route.method);
    for (char& c : method) c = static_cast<char>(c + 32);
    document["paths"][path][method] = operation(route);
  }
  return document.dump(2) + "\n";
}

}  // namespace grid::server
