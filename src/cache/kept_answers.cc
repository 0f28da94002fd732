#include "cache/kept_answers.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>

#include "base/digest.h"
#include "base/error.h"
#include "base/own_file.h"
#include "base/text.h"

namespace grid::cache {

namespace fs = std::filesystem;

static constexpr std::chrono::seconds unreachable_for{30};

KeptAnswers::KeptAnswers(std::shared_ptr<backend::Backend> remote, fs::path folder,
                         KeptAnswersOptions options)
    : remote_(std::move(remote)),
      hasty_([&] {
        std::shared_ptr<backend::Backend> hasty = remote_->carrier().hasty();
        return hasty ? hasty : remote_;
      }()),
      folder_(std::move(folder)),
      options_(std::move(options)),
      unreachable_because_(options_.unreachable_because) {
  if (!unreachable_because_.empty())
    unreachable_until_ = std::chrono::steady_clock::now() + unreachable_for;
}

// A file: the digest of the answer, then the answer.
std::optional<Bytes> KeptAnswers::load(const fs::path& path) const {
  try {
    std::optional<Bytes> file = find_own_file_bytes(path);
    if (!file || file->size() < sizeof(Digest)) return std::nullopt;
    BytesView answer = BytesView(*file).subspan(sizeof(Digest));
    Digest digest = digest_of(answer);
    if (std::memcmp(file->data(), digest.bytes.data(), sizeof(Digest)) != 0) return std::nullopt;
    return Bytes(answer.begin(), answer.end());
  } catch (const Error&) {
    return std::nullopt;  // treated as absent
  }
}

void KeptAnswers::save(const fs::path& path, BytesView answer) const {
  try {
    try_make_private_folders(path.parent_path());
    Bytes file;
    append(file, BytesView(digest_of(answer).bytes));
    append(file, answer);
    replace_file(path, file);
  } catch (const Error&) {
    // The disk is full or read-only: it will be asked for again.
  }
}

fs::path KeptAnswers::path_of(std::string_view kind, std::string_view key) const {
  return folder_ / kind / digest_of(as_bytes(key)).hex();
}

bool KeptAnswers::is_unreachable() const {
  std::lock_guard lock(mutex_);
  return std::chrono::steady_clock::now() < unreachable_until_;
}

bool KeptAnswers::is_understood(std::string_view key, BytesView bytes) const {
  return !options_.is_understood || options_.is_understood(key, bytes);
}

// A file's time is that of the last answer that agreed with it.
static void confirm(const fs::path& path) { ::utimensat(AT_FDCWD, path.c_str(), nullptr, 0); }

static std::string age_of(const fs::path& path) {
  struct stat st;
  if (::stat(path.c_str(), &st) != 0) return "some time";
  const long seconds = std::max(0L, ::time(nullptr) - st.st_mtim.tv_sec);
  if (seconds < 120) return fmt::format("{} s", seconds);
  if (seconds < 7200) return fmt::format("{} min", seconds / 60);
  if (seconds < 48 * 3600) return fmt::format("{} hours", seconds / 3600);
  return fmt::format("{} days", seconds / (24 * 3600));
}

void KeptAnswers::note_unreachable(std::string_view why, const fs::path& kept_at) const {
  {
    std::lock_guard lock(mutex_);
    if (std::exchange(warned_, true) || !options_.warn) return;
  }
  options_.warn(fmt::format("{} cannot be reached; this is what was known of it {} ago ({})",
                            remote_->name(), age_of(kept_at), why));
}

// The time of a file; 0 if there is none.
static std::int64_t time_of(const fs::path& path) {
  struct stat st;
  return ::stat(path.c_str(), &st) == 0 ? st.st_mtim.tv_sec : 0;
}

// A clock that was set back makes an answer old.
bool KeptAnswers::holds_still(std::string_view key, const fs::path& absence) const {
  if (!options_.absence_holds) return false;
  const std::int64_t age = ::time(nullptr) - time_of(absence);
  return age >= 0 && age < options_.absence_holds(key).count();
}

void KeptAnswers::keep(std::string_view key, BytesView bytes) const {
  if (is_understood(key, bytes)) save(path_of("objects", key), bytes);
}

void KeptAnswers::forget_absence(std::string_view key) const {
  ::unlink(path_of("absent", key).c_str());
}

// Asks the store and keeps the answer. While the store cannot be reached, returns the kept answer,
// which is at `kept_at`; without one, it asks with all patience.
template <class Answer>
Answer KeptAnswers::asked(const std::function<Answer(const backend::Backend&)>& ask,
                          const std::function<void(const Answer&)>& keep,
                          const std::function<std::optional<Answer>()>& kept,
                          const fs::path& kept_at) const {
  const std::optional<Answer> before = kept();
  if (before && is_unreachable()) {
    std::unique_lock lock(mutex_);
    const std::string why = unreachable_because_;
    lock.unlock();
    note_unreachable(why, kept_at);
    return *before;
  }
  try {
    Answer answer = ask(before ? *hasty_ : *remote_);
    keep(answer);
    return answer;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::unavailable || !before) throw;
    {
      std::lock_guard lock(mutex_);
      unreachable_until_ = std::chrono::steady_clock::now() + unreachable_for;
      unreachable_because_ = error.what();
    }
    note_unreachable(error.what(), kept_at);
    return *before;
  }
}

