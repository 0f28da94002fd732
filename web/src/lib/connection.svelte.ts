// Whether the server answers, and whether it knows who asks. `epoch` grows when it is there again,
// so that views that read it load anew.
class Connection {
  online = $state(true);
  signedIn = $state(true);
  epoch = $state(0);
  private wait = 500;
  private waiting = false;

  found(): void {
    if (!this.online) {
      this.online = true;
      ++this.epoch;
    }
  }

  lost(): void {
    this.online = false;
    if (this.waiting) return;
    this.waiting = true;
    this.wait = 500;
    setTimeout(() => this.ask(), this.wait);
  }

  signedOut(): void {
    this.signedIn = false;
  }

  signedInAgain(): void {
    this.signedIn = true;
    ++this.epoch;
  }

  private async ask(): Promise<void> {
    try {
      await fetch("/healthz", { cache: "no-store" });
      this.waiting = false;
      this.found();
    } catch {
      this.wait = Math.min(this.wait * 1.6, 10_000);
      setTimeout(() => this.ask(), this.wait);
    }
  }
}

export const connection = new Connection();
