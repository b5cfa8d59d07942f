// Proves the page object on a throwaway extension, so that a failing end-to-end test means a failing Throughline.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { serve } from './serve.mjs';
import { Workbench, eventually, obstacle } from './workbench.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const RIG = 'rig.rig';

describe('the rig', { skip: obstacle() }, () => {
  let folder, editor, workbench;

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'rig-'));
    await mkdir(path.join(folder, 'work', 'src'), { recursive: true });
    await mkdir(path.join(folder, 'work', 'test'));
    const greet = `${'\n'.repeat(80)}def greet(name, warmly=True):\n    return name\n`;
    await writeFile(path.join(folder, 'work', 'src', 'greet.py'), greet);
    await writeFile(path.join(folder, 'work', 'test', 'greet.py'), 'from src.greet import greet\n');
    const vsix = path.join(folder, 'rig.vsix');
    const vsce = path.join(here, 'node_modules', '@vscode', 'vsce', 'vsce');
    const options = ['--allow-missing-repository', '--skip-license', '--no-dependencies', '--out', vsix];
    await promisify(execFile)(process.execPath, [vsce, 'package', ...options], { cwd: path.join(here, 'rig') });
    editor = await serve({ folder: path.join(folder, 'work'), vsix: [vsix] });
    workbench = await Workbench.open(editor.url);
  });

  after(async () => {
    await workbench?.close();
    await editor?.stop();
    if (folder) await rm(folder, { recursive: true });
  });

  const prove = (name, work) => it(name, () => workbench.witness(name, work));
  const said = async () => (await workbench.status(RIG).innerText()).trim();
  const status = (text) => eventually('the status bar', said, (now) => now === text);

  prove('reads the status bar', async () => {
    await status('Rig ready');
    assert.equal(await workbench.status(RIG, 'mood').count(), 1);
    assert.equal(await workbench.status(RIG, 'other').count(), 0);
  });

  prove('runs a command and presses a button in the page it opens', async () => {
    await workbench.command('Rig: Open Page');
    await workbench.webview(RIG).getByRole('button', { name: 'Press' }).click();
    await status('Panel pressed');
    await workbench.tab('Rig Page').waitFor();
    await workbench.screenshot('rig-page');
  });

  prove('tells a page in a side bar from one in an editor', async () => {
    await workbench.view('Side');
    assert.equal(await workbench.webview(RIG, 'panel').locator('h1').innerText(), 'Panel');
    await workbench.webview(RIG, 'view').getByRole('button', { name: 'Press' }).click();
    await status('View pressed');
  });

  prove('reads the rows of a tree view, unfolds one and presses its button', async () => {
    const leaf = (label, level) => {
      const description = `a ${label}`;
      return { label, description, spoken: `${label} ${description}, has actions`, level, expanded: null };
    };
    const [apple, pear] = await eventually('the fruit', () => workbench.rows('Fruit'), (rows) => rows.length === 2);
    assert.deepEqual({ ...apple, expanded: null }, leaf('Apple', 1));
    assert.equal(apple.expanded, false);
    assert.deepEqual(pear, leaf('Pear', 1));
    await (await workbench.row('Fruit', 'Apple')).click();
    const rows = await eventually('the apples', () => workbench.rows('Fruit'), (now) => now.length === 4);
    assert.deepEqual(rows, [{ ...apple, expanded: true }, leaf('Braeburn', 2), leaf('Gala', 2), pear]);
    await workbench.rowButton('Fruit', 'Gala', 'Peel');
    await workbench.notification('Peeled Gala').waitFor();
    await workbench.screenshot('rig-views');
  });

  prove('chooses from lists and answers questions', async () => {
    await workbench.command('Rig: Ask');
    await workbench.pick('Sour');
    await workbench.answer('quince');
    await workbench.notification('Sour quince').waitFor();
  });

  prove('chooses from the explorer’s menu for one file, for several and from a submenu', async () => {
    await workbench.explorerMenu('src/greet.py', 'Mark');
    await workbench.notification('Marked src/greet.py').waitFor();
    await workbench.explorerMenu(['src/greet.py', 'test/greet.py'], 'More Rig', 'Mark');
    await workbench.notification('Marked src/greet.py, test/greet.py').waitFor();
  });

  prove('opens the right one of two files at a line and reads a hover', async () => {
    await workbench.openFile('src/greet.py', 81);
    assert.deepEqual(await workbench.hover('warmly'), ['The word warmly']);
    assert.deepEqual(await workbench.hover('greet(name'), ['The word greet']);
    await workbench.screenshot('rig-hover');
  });

  prove('switches the theme', async () => {
    for (const theme of ['light', 'high-contrast', 'high-contrast-light', 'dark']) {
      await workbench.theme(theme);
      await workbench.screenshot(`rig-${theme}`);
    }
  });

  prove('finds everything again after a reload', async () => {
    await workbench.reload();
    await status('Rig ready');
    await workbench.command('Rig: Open Page');
    assert.equal(await workbench.webview(RIG, 'panel').locator('h1').innerText(), 'Panel');
  });

  prove('says what it waited for in vain', async () => {
    workbench.patience = 1_000;
    await assert.rejects(workbench.command('Rig: Nonsense'), /the palette has no “>Rig: Nonsense”; it shows/);
    await workbench.page.keyboard.press('Escape');
    await assert.rejects(eventually('a wonder', () => 0, Boolean, 100), /a wonder: still 0 after 0.1 s/);
  });

  prove('hears the errors of a page and keeps the editor’s logs', async () => {
    assert.deepEqual(workbench.errors, []);
    await workbench.webview(RIG, 'panel').getByRole('button', { name: 'Spill' }).click();
    await eventually('the errors', () => workbench.errors, (heard) => heard.length === 2);
    assert.deepEqual(workbench.errors, ['spilt milk', 'Error: spilt tea']);
    assert.ok(Object.keys(await editor.logs()).some((file) => file.endsWith('remoteexthost.log')));
  });
});
