// Draws media/icon.png: a line that runs on through layers which thin out below it. `node scripts/icon.mjs`.

import { writeFileSync } from "node:fs";
import { crc32, deflateSync } from "node:zlib";

const SIZE = 256;
/** Each pixel is the mean of this many samples a side. */
const FINE = 4;
const GROUND = [22, 32, 44];
const LINE = [94, 200, 178];
const LAYER = [126, 150, 176];

/** Bars of the turns that were folded, as [x, y, width, opacity], in units of the icon's side. */
const LAYERS = [
  [0.2, 0.26, 0.6, 0.95],
  [0.2, 0.4, 0.44, 0.65],
  [0.2, 0.74, 0.3, 0.4],
];
const THICK = 0.035;

function colour(x, y) {
  if (outside(x, y, 0.5, 0.5, 0.5, 0.5, 0.22)) return [0, 0, 0, 0];
  const wave = 0.57 + 0.055 * Math.sin((x - 0.12) * Math.PI * 2.6) * (1 - x);
  if (x > 0.2 && x < 0.8 && Math.abs(y - wave) < THICK * 0.85) return [...LINE, 255];
  if (Math.hypot(x - 0.8, y - (0.57 + 0.055 * Math.sin(0.68 * Math.PI * 2.6) * 0.2)) < 0.065) return [...LINE, 255];
  for (const [left, top, width, opacity] of LAYERS) {
    const inside = !outside(x, y, left + width / 2, top, width / 2, THICK / 1.4, THICK / 1.4);
    if (inside) return [...GROUND.map((one, at) => one + (LAYER[at] - one) * opacity), 255];
  }
  return [...GROUND, 255];
}

/** Whether a point is outside of a rounded box about a centre. */
function outside(x, y, middleX, middleY, halfWidth, halfHeight, radius) {
  const dx = Math.max(0, Math.abs(x - middleX) - halfWidth + radius);
  const dy = Math.max(0, Math.abs(y - middleY) - halfHeight + radius);
  return Math.hypot(dx, dy) > radius;
}

function pixel(column, row) {
  const sum = [0, 0, 0, 0];
  for (let step = 0; step < FINE * FINE; step++) {
    const x = (column + ((step % FINE) + 0.5) / FINE) / SIZE;
    const y = (row + (Math.floor(step / FINE) + 0.5) / FINE) / SIZE;
    const [red, green, blue, alpha] = colour(x, y);
    [red * alpha, green * alpha, blue * alpha, alpha].forEach((one, at) => (sum[at] += one));
  }
  const [red, green, blue, alpha] = sum;
  return [red / (alpha || 1), green / (alpha || 1), blue / (alpha || 1), alpha / FINE ** 2].map(Math.round);
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body) >>> 0, 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

const header = Buffer.alloc(13);
header.writeUInt32BE(SIZE, 0);
header.writeUInt32BE(SIZE, 4);
header.set([8, 6, 0, 0, 0], 8);
const rows = Array.from({ length: SIZE }, (_, row) => [0, ...Array.from({ length: SIZE }, (_, column) => pixel(column, row)).flat()]);
const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
writeFileSync(
  "media/icon.png",
  Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(Buffer.from(rows.flat()), { level: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]),
);
