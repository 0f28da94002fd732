#include "net/saved_credentials.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/own_file.h"

namespace grid::net {

namespace fs = std::filesystem;
using nlohmann::json;

static constexpr int format = 1;
static constexpr std::string_view suffix = ".json";

void check_credential_name(std::string_view name) {
  const bool good = !name.empty() && name.size() <= 63 && name[0] != '.' &&
                    std::all_of(name.begin(), name.end(), [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                             (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
                    });
  if (!good)
    fail(ErrorKind::invalid_argument,
         "\"{}\" cannot be the name of a credential: use up to 63 letters, digits, '.', '_' "
         "and '-'",
         name);
}

fs::path SavedCredentials::path_of(std::string_view name) const {
  check_credential_name(name);
  return folder_ / (std::string(name) + std::string(suffix));
}

static std::string encode(const SavedCredential& credential) {
  return json({{"grid", "credential"},
               {"format", format},
               {"type", "s3"},
               {"bucket", credential.bucket},
               {"endpoint_url", credential.endpoint_url},
               {"role_arn", credential.role_arn},
               {"external_id", credential.external_id},
               {"created", credential.created}})
             .dump(2) +
         "\n";
}

static json parse_saved(BytesView bytes, const fs::path& file) {
  try {
    return parse_json(as_text(bytes), file.string());
  } catch (const Error& error) {  // this function knows what to do
    fail(error.kind(), "{}, and so no saved credential: remove the file", error.what());
  }
}

static SavedCredential decode(BytesView bytes, const fs::path& file) {
  const json value = parse_saved(bytes, file);
  if (!value.is_object() || value.value("grid", json()) != "credential")
    fail(ErrorKind::corrupt, "{} is not a saved credential: remove it", file.string());
  if (value.value("format", json()) != format || value.value("type", json()) != "s3")
    fail(ErrorKind::unsupported, "{} was saved by a newer grid", file.string());
  auto text = [&](const char* name) {
    const auto member = value.find(name);
    if (member == value.end() || !member->is_string())
      fail(ErrorKind::corrupt, "{}: {} is missing: remove the file", file.string(), name);
    return member->get<std::string>();
  };
  return {.name = file.stem().string(),
          .bucket = text("bucket"),
          .endpoint_url = text("endpoint_url"),
          .role_arn = text("role_arn"),
          .external_id = text("external_id"),
          .created = text("created")};
}

std::optional<SavedCredential> SavedCredentials::find(std::string_view name) const {
  const fs::path file = path_of(name);
  const std::optional<Bytes> bytes = find_regular_file_bytes(file);
  if (!bytes) return std::nullopt;
  return decode(*bytes, file);
}

std::vector<SavedCredential> SavedCredentials::all() const {
  std::vector<SavedCredential> found;
  std::error_code error;
  for (fs::directory_iterator at(folder_, error), end; !error && at != end; at.increment(error)) {
    if (at->path().extension() != suffix) continue;
    if (std::optional<Bytes> bytes = find_regular_file_bytes(at->path()))
      found.push_back(decode(*bytes, at->path()));
  }
  if (error && error != std::errc::no_such_file_or_directory)
    throw system_error(error.value(), fmt::format("cannot list {}", folder_.string()));
  std::sort(found.begin(), found.end(),
            [](const SavedCredential& a, const SavedCredential& b) { return a.name < b.name; });
  return found;
}

bool SavedCredentials::save(const SavedCredential& credential) {
  const fs::path file = path_of(credential.name);
  std::error_code ignored;  // opening the file reports the failure
  try_make_private_folders(folder_);
  ::chmod(folder_.c_str(), 0700);
  // Written under another name first, so that a file under its own name is complete.
  const fs::path temporary =
      folder_ / fmt::format(".{}.{}", credential.name, static_cast<long>(::getpid()));
  fs::remove(temporary, ignored);
  {
    const FileDescriptor fd = open_file(temporary, O_WRONLY | O_CREAT | O_EXCL, 0600);
    write_all(fd.get(), as_bytes(encode(credential)), temporary.string());
    if (::fsync(fd.get()) != 0) throw system_error(errno, "cannot write " + temporary.string());
  }
  const int linked = ::link(temporary.c_str(), file.c_str());
  const int error = errno;
  fs::remove(temporary, ignored);
  if (linked == 0) return true;
  if (error == EEXIST) return false;
  throw system_error(error, "cannot write " + file.string());
}

bool SavedCredentials::remove(std::string_view name) {
  const fs::path file = path_of(name);
  if (::unlink(file.c_str()) == 0) return true;
  if (errno == ENOENT) return false;
  throw system_error(errno, "cannot remove " + file.string());
}

AwsSettings with_role(AwsSettings settings, const SavedCredential& credential) {
  settings.taken_role = credential.role_arn;
  settings.taken_role_external_id = credential.external_id;
  return settings;
}

S3Access open_to_read(const HttpOptions& http, const AwsSettings& settings,
                      const std::string& bucket, const std::string& prefix,
                      const RetryPolicy& retries) {
  S3Access otherwise = S3Access::open(http, settings, retries);
  if (settings.saved_credentials.empty() || settings.anonymous) return otherwise;
  auto list = [&](const S3Access& access) {
    S3Bucket(access, bucket).list({.prefix = prefix, .count_max = 1});
  };
  std::optional<Error> refusal;
  for (const SavedCredential& saved : SavedCredentials(settings.saved_credentials).all()) {
    if (saved.bucket != bucket || saved.endpoint_url != otherwise.endpoint.url) continue;
    S3Access access = S3Access::open(http, with_role(settings, saved), retries);
    try {
      list(access);
      return access;
    } catch (const Error& error) {  // another credential may be allowed to
      if (error.kind() != ErrorKind::permission_denied) throw;
      if (!refusal) refusal = error.within("the credential " + saved.name);
    }
  }
  if (!refusal) return otherwise;
  try {
    list(otherwise);
  } catch (const Error& error) {  // report the refusal of the saved credential
    if (error.kind() != ErrorKind::permission_denied) throw;
    throw *refusal;
  }
  return otherwise;
}

}  // namespace grid::net