std::optional<Bytes> KeptAnswers::object(std::string_view key) const {
  using Object = std::optional<Bytes>;
  const fs::path path = path_of("objects", key), absent = path_of("absent", key);
  if (Object here = load(path); here && is_understood(key, *here)) return here;
  const std::optional<fs::path> absence = find_absence(key);
  if (absence && holds_still(key, *absence)) return std::nullopt;
  return asked<Object>(
      [&](const backend::Backend& store) {
        Object answer = store.find(key);
        return answer && !is_understood(key, *answer) ? store.find(key) : std::move(answer);
      },
      [&](const Object& answer) {
        if (answer && is_understood(key, *answer)) save(path, *answer);
        if (answer) return;
        if (load(absent))
          confirm(absent);
        else
          save(absent, as_bytes(key));
      },
      [&]() -> std::optional<Object> {
        if (absence) return Object();
        return std::nullopt;
      },
      absence.value_or(absent));
}

static constexpr std::string_view kind_listing = "listings", kind_below = "below";

static std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) lines.emplace_back(take_until(text, '\n'));
  return lines;
}

static std::string text_of(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += name + "\n";
  return text;
}

static std::string_view folder_above(std::string_view prefix) {
  return prefix.substr(0, prefix.rfind('/', prefix.size() - 2) + 1);
}

// The newest kept answer that there is no object at `key`: a list without it is one.
std::optional<fs::path> KeptAnswers::find_absence(std::string_view key) const {
  std::optional<fs::path> newest;
  const auto take = [&](fs::path path) {
    if (!newest || time_of(path) > time_of(*newest)) newest = std::move(path);
  };
  if (fs::path absent = path_of("absent", key); load(absent)) take(std::move(absent));
  const std::string line = "\n" + std::string(key) + "/";
  for (std::string_view above = key.substr(0, key.rfind('/') + 1); !above.empty();
       above = folder_above(above)) {
    fs::path path = path_of(kind_below, above);
    const std::optional<Bytes> list = load(path);
    if (!list) continue;
    if (as_text(*list).find(line) != std::string_view::npos) return std::nullopt;
    take(std::move(path));
  }
  return newest;
}

