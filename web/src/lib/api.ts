// What the server offers (docs/http-api.md), and the documents it answers with (docs/json-output.md).
import { connection } from "./connection.svelte";
import type { Job } from "./events.svelte";
import { words } from "../words";

export class ApiError extends Error {
  constructor(readonly status: number, readonly kind: string, message: string) {
    super(message);
  }
}

export interface DatastoreSummary {
  name: string; description: string; latest: number; versions: number; files: number; bytes: number;
  stored_bytes: number; created: string; status: string;
}
export interface DatastoreList { datastores: DatastoreSummary[]; unreadable: { name: string; version: number; reason: string }[] }

export interface Version {
  name: string; version: number; status: string; root: string; parent: number | null; source: string; message: string;
  created: string; created_by: string; program: string; files: number; folders: number; symlinks: number; bytes: number;
  files_in_place: number; bytes_in_place: number; stored_bytes: number; left_out: number;
}
export interface Datastore {
  name: string; description: string; versions: Version[];
  used_by: { kind: string; label: string; pid: number; versions: number[] }[];
  runs: { name: string; status: string; versions: number[] }[];
  incomplete: { id: string; status: string; reason: string; source: string; files_done: number; bytes_done: number; bytes_total: number | null; updated: string }[];
  drift: { compared: string; files: { path: string; path_hex?: string; reason: string }[] };
}

export interface Entry {
  path: string; path_hex?: string; kind: "file" | "folder" | "symlink" | "hard_link"; mtime_ns: number;
  size?: number; executable?: boolean; target?: string; target_hex?: string;
}
export interface FolderPage {
  name: string; version: number; path: string; offset: number; total: number; files: number; folders: number; entries: Entry[];
}
export interface Change {
  change: "added" | "removed" | "changed" | "renamed"; path: string; path_hex?: string; old_path?: string; old_path_hex?: string;
  kind: string; old_size: number | null; new_size: number | null; content_changed: boolean;
}
export interface Comparison { older: string; newer: string; changes: Change[]; totals: { added: number; removed: number; changed: number; renamed: number } }

export interface ReadCosts {
  request_count: number; request_ns: number; store_ns: number; unpack_ns: number; check_ns: number; store_bytes: number;
  cache_hit_bytes?: number; cache_missed_bytes?: number; remote_bytes?: number;
}
export interface Run {
  name: string; id: string; status: string; reason: string | null; parent: string | null; experiments: string[];
  parameters: Record<string, string>; command: string[]; resolved_command: string[]; folder: string; user: string; host: string;
  executor: string; job: string | null; versions: { name: string; version: number; root: string; named: boolean; touched: boolean; bytes_read: number }[];
  read_costs?: ReadCosts; created: string; started: string | null; ended: string | null; exit_status: number | null; signal: number | null;
  resources: { user_seconds: number; system_seconds: number; memory_peak: number } | null; experiment_runs?: Run[];
}
export interface CacheDocument {
  folder: string; size: number; limit: number; bytes_hit: number; bytes_missed: number; bytes_fetched: number;
  stores: { store_id: string; store: string; objects: number; size: number }[];
}

async function failure(response: Response): Promise<ApiError> {
  let kind = "unavailable";
  let message = words.errors.status(response.status);
  try {
    const document = await response.json();
    kind = document.error.kind;
    message = document.error.message;
  } catch {
    // no document of grid: a proxy has answered
  }
  return new ApiError(response.status, kind, message);
}

export async function send(path: string, options: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { credentials: "same-origin", ...options });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    connection.lost();
    throw new ApiError(0, "offline", words.errors.offline);
  }
  connection.found();
  if (response.status === 401) connection.signedOut();
  if (!response.ok) throw await failure(response);
  return response;
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await send(path, { signal })).json();
}

