#include "cache/kept_answers.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

namespace grid::cache {

namespace fs = std::filesystem;

static constexpr std::chrono::seconds unreachable_for{30};

KeptAnswers::KeptAnswers(std::shared_ptr<backend::Backend> remote, fs::path folder,
                         IsUnderstood is_understood)
    : remote_(std::move(remote)),
      hasty_([&] {
        std::shared_ptr<backend::Backend> hasty = remote_->carrier().hasty();
        return hasty ? hasty : remote_;
      }()),
      folder_(std::move(folder)),
      is_understood_(std::move(is_understood)) {}

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

// Asks the store and keeps the answer. While the store cannot be reached, returns the kept answer;
// without one, it asks with all patience.
template <class Answer>
Answer KeptAnswers::asked(const std::function<Answer(const backend::Backend&)>& ask,
                          const std::function<void(const Answer&)>& keep,
                          const std::function<std::optional<Answer>()>& kept) const {
  const std::optional<Answer> before = kept();
  if (before && is_unreachable()) return *before;
  try {
    Answer answer = ask(before ? *hasty_ : *remote_);
    keep(answer);
    return answer;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::unavailable || !before) throw;
    std::lock_guard lock(mutex_);
    unreachable_until_ = std::chrono::steady_clock::now() + unreachable_for;
    return *before;
  }
}

std::optional<Bytes> KeptAnswers::object(std::string_view key) const {
  using Object = std::optional<Bytes>;
  const fs::path path = path_of("objects", key), absent = path_of("absent", key);
  if (Object here = load(path); here && understands(key, here)) return here;
  return asked<Object>(
      [&](const backend::Backend& store) {
        Object answer = store.find(key);
        return understands(key, answer) ? answer : store.find(key);
      },
      [&](const Object& answer) {
        if (!understands(key, answer)) return;
        if (answer)
          save(path, *answer);
        else if (!load(absent))
          save(absent, as_bytes(key));
      },
      [&]() -> std::optional<Object> {
        if (load(absent)) return Object();
        return std::nullopt;
      });
}

static std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) lines.emplace_back(take_until(text, '\n'));
  return lines;
}

std::vector<std::string> KeptAnswers::listing(std::string_view prefix) const {
  using Names = std::vector<std::string>;
  const fs::path path = path_of("listings", prefix);
  return asked<Names>([&](const backend::Backend& store) { return store.list_names(prefix); },
                      [&](const Names& names) {
                        std::string text = "\n";  // also if there are no names
                        for (const std::string& name : names) text += name + "\n";
                        std::optional<Bytes> before = load(path);
                        if (!before || as_text(*before) != text) save(path, as_bytes(text));
                      },
                      [&]() -> std::optional<Names> {
                        std::optional<Bytes> kept = load(path);
                        if (!kept) return std::nullopt;
                        Names names = lines_of(as_text(*kept));
                        std::erase(names, "");
                        return names;
                      });
}

}  // namespace grid::cache
