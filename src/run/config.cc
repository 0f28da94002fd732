#include "run/config.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <functional>

#include "base/error.h"
#include "base/file.h"
#include "dataset/reference.h"
#include "run/sweep.h"

namespace grid::run {

namespace {

// A place in the file, for error messages.
class Place {
 public:
  Place(std::string file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}

  Place below(const std::string& key) const {
    return {file_, path_.empty() ? key : path_ + "." + key};
  }

  [[noreturn]] void fail_at(const YAML::Node& node, const std::string& what) const {
    const std::string line = node.Mark().is_null() ? "" : fmt::format(":{}", node.Mark().line + 1);
    fail(ErrorKind::invalid_argument, "{}{}: {}{}{}", file_, line, path_, path_.empty() ? "" : ": ",
         what);
  }

 private:
  std::string file_;
  std::string path_;  // "compute.train"
};

using Reader = std::function<void(const YAML::Node&, const Place&)>;
struct Key {
  std::string name;
  Reader read;
};

// Reads a map with these keys and no others. A key without a value is an empty map.
void read_map(const YAML::Node& node, const Place& place, const std::vector<Key>& keys) {
  if (node.IsNull()) return;
  std::vector<std::string> names;
  for (const Key& key : keys) names.push_back(key.name);
  if (!node.IsMap())
    place.fail_at(node, fmt::format("expected a map with {}", fmt::join(names, ", ")));
  for (const auto& entry : node) {
    const std::string name = entry.first.Scalar();
    const auto key = std::find_if(keys.begin(), keys.end(),
                                  [&](const Key& known) { return known.name == name; });
    if (key == keys.end()) {
      const std::vector<std::string> near = dataset::nearest_names(name, names);
      place.fail_at(entry.first,
                    fmt::format("there is no key {}; {} {}", name,
                                near.empty() ? "the keys are" : "did you mean",
                                near.empty() ? fmt::format("{}", fmt::join(names, ", "))
                                             : fmt::format("{}?", fmt::join(near, " or "))));
    }
    key->read(entry.second, place.below(name));
  }
}

std::string text_of(const YAML::Node& node, const Place& place) {
  if (!node.IsScalar()) place.fail_at(node, "expected one value");
  return node.Scalar();
}

std::uint64_t number_of(const YAML::Node& node, const Place& place) {
  try {
    return node.as<std::uint64_t>();
  } catch (const YAML::Exception&) {
    place.fail_at(node, "expected a whole number");
  }
}

std::vector<std::string> texts_of(const YAML::Node& node, const Place& place) {
  if (!node.IsSequence()) return {text_of(node, place)};
  std::vector<std::string> texts;
  for (const YAML::Node& item : node) texts.push_back(text_of(item, place));
  return texts;
}

std::vector<std::string> settings_of(const YAML::Node& node, const Place& place) {
  if (!node.IsMap()) return node.IsNull() ? std::vector<std::string>() : texts_of(node, place);
  std::vector<std::string> settings;
  for (const auto& entry : node) {
    const std::string name = entry.first.Scalar();
    settings.push_back(name + "=" + text_of(entry.second, place.below(name)));
  }
  return settings;
}

// A number as it is, a text in quotes. YAML tags a plain word "?": it can be either.
std::string spell_item(const YAML::Node& item, const Place& place) {
  const std::string text = text_of(item, place);
  double number;
  if (item.Tag() == "?" && YAML::convert<double>::decode(item, number)) return text;
  for (char quote : {'\'', '"'})
    if (text.find(quote) == text.npos) return quote + text + quote;
  place.fail_at(item, fmt::format("{} has both kinds of quotes", text));
}

std::string sweep_of(const YAML::Node& node, const Place& place) {
  if (!node.IsSequence()) return text_of(node, place);
  std::vector<std::string> items;
  for (const YAML::Node& item : node) items.push_back(spell_item(item, place));
  return fmt::format("[{}]", fmt::join(items, ", "));
}

void read_parameters(const YAML::Node& node, const Place& place, RunConfig& config) {
  if (node.IsNull()) return;
  if (!node.IsMap()) place.fail_at(node, "expected a map from names to values");
  for (const auto& entry : node) {
    const std::string name = entry.first.Scalar();
    config.parameters.emplace_back(name, sweep_of(entry.second, place.below(name)));
  }
}

void read_settings(const YAML::Node& node, const Place& place, RunConfig& config) {
  const auto strategy = [&](const YAML::Node& value, const Place& at) {
    config.strategy = text_of(value, at);
    try {
      parse_strategy(config.strategy);
    } catch (const Error& error) {  // which lacks the file and line
      at.fail_at(value, error.what());
    }
  };
  const auto options = [&](const YAML::Node& value, const Place& at) {
    read_map(
        value, at,
        {{"num_trials",
          [&](const YAML::Node& n, const Place& p) { config.num_trials = number_of(n, p); }},
         {"seed", [&](const YAML::Node& n, const Place& p) { config.seed = number_of(n, p); }}});
  };
  read_map(node, place, {{"strategy", strategy}, {"strategy_options", options}});
}

void read_train(const YAML::Node& node, const Place& place, RunConfig& config) {
  read_map(
      node, place,
      {{"datastore_name",
        [&](const YAML::Node& n, const Place& p) { config.datastore_names = texts_of(n, p); }},
       {"datastore_version",
        [&](const YAML::Node& n, const Place& p) { config.datastore_version = text_of(n, p); }},
       {"datastore_mount_dir",
        [&](const YAML::Node& n, const Place& p) {
          config.datastore_mount_folder = text_of(n, p);
        }},
       {"environment",
        [&](const YAML::Node& n, const Place& p) { config.settings = settings_of(n, p); }}});
}

void read_file(const YAML::Node& node, const Place& place, RunConfig& config) {
  const auto compute = [&](const YAML::Node& value, const Place& at) {
    read_map(value, at,
             {{"train", [&](const YAML::Node& n, const Place& p) { read_train(n, p, config); }}});
  };
  const auto hyper_params = [&](const YAML::Node& value, const Place& at) {
    read_map(
        value, at,
        {{"settings", [&](const YAML::Node& n, const Place& p) { read_settings(n, p, config); }},
         {"params", [&](const YAML::Node& n, const Place& p) { read_parameters(n, p, config); }}});
  };
  read_map(node, place, {{"compute", compute}, {"hyper_params", hyper_params}});
}

}  // namespace

RunConfig parse_config(const std::string& text, const std::string& name) {
  RunConfig config;
  try {
    read_file(YAML::Load(text), Place(name, ""), config);
  } catch (const YAML::Exception& error) {  // what the library cannot parse
    fail(ErrorKind::invalid_argument, "{}:{}: {}", name, error.mark.line + 1, error.msg);
  }
  return config;
}

RunConfig read_config(const std::filesystem::path& path) {
  const std::optional<Bytes> bytes = find_file_bytes(path);
  if (!bytes) fail(ErrorKind::not_found, "there is no configuration file {}", path.string());
  return parse_config(std::string(as_text(*bytes)), path.string());
}

}  // namespace grid::run
