#include "source/open_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"
#include "net/saved_credentials.h"
#include "net/url.h"
#include "source/combined_source.h"
#include "source/folder_source.h"
#include "source/path_limits.h"
#include "source/piped_stream.h"
#include "source/s3_source.h"
#include "source/url_source.h"

namespace grid::source {

static bool is_folder(const std::string& path) {
  struct stat st;
  if (::stat(path.c_str(), &st) != 0)
    throw system_error(errno, fmt::format("cannot read the source {}", path));
  return S_ISDIR(st.st_mode);
}

// The entries of an archive or a bucket that patterns do not leave out. A .gridignore file among
// them has no effect: it may come after the entries to which it would apply.
class FilteredSource : public Source {
 public:
  FilteredSource(std::unique_ptr<Source> source, IgnorePatterns patterns)
      : source_(std::move(source)), rules_(std::move(patterns)) {}

  SourceOrder order() const override { return source_->order(); }
  std::optional<SourceEntry> next(std::vector<Problem>& problems) override {
    while (std::optional<SourceEntry> entry = source_->next(problems))
      if (!rules_.ignores_within(entry->entry.path(), entry->entry.kind == EntryKind::folder))
        return entry;
    return std::nullopt;
  }
  std::optional<std::int64_t> top_mtime_ns() const override { return source_->top_mtime_ns(); }

 private:
  const std::unique_ptr<Source> source_;
  const IgnoreRules rules_;
};

static std::unique_ptr<Source> open_archive(ArchiveBytes bytes, const SourceOptions& options) {
  auto archive =
      std::make_unique<ArchiveSource>(std::move(bytes), options.limits, options.journals);
  if (options.patterns.empty()) return archive;
  return std::make_unique<FilteredSource>(std::move(archive), options.patterns);
}

// Keeps the client or the bucket through which a source reads, as long as the source.
class SourceWith : public Source {
 public:
  SourceWith(std::shared_ptr<const void> kept, std::unique_ptr<Source> source)
      : kept_(std::move(kept)), source_(std::move(source)) {}

  SourceOrder order() const override { return source_->order(); }
  std::optional<Digest> identity() const override { return source_->identity(); }
  std::optional<SourceEntry> next(std::vector<Problem>& problems) override {
    return source_->next(problems);
  }
  std::optional<std::int64_t> top_mtime_ns() const override { return source_->top_mtime_ns(); }

 private:
  const std::shared_ptr<const void> kept_;
  const std::unique_ptr<Source> source_;
};

static std::unique_ptr<Source> open_bucket(const SourceSpec& spec, const SourceOptions& options) {
  const net::ServerOptions& servers = options.servers;
  const net::S3Url url = net::parse_s3_url(spec.where);
  net::S3Access access =
      net::open_to_read(servers.http, servers.aws, url.bucket, url.key, servers.retries);
  if (spec.extract) {
    auto bucket = std::make_shared<const net::S3Bucket>(std::move(access), url.bucket);
    std::unique_ptr<Source> source =
        open_archive(archive_bytes_of_object(*bucket, url.key), options);
    return std::make_unique<SourceWith>(std::move(bucket), std::move(source));
  }
  auto objects = std::make_unique<S3Source>(std::move(access), spec.where,
                                            S3SourceOptions{.in_place = options.in_place});
  if (options.patterns.empty()) return objects;
  return std::make_unique<FilteredSource>(std::move(objects), options.patterns);
}

static std::unique_ptr<Source> open_source(const SourceSpec& spec, const SourceOptions& options) {
  if (spec.where == "-")
    return open_archive(
        {.stream = std::make_unique<PipedStream>(
             FileDescriptor(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)), "standard input")},
        options);
  if (is_url(spec.where)) {
    auto client = std::make_shared<net::HttpClient>(options.servers.http);
    std::unique_ptr<Source> source =
        spec.extract ? open_archive(archive_bytes_of_url(*client, spec.where), options)
                     : open_url_file(*client, spec.where);
    return std::make_unique<SourceWith>(std::move(client), std::move(source));
  }
  if (is_s3_url(spec.where)) return open_bucket(spec, options);
  if (!spec.extract || is_folder(spec.where))
    return std::make_unique<FolderSource>(WalkOptions{.source = spec.where,
                                                      .patterns = options.patterns,
                                                      .use_ignore_files = options.use_ignore_files,
                                                      .follow_links = options.follow_links,
                                                      .keep_all = options.keep_all,
                                                      .skipped = options.skipped});
  return open_archive(archive_bytes_of_file(spec.where), options);
}

static std::int64_t mtime_of_folder(const SourceSpec& spec) {
  struct stat st;
  if (spec.where == "-" || is_url(spec.where) || is_s3_url(spec.where) ||
      ::stat(spec.where.c_str(), &st) != 0 || !S_ISDIR(st.st_mode))
    return 0;
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
  bool local = std::none_of(specs.begin(), specs.end(), [](const SourceSpec& spec) {
    return is_url(spec.where) || is_s3_url(spec.where);
  });
  if (combined->order() == SourceOrder::tree && check && local) {
    // A walk beforehand, so that a path that two of them have is refused before anything is stored.
    std::vector<Problem> ignored;
    while (combined->next(ignored)) ignored.clear();
    combined = combine(specs, options);
  }
  return combined;
}

bool is_url(std::string_view where) {
  return where.starts_with("http://") || where.starts_with("https://");
}

bool is_s3_url(std::string_view where) { return where.starts_with("s3://"); }

std::string shown(const std::vector<SourceSpec>& specs) {
  std::string text;
  for (const SourceSpec& spec : specs) {
    if (!text.empty()) text += ' ';
    if (!spec.place.empty()) text += spec.place + '=';
    text += is_s3_url(spec.where) ? spec.where : net::shown(spec.where);  // keys may have a '?'
  }
  return text;
}

static std::string parse_place(std::string_view place, std::string_view text) {
  std::string path;
  try {
    path = path_of_member(place);
  } catch (const Error&) {  // reported below, with the option
    path.clear();
  }
  if (path.empty() || !why_path_is_too_long(path).empty())
    fail(
        ErrorKind::invalid_argument,
        "{}: \"{}\" must be the folder of the version in which the source is put, such as train or "
        "data/2024",
        text, place);
  return path;
}

// Whether a text can only be a source: a path of a version is relative, and no URL.
static bool is_plainly_source(std::string_view text) {
  return text.find("://") != text.npos || text.starts_with("/") || text.starts_with("./") ||
         text.starts_with("../") || text == "-" || text == "." || text == "..";
}

static bool exists(std::string_view text) {
  struct stat st;
  return ::stat(std::string(text).c_str(), &st) == 0;
}

SourceSpec parse_source(std::string_view text) {
  SourceSpec spec{.where = net::with_plain_scheme(text)};
  const std::size_t first = text.find('='), last = text.rfind('=');
  if (first == std::string_view::npos || exists(spec.where)) return spec;
  if (text.find("://") < first) return spec;  // a URL may have an '=' of its own
  std::string_view place = text.substr(0, first), where = text.substr(first + 1);
  const std::string_view head = text.substr(0, last), tail = text.substr(last + 1);
  if (!is_plainly_source(where)) {
    spec.reversed = exists(head) && (is_plainly_source(head) || !exists(where));
  }
  if (spec.reversed) place = tail, where = head;
  spec.place = parse_place(place, text);
  spec.where = net::with_plain_scheme(where);
  return spec;
}

}  // namespace grid::source
