// The package for this platform, on a machine that has nothing but an editor and a bare Python.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';

import { project } from './install.mjs';
import { serve } from './serve.mjs';
import { Workbench, eventually, obstacle } from './workbench.mjs';

const ID = 'throughline.throughline';
const PACKAGE = path.join(project, 'build', `throughline-${process.platform}-${process.arch}.vsix`);
const missing = existsSync(PACKAGE) ? false : 'there is no package for this platform: run `make package`';

describe('The package', { skip: obstacle() || missing }, () => {
  let home, editor, workbench;

  before(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'throughline-'));
    const folder = path.join(home, 'toolshed');
    await cp(path.join(project, 'demo', 'project'), folder, { recursive: true });
    const old = path.join(home, 'old', 'attrs');
    await mkdir(old, { recursive: true });
    await writeFile(path.join(old, '__init__.py'), "raise ImportError('an old one')\n");
    const nowhere = 'http://127.0.0.1:9';
    const env = { PYTHONPATH: path.dirname(old), PIP_INDEX_URL: nowhere, npm_config_registry: nowhere };
    // The interpreter that made the checkout's environment, which has none of its packages.
    const bare = 'import sys; print(sys._base_executable)';
    const python = execFileSync(path.join(project, '.venv', 'bin', 'python'), ['-c', bare], { encoding: 'utf8' }).trim();
    editor = await serve({ folder, vsix: [PACKAGE], settings: { 'throughline.python': python }, env });
    workbench = await Workbench.open(editor.url);
  });

  after(async () => {
    await workbench?.close();
    await editor?.stop();
    if (home) await rm(home, { recursive: true });
  });

  it('unpacks what it carries and plays the demo', () =>
    workbench.witness('package', async () => {
      await workbench.command('Throughline: Open Chat');
      const chat = workbench.webview(ID, 'panel');
      await chat.getByRole('button', { name: 'Play the recorded demo' }).click();
      const next = chat.getByRole('button', { name: /^Send: / });
      await next.waitFor({ timeout: 60_000 });
      await next.click();
      await eventually('an answer', () => chat.locator('.agent').count());
      const storage = path.join(editor.home, 'data', 'User', 'globalStorage', ID, 'packages');
      assert.equal((await readdir(storage)).length, 1);
      assert.deepEqual(workbench.errors, []);
    }));
});
