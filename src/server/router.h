// Which function answers which request, as data: the OpenAPI document is made of the same table.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "server/access.h"
#include "server/message.h"

namespace grid::server {

class Api;

// A request of a caller who may make it.
struct Call {
  const Request& request;
  const Caller& caller;
  // Of the components of the path: "name" of ".../{name}/...", decoded. "path" of ".../{path...}"
  // has all that is left, with '/' between the components.
  std::map<std::string, std::string, std::less<>> parts{};

  const std::string& part(std::string_view name) const { return parts.find(name)->second; }
  // A parameter of the query as a number from `min` to `max`. Throws `invalid_argument`.
  std::uint64_t number(std::string_view name, std::uint64_t otherwise, std::uint64_t min,
                       std::uint64_t max) const;
};

enum class Needs { nobody, reader, writer, admin };  // who may call a route

struct Parameter {
  std::string_view name;
  std::string_view type;  // of JSON schema: "string", "integer"
  std::string_view description;
  bool required = false;
};

struct Route {
  std::string_view method;
  // "/api/v1/datastores/{name}". Where a component is {name}, the caller must be let see that
  // datastore.
  std::string_view pattern;
  Needs needs;
  std::string_view summary;
  std::vector<Parameter> parameters;  // of the query
  Response (*answer)(const Api& api, const Call& call);
  std::uint64_t body_size_max = body_memory_max;  // bytes
  // Where a body goes; null, or a null answer: wherever there is room. Throws Error to refuse it.
  std::shared_ptr<BodyFile> (*open_body)(const Api& api, const Call& call) = nullptr;
};

// A route's pattern, cut into its components.
class Pattern {
 public:
  // `text` outlives it.
  explicit Pattern(std::string_view text);

  bool matches(const std::vector<std::string>& components) const;
  // Of a path that it matches.
  std::map<std::string, std::string, std::less<>> parts(std::vector<std::string> components) const;

 private:
  struct Component {
    std::string_view text;  // of a part its name
    bool is_part = false;
  };
  std::vector<Component> components_;
  std::string_view rest_;  // the name of what takes all that is left; empty: there is none
};

}  // namespace grid::server
