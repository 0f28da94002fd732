// Who the server takes this browser for.
import { connection } from "./connection.svelte";
import { send } from "./api";

export type Role = "reader" | "writer" | "admin";
const order: Role[] = ["reader", "writer", "admin"];

class Session {
  role = $state<Role>("reader");
  token = $state("");
  datastores = $state<string[]>([]);
  known = $state(false);
  private paths = $state.raw<Record<string, unknown>>({});

  // Whether the server has a route: grids of another age may lack some.
  offers(route: string): boolean {
    return `/api/v1/${route}` in this.paths;
  }

  may(role: Role): boolean {
    return order.indexOf(this.role) >= order.indexOf(role);
  }

  async load(): Promise<void> {
    try {
      const document = (await (await send("/api/v1/session")).json()) as { role: Role; token: string; datastores: string[] };
      this.role = document.role;
      this.token = document.token;
      this.datastores = document.datastores;
      this.known = true;
      this.paths = ((await (await send("/api/openapi.json")).json()) as { paths: Record<string, unknown> }).paths;
    } catch {
      // not signed in, or no server: who shows what is wrong asks for something itself
    }
  }

  async signIn(token: string): Promise<void> {
    await send("/api/v1/session", { method: "POST", body: token });
    await this.load();
    connection.signedInAgain();
  }

  async signOut(): Promise<void> {
    await send("/api/v1/session", { method: "DELETE" });
    connection.signedOut();
  }
}

export const session = new Session();
