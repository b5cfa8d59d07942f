// What stands around the chat: the walkthrough, the status bar, stale files, the sessions, and a sidecar that is killed.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';

import { ID, Stage } from './stage.mjs';
import { eventually, obstacle } from './workbench.mjs';

const FILE = 'toolshed/lending.py';

/** The steps of the walkthrough, and how their pictures begin. */
const STEPS = [
  ['See a session of fifty turns', 'A conversation'],
  ['Bring your key', 'A key'],
  ['Start a session', 'The chat'],
  ['Show it structure', 'A file'],
  ['Keep what was decided', 'Many turns'],
];

describe('around the chat', { skip: obstacle() }, () => {
  let stage, workbench, page;
  before(async () => {
    stage = await Stage.set();
    ({ workbench } = stage);
    ({ page } = workbench);
  });
  after(() => stage?.strike());
  const prove = (name, work) => it(name, () => stage.witness(name, work));
  const picture = async (name) => {
    for (const theme of ['light', 'dark']) {
      await workbench.theme(theme);
      await workbench.screenshot(`${name}-${theme}`);
    }
  };
  /** The inside of the web page that the editor itself shows. */
  const inside = () => page.frameLocator('iframe.webview.ready:visible').frameLocator('iframe#active-frame');
  /** The row of a file in the explorer, as a screen reader says it. */
  const spoken = async (file) => (await workbench.explorerRow(file)).locator('.monaco-icon-label').getAttribute('aria-label');
  const standing = async () => (await (await workbench.row('Context Files', 'lending.py')).innerText()).replaceAll('\n', ' ');
  /** The sidecar of this stage's folder, by its process. */
  const sidecars = () => {
    const all = execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' }).split('\n');
    const mine = all.filter((line) => line.includes('-m throughline serve')).map((line) => Number(line.trim().split(' ')[0]));
    const folder = (pid) => execFileSync('readlink', [`/proc/${pid}/cwd`], { encoding: 'utf8' }).trim();
    return mine.filter((pid) => {
      try {
        return folder(pid) === stage.folder;
      } catch {
        return false;
      }
    });
  };

  prove('a walkthrough says how to begin, and plays the demo', async () => {
    const steps = page.locator('.getting-started-step');
    // In a narrow window the editor shows a walkthrough without its pictures.
    await page.setViewportSize({ width: 1700, height: 800 });
    for (const theme of ['light', 'dark']) {
      await workbench.theme(theme);
      await workbench.command('Throughline: Get Started');
      await eventually('its steps', () => steps.count(), (count) => count === STEPS.length);
      for (const [step, name] of STEPS) {
        await steps.filter({ hasText: step }).first().click();
        await inside().locator('svg', { hasText: name }).waitFor();
        await workbench.screenshot(`walkthrough-${step.split(' ')[0].toLowerCase()}-${theme}`);
      }
    }
    await steps.filter({ hasText: STEPS[0][0] }).first().click();
    await page.locator('.getting-started-step .monaco-button', { hasText: 'Play Recorded Demo' }).click();
    await page.setViewportSize({ width: 1280, height: 800 });
    await stage.next.waitFor();
    await stage.play();
  });

  prove('the status bar says how full the context is, breaks it down, and opens the report', async () => {
    const item = workbench.status(ID);
    await eventually('the status bar', async () => /\d+% · \$\d/.test(await item.innerText()));
    await item.hover();
    const tooltip = page.locator('.monaco-hover:visible', { hasText: 'Context of the next call' });
    await tooltip.waitFor();
    assert.match(await tooltip.innerText(), /Tokens\s+Share[\s\S]*Recent turns\s+[\d,]+\s+\d+\.\d%[\s\S]*All of [\d,]+[\s\S]*\$\d/);
    await workbench.screenshot('status-tooltip');
    await item.click();
    await workbench.tab('Session Report.md').first().waitFor();
    const report = inside();
    await report.getByText('Context of the next call').waitFor();
    await picture('report');
  });

  prove('a file in the context has a badge wherever it is named', async () => {
    await workbench.explorerMenu(FILE, 'Inject Skeleton');
    await eventually('the badge', () => spoken(FILE), (said) => said.includes('the model has its skeleton'));
  });

  prove('a stale file has a mark in the text, which offers to show it to the model again', async () => {
    const lines = (await readFile(path.join(stage.folder, FILE), 'utf8')).split('\n');
    const at = lines.findIndex((line) => /^ {4}def lend\(/.test(line));
    await workbench.openFile(FILE, at + 1);
    lines[at] = lines[at].replace(') ->', ', witness=None) ->').replace('):', ', witness=None):');
    await writeFile(path.join(stage.folder, FILE), lines.join('\n'));
    await eventually('stale in the tree', standing, (text) => text.includes('stale'));
    await eventually('stale in the explorer', () => spoken(FILE), (said) => said.includes('changed since the model saw it'));
    // The editor may have gone to the top as it read the file again.
    await workbench.openFile(FILE, at + 1);
    await page.locator('.editor-instance .squiggly-info').first().waitFor();
    const hover = await workbench.hover('def lend');
    assert.match(hover.join('\n'), /model saw .*lend\(.*file has .*witness/s);
    await picture('stale');
    await page.keyboard.press('Escape');
    await page.locator('.editor-instance .view-line', { hasText: 'def lend' }).click();
    await page.keyboard.press('ControlOrMeta+.');
    const action = page.locator('.action-widget .monaco-list-row', { hasText: 'Refresh what the model sees' });
    await action.waitFor();
    await workbench.screenshot('stale-actions');
    await action.click();
    await eventually('fresh in the tree', standing, (text) => !text.includes('stale'));
    await eventually('no mark', () => page.locator('.editor-instance .squiggly-info').count(), (count) => count === 0);
    await eventually('fresh in the explorer', () => spoken(FILE), (said) => !said.includes('changed since'));
  });

  prove('the session goes on after its sidecar was killed, and after a second time once it is told to', async () => {
    await workbench.command('Throughline: Open Chat');
    const rows = await eventually('the chat', () => stage.count('user'));
    const [first] = await eventually('the sidecar', sidecars, (pids) => pids.length === 1);
    process.kill(first, 'SIGKILL');
    const [second] = await eventually('another sidecar', sidecars, (pids) => pids.length === 1 && pids[0] !== first);
    await eventually('the session again', async () => (await stage.next.isEnabled().catch(() => false)) && stage.count('user'));
    assert.equal(await stage.count('user'), rows);
    await stage.play();
    process.kill(second, 'SIGKILL');
    const trouble = stage.chat.getByRole('alert');
    await trouble.getByText('twice within a few minutes').waitFor();
    assert.ok(await trouble.getByRole('button', { name: 'Show Log' }).isVisible());
    await picture('trouble');
    assert.equal(await stage.count('user'), rows + 1);
    await trouble.getByRole('button', { name: 'Start Again' }).click();
    await trouble.waitFor({ state: 'hidden' });
    await stage.play();
    assert.equal(await stage.count('user'), rows + 2);
    assert.equal(await page.locator('.notification-toast').count(), 0);
  });

  prove('a draft outlives a reload of the window', async () => {
    await stage.chat.getByRole('textbox', { name: 'Message' }).fill('half a thought');
    const loaded = page.waitForEvent('load');
    await workbench.command('Developer: Reload Window');
    await loaded;
    const draft = stage.chat.getByRole('textbox', { name: 'Message' });
    await eventually('the draft', () => draft.inputValue().catch(() => ''), (text) => text === 'half a thought');
    await eventually('the rows', () => stage.count('user'), (count) => count >= 2);
  });

  prove('a session is renamed and read beside another one, and is deleted once that is confirmed', async () => {
    const objective = await stage.chat.locator('h1').innerText();
    await workbench.command('Throughline: Start Session');
    await workbench.answer('another errand');
    await workbench.pick('Engineer');
    await workbench.row('Sessions', 'another errand');
    const old = await workbench.row('Sessions', objective);
    await workbench.menu(old, 'Rename Session…');
    await workbench.answer('The waiting list');
    await workbench.menu(await workbench.row('Sessions', 'The waiting list'), 'Open Transcript as Markdown');
    await page.locator('.editor-instance .view-line', { hasText: 'Turn 1' }).first().waitFor();
    await picture('sessions');
    await workbench.menu(await workbench.row('Sessions', 'The waiting list'), 'Delete Session…');
    await page.locator('.monaco-dialog-box').getByRole('button', { name: 'Delete' }).click();
    await eventually('one session', () => workbench.rows('Sessions'), (rows) => rows.length === 1 && rows[0].label === 'another errand');
    await workbench.menu(await workbench.row('Sessions', 'another errand'), 'Delete Session…');
    await page.locator('.monaco-dialog-box').getByRole('button', { name: 'Delete' }).click();
    await workbench.command('Throughline: Open Chat');
    await stage.chat.getByRole('button', { name: 'Play the recorded demo' }).waitFor();
    await (await workbench.view('Sessions')).getByText('This workspace has no sessions yet').waitFor();
    await picture('no-sessions');
  });

  prove('the doctor says what is missing', async () => {
    await workbench.command('Throughline: Run Doctor');
    const doctor = inside();
    await doctor.getByText('a model can be reached').waitFor();
    await picture('doctor');
  });

  prove('leaves no error in any page', () => assert.deepEqual(workbench.errors, []));
});
