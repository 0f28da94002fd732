#include "net/aws_settings.h"

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "net/url.h"

namespace grid::net {

static constexpr std::string_view services_prefix = "services ";

// What follows a word and blanks, without quotes; empty if the header does not begin with the word.
static std::string_view name_after(std::string_view word, std::string_view header) {
  if (!header.starts_with(word)) return {};
  header.remove_prefix(word.size());
  if (header.empty() || (header[0] != ' ' && header[0] != '\t')) return {};
  header = trimmed(header);
  const bool quoted =
      header.size() >= 2 && (header[0] == '"' || header[0] == '\'') && header.back() == header[0];
  return quoted ? header.substr(1, header.size() - 2) : header;
}

// "[profile dev]" of the config file and "[dev]" of the credentials file are the same profile.
static std::string section_name(std::string_view header, bool is_config) {
  if (!is_config) return std::string(header);
  if (const std::string_view profile = name_after("profile", header); !profile.empty())
    return std::string(profile);
  if (const std::string_view services = name_after("services", header); !services.empty())
    return std::string(services_prefix) + std::string(services);
  return std::string(header);
}

AwsProfiles::Sections AwsProfiles::read(const std::filesystem::path& file, bool is_config) {
  Sections sections;
  if (file.empty()) return sections;
  const std::optional<Bytes> bytes = find_file_bytes(file);
  if (!bytes) return sections;
  Section* section = nullptr;
  std::string outer;  // the setting whose nested settings are being read
  std::size_t number = 0;
  std::string_view rest = as_text(*bytes);
  static constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (rest.starts_with(byte_order_mark)) rest.remove_prefix(byte_order_mark.size());
  while (!rest.empty()) {
    const std::string_view line = take_until(rest, '\n');
    ++number;
    std::string_view text = trimmed(line);
    if (text.empty() || text[0] == '#' || text[0] == ';') continue;
    if (text[0] == '[') {
      const std::size_t close = text.find(']');
      if (close == text.npos)
        fail(ErrorKind::invalid_argument, "{}: line {}: a section's name has no ]", file.string(),
             number);
      section = &sections[section_name(trimmed(text.substr(1, close - 1)), is_config)];
      outer.clear();
      continue;
    }
    const std::size_t equals = text.find('=');
    if (equals == text.npos || section == nullptr)
      fail(ErrorKind::invalid_argument, "{}: line {}: expected NAME = VALUE below a [section]",
           file.string(), number);
    std::string name(trimmed(text.substr(0, equals)));
    // AWS's tools read AWS_ACCESS_KEY_ID here as aws_access_key_id.
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    std::string value(trimmed(text.substr(equals + 1)));
    if (const std::size_t comment = value.find(" #"); comment != value.npos)
      value = std::string(trimmed(std::string_view(value).substr(0, comment)));
    const bool nested = (line[0] == ' ' || line[0] == '\t') && !outer.empty();
    if (!nested) outer = value.empty() ? name : "";
    (*section)[nested ? outer + "." + name : name] = value;
  }
  return sections;
}

AwsProfiles::AwsProfiles(const std::filesystem::path& config_file,
                         const std::filesystem::path& credentials_file)
    : config_(read(config_file, true)), credentials_(read(credentials_file, false)) {}

bool AwsProfiles::contains(const std::string& profile) const {
  return config_.contains(profile) || credentials_.contains(profile);
}

std::string AwsProfiles::get(const std::string& profile, const std::string& name) const {
  for (const Sections* sections : {&credentials_, &config_}) {
    const auto section = sections->find(profile);
    if (section == sections->end()) continue;
    const auto setting = section->second.find(name);
    if (setting != section->second.end() && !setting->second.empty()) return setting->second;
  }
  return {};
}

std::string AwsProfiles::service(const std::string& services, const std::string& name) const {
  return services.empty() ? "" : get(std::string(services_prefix) + services, name);
}

static std::string profile_of(const AwsSettings& settings) {
  return settings.profile.empty() ? "default" : settings.profile;
}

// The first value that is not empty.
static std::string first_of(std::initializer_list<std::string> values) {
  for (const std::string& value : values)
    if (!value.empty()) return value;
  return {};
}

static std::string configured_endpoint(const AwsSettings& settings, const AwsProfiles& profiles,
                                       const std::string& service) {
  if (settings.ignore_configured_endpoints) return {};
  const std::string profile = profile_of(settings);
  return first_of({profiles.service(profiles.get(profile, "services"), service + ".endpoint_url"),
                   profiles.get(profile, "endpoint_url")});
}

S3Endpoint s3_endpoint(const AwsSettings& settings, const AwsProfiles& profiles) {
  const std::string profile = profile_of(settings);
  if (!settings.profile.empty() && !profiles.contains(profile))
    fail(ErrorKind::not_found, "the profile {} (AWS_PROFILE) is neither in {} nor in {}", profile,
         settings.config_file.string(), settings.credentials_file.string());
  S3Endpoint endpoint;
  endpoint.region = first_of({settings.region, profiles.get(profile, "region"), endpoint.region});
  endpoint.url = with_plain_scheme(
      first_of({settings.endpoint_url, configured_endpoint(settings, profiles, "s3")}));
  while (endpoint.url.ends_with('/')) endpoint.url.pop_back();
  const std::string style = profiles.get(profile, "s3.addressing_style");
  endpoint.path_style = style == "path" || (style != "virtual" && !endpoint.url.empty());
  return endpoint;
}

std::string S3Endpoint::location() const {
  if (url.empty())
    return region.starts_with("cn-")       ? "AWS in China"
           : region.starts_with("us-gov-") ? "AWS GovCloud"
                                           : "AWS";
  Url server = parse_url(url);
  const std::string lower_host = lower_case(server.host);
  std::string_view host = lower_host;
  if (const std::string_view port = server.scheme == "https" ? ":443" : ":80"; host.ends_with(port))
    host.remove_suffix(port.size());
  while (server.path.ends_with('/')) server.path.pop_back();
  return server.scheme + "://" + std::string(host) + server.path;
}

std::string sts_url(const AwsSettings& settings, const AwsProfiles& profiles,
                    const std::string& region) {
  const std::string suffix = region.starts_with("cn-") ? ".cn" : "";
  return first_of({settings.sts_endpoint_url, configured_endpoint(settings, profiles, "sts"),
                   "https://sts." + region + ".amazonaws.com" + suffix});
}

}  // namespace grid::net