const root = "/api/v1";
export const datastorePath = (name: string): string => `${root}/datastores/${encodeURIComponent(name)}`;
export const versionPath = (name: string, version: string | number): string => `${datastorePath(name)}/versions/${version}`;
// `path` as lib/paths.ts spells it.
export const fileUrl = (name: string, version: string | number, path: string): string => `${versionPath(name, version)}/files/${path}`;

export interface EntriesRequest { path: string; offset?: number; count?: number; sort?: string; order?: string; pattern?: string }
export function entries(name: string, version: string | number, request: EntriesRequest, signal?: AbortSignal): Promise<FolderPage> {
  const query = [`path=${request.path}`, `offset=${request.offset ?? 0}`, `count=${request.count ?? 1000}`];
  if (request.sort) query.push(`sort=${request.sort}`);
  if (request.order) query.push(`order=${request.order}`);
  if (request.pattern) query.push(`pattern=${encodeURIComponent(request.pattern)}`);
  return get(`${versionPath(name, version)}/entries?${query.join("&")}`, signal);
}

export interface Found { looked_at: number; total: number; token: string | null; entries: Entry[] }
export interface StoreFigures {
  store: string; datastores: number; versions: number; deleted_versions: number; unreadable: number; bytes: number; bytes_in_place: number;
  packs: number; pack_bytes: number;
  growth: { name: string; version: number; status: string; created: string; files: number; bytes: number; stored_bytes: number }[];
}
export interface User { kind: string; label: string; pid: number; versions: { name: string; version: number }[] }
export interface ChangedFolderPage {
  older: string; newer: string; path: string; totals: Comparison["totals"];
  old_size: number; new_size: number;
  folders: { path: string; path_hex?: string; totals: Comparison["totals"]; old_size: number; new_size: number }[]; offset: number; total: number; changes: Change[];
}

// The folder's address as an archive; path "" is the whole version.
export const archiveUrl = (name: string, version: string | number, path: string): string => `${versionPath(name, version)}/archive/${path}?format=zip`;
export const artifactUrl = (run: string, path: string): string => `${root}/runs/${encodeURIComponent(run)}/artifacts/${path}`;

// Many small files in one request, each with its bytes or nothing.
export async function readBatch(name: string, version: string, paths: string[], signal: AbortSignal): Promise<(Uint8Array | undefined)[]> {
  const response = await send(`${versionPath(name, version)}/batch`, { method: "POST", body: JSON.stringify({ paths, size_max: batchSizeMax }), signal });
  const bytes = new Uint8Array(await response.arrayBuffer());
  const view = new DataView(bytes.buffer);
  const files: (Uint8Array | undefined)[] = [];
  for (let at = 0; at + 5 <= bytes.length && files.length < paths.length; ) {
    const size = view.getUint32(at + 1, true);
    files.push(bytes[at] === 0 ? bytes.subarray(at + 5, at + 5 + size) : undefined);
    at += 5 + size;
  }
  return files;
}
export const batchSizeMax = 65536; // bytes of a file

