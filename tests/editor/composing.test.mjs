// What a person does beside talking: names files, looks at a compaction before it is made, and tends the memory.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';

import { Stage } from './stage.mjs';
import { eventually, obstacle } from './workbench.mjs';

const FILE = 'toolshed/lending.py';

describe('a session', { skip: obstacle() }, () => {
  let stage, chat, workbench;
  before(async () => {
    stage = await Stage.set({ settings: { 'throughline.distil': 'ask' } });
    ({ chat, workbench } = stage);
    await chat.getByRole('button', { name: 'Play the recorded demo' }).click();
    await stage.next.waitFor();
  });
  after(() => stage?.strike());
  const prove = (name, work) => it(name, () => stage.witness(name, work));
  const area = () => chat.getByRole('textbox', { name: 'Message' });
  const files = async () => (await workbench.rows('Context Files')).map(({ label }) => label).sort();
  const showChat = async () => (await workbench.tab('Throughline')).first().click();

  prove('takes a file that the message names after an @', async () => {
    await area().pressSequentially('Look at @lend');
    const option = chat.getByRole('option', { name: /lending\.py/ }).first();
    await option.waitFor();
    for (const theme of ['dark', 'light']) {
      await workbench.theme(theme);
      await area().focus();
      await area().press('Backspace');
      await area().press('d');
      await option.waitFor();
      await workbench.screenshot(`mention-${theme}`);
    }
    await area().press('Enter');
    assert.equal(await area().inputValue(), `Look at @${FILE} `);
    await area().press('Enter');
    await chat.locator('.file-row', { hasText: FILE }).waitFor();
    await chat.locator('.user-row').getByRole('button', { name: `@${FILE}` }).waitFor();
    await eventually('the file', files, (now) => now.join() === 'lending.py');
    await eventually('the end of the turn', () => stage.next.isEnabled());
  });

  prove('takes files and folders from the explorer, and lets go of them there', async () => {
    await workbench.explorerMenu(['toolshed/store.py', 'client'], 'Inject Skeleton');
    await eventually('the files', files, (now) => now.includes('store.py') && now.length > 3);
    await workbench.explorerMenu('client', 'Remove from Context');
    await eventually('the files', files, (now) => now.join() === 'lending.py,store.py');
    await workbench.explorerMenu('toolshed/store.py', 'Remove from Context');
    await eventually('the files', files, (now) => now.join() === 'lending.py');
    await workbench.explorerMenu('toolshed/store.py', 'Inject Full File');
    const row = await workbench.row('Context Files', 'store.py');
    assert.match(await row.innerText(), /full/);
  });

  prove('removes a file from the menu of its tab', async () => {
    await workbench.openFile('toolshed/store.py');
    await workbench.menu(workbench.tab('store.py'), 'Remove from Context');
    await eventually('the files', files, (now) => now.join() === 'lending.py');
  });

  prove('shows what a compaction would do, and does it when told to', async () => {
    await showChat();
    for (let turn = 0; turn < 4; turn += 1) await stage.play();
    await area().fill('/preview');
    await area().press('Enter');
    await workbench.tab('Compaction Preview.md').waitFor();
    const page = workbench.webview('vscode.markdown-language-features');
    await page.getByText(/turns? 1/i).first().waitFor();
    await workbench.screenshot('preview-light');
    await showChat();
    const waits = chat.locator('.held-row');
    const said = (await waits.innerText()).replaceAll(/\s+/g, ' ');
    const [, was, is] = said.match(/([\d,]+) → ([\d,]+) tokens/) ?? assert.fail(said);
    for (const theme of ['dark', 'high-contrast', 'high-contrast-light', 'light']) {
      await workbench.theme(theme);
      await workbench.screenshot(`held-${theme}`);
      assert.deepEqual(await workbench.audit(chat), [], theme);
    }
    await waits.getByRole('button', { name: 'Dismiss' }).click();
    await waits.waitFor({ state: 'detached' });
    await workbench.command('Throughline: Preview Compaction');
    await showChat();
    await waits.getByRole('button', { name: 'Apply' }).click();
    const made = chat.locator('.compaction-row');
    await made.waitFor();
    assert.ok((await made.innerText()).includes(`${was} → ${is} tokens`), `${was} → ${is}`);
    assert.equal(await waits.count(), 0);
  });

  prove('undoes it', async () => {
    await chat.locator('.compaction-row').getByRole('button', { name: 'Undo' }).click();
    await chat.locator('.compaction-row').getByText('undone').waitFor();
  });

  prove('keeps what is pinned', async () => {
    const rows = await eventually('the memory', () => workbench.rows('Memory'), (all) => all.some(({ level }) => level === 2));
    const { label } = rows.find(({ level }) => level === 2);
    await workbench.rowButton('Memory', label, 'Pin Entry');
    const spoken = async () => (await workbench.rows('Memory')).find((row) => row.label === label)?.spoken;
    await eventually('the pin', spoken, (text) => /pinned/.test(text));
    await workbench.screenshot('pinned-light');
  });

  prove('remembers what is written into the summary', async () => {
    const before = Number((await workbench.rows('Memory')).find(({ label }) => label === 'Decisions Made').description);
    await workbench.command('Throughline: Open Summary as Markdown');
    const line = workbench.page.locator('.editor-instance .view-line', { hasText: 'Decisions Made' });
    await line.click();
    await workbench.page.keyboard.press('End');
    await workbench.page.keyboard.type('\n- Ladders are lent to two members at most');
    await workbench.screenshot('summary-light');
    await workbench.page.keyboard.press('ControlOrMeta+s');
    // The pane is low, and the new entry may stand below its edge: the heading counts it.
    const decisions = async () => Number((await workbench.rows('Memory')).find(({ label }) => label === 'Decisions Made')?.description);
    await eventually('the entry', decisions, (now) => now === before + 1);
  });

  prove('finds where something was said', async () => {
    await workbench.command('Throughline: Recall…');
    await workbench.answer('committee strict');
    await workbench.page.locator('.quick-input-list .monaco-list-row:visible').first().waitFor();
    await workbench.screenshot('recall-light');
    await workbench.page.keyboard.press('Enter');
    await chat.locator('.row.pointed, .row:focus').first().waitFor();
  });

  prove('goes on in another role', async () => {
    await workbench.command('Throughline: Change Role…');
    await workbench.pick('QA');
    await eventually('the role', () => chat.locator('header').innerText(), (text) => /QA/.test(text));
    assert.ok((await stage.count('user')) >= 5);
  });

  prove('reads as Markdown', async () => {
    await workbench.command('Throughline: Open Transcript as Markdown');
    await workbench.page.locator('.tabs-container .tab.active', { hasText: /waiting list.*\.md/ }).waitFor();
    await workbench.page.locator('.editor-instance .view-line', { hasText: 'Turn 1' }).first().waitFor();
  });

  prove('ends with a change of the archive, which is accepted from its difference', async () => {
    await workbench.command('Throughline: End Session');
    await workbench.page.locator('.monaco-dialog-box').getByRole('button', { name: 'End Session' }).click();
    await workbench.notification('waits as a change').getByRole('button', { name: 'Review Change' }).click();
    await workbench.page.locator('.monaco-diff-editor').first().waitFor();
    await workbench.screenshot('archive-diff-light');
    await showChat();
    const row = chat.locator('.archive-row');
    for (const theme of ['dark', 'light']) {
      await workbench.theme(theme);
      await workbench.screenshot(`archive-row-${theme}`);
      assert.deepEqual(await workbench.audit(chat), [], theme);
    }
    await row.getByRole('button', { name: 'Accept' }).click();
    await row.getByText('accepted').waitFor();
    const archive = () => readFile(path.join(stage.folder, '.agent', 'project-context.md'), 'utf8').catch(() => '');
    await eventually('the archive', archive, (text) => text.includes('Ladders are lent to two members at most'));
  });

  prove('leaving no error in any page', () => assert.deepEqual(workbench.errors, []));
});
