#include "cache/kept_answers.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"

namespace grid::cache {

namespace fs = std::filesystem;

static constexpr std::chrono::seconds unreachable_for{30};

// A file: the digest of the answer, then the answer.
std::optional<Bytes> KeptAnswers::load(const fs::path& path) const {
  try {
    std::optional<Bytes> file = find_file_bytes(path);
    if (!file || file->size() < sizeof(Digest)) return std::nullopt;
    BytesView answer = BytesView(*file).subspan(sizeof(Digest));
    Digest digest = digest_of(answer);
    if (std::memcmp(file->data(), digest.bytes.data(), sizeof(Digest)) != 0) return std::nullopt;
    return Bytes(answer.begin(), answer.end());
  } catch (const Error&) {
    return std::nullopt;  // as good as none
  }
}

void KeptAnswers::save(const fs::path& path, BytesView answer) const {
  try {
    std::error_code ignored;
    fs::create_directories(path.parent_path(), ignored);
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

// Asks, and keeps the answer; while the store cannot be reached, what was kept stands for it.
template <class Answer>
Answer KeptAnswers::asked(const std::function<Answer()>& ask,
                          const std::function<void(const Answer&)>& keep,
                          const std::function<std::optional<Answer>()>& kept) const {
  auto now = std::chrono::steady_clock::now();
  bool unreachable = false;
  {
    std::lock_guard lock(mutex_);
    unreachable = now < unreachable_until_;
  }
  if (unreachable)
    if (std::optional<Answer> answer = kept()) return *answer;
  try {
    Answer answer = ask();
    keep(answer);
    return answer;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::unavailable) throw;
    std::optional<Answer> answer = kept();
    if (!answer) throw;
    std::lock_guard lock(mutex_);
    unreachable_until_ = std::chrono::steady_clock::now() + unreachable_for;
    return *answer;
  }
}

std::optional<Bytes> KeptAnswers::object(std::string_view key,
                                         const std::function<std::optional<Bytes>()>& ask) const {
  const fs::path path = path_of("objects", key), absent = path_of("absent", key);
  if (std::optional<Bytes> here = load(path)) return here;
  return asked<std::optional<Bytes>>(
      ask,
      [&](const std::optional<Bytes>& answer) {
        if (answer)
          save(path, *answer);
        else if (!load(absent))
          save(absent, as_bytes(key));
      },
      [&]() -> std::optional<std::optional<Bytes>> {
        if (load(absent)) return std::optional<Bytes>();
        return std::nullopt;
      });
}

std::vector<std::string> KeptAnswers::listing(
    std::string_view prefix, const std::function<std::vector<std::string>()>& ask) const {
  using Names = std::vector<std::string>;
  const fs::path path = path_of("listings", prefix);
  return asked<Names>(
      ask,
      [&](const Names& names) {
        std::string text;
        for (const std::string& name : names) text += name + "\n";
        std::optional<Bytes> before = load(path);
        if (!before || as_text(*before) != text) save(path, as_bytes(text));
      },
      [&]() -> std::optional<Names> {
        std::optional<Bytes> kept = load(path);
        if (!kept) return std::nullopt;
        Names names;
        for (std::string_view rest = as_text(*kept); !rest.empty();) {
          std::size_t end = rest.find('\n');
          names.emplace_back(rest.substr(0, end));
          rest.remove_prefix(end + 1);
        }
        return names;
      });
}

}  // namespace grid::cache
