// The last answers of a remote store about small things: objects, which never change and are not
// requested again, and what can change, which is used only while the store cannot be reached.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend/backend.h"
#include "base/bytes.h"

namespace grid::cache {

// Thread-safe. Works without a folder that cannot be written.
class KeptAnswers {
 public:
  // See CachingOptions::is_understood.
  using IsUnderstood = std::function<bool(std::string_view key, BytesView object)>;

  KeptAnswers(std::shared_ptr<backend::Backend> remote, std::filesystem::path folder,
              IsUnderstood is_understood = {});

  // The object at `key`: the kept one, or else what the store finds. What is not understood is not
  // kept, and returned only if the store gives it twice.
  std::optional<Bytes> object(std::string_view key) const;
  // The store's listing; the last one if the store cannot be reached.
  std::vector<std::string> listing(std::string_view prefix) const;

 private:
  template <class Answer>
  Answer asked(const std::function<Answer(const backend::Backend&)>& ask,
               const std::function<void(const Answer&)>& keep,
               const std::function<std::optional<Answer>()>& kept) const;
  bool is_unreachable() const;
  bool understands(std::string_view key, const std::optional<Bytes>& object) const {
    return !object || !is_understood_ || is_understood_(key, *object);
  }
  std::filesystem::path path_of(std::string_view kind, std::string_view key) const;
  std::optional<Bytes> load(const std::filesystem::path& path) const;
  void save(const std::filesystem::path& path, BytesView bytes) const;

  const std::shared_ptr<backend::Backend> remote_, hasty_;
  const std::filesystem::path folder_;
  const IsUnderstood is_understood_;

  // Until then, a kept answer is used without asking: every request to a store that cannot be
  // reached takes long to fail.
  mutable std::mutex mutex_;
  mutable std::chrono::steady_clock::time_point unreachable_until_{};  // guarded by mutex_
};

}  // namespace grid::cache
