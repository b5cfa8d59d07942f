// The chat page alone, in a real browser: what it makes of the rows that it is given, and what it tells the extension.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';

import { chromium, launch } from './browser.mjs';
import { project } from './install.mjs';

const SHOTS = path.join(project, 'build', 'screenshots');
const extension = path.join(project, 'extension');

/** Of each kind of theme the colours that the page asks the editor for. */
const THEMES = {
  dark: { foreground: '#cccccc', background: '#1f1f1f', muted: '#9d9d9d', warning: '#cca700', error: '#f85149', button: '#0078d4' },
  light: { foreground: '#3b3b3b', background: '#ffffff', muted: '#5f5f5f', warning: '#895503', error: '#c72e0f', button: '#005fb8' },
};

const SESSION = { id: 's', objective: 'keep the shed in order', role: 'engineer', model: 'claude-sonnet-5-5', recorded: false, readonly: false };
const STATE = {
  revision: 1,
  session: SESSION,
  rows: [],
  memory: { summary: '', tokens: 0, sections: [], taken: [], resolved: [] },
  files: [],
  archive: { uri: '', tokens: 0, sections: [], pending: null },
  meter: { used: 9_000, limit: 200_000, parts: [], calls: 3, input: 9_000, output: 300, dollars: 0.6 },
  activity: 'idle',
  suggestion: '',
  warning: '',
};
const SAID = { kind: 'user', id: 'u1', turn: 1, text: 'Where is a loan ended?', waiting: false };
const FAILED = { kind: 'notice', id: 'f1', level: 'error', text: 'The model is overloaded: wait a minute, then retry.', turn: 1, retryable: true };
const BILL = {
  kind: 'bill',
  id: 'b1',
  turn: 1,
  text: '3 calls · 214,060 in, 14,000 cached · 1,240 out (800 thinking) · $0.5512',
  again: ['the cache had expired 6 minutes before: 200K tokens, $0.50'],
};
const WARNING = 'This message pays 214K tokens again, about $0.53: the cache expired 6 minutes ago.';

const missing = !chromium() && 'there is no Chromium; run `apt-get install chromium` or set CHROMIUM to one';
if (missing && process.env.CI) throw new Error(missing);

describe('the chat page', { skip: missing }, () => {
  let browser, page;

  before(async () => {
    await promisify(execFile)(process.execPath, ['scripts/build.mjs'], { cwd: extension });
    await mkdir(SHOTS, { recursive: true });
    browser = await launch();
    page = await browser.newPage({ viewport: { width: 520, height: 420 } });
    await page.setContent('<!DOCTYPE html><html lang="en"><body></body></html>');
    await page.evaluate(() => {
      window.told = [];
      window.acquireVsCodeApi = () => ({ postMessage: (message) => window.told.push(message), getState: () => undefined, setState: () => undefined });
    });
    await page.addStyleTag({ content: await readFile(path.join(extension, 'dist', 'webview.css'), 'utf8') });
    await page.addScriptTag({ content: await readFile(path.join(extension, 'dist', 'webview.js'), 'utf8') });
    await tell({ kind: 'status', status: { kind: 'running' }, keyed: true });
  });
  after(() => browser?.close());

  const tell = (message) => page.evaluate((given) => window.postMessage(given, '*'), message);
  const show = (changes) => tell({ kind: 'snapshot', state: { ...STATE, ...changes } });
  const told = (kind) => page.evaluate((wanted) => window.told.filter((message) => message.kind === wanted), kind);
  const picture = async (name) => {
    for (const [theme, { foreground, background, muted, warning, error, button }] of Object.entries(THEMES)) {
      const colours = { foreground, 'editor-background': background, 'sideBar-background': background, descriptionForeground: muted };
      const more = { 'editorWarning-foreground': warning, errorForeground: error, 'button-background': button, 'font-family': 'sans-serif', 'font-size': '13px' };
      await page.evaluate((values) => {
        for (const [key, value] of Object.entries(values)) document.documentElement.style.setProperty(`--vscode-${key}`, value);
        document.body.style.background = values['editor-background'];
      }, { ...colours, ...more });
      await page.screenshot({ path: path.join(SHOTS, `page-${name}-${theme}.png`) });
    }
  };

  it('says under a turn what it cost, and what was paid again and why', async () => {
    await show({ rows: [SAID, BILL] });
    const bill = page.getByRole('group', { name: 'Cost of turn 1' });
    await bill.waitFor();
    const lines = (await bill.innerText()).split('\n').filter(Boolean);
    assert.deepEqual(lines, [BILL.text, `Paid again: ${BILL.again[0]}`]);
    await picture('bill');
  });

  it('offers to retry what failed, once, and asks for it without the words', async () => {
    await show({ rows: [SAID, BILL, FAILED] });
    const retry = page.getByRole('button', { name: 'Retry' });
    await retry.waitFor();
    await picture('failed');
    await retry.focus();
    await page.keyboard.press('Enter');
    assert.deepEqual(await told('retry'), [{ kind: 'retry' }]);
    assert.deepEqual(await told('send'), []);
    // The turn goes on: what it failed with is gone, and the words stand there once.
    await show({ revision: 2, rows: [SAID], activity: 'answering' });
    await retry.waitFor({ state: 'detached' });
    assert.equal(await page.getByText(SAID.text).count(), 1);
  });

  it('offers it by a slash too, and no more once another message has followed', async () => {
    const area = page.getByRole('textbox', { name: 'Message' });
    await show({ revision: 3, rows: [SAID, FAILED] });
    await area.fill('/ret');
    await page.getByRole('option', { name: /^\/retry/ }).waitFor();
    await page.keyboard.press('Enter');
    assert.equal((await told('retry')).length, 2);
    await show({ revision: 4, rows: [SAID, { ...FAILED, retryable: false }, { ...SAID, id: 'u2', turn: 2, text: 'Never mind.' }] });
    await page.getByRole('button', { name: 'Retry' }).waitFor({ state: 'detached' });
    await area.fill('/ret');
    assert.equal(await page.getByRole('option').count(), 0);
    await area.fill('');
  });

  it('sets the key from the line that asks for one', async () => {
    const text = 'The API key was refused: check it, or set another with “Throughline: Set API Key”.';
    await show({ revision: 5, rows: [SAID, { ...FAILED, text }] });
    const line = page.locator('.notice-row');
    assert.equal((await line.innerText()).replaceAll(/\s+/g, ' ').trim(), `${text} Retry`);
    await line.getByRole('button', { name: 'Set API Key' }).click();
    assert.deepEqual((await told('run')).map(({ command }) => command), ['setKey']);
  });

  it('offers nothing in a session that can only be read', async () => {
    await show({ revision: 5, rows: [SAID, FAILED], session: { ...SESSION, readonly: true } });
    await page.getByText('This session can be read').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Retry' }).count(), 0);
  });

  it('says before an expensive message what it costs, and sends it all the same', async () => {
    await show({ revision: 6, rows: [SAID], warning: WARNING });
    const area = page.getByRole('textbox', { name: 'Message' });
    await page.getByText(WARNING).waitFor();
    await area.fill('Go on.');
    await picture('warning');
    const described = await area.evaluate((field) => document.getElementById(field.getAttribute('aria-describedby'))?.innerText.trim());
    assert.equal(described, WARNING);
    await area.press('Enter');
    assert.deepEqual((await told('send')).map(({ text }) => text), ['Go on.']);
    await tell({ kind: 'patch', patch: { revision: 7, changes: [{ kind: 'activity', activity: 'answering', suggestion: '', warning: '' }] } });
    await page.getByText(WARNING).waitFor({ state: 'detached' });
  });
});
