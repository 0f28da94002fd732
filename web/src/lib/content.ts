// What a file's ETag says of its content: its digest, and how many levels of recipes it has. Files that
// are no version's, such as artifacts, have neither.
export interface Content { digest: string; depth?: number }
export function contentOf(etag: string | null): Content {
  const parts = etag?.match(/^"([0-9a-f]{64})-(\d+)"$/);
  return parts ? { digest: parts[1]!, depth: Number(parts[2]) } : { digest: "" };
}
