// A person's first hour with Throughline, in a real editor: without a key, the recorded model plays the demo.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFile, chmod, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';

import { project } from './install.mjs';
import { serve } from './serve.mjs';
import { Workbench, eventually, obstacle } from './workbench.mjs';

const ID = 'throughline.throughline';
const FILE = 'toolshed/lending.py';

describe('Throughline', { skip: obstacle() }, () => {
  let home, folder, editor, workbench, chat;

  before(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'throughline-'));
    folder = path.join(home, 'toolshed');
    await cp(path.join(project, 'demo', 'project'), folder, { recursive: true });
    // The interpreter says which process it becomes, so that a test can end the very sidecar that it started.
    const python = path.join(home, 'python');
    const real = path.join(project, '.venv', 'bin', 'python');
    await writeFile(python, `#!/bin/sh\necho $$ >"${home}/pid"\nexec "${real}" "$@"\n`);
    await chmod(python, 0o755);
    const vsix = path.join(project, 'build', 'throughline.vsix');
    editor = await serve({ folder, vsix: [vsix], settings: { 'throughline.python': python, 'throughline.distil': 'write' } });
    workbench = await Workbench.open(editor.url);
    chat = workbench.webview(ID, 'panel');
  });

  after(async () => {
    await workbench?.close();
    await editor?.stop();
    if (home) await rm(home, { recursive: true });
  });

  const prove = (name, work) =>
    it(name, () =>
      workbench.witness(name.replaceAll(/\W+/g, '-'), work).catch(async (error) => {
        const logs = Object.entries(await editor.logs()).filter(([name]) => name.includes(ID));
        logs.forEach(([name, text]) => console.error(`${path.basename(name)}:\n${text}`));
        throw error;
      }),
    );
  const count = (selector) => chat.locator(selector).count();
  const next = () => chat.getByRole('button', { name: /^Send: / });

  /** Says the recording's next line and waits until its turn has ended. */
  async function play() {
    const name = await next().getAttribute('aria-label');
    const rows = await count('.user-row');
    await next().click();
    await eventually('the words in the chat', () => count('.user-row'), (now) => now === rows + 1);
    await eventually('the end of the turn', async () => {
      const now = (await next().isEnabled().catch(() => false)) && (await next().getAttribute('aria-label'));
      return now && now !== name;
    });
  }

  prove('plays the demo, and an answer streams', async () => {
    await workbench.command('Throughline: Open Chat');
    await chat.getByRole('button', { name: 'Play the recorded demo' }).click();
    await next().waitFor();
    await next().click();
    const lengths = new Set();
    await eventually('an answer that grows', async () => {
      const growing = await chat.locator('.agent.streaming').allInnerTexts();
      growing.forEach((text) => lengths.add(text.length));
      return lengths.size > 1;
    });
    await eventually('the end of the turn', () => next().isEnabled());
    assert.equal(await count('.user-row'), 1);
  });

  prove('shows the context share and the cost in the status bar', async () => {
    const status = workbench.status(ID);
    await eventually('the status bar', async () => /\d+% · \$\d/.test(await status.innerText()));
  });

  prove('compacts with a row of what it saved, shows the memory, and undoes', async () => {
    for (let turn = 0; turn < 4; turn += 1) await play();
    await workbench.command('Throughline: Compact Now');
    const row = chat.locator('.compaction-row');
    await row.waitFor();
    const said = (await row.innerText()).replaceAll(/\s+/g, ' ');
    const [, was, is] = said.match(/Compacted turns 1–3 · ([\d,]+) → ([\d,]+) tokens/) ?? assert.fail(said);
    assert.ok(Number(is.replaceAll(',', '')) < Number(was.replaceAll(',', '')), said);
    const decided = (rows) => rows.some(({ label }) => label === 'Decisions Made');
    await eventually('the memory', () => workbench.rows('Memory'), decided);
    for (const theme of ['dark', 'high-contrast', 'high-contrast-light', 'light']) {
      await workbench.theme(theme);
      await workbench.screenshot(`chat-${theme}`);
      assert.deepEqual(await workbench.audit(chat), [], theme);
    }
    await row.getByRole('button', { name: 'Undo' }).click();
    await row.getByText('undone').waitFor();
  });

  prove('injects a skeleton from the explorer', async () => {
    await workbench.explorerMenu(FILE, 'Inject Skeleton');
    const row = await workbench.row('Context Files', 'lending.py');
    assert.match(await row.innerText(), /skeleton · [\d,]+/);
    const line = chat.locator('.file-row');
    const [, whole, small] = (await line.innerText()).match(/skeleton: ([\d,]+) → ([\d,]+) tokens/) ?? assert.fail();
    assert.ok(Number(small.replaceAll(',', '')) < Number(whole.replaceAll(',', '')) / 2);
  });

  prove('marks the skeleton stale as the file is typed in, says so on hover, and refreshes it', async () => {
    const lines = (await readFile(path.join(folder, FILE), 'utf8')).split('\n');
    const head = lines.find((line) => /^ {4}def lend\(/.test(line)) ?? assert.fail('the demo has no Desk.lend');
    await workbench.openFile(FILE, lines.indexOf(head) + 1);
    await workbench.page.locator('.editor-instance .view-line', { hasText: head.trim() }).click();
    await workbench.page.keyboard.press('End');
    for (let step = head.length; step > head.lastIndexOf(')'); step -= 1) await workbench.page.keyboard.press('ArrowLeft');
    await workbench.page.keyboard.type(', witness=None');
    await workbench.page.keyboard.press('Escape');
    const state = async () => (await (await workbench.row('Context Files', 'lending.py')).innerText()).replaceAll('\n', ' ');
    await eventually('stale in the tree', state, (text) => text.includes('stale'));
    const hover = await workbench.hover('def lend');
    assert.match(hover.join('\n'), /model saw .*lend\(.*file has .*witness/s);
    await workbench.screenshot('hover-stale-light');
    await workbench.page.locator('.monaco-hover:visible a', { hasText: 'Refresh' }).click();
    await eventually('fresh in the tree', state, (text) => !text.includes('stale'));
  });

  prove('marks a skeleton stale when its file changes on disk, as a checkout does', async () => {
    await workbench.explorerMenu('toolshed/store.py', 'Inject Skeleton');
    const state = async () => (await (await workbench.row('Context Files', 'store.py')).innerText()).replaceAll('\n', ' ');
    assert.doesNotMatch(await state(), /stale/);
    await appendFile(path.join(folder, 'toolshed', 'store.py'), '\n\ndef compact(store):\n    return store\n');
    await eventually('stale in the tree', state, (text) => text.includes('stale'));
  });

  prove('goes on after the sidecar was killed', async () => {
    await (await workbench.tab('Throughline')).first().click();
    const rows = await eventually('the chat', () => count('.user-row'));
    const pid = Number(await readFile(path.join(home, 'pid'), 'utf8'));
    assert.match(execFileSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }), /throughline serve/);
    process.kill(pid, 'SIGKILL');
    await eventually('another sidecar', async () => Number(await readFile(path.join(home, 'pid'), 'utf8')) !== pid);
    await eventually('the session again', async () => (await next().isEnabled().catch(() => false)) && count('.user-row'));
    assert.equal(await count('.user-row'), rows);
    await play();
    assert.equal(await count('.user-row'), rows + 1);
  });

  prove('keeps the draft over a reload of the window', async () => {
    await chat.getByRole('textbox', { name: 'Message' }).fill('half a thought');
    // A person's own reload lets the editor put its state away first; the browser's does not wait for that.
    const loaded = workbench.page.waitForEvent('load');
    await workbench.command('Developer: Reload Window');
    await loaded;
    chat = workbench.webview(ID, 'panel');
    const draft = chat.getByRole('textbox', { name: 'Message' });
    await eventually('the draft', () => draft.inputValue().catch(() => ''), (text) => text === 'half a thought');
    await eventually('the rows', () => count('.user-row'), (now) => now >= 6);
  });

  prove('ends the session and writes the archive', async () => {
    await workbench.command('Throughline: End Session');
    await workbench.page.locator('.monaco-dialog-box').getByRole('button', { name: 'End Session' }).click();
    await workbench.notification('The session has ended').waitFor();
    const archive = await readFile(path.join(folder, '.agent', 'project-context.md'), 'utf8');
    assert.match(archive, /^## Project Archive: toolshed/);
    assert.match(archive, /### Architectural Decisions\n- /);
  });

  prove('opens a recorded session to be read with its summary', async () => {
    await workbench.command('Throughline: Open Recorded Session…');
    await workbench.file(path.join(project, 'demo', 'session.jsonl'));
    // The session that has just ended is read-only too, and has fewer turns.
    await eventually('its turns', () => count('.user-row'), (now) => now === 50);
    await chat.getByText('This session can be read').waitFor();
    const kept = (rows) => rows.some(({ label }) => label === 'Decisions Made');
    await eventually('its memory', () => workbench.rows('Memory'), kept);
    await workbench.screenshot('recording-light');
  });

  prove('leaves no error in any page', () => assert.deepEqual(workbench.errors, []));
});
