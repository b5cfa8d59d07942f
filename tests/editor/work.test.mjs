// A person at work with a model behind the Messages API: it asks before it acts, and is shown structure.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';

import { project } from './install.mjs';
import { serve } from './serve.mjs';
import { Workbench, eventually, obstacle } from './workbench.mjs';

const ID = 'throughline.throughline';
const EDIT = { path: 'toolshed/clock.py', old: 'import time', new: 'import time  # Reviewed' };
const PYTHON = path.join(project, '.venv', 'bin', 'python');

/** The replies of the model, one a call. */
const SCRIPT = [
  { text: 'I look first.', calls: [{ tool: 'read_file', args: { path: 'toolshed/clock.py' } }] },
  { text: 'I mark it.', calls: [{ tool: 'edit_file', args: EDIT }] },
  { text: 'Then I run something.', calls: [{ tool: 'run_command', args: { command: 'echo counted' } }] },
  { text: 'Done.\n\n[DECISION]: Mark what was reviewed because the next reader asks.' },
  { text: 'I see its outline.' },
];

describe('Throughline at work', { skip: obstacle() }, () => {
  let home, folder, fake, editor, workbench, chat;

  before(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'throughline-'));
    folder = path.join(home, 'toolshed');
    await cp(path.join(project, 'demo', 'project'), folder, { recursive: true });
    await writeFile(path.join(home, 'script.json'), JSON.stringify(SCRIPT));
    const env = { ...process.env, PYTHONPATH: path.join(project, 'sidecar') };
    fake = spawn(PYTHON, ['-m', 'throughline.models.fake', '--script', path.join(home, 'script.json')], { env });
    const [url] = await new Promise((resolve) => createInterface({ input: fake.stdout }).once('line', (line) => resolve([line])));
    const vsix = path.join(project, 'build', 'throughline.vsix');
    const settings = { 'throughline.python': PYTHON, 'throughline.endpoint': url.trim(), 'throughline.compressionModel': '' };
    editor = await serve({ folder, vsix: [vsix], settings, env: { ANTHROPIC_API_KEY: 'sk-test' } });
    workbench = await Workbench.open(editor.url);
    chat = workbench.webview(ID, 'panel');
  });

  after(async () => {
    await workbench?.close();
    await editor?.stop();
    fake?.kill();
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
  const message = () => chat.getByRole('textbox', { name: 'Message' });
  const asked = () => chat.locator('.ask.waiting');

  prove('starts a session and asks before a file is changed', async () => {
    await workbench.command('Throughline: Open Chat');
    await chat.getByLabel('Objective').fill('Review the clock');
    await chat.getByLabel('Objective').press('Enter');
    await message().waitFor();
    await message().fill('Mark the clock as reviewed.');
    await message().press('Enter');
    await asked().waitFor();
    assert.match(await asked().innerText(), /change toolshed\/clock\.py/);
    for (const theme of ['dark', 'high-contrast', 'high-contrast-light', 'light']) {
      await workbench.theme(theme);
      await workbench.screenshot(`ask-${theme}`);
      assert.deepEqual(await workbench.audit(chat), [], theme);
    }
    assert.doesNotMatch(await readFile(path.join(folder, EDIT.path), 'utf8'), /Reviewed/);
  });

  prove('changes it once it may, and goes on with a no', async () => {
    await asked().getByRole('button', { name: 'Allow once' }).click();
    await eventually('the question about the command', () => asked().innerText().catch(() => ''), (text) => text.includes('echo counted'));
    assert.match(await readFile(path.join(folder, EDIT.path), 'utf8'), /Reviewed/);
    await asked().getByRole('button', { name: 'Deny…' }).click();
    await asked().getByRole('textbox').fill('Not needed');
    await asked().getByRole('button', { name: 'Deny', exact: true }).click();
    await chat.locator('.entry').getByText('Mark what was reviewed').waitFor();
    await chat.locator('.ask-row').getByText('Not needed').waitFor();
  });

  prove('puts a mentioned file into the context, and a badge beside its name', async () => {
    await message().fill('What is in @lend');
    await message().press('End');
    const option = chat.getByRole('option', { name: /^lending\.py/ });
    await option.waitFor();
    await option.click();
    await message().press('Enter');
    await chat.locator('.agent').getByText('I see its outline.').waitFor();
    const row = await workbench.row('Context Files', 'lending.py');
    assert.match(await row.innerText(), /skeleton/);
    const badge = async () =>
      (await workbench.explorerRow('toolshed/lending.py')).locator('.monaco-icon-label').getAttribute('aria-label');
    await eventually('the badge', badge, (text) => text.includes('the model has its skeleton'));
  });

  prove('says what the session came to, and what works here', async () => {
    await workbench.status(ID).click();
    await (await workbench.tab('Session Report.md')).first().waitFor();
    await workbench.command('Throughline: Run Doctor');
    await (await workbench.tab('Doctor.md')).first().waitFor();
    await workbench.screenshot('doctor-light');
  });

  prove('shows its walkthrough', async () => {
    await workbench.command('Welcome: Open Walkthrough...');
    await workbench.pick('Start with Throughline');
    await workbench.page.getByText('See a session of fifty turns').first().waitFor();
    await workbench.screenshot('walkthrough-light');
  });

  prove('leaves no error in any page', () => assert.deepEqual(workbench.errors, []));
});
