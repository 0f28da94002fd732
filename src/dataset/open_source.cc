#include "dataset/open_source.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"
#include "dataset/combined_source.h"
#include "dataset/folder_source.h"

namespace grid::dataset {

namespace {

class StandardInput : public ByteStream {
 public:
  std::size_t read(MutableBytesView out) override {
    for (;;) {
      ssize_t got = ::read(STDIN_FILENO, out.data(), out.size());
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EINTR) throw system_error(errno, "cannot read standard input");
    }
  }
  std::optional<std::uint64_t> size() const override { return std::nullopt; }
  std::string name() const override { return "standard input"; }
};

}  // namespace

static bool is_folder(const std::string& path) {
  struct stat st;
  if (::stat(path.c_str(), &st) != 0)
    throw system_error(errno, fmt::format("cannot read the source {}", path));
  return S_ISDIR(st.st_mode);
}

static std::unique_ptr<Source> open_source(const SourceSpec& spec, const SourceOptions& options) {
  if (spec.where == "-")
    return std::make_unique<ArchiveSource>(
        ArchiveBytes{.stream = std::make_unique<StandardInput>()}, options.limits);
  if (!spec.extract || is_folder(spec.where))
    return std::make_unique<FolderSource>(WalkOptions{
        .source = spec.where, .excludes = options.excludes, .skipped = options.skipped});
  return std::make_unique<ArchiveSource>(archive_bytes_of_file(spec.where), options.limits);
}

static std::int64_t mtime_of_folder(const SourceSpec& spec) {
  struct stat st;
  if (spec.where == "-" || ::stat(spec.where.c_str(), &st) != 0 || !S_ISDIR(st.st_mode)) return 0;
  return state_of(st).mtime_ns;
}

static std::unique_ptr<Source> combine(const std::vector<SourceSpec>& specs,
                                       const SourceOptions& options) {
  std::vector<PlacedSource> placed;
  for (const SourceSpec& spec : specs)
    placed.push_back({.source = open_source(spec, options),
                      .place = spec.place,
                      .name = shown({spec}),
                      .mtime_ns = mtime_of_folder(spec)});
  return std::make_unique<CombinedSource>(std::move(placed));
}

static bool may_overlap(const SourceSpec& a, const SourceSpec& b) {
  auto below = [](const std::string& folder, const std::string& path) {
    return folder.empty() || path == folder || path.starts_with(folder + "/");
  };
  return below(a.place, b.place) || below(b.place, a.place);
}

std::unique_ptr<Source> open_sources(const std::vector<SourceSpec>& specs,
                                     const SourceOptions& options) {
  if (specs.size() == 1 && specs[0].place.empty()) return open_source(specs[0], options);
  std::unique_ptr<Source> combined = combine(specs, options);
  bool check = false;
  for (std::size_t i = 0; i < specs.size(); ++i)
    for (std::size_t k = 0; k < i; ++k) check = check || may_overlap(specs[i], specs[k]);
  if (combined->order() == SourceOrder::tree && check) {
    // A walk beforehand: what two of them claim is refused before anything is stored.
    std::vector<Problem> ignored;
    while (combined->next(ignored)) ignored.clear();
    combined = combine(specs, options);
  }
  return combined;
}

std::string shown(const std::vector<SourceSpec>& specs) {
  std::string text;
  for (const SourceSpec& spec : specs) {
    if (!text.empty()) text += ' ';
    if (!spec.place.empty()) text += spec.place + '=';
    text += spec.where;
  }
  return text;
}

SourceSpec parse_source(std::string_view text) {
  SourceSpec spec{.where = std::string(text)};
  std::size_t equals = text.find('=');
  struct stat st;
  if (equals == std::string_view::npos || text.find("://") < equals ||
      ::stat(spec.where.c_str(), &st) == 0)
    return spec;
  try {
    spec.place = path_of_member(text.substr(0, equals));
  } catch (const Error&) {  // said with the option that it stands in
    spec.place.clear();
  }
  if (spec.place.empty())
    fail(ErrorKind::invalid_argument,
         "{}: what stands before = is the folder of the version in which the source is put, such "
         "as train or data/2024",
         text);
  spec.where = text.substr(equals + 1);
  return spec;
}

}  // namespace grid::dataset