export const api = {
  datastores: (signal?: AbortSignal) => get<DatastoreList>(`${root}/datastores`, signal),
  datastore: (name: string, signal?: AbortSignal) => get<Datastore>(datastorePath(name), signal),
  describe: (name: string, text: string) => send(`${datastorePath(name)}/description`, { method: "PUT", body: text }),
  drift: async (name: string, version: number, signal?: AbortSignal) => (await get<Datastore>(versionPath(name, version), signal)).drift,
  deleteVersion: (name: string, version: number) => send(versionPath(name, version), { method: "DELETE" }),
  undelete: (name: string, version: number) => send(`${versionPath(name, version)}/undelete`, { method: "POST" }),
  // The first changes in the order of their paths; `totals` are of all.
  compare: (name: string, from: string, to: string, count: number, signal?: AbortSignal) =>
    get<Comparison>(`${datastorePath(name)}/diff?from=${from}&to=${to}&count=${count}`, signal),
  compareFolder: (name: string, from: string, to: string, path: string, offset: number, count: number, signal?: AbortSignal) =>
    get<ChangedFolderPage>(`${datastorePath(name)}/diff/folder?from=${from}&to=${to}&path=${path}&offset=${offset}&count=${count}`, signal),
  store: (signal?: AbortSignal) => get<StoreFigures>(`${root}/store`, signal),
  usedBy: async (signal?: AbortSignal) => (await get<{ used_by: User[] }>(`${root}/used-by`, signal)).used_by,
  runs: (signal?: AbortSignal) => get<{ runs: Run[] }>(`${root}/runs?count=1000`, signal),
  run: (name: string, signal?: AbortSignal) => get<Run>(`${root}/runs/${encodeURIComponent(name)}`, signal),
  stopRun: (name: string) => send(`${root}/runs/${encodeURIComponent(name)}/stop`, { method: "POST" }),
  artifacts: (name: string, signal?: AbortSignal) =>
    get<{ run: string; folder: string; artifacts: { path: string; path_hex?: string; size: number }[] }>(`${root}/runs/${encodeURIComponent(name)}/artifacts`, signal),
  async log(name: string, offset: number, signal?: AbortSignal): Promise<{ bytes: Uint8Array; next: number }> {
    const response = await send(`${root}/runs/${encodeURIComponent(name)}/log?offset=${offset}`, { signal });
    return { bytes: new Uint8Array(await response.arrayBuffer()), next: Number(response.headers.get("Grid-Next-Offset") ?? offset) };
  },
  find: (name: string, version: string, query: string, path: string, token: string | null, signal?: AbortSignal) =>
    get<Found>(`${versionPath(name, version)}/search?q=${encodeURIComponent(query)}&path=${path}&count=500${token ? `&token=${encodeURIComponent(token)}` : ""}`, signal),
  deleteAll: (name: string) => send(datastorePath(name), { method: "DELETE" }),
  chunks: async (name: string, version: string, path: string, signal?: AbortSignal) => (await get<{ chunks: number }>(`${versionPath(name, version)}/chunks/${path}`, signal)).chunks,
  jobs: (signal?: AbortSignal) => get<{ jobs: Job[] }>(`${root}/jobs`, signal),
  stopJob: (id: string) => send(`${root}/jobs/${encodeURIComponent(id)}/stop`, { method: "POST" }),
  createFrom: async (name: string, request: Record<string, unknown>): Promise<Job> =>
    (await send(`${datastorePath(name)}/versions`, { method: "POST", body: JSON.stringify(request) })).json(),
  verify: async (name: string, version: number): Promise<Job> => (await send(`${datastorePath(name)}/verify?version=${version}`, { method: "POST" })).json(),
  job: (id: string, signal?: AbortSignal) => get<Job>(`${root}/jobs/${encodeURIComponent(id)}`, signal),
  policy: async (bucket: string, signal?: AbortSignal) => (await send(`${root}/buckets/${encodeURIComponent(bucket)}/policy`, { signal })).text(),
  cache: (signal?: AbortSignal) => get<CacheDocument>(`${root}/cache`, signal),
  sessions: (signal?: AbortSignal) => get<{ sessions: Run[] }>(`${root}/sessions`, signal),
};

// Bytes [from, to) of a file, and the size of all of it.
export async function readPart(url: string, from: number, to: number, signal?: AbortSignal): Promise<{ bytes: Uint8Array; total: number }> {
  if (to <= from) return { bytes: new Uint8Array(), total: 0 };
  let response: Response;
  try {
    response = await send(url, { headers: { Range: `bytes=${from}-${to - 1}` }, signal });
  } catch (error) {
    if (error instanceof ApiError && error.status === 416) return { bytes: new Uint8Array(), total: 0 };
    throw error;
  }
  const bytes = new Uint8Array(await response.arrayBuffer());
  const total = Number(response.headers.get("Content-Range")?.split("/")[1] ?? bytes.length);
  return { bytes, total };
}
