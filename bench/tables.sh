#!/usr/bin/env bash
# tables.sh RESULTS: prints the results as Markdown: medians, a table for each group of measures, and
# how far grid is ahead. "Ahead" is a ratio in grid's favour: 2.0 is twice as fast or half as large,
# 0.5 the reverse. The best peer is the best of the deduplicating stores.
awk -F'\t' '
function median(key,   n, part, i, j, t) {
  n = split(values[key], part, " ")
  for (i = 2; i <= n; i++) {
    t = part[i] + 0
    for (j = i - 1; j > 0 && part[j] + 0 > t; j--) part[j + 1] = part[j]
    part[j + 1] = t
  }
  return n % 2 ? part[(n + 1) / 2] + 0 : (part[n / 2] + part[n / 2 + 1]) / 2
}
function text(x) {
  return x >= 100 ? sprintf("%.0f", x) : x >= 10 ? sprintf("%.1f", x) : sprintf("%.3g", x)
}
function ahead(ours, theirs, unit) {
  if (ours <= 0 || theirs <= 0) return "-"
  return sprintf("%.2f", unit ~ /\/s$/ ? ours / theirs : theirs / ours)
}
function floor_of(group) { return group ~ /^read/ ? "native" : "cp" }
BEGIN {
  names = split("grid|grid, as a user|native|cp|noopen|restic|borg|casync|bup|ostree|rsync|squashfs|erofs", order, "|")
  split("restic borg casync bup ostree", list, " ")
  for (i in list) deduplicates[list[i]] = 1
}
{
  row = $1 SUBSEP $2
  if (!(row in unit)) {
    rows[$1, ++row_count[$1]] = row
    measure[row] = $2
    unit[row] = $3
  }
  values[row SUBSEP $4] = values[row SUBSEP $4] " " $5
  has[$1, $4] = 1
}
function print_row(group, row,   i, key, ours, x, best, best_name, line) {
  line = "| " measure[row] ", " unit[row] " |"
  ours = (row SUBSEP "grid") in values ? median(row SUBSEP "grid") : -1
  best = -1
  for (i = 1; i <= names; i++) {
    if (!((group, order[i]) in has)) continue
    key = row SUBSEP order[i]
    if (!(key in values)) { line = line " - |"; continue }
    x = median(key)
    line = line " " text(x) " |"
    if (!(order[i] in deduplicates)) continue
    if (best < 0 || (unit[row] ~ /\/s$/ ? x > best : x < best)) { best = x; best_name = order[i] }
  }
  key = row SUBSEP floor_of(group)
  line = line " " ((key in values) ? ahead(ours, median(key), unit[row]) : "-") " |"
  print line " " (best > 0 && ours > 0 ? ahead(ours, best, unit[row]) " (" best_name ")" : "-") " |"
}
END {
  count = split("store photos|read photos|restore photos|store large|read large|store many|read many|restore many|series apple|series bcd|memory of the mount", groups, "|")
  for (g = 1; g <= count; g++) {
    group = groups[g]
    if (!(group in row_count)) continue
    printf "\n### %s%s\n\n", toupper(substr(group, 1, 1)), substr(group, 2)
    head = "| |"
    rule = "|---|"
    for (i = 1; i <= names; i++)
      if ((group, order[i]) in has) { head = head " " order[i] " |"; rule = rule "---|" }
    print head " ahead of " floor_of(group) " | ahead of the best peer |"
    print rule "---|---|"
    for (r = 1; r <= row_count[group]; r++) print_row(group, rows[group, r])
  }
}' "$1"
