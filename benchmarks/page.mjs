// How the chat page holds up in a long session, in a real Chromium: `node benchmarks/page.mjs`, after `make build/throughline.vsix`.
//
// The page is the packaged one under its own Content Security Policy; what the extension would post is posted to it.

import { readFileSync, existsSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

import { chromium, launch } from '../tests/editor/browser.mjs';

const DIST = path.resolve(import.meta.dirname, '..', 'extension', 'dist');
const ROWS = 5_000;
const TYPES = { '.js': 'text/javascript', '.css': 'text/css', '.html': 'text/html' };
const HTML = `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Throughline</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'self'; script-src 'self'">
<link rel="stylesheet" href="/webview.css"></head><body><script src="/webview.js"></script></body></html>`;

/** The page as the extension opens it, listening; `sent` is what it has posted. */
async function open(browser) {
  const page = await browser.newPage({ viewport: { width: 900, height: 800 } });
  await page.route('**/*', (route) => {
    const name = new URL(route.request().url()).pathname;
    const body = name === '/' ? HTML : readFileSync(path.join(DIST, name));
    return route.fulfill({ body, contentType: TYPES[path.extname(name) || '.html'] });
  });
  await page.addInitScript(() => {
    window.sent = [];
    window.acquireVsCodeApi = () => ({ postMessage: (message) => window.sent.push(message), getState: () => undefined, setState() {} });
  });
  await page.goto('http://127.0.0.1/');
  await page.waitForFunction(() => window.sent.some(({ kind }) => kind === 'ready'));
  return page;
}

/** A long session as the extension would send it: what is said, tool cards, decisions, a compaction now and then. */
function session() {
  const rows = [];
  for (let turn = 1; rows.length < ROWS; turn += 1) {
    rows.push({ kind: 'user', id: `u${turn}`, turn, text: `Step ${turn}: make the parser keep the order of the keys.`, waiting: false });
    const shown = { result: 'ok\n'.repeat(40), status: 'done', masked: turn % 3 === 0, tokens: 480 };
    for (let call = 0; call < 3; call += 1) {
      rows.push({ kind: 'tool', id: `t${turn}.${call}`, turn, tool: 'read_file', title: `src/part${call}.py`, ...shown });
    }
    const text = `The keys are kept in \`order\`, see **part ${turn}**.\n\n- first\n- second\n\n\`\`\`python\ndef keep(keys):\n    return list(dict.fromkeys(keys))\n\`\`\`\n`;
    rows.push({ kind: 'agent', id: `a${turn}.0`, turn, text, streaming: false, partial: false });
    rows.push({ kind: 'entry', id: `n${turn}`, turn, label: 'decision', text: 'Keys keep their order — the file is read by people.' });
    if (turn % 12 === 0) {
      const figures = { through: turn - 2, before: 40_000, after: 6_000, held: 12, live: 12, added: 9, undone: false };
      rows.push({ kind: 'compaction', id: `kc${turn}`, compaction: `c${turn}`, ...figures });
    }
  }
  const info = { id: 's', objective: 'A long session', role: 'engineer', model: 'claude-sonnet-5-5', recorded: false, readonly: false };
  const meter = { used: 20_000, limit: 200_000, parts: [], calls: 900, input: 9e6, output: 4e5, dollars: 4.2 };
  const memory = { summary: '', tokens: 0, sections: [] };
  return { revision: 1, session: info, rows: rows.slice(0, ROWS), memory, files: [], meter, activity: 'idle', suggestion: '' };
}

/** Milliseconds from the snapshot's arrival until its end is painted. */
const opening = (page, state) =>
  page.evaluate(async (state) => {
    const began = performance.now();
    window.postMessage({ kind: 'status', status: { kind: 'running' }, keyed: true });
    window.postMessage({ kind: 'snapshot', state });
    const last = `row-${state.rows.at(-1).id}`;
    while (!document.getElementById(last)) await new Promise(requestAnimationFrame);
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    return performance.now() - began;
  }, state);

/** Milliseconds of each frame, the longest last, while a person scrolls back fast: 300 pixels a frame. */
const scrolling = (page) =>
  page.evaluate(async () => {
    const box = document.querySelector('.scroller');
    const frames = [];
    let last = performance.now();
    for (let step = 0; step < 300; step += 1) {
      box.scrollTop -= 300;
      await new Promise(requestAnimationFrame);
      const now = performance.now();
      frames.push(now - last);
      last = now;
    }
    return frames.sort((a, b) => a - b);
  });

/** Milliseconds from each posted piece of streamed text until the frame that shows it: the median and the worst. */
const streaming = (page) =>
  page.evaluate(async () => {
    const late = [];
    let revision = 1;
    const send = (changes) => window.postMessage({ kind: 'patch', patch: { revision: (revision += 1), changes } });
    send([{ kind: 'row', row: { kind: 'agent', id: 'live', turn: 9999, text: 'Streams', streaming: true, partial: false } }]);
    for (let piece = 0; piece < 200; piece += 1) {
      const began = performance.now();
      send([{ kind: 'grown', id: 'live', text: ` word${piece}` }]);
      while (!document.getElementById('row-live')?.textContent.trimEnd().endsWith(`word${piece}`)) await new Promise(requestAnimationFrame);
      late.push(performance.now() - began);
    }
    late.sort((a, b) => a - b);
    return [late[late.length / 2], late.at(-1)];
  });

async function heap(page) {
  const client = await page.context().newCDPSession(page);
  await client.send('HeapProfiler.collectGarbage');
  const { usedSize } = await client.send('Runtime.getHeapUsage');
  const { metrics } = await client.send('Performance.enable').then(() => client.send('Performance.getMetrics'));
  const nodes = metrics.find(({ name }) => name === 'Nodes').value;
  return [usedSize / 1e6, nodes];
}

if (!chromium() || !existsSync(path.join(DIST, 'webview.js'))) {
  console.log('SKIPPED: it takes a Chromium and a built page (make build/throughline.vsix)');
} else {
  const size = ['webview.js', 'webview.css'].reduce((sum, name) => sum + gzipSync(readFileSync(path.join(DIST, name))).length, 0);
  const browser = await launch();
  try {
    const page = await open(browser);
    const opened = await opening(page, session());
    const [middle, worst] = await streaming(page);
    const frames = await scrolling(page);
    const [used, nodes] = await heap(page);
    const row = (what, figure, wanted) => console.log(`${what.padEnd(52)} ${figure.padStart(16)}   wanted ${wanted}`);
    row('page bundle, gzip', `${(size / 1024).toFixed(0)} KB`, 'under 300 KB');
    row(`a session of ${ROWS.toLocaleString('en')} rows opens in`, `${opened.toFixed(0)} ms`, 'under 2,000 ms');
    row('frames while it is scrolled: median, p95, longest', [0.5, 0.95, 0.999].map((at) => frames[Math.floor(frames.length * at)].toFixed(0)).join(', ') + ' ms', 'under 50 ms');
    row('streamed text is shown after: median, worst', `${middle.toFixed(0)}, ${worst.toFixed(0)} ms`, 'within 50 ms');
    row('JavaScript heap, DOM nodes', `${used.toFixed(0)} MB, ${nodes.toLocaleString('en')}`, 'under 200 MB');
  } finally {
    await browser.close();
  }
}
