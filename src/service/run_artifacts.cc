#include "service/run_artifacts.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <regex>

#include "base/beneath.h"
#include "base/error.h"
#include "run/runs.h"

namespace grid::service {

namespace {

std::vector<run::Artifact> matching(std::vector<run::Artifact> artifacts,
                                    const std::string& expression) {
  try {
    const std::regex wanted(expression, std::regex::extended);
    std::erase_if(artifacts, [&](const run::Artifact& artifact) {
      return !std::regex_search(artifact.path, wanted);
    });
  } catch (const std::regex_error& error) {  // the library's, about what the user wrote
    fail(ErrorKind::invalid_argument, "-m {}: this is not a regular expression: {}", expression,
         error.what());
  }
  return artifacts;
}

}  // namespace

RunArtifacts list_artifacts(const Settings& settings, const std::string& name,
                            const std::optional<std::string>& match) {
  const run::RunFolder folder = run::Runs(settings.run_folder).get(name);
  run::ArtifactList list = run::list_artifacts(folder.artifacts());
  RunArtifacts found{.run = folder.name(),
                     .folder = folder.artifacts(),
                     .artifacts = std::move(list.artifacts),
                     .failures = std::move(list.failures)};
  if (match) found.artifacts = matching(std::move(found.artifacts), *match);
  return found;
}

std::optional<std::filesystem::path> find_artifacts(const Settings& settings,
                                                    std::string_view source) {
  if (!source.starts_with(run::artifacts_scheme)) return std::nullopt;
  return run::Runs(settings.run_folder)
      .get(source.substr(run::artifacts_scheme.size()))
      .artifacts();
}

OpenArtifact open_artifact(const Settings& settings, const std::string& run,
                           const std::string& path) {
  const std::filesystem::path folder = run::Runs(settings.run_folder).get(run).artifacts();
  const FileDescriptor top = find_file(folder, O_RDONLY | O_DIRECTORY);
  OpenArtifact artifact{.path = path, .file = {}};
  // A pipe would wait for its writer.
  if (top) artifact.file = open_beneath(top.get(), path, O_RDONLY | O_NONBLOCK);
  struct stat status;
  if (!artifact.file || ::fstat(artifact.file.get(), &status) != 0)
    fail(ErrorKind::not_found, "{} has no artifact {}", run, path);
  if (!S_ISREG(status.st_mode))
    fail(ErrorKind::invalid_argument, "{}: {} is not a file", run, path);
  artifact.size = static_cast<std::uint64_t>(status.st_size);
  artifact.mtime_ns = std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
  artifact.inode = status.st_ino;
  return artifact;
}

void write_document(JsonWriter& json, const RunArtifacts& artifacts) {
  json.begin_object().member("run", artifacts.run).name_member("folder", artifacts.folder.string());
  json.key("artifacts").begin_array();
  for (const run::Artifact& artifact : artifacts.artifacts)
    json.begin_object()
        .name_member("path", artifact.path)
        .member("size", artifact.size)
        .end_object();
  json.end_array().end_object();
}

}  // namespace grid::service
