// The agent asks before it acts, and the user answers in the chat.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';

import { Stage } from './stage.mjs';
import { eventually, obstacle } from './workbench.mjs';

const FILE = 'toolshed/lending.py';
const edit = (old, now) => ({ calls: [{ tool: 'edit_file', args: { path: FILE, old, new: now } }] });
const run = (command) => ({ calls: [{ tool: 'run_command', args: { command } }] });
const STORE = 'toolshed/store.py';
const HEAD = 'def lend(self';

const REPLIES = [
  { text: 'Reading it first.', calls: [{ tool: 'read_file', args: { path: FILE } }] },
  { text: 'The method needs another name.', ...edit(HEAD, 'def hand_out(self') },
  { text: 'Renamed.' },
  edit('def hand_out(self', 'def give(self'),
  { text: 'Then it stays as it is.' },
  { calls: [{ tool: 'read_file', args: { path: STORE, full: true } }] },
  { calls: [{ tool: 'edit_file', args: { path: STORE, old: 'def close(self', new: 'def shut(self' } }] },
  { text: 'Shut it is.' },
  run('echo hello from the shed; rm -rf build'),
  { text: 'That ran.' },
];

describe('the agent asks', { skip: obstacle() }, () => {
  let stage, chat;
  before(async () => {
    stage = await Stage.set({ replies: REPLIES });
    ({ chat } = stage);
  });
  after(() => stage?.strike());
  const prove = (name, work) => it(name, () => stage.witness(name, work));
  const said = (words) => chat.locator('.agent-row').getByText(words);
  const question = () => chat.locator('.ask');
  const text = () => readFile(path.join(stage.folder, FILE), 'utf8');

  prove('before it changes a file, and shows the change', async () => {
    await stage.workbench.command('Throughline: Start Session');
    await stage.workbench.answer('rename a method');
    await stage.workbench.pick('Engineer');
    await stage.say('Give lend a better name.');
    await question().waitFor();
    assert.match(await question().innerText(), /change toolshed\/lending\.py/);
    assert.match(await question().locator('ins').innerText(), /hand_out/);
    assert.match(await question().locator('del').innerText(), /lend/);
    assert.match(await text(), /def lend\(self/);
    for (const theme of ['dark', 'high-contrast', 'high-contrast-light', 'light']) {
      await stage.workbench.theme(theme);
      await stage.workbench.screenshot(`question-${theme}`);
      assert.deepEqual(await stage.workbench.audit(chat), [], theme);
    }
  });

  prove('and goes on when it is allowed, by keyboard alone', async () => {
    const allow = chat.getByRole('button', { name: 'Allow once' });
    await allow.focus();
    await allow.press('Enter');
    await said('Renamed.').waitFor();
    assert.match(await text(), /def hand_out\(self/);
    assert.equal(await question().count(), 0);
  });

  prove('and hears why not', async () => {
    await stage.say('Another one, perhaps?');
    await chat.getByRole('button', { name: 'Deny…' }).click();
    const reason = chat.getByRole('textbox', { name: 'Reason' });
    await eventually('the field has the focus', () => reason.evaluate((field) => field === document.activeElement));
    await reason.fill('hand_out is fine');
    await stage.workbench.screenshot('question-deny-light');
    await reason.press('Enter');
    await said('Then it stays as it is.').waitFor();
    await chat.getByText('Not allowed: change toolshed/lending.py — hand_out is fine').waitFor();
    assert.match(await text(), /def hand_out\(self/);
  });

  prove('and changes what is open in the editor there, unsaved words and all', async () => {
    const { page } = stage.workbench;
    await stage.workbench.openFile('toolshed/store.py', 1);
    await page.locator('.editor-instance .view-line', { hasText: 'All the SQL there is' }).click();
    await page.keyboard.press('ControlOrMeta+Home');
    await page.keyboard.type('# typed by a person\n');
    await page.locator('.editor-instance .view-line', { hasText: 'typed by a person' }).waitFor();
    await (await stage.workbench.tab('Throughline')).first().click();
    await stage.say('Rename close in the store, too.');
    await question().waitFor();
    await chat.getByRole('button', { name: 'Allow once' }).click();
    await said('Shut it is.').waitFor();
    const store = await readFile(path.join(stage.folder, 'toolshed', 'store.py'), 'utf8');
    assert.match(store, /^# typed by a person\n/);
    assert.match(store, /def shut\(/);
    await stage.workbench.openFile('toolshed/store.py', 1);
    await page.locator('.editor-instance .view-line', { hasText: 'All the SQL there is' }).click();
    await page.keyboard.press('ControlOrMeta+z');
    await page.keyboard.press('ControlOrMeta+s');
    const now = () => readFile(path.join(stage.folder, 'toolshed', 'store.py'), 'utf8');
    await eventually('the edit undone', now, (text) => !text.includes('def shut('));
    assert.match(await now(), /^# typed by a person\n/);
    await (await stage.workbench.tab('Throughline')).first().click();
  });

  prove('before it runs a command, and shows what that prints', async () => {
    await stage.say('Clean up.');
    await question().waitFor();
    assert.match(await question().locator('.ask-detail').innerText(), /rm -rf build/);
    await stage.workbench.screenshot('question-run-light');
    await chat.getByRole('button', { name: 'Allow for this session' }).click();
    await said('That ran.').waitFor();
    await chat.getByText('Allowed for this session: this very command').waitFor();
    const card = chat.locator('details.tool').last();
    await card.locator('summary').click();
    assert.match(await card.innerText(), /hello from the shed/);
    await stage.workbench.screenshot('question-done-light');
  });

  prove('leaving no error in any page', () => assert.deepEqual(stage.workbench.errors, []));
});
