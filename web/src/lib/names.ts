// The name of a datastore that the command line would take from a source.
export const nameOf = (source: string): string =>
  (source.trim().replace(/[?#].*$/, "").replace(/\/+$/, "").split("/").pop() ?? "").toLowerCase()
    .replace(/\.tgz$|(\.tar)?\.(gz|zst|xz|bz2)$|\.(zip|tar)$/, "").replace(/[^a-z0-9._-]/g, "-").replace(/^[^a-z0-9]+/, "").slice(0, 63);
