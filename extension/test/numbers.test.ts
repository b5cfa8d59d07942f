import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ago, count, dollars, percent, plural, share, short } from "../src/numbers";
import { EMPTY } from "../src/reducer";

const meter = (used: number, limit: number) => ({ ...EMPTY.meter, used, limit });

const CASES: [string, string | number, string | number][] = [
  ["tokens are grouped", count(18204), "18,204"],
  ["small numbers stay whole", short(999), "999"],
  ["thousands keep a digit", short(18_240), "18.2K"],
  ["round thousands keep none", short(18_000), "18K"],
  ["hundreds of thousands keep none", short(182_400), "182K"],
  ["a million is not 1000K", short(999_900), "1M"],
  ["dollars go to the cent", dollars(1.239), "$1.24"],
  ["less than a cent is not nothing", dollars(0.0041), "$0.0041"],
  ["nothing is nothing", dollars(0), "$0.00"],
  ["no price is not nothing", dollars(null), "cost unknown"],
  ["the context's share is rounded", percent(meter(24_834, 200_000)), 12],
  ["more than full is full", percent(meter(300, 200)), 100],
  ["without a limit nothing is full", percent(meter(300, 0)), 0],
  ["a share has a decimal", share(24_834, 200_000), "12.4%"],
  ["of nothing there is no share", share(3, 0), ""],
  ["seconds ago is now", ago(1000, 1030), "just now"],
  ["a clock that is behind is now", ago(1030, 1000), "just now"],
  ["minutes", ago(0, 59 * 60), "59 min ago"],
  ["hours", ago(0, 23.5 * 3600), "23 h ago"],
  ["days are dates", ago(Date.UTC(2026, 9, 12, 12) / 1000, Date.UTC(2026, 9, 14, 12) / 1000), "12 Oct"],
  ["one is singular", plural(1, "turn"), "1 turn"],
  ["many are plural", plural(1200, "token"), "1,200 tokens"],
];

describe("numbers", () => {
  for (const [name, is, should] of CASES) it(name, () => assert.equal(is, should));
});
