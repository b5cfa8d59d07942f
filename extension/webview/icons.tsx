/** Outlines on a grid of 16, drawn in the colour of the text. */
const PATHS = {
  check: "M3 8.5 6.5 12 13 4.5",
  cross: "M4 4l8 8M12 4l-8 8",
  chevron: "M6 3.5 10.5 8 6 12.5",
  send: "M8 13V3.5M4 7.5l4-4 4 4",
  stop: "M4.5 4.5h7v7h-7z",
  file: "M4 1.75h5L12.5 5.25v9H4zM9 1.75v3.5h3.5",
  fold: "M8 1.5v4.5M5.5 3.75 8 6.25l2.5-2.5M8 14.5V10M5.5 12.25 8 9.75l2.5 2.5M2.5 8h11",
  undo: "M3 6.5h6.5a3.25 3.25 0 0 1 0 6.5H6M5.75 3.5 2.75 6.5l3 3",
  list: "M5.5 4h8M5.5 8h8M5.5 12h8M2.5 4h.5M2.5 8h.5M2.5 12h.5",
  down: "M8 3v9.5M4 8.5l4 4 4-4",
  info: "M8 7.25v4M8 4.75v.25M8 14.25A6.25 6.25 0 1 0 8 1.75a6.25 6.25 0 0 0 0 12.5z",
  warning: "M8 2 14.5 13.5h-13zM8 6.5v3.25M8 11.5v.25",
  question: "M5.75 6a2.25 2.25 0 1 1 3.2 2.05c-.6.3-.95.7-.95 1.45M8 11.75v.25M8 14.25A6.25 6.25 0 1 0 8 1.75a6.25 6.25 0 0 0 0 12.5z",
  play: "M5 3.25 12.5 8 5 12.75z",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
