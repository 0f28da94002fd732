#include "cli/known_words.h"

namespace grid::cli {

namespace {

constexpr std::string_view to_list =
    "`grid datastore list` lists datastores, `grid datastore ls NAME` what is inside a version";
constexpr std::string_view to_delete =
    "`grid datastore delete NAME:V` deletes a version, `grid datastore delete NAME --all` a "
    "datastore";
constexpr std::string_view to_rename = "`grid datastore rename OLD NEW` renames a datastore";
constexpr std::string_view to_copy =
    "`grid datastore create NAME:V --name OTHER` makes a version of another datastore from this "
    "one, `grid datastore get NAME:V FOLDER` writes plain files";
constexpr std::string_view to_get =
    "`grid datastore get NAME:V FOLDER` writes a version as plain files, `grid mount FOLDER` shows "
    "all of them without copying";
constexpr std::string_view to_create =
    "`grid datastore create SOURCE` stores a folder as the next version of a datastore";
constexpr std::string_view to_push =
    "a version is in the store as soon as it is created; `grid datastore move NAME --to STORE "
    "--keep` copies a datastore to another store";
constexpr std::string_view to_log =
    "`grid history` lists runs, `grid logs RUN` prints what one wrote, `grid datastore show NAME` "
    "lists versions";
constexpr std::string_view no_set_up =
    "nothing needs to be set up: the first `grid datastore create` makes the store";

const std::vector<KnownWord>& known_words() {
  static const std::vector<KnownWord> words = {
      {"", "ls", {}, to_list},
      {"", "dir", {}, to_list},
      {"", "list", {"datastore", "list"}, ""},
      {"", "show", {"datastore", "show"}, ""},
      {"", "info", {"datastore", "show"}, ""},
      {"", "diff", {"datastore", "diff"}, ""},
      {"", "find", {"datastore", "find"}, ""},
      {"", "rm", {}, to_delete},
      {"", "remove", {}, to_delete},
      {"", "mv", {}, to_rename},
      {"", "rename", {}, to_rename},
      {"", "cp", {}, to_copy},
      {"", "copy", {}, to_copy},
      {"", "get", {}, to_get},
      {"", "download", {}, to_get},
      {"", "export", {}, to_get},
      {"", "checkout", {}, to_get},
      {"", "pull", {}, to_get},
      {"", "clone", {}, to_get},
      {"", "add", {}, to_create},
      {"", "commit", {}, to_create},
      {"", "import", {}, to_create},
      {"", "upload", {}, to_create},
      {"", "push", {}, to_push},
      {"", "init", {}, no_set_up},
      {"", "log", {}, to_log},
      {"", "ps", {"status"}, ""},
      {"", "jobs", {"status"}, ""},
      {"", "kill", {}, "`grid stop RUN` ends a run"},
      {"", "umount", {"unmount"}, ""},
      {"datastore", "dir", {"datastore", "ls"}, ""},
      {"datastore", "info", {"datastore", "show"}, ""},
      {"datastore", "log", {"datastore", "show"}, ""},
      {"datastore", "history", {"datastore", "show"}, ""},
      {"datastore", "versions", {"datastore", "show"}, ""},
      {"datastore", "rm", {}, to_delete},
      {"datastore", "remove", {}, to_delete},
      {"datastore", "mv", {}, to_rename},
      {"datastore", "cp", {}, to_copy},
      {"datastore", "copy", {}, to_copy},
      {"datastore", "download", {"datastore", "get"}, ""},
      {"datastore", "export", {"datastore", "get"}, ""},
      {"datastore", "checkout", {}, to_get},
      {"datastore", "pull", {}, to_get},
      {"datastore", "clone", {}, to_get},
      {"datastore", "upload", {"datastore", "create"}, ""},
      {"datastore", "add", {}, to_create},
      {"datastore", "commit", {}, to_create},
      {"datastore", "import", {}, to_create},
      {"datastore", "push", {}, to_push},
      {"datastore", "init", {}, no_set_up},
      {"datastore", "mount", {"mount"}, ""},
      {"datastore", "ps", {}, "`grid status` lists what is running"},
      {"datastore", "search", {"datastore", "find"}, ""},
      {"datastore", "grep", {"datastore", "find"}, ""},
  };
  return words;
}

}  // namespace

const KnownWord* find_known_word(std::string_view group, std::string_view word) {
  for (const KnownWord& known : known_words())
    if (known.group == group && known.word == word) return &known;
  return nullptr;
}

}  // namespace grid::cli
