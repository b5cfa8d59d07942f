import { render } from "preact";
import type { ToPage } from "../src/chat/messages";
import { post } from "./bridge";
import { Composer } from "./composer";
import { ErrorBanner } from "./errorBanner";
import { Header } from "./header";
import { Home } from "./home";
import { Rows } from "./rows/list";
import { announcement, home, receive, session } from "./store";
import "./style/index.css";

function Chat() {
  const start = home.value || !session.value;
  return (
    <>
      <Header />
      {start ? <Home /> : <Rows key={session.value?.id} />}
      <ErrorBanner />
      {!start && <Composer />}
      <div class="unseen" aria-live="polite">
        {announcement.value}
      </div>
    </>
  );
}

window.addEventListener("message", ({ data }: MessageEvent<ToPage>) => receive(data));
document.addEventListener("visibilitychange", () => document.hidden || post({ kind: "snapshot" }));
render(<Chat />, document.body);
post({ kind: "ready" });
