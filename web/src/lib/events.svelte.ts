// What happens in the store, as the server tells it. Browsers open at most six connections to a
// server, so of all tabs one has the stream, and tells the others.
import { connection } from "./connection.svelte";

export interface Job {
  id: string; kind: string; name: string; about: string; status: string; reason: string | null; created: string; ended: string | null;
  progress: { phase?: string; files_done: number; bytes_done: number; files_total: number | null; bytes_total: number | null; bytes_per_second: number; seconds_left: number | null; bytes_new?: number } | null;
  result?: { version?: number } | null; // null in events
}
interface Message { event: string; data: unknown }

class Events {
  datastores = $state(0); // grows with each change
  runs = $state(0);
  jobs = $state.raw<Map<string, Job>>(new Map());
  live = $state(false); // a stream is open, here or in another tab

  private readonly channel = new BroadcastChannel("grid-events");
  private source: EventSource | undefined;
  private started = false;
  private nextDatastores: ReturnType<typeof setTimeout> | undefined;
  private nextRuns: ReturnType<typeof setTimeout> | undefined;

  // Called once somebody is signed in.
  start(): void {
    if (this.started) return;
    this.started = true;
    this.channel.onmessage = (message: MessageEvent<Message>) => this.take(message.data);
    if (!navigator.locks) return void this.open(); // without TLS on another machine
    void navigator.locks.request("grid-events", () => {
      this.open();
      return new Promise(() => undefined); // until this tab ends
    });
    if (!this.source) this.live = true;
  }

  private open(): void {
    const source = new EventSource("/api/v1/events");
    this.source = source;
    const tell = (event: string, data: unknown): void => {
      this.take({ event, data });
      this.channel.postMessage({ event, data });
    };
    for (const event of ["ready", "reset", "version", "deleted", "restored", "described", "job", "run"])
      source.addEventListener(event, (message) => tell(event, JSON.parse((message as MessageEvent<string>).data)));
    source.onerror = () => {
      tell("broken", {});
      if (source.readyState !== EventSource.CLOSED) return; // it tries again by itself
      source.close();
      setTimeout(() => (connection.signedIn ? this.open() : setTimeout(() => this.open(), 15_000)), 5000);
    };
  }

  private take({ event, data }: Message): void {
    if (event === "ready") this.live = true;
    else if (event === "broken") this.live = false;
    else if (event === "job") {
      const job = data as Job;
      this.jobs = new Map(this.jobs).set(job.id, job);
      if (job.status === "done") this.changedDatastores();
    } else if (event === "run") this.changedRuns();
    else if (event === "reset") {
      this.changedDatastores();
      this.changedRuns();
    } else this.changedDatastores();
  }

  // Many events at once are one change.
  private changedDatastores(): void {
    this.nextDatastores ??= setTimeout(() => {
      this.nextDatastores = undefined;
      ++this.datastores;
    }, 300);
  }
  private changedRuns(): void {
    this.nextRuns ??= setTimeout(() => {
      this.nextRuns = undefined;
      ++this.runs;
    }, 300);
  }
}

export const events = new Events();
