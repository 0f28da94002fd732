// A value that is being loaded, for a view: loads again when what `read` reads changes, and when the
// server is there again. What is old stays until the new is there.
import { ApiError } from "./api";
import { connection } from "./connection.svelte";

export class Loaded<T> {
  value = $state.raw<T | undefined>();
  error = $state.raw<ApiError | undefined>();
  private version = $state(0);

  // Called while a component is made. `every`: milliseconds after which a visible page asks again.
  constructor(read: (signal: AbortSignal) => Promise<T> | undefined, every = 0) {
    $effect(() => {
      connection.epoch;
      this.version;
      const abort = new AbortController();
      let timer: ReturnType<typeof setTimeout> | undefined;
      const ask = (first: boolean): void => {
        const promise = first || document.visibilityState === "visible" ? read(abort.signal) : undefined;
        promise?.then(
          (value) => {
            if (abort.signal.aborted) return;
            this.value = value;
            this.error = undefined;
          },
          (error: unknown) => {
            if (abort.signal.aborted) return;
            this.error = error instanceof ApiError ? error : new ApiError(0, "unavailable", String(error));
          },
        );
        if (every) timer = setTimeout(() => ask(false), every);
      };
      ask(true);
      return () => {
        abort.abort();
        clearTimeout(timer);
      };
    });
  }

  again(): void {
    ++this.version;
  }
}