// The names right below `prefix`, which ends in '/', of the objects in `lines`.
static std::vector<std::string> names_below(std::string_view prefix,
                                            const std::vector<std::string>& lines) {
  std::vector<std::string> names;
  for (const std::string& line : lines) {
    std::string_view key = std::string_view(line).substr(0, line.rfind('/'));
    if (!key.starts_with(prefix) || key.size() == prefix.size()) continue;
    key.remove_prefix(prefix.size());
    names.emplace_back(key.substr(0, std::min(key.find('/'), key.size() - 1) + 1));
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::optional<KeptAnswers::Names> KeptAnswers::find_lines_in_lists(std::string_view prefix) const {
  for (std::string_view above = folder_above(prefix); !above.empty(); above = folder_above(above))
    if (const std::optional<Bytes> text = load(path_of(kind_below, above))) {
      Names lines = lines_of(as_text(*text));
      std::erase_if(lines, [&](const std::string& line) { return !line.starts_with(prefix); });
      if (!lines.empty()) return lines;
    }
  return std::nullopt;
}

std::optional<KeptAnswers::Names> KeptAnswers::find_names_in_lists(std::string_view prefix) const {
  for (std::string_view above = prefix; !above.empty();) {
    if (const std::optional<Names> lines = find_kept_names(kind_below, above)) {
      Names names = names_below(prefix, *lines);
      if (!names.empty() && is_understood(prefix, as_bytes(text_of(names)))) return names;
    }
    above = folder_above(above);
  }
  return std::nullopt;
}

std::optional<KeptAnswers::Names> KeptAnswers::find_kept_names(std::string_view kind,
                                                               std::string_view prefix) const {
  std::optional<Bytes> text = load(path_of(kind, prefix));
  if (!text) return kind == kind_below ? find_lines_in_lists(prefix) : find_names_in_lists(prefix);
  Names names = lines_of(as_text(*text));
  std::erase(names, "");
  if (!is_understood(prefix, as_bytes(text_of(names)))) return std::nullopt;
  return names;
}

KeptAnswers::Names KeptAnswers::names(
    std::string_view kind, std::string_view prefix,
    const std::function<Names(const backend::Backend&)>& ask) const {
  const fs::path path = path_of(kind, prefix);
  const auto kept = [&] { return find_kept_names(kind, prefix); };
  const auto is_good = [&](const Names& names) {
    const Names before = kept().value_or(Names());
    return is_understood(prefix, as_bytes(text_of(names))) &&
           std::includes(names.begin(), names.end(), before.begin(), before.end());
  };
  return asked<Names>(
      [&](const backend::Backend& store) {
        Names names = ask(store);
        return is_good(names) ? std::move(names) : ask(store);
      },
      [&](const Names& names) {
        if (!is_understood(prefix, as_bytes(text_of(names)))) return;
        forget_absences(kind, prefix, names);
        const std::string text = "\n" + text_of(names);  // also if there are no names
        const std::optional<Bytes> before = load(path);
        if (before && as_text(*before) == text)
          confirm(path);
        else
          save(path, as_bytes(text));
      },
      kept, path);
}

// Of objects that were not listed before.
void KeptAnswers::forget_absences(std::string_view kind, std::string_view prefix,
                                  const Names& names) const {
  const Names before = find_kept_names(kind, prefix).value_or(Names());
  Names fresh;
  std::set_difference(names.begin(), names.end(), before.begin(), before.end(),
                      std::back_inserter(fresh));
  for (const std::string& name : fresh)
    forget_absence(kind == kind_below ? name.substr(0, name.rfind('/'))
                                      : std::string(prefix) + name);
}

std::vector<std::string> KeptAnswers::listing(std::string_view prefix) const {
  return names(kind_listing, prefix,
               [&](const backend::Backend& store) { return store.list_names(prefix); });
}

// An object as a line of a list: its key, '/' and its size.
static std::string line_of(const backend::ObjectEntry& object) {
  return fmt::format("{}/{}", object.key, object.size);
}

static backend::ObjectEntry object_of_line(std::string_view line) {
  const std::size_t end = line.rfind('/');
  if (end == line.npos) return {std::string(line), 0};
  return {std::string(line.substr(0, end)),
          parse_number<std::uint64_t>(line.substr(end + 1)).value_or(0)};
}

std::vector<backend::ObjectEntry> KeptAnswers::objects_below(std::string_view prefix) const {
  if (is_unreachable() && !find_kept_names(kind_below, prefix)) {
    std::lock_guard lock(mutex_);
    throw Error(ErrorKind::unavailable, unreachable_because_);
  }
  const Names lines = names(kind_below, prefix, [&](const backend::Backend& store) {
    Names sorted;
    for (const backend::ObjectEntry& object : store.list_below(prefix))
      sorted.push_back(line_of(object));
    std::sort(sorted.begin(), sorted.end());
    return sorted;
  });
  std::vector<backend::ObjectEntry> objects;
  for (const std::string& line : lines) objects.push_back(object_of_line(line));
  std::sort(objects.begin(), objects.end(),
            [](const auto& a, const auto& b) { return a.key < b.key; });
  return objects;
}

}  // namespace grid::cache
