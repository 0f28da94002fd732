#include "server/content_type.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/text.h"

namespace grid::server {

namespace {

struct Signature {
  std::size_t offset;
  std::string_view bytes;
  ContentType type;
};

using namespace std::string_view_literals;

constexpr std::array signatures = {
    Signature{0, "\x89PNG\r\n\x1a\n"sv, {"image/png", true}},
    Signature{0, "\xff\xd8\xff"sv, {"image/jpeg", true}},
    Signature{0, "GIF87a"sv, {"image/gif", true}},
    Signature{0, "GIF89a"sv, {"image/gif", true}},
    Signature{8, "WEBP"sv, {"image/webp", true}},
    Signature{4, "ftypavif"sv, {"image/avif", true}},
    Signature{8, "WAVE"sv, {"audio/wav", true}},
    Signature{0, "fLaC"sv, {"audio/flac", true}},
    Signature{0, "ID3"sv, {"audio/mpeg", true}},
    Signature{4, "ftyp"sv, {"video/mp4", true}},
    Signature{0, "\x1a\x45\xdf\xa3"sv, {"video/webm", true}},
    Signature{0, "PAR1"sv, {"application/vnd.apache.parquet", false}},
    Signature{0, "%PDF-"sv, {"application/pdf", false}},
    Signature{0, "PK\x03\x04"sv, {"application/zip", false}},
    Signature{0, "\x1f\x8b"sv, {"application/gzip", false}},
};

struct Ending {
  std::string_view ending;
  ContentType type;
};

constexpr ContentType plain_text = {"text/plain; charset=utf-8", true};

constexpr std::array endings = {
    Ending{".png", {"image/png", true}},
    Ending{".jpg", {"image/jpeg", true}},
    Ending{".jpeg", {"image/jpeg", true}},
    Ending{".gif", {"image/gif", true}},
    Ending{".webp", {"image/webp", true}},
    Ending{".wav", {"audio/wav", true}},
    Ending{".flac", {"audio/flac", true}},
    Ending{".mp3", {"audio/mpeg", true}},
    Ending{".mp4", {"video/mp4", true}},
    Ending{".parquet", {"application/vnd.apache.parquet", false}},
    Ending{".pdf", {"application/pdf", false}},
    Ending{".zip", {"application/zip", false}},
    Ending{".gz", {"application/gzip", false}},
    Ending{".csv", {"text/csv; charset=utf-8", true}},
    Ending{".json", {"application/json", true}},
    Ending{".jsonl", plain_text},
    Ending{".txt", plain_text},
    Ending{".md", plain_text},
    Ending{".tsv", plain_text},
    Ending{".log", plain_text},
    Ending{".py", plain_text},
    Ending{".yaml", plain_text},
    Ending{".yml", plain_text},
    Ending{".toml", plain_text},
    Ending{".html", {"text/html; charset=utf-8", false}},
    Ending{".htm", {"text/html; charset=utf-8", false}},
    Ending{".svg", {"image/svg+xml", false}},
    Ending{".xml", {"application/xml", false}},
    Ending{".tar", {"application/x-tar", false}},
};

}  // namespace

ContentType content_type_of(std::string_view file_name, BytesView first_bytes) {
  const std::string_view first = as_text(first_bytes);
  for (const Signature& signature : signatures)
    if (first.size() >= signature.offset &&
        first.substr(signature.offset).starts_with(signature.bytes))
      return signature.type;
  std::string lower(file_name);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  for (const Ending& ending : endings)
    if (lower.ends_with(ending.ending)) return ending.type;
  return {"application/octet-stream", false};
}

bool is_safe_inline(std::string_view type) {
  const std::string_view name = trimmed(take_until(type, ';'));
  const auto is = [&](const ContentType& known) {
    std::string_view rest = known.name;
    return known.is_safe_inline && take_until(rest, ';') == name;
  };
  return std::any_of(endings.begin(), endings.end(),
                     [&](const Ending& one) { return is(one.type); }) ||
         std::any_of(signatures.begin(), signatures.end(),
                     [&](const Signature& one) { return is(one.type); });
}

}  // namespace grid::server
