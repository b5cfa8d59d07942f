import type { Meter } from "./protocol";

const GROUPED = new Intl.NumberFormat("en-US");

/** 18204 as "18,204". */
export function count(value: number): string {
  return GROUPED.format(value);
}

/** 18204 as "18.2K": for where there is little room. */
export function short(value: number): string {
  if (value < 1000) return String(value);
  if (value < 999_500) return `${trim(value / 1000)}K`;
  return `${trim(value / 1_000_000)}M`;
}

/** Dollars to the cent, and below a cent to its hundredth; null, a model without a price, is "cost unknown". */
export function dollars(value: number | null): string {
  if (value === null) return "cost unknown";
  return `$${value.toFixed(value > 0 && value < 0.01 ? 4 : 2)}`;
}

/** How full the context is, from 0 to 100. */
export function percent(meter: Meter): number {
  return meter.limit > 0 ? Math.min(100, Math.round((100 * meter.used) / meter.limit)) : 0;
}

/** A part of a whole: "12.5%". */
export function share(part: number, whole: number): string {
  return whole > 0 ? `${((100 * part) / whole).toFixed(1)}%` : "";
}

/** A time in seconds since the epoch, as seen from `now`: "just now", "5 min ago", "3 h ago", "12 Oct". */
export function ago(seconds: number, now: number): string {
  const minutes = Math.floor((now - seconds) / 60);
  if (minutes < 1) return "just now";
  if (minutes < 60) return `${minutes} min ago`;
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ago`;
  return new Date(seconds * 1000).toLocaleDateString("en-GB", { day: "numeric", month: "short" });
}

/** "1 turn", "12 turns". */
export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

function trim(value: number): string {
  return value < 100 ? value.toFixed(1).replace(/\.0$/, "") : String(Math.round(value));
}
