import { run } from "./bridge";
import { Icon } from "./icons";
import { failure, status } from "./store";

/** What is wrong, and what can be done about it. */
export function ErrorBanner() {
  const down = status.value.kind === "failed" ? status.value.reason : "";
  const reason = down || failure.value;
  if (!reason) return null;
  return (
    <div class="error-banner" role="alert">
      <Icon name="warning" />
      <span>{reason}</span>
      {down && (
        <>
          <button onClick={() => run("restart")}>Start Again</button>
          <button class="secondary" onClick={() => run("doctor")}>
            Run Doctor
          </button>
          <button class="secondary" onClick={() => run("settings")}>
            Open Settings
          </button>
        </>
      )}
      <button class="secondary" onClick={() => run("log")}>
        Show Log
      </button>
      {!down && (
        <button class="icon-button" aria-label="Dismiss" title="Dismiss" onClick={() => (failure.value = "")}>
          <Icon name="cross" />
        </button>
      )}
    </div>
  );
}
