#!/usr/bin/env bash
# corpora.sh DIR [DIVISOR]: makes every corpus under DIR, the same bytes each time. A corpus that is
# finished is left as it is. With a DIVISOR each is that many times smaller, and those made of npm
# packages are left out.
#
#   photos     10,000 incompressible files of 20-200 KB in 100 folders; 1,105 MB
#   photos2    photos with 100 files changed in 4 KiB, 100 added, 100 renamed; the rest keep their inode
#   large      4 x 512 MiB incompressible and a CSV of 1 GiB; 3,221 MB
#   large2     1 % of all bytes overwritten in about 1,500 runs, 4 KiB inserted, 8 MiB appended
#   many       200,000 files of 1-2 KB in 200 folders; 307 MB
#   apple/1-8  real: eight published versions of emoji-datasource-apple, images; 814 MB
#   bcd/1-8    real: eight published versions of @mdn/browser-compat-data, one 18 MB JSON each; 163 MB
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ $# = 1 ] || [ $# = 2 ] || { sed -n '2,/^set/{/^set/!p}' "$0"; exit 2; }
divisor=${2:-1}
mkdir -p "$1"
cd "$1"
{ [ -x generate ] && [ generate -nt "$here/generate.cc" ]; } ||
  g++ -O3 -march=native -std=c++20 "$here/generate.cc" -o generate

finished() { [ -e "$1.ok" ]; }
made() {
  touch "$1.ok"
  echo "made $1: $(find "$1" -type f | wc -l) files, $(du -s --apparent-size -B1 "$1" | cut -f1) bytes" >&2
}

# package NAME VERSION FOLDER: unpacks one npm package into FOLDER.
package() {
  local archive
  archive=npm/$(echo "$1" | sed 's,^@,,; s,/,-,g')-$2.tgz
  mkdir -p npm "$3"
  [ -s "$archive" ] || (cd npm && npm pack "$1@$2" > /dev/null 2>&1)
  tar -xzf "$archive" --strip-components=1 -C "$3"
}

# series FOLDER PACKAGE VERSION...: FOLDER/1, FOLDER/2, ... hold the versions.
series() {
  local folder=$1 name=$2 number=1 version
  shift 2
  finished "$folder" && return
  command -v npm > /dev/null || { echo "no npm: $folder is left out" >&2; return; }
  rm -rf "$folder"
  for version in "$@"; do
    package "$name" "$version" "$folder/$number"
    number=$((number + 1))
  done
  made "$folder"
}

finished photos || { rm -rf photos; ./generate photos photos "$divisor"; made photos; }
finished photos2 || { rm -rf photos2; cp -al photos photos2; ./generate photos2 photos2; made photos2; }
finished large || { rm -rf large; ./generate large large "$divisor"; made large; }
finished large2 || { rm -rf large2; ./generate large2 large large2; made large2; }
finished many || { rm -rf many; ./generate many many "$divisor"; made many; }
[ "$divisor" = 1 ] || exit 0
series apple emoji-datasource-apple 7.0.2 14.0.0 15.0.0 15.0.1 15.1.0 15.1.1 15.1.2 16.0.0
series bcd @mdn/browser-compat-data 8.1.0 8.1.1 8.1.2 8.1.3 8.1.4 8.1.5 8.1.6 8.1.7
