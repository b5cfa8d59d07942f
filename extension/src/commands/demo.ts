import type { App } from "../app";

/** Begins a session that the recorded model plays; it needs no key and no network. */
export async function demo(app: App): Promise<void> {
  await app.mirror.load(app.sidecar.ask("throughline/demo", {}));
  app.pages.show();
}
