// A copy of the sample project in an editor of its own, with Throughline in it and its chat in sight.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

import { project } from './install.mjs';
import { serve } from './serve.mjs';
import { Workbench, eventually } from './workbench.mjs';

export const ID = 'throughline.throughline';
const PYTHON = path.join(project, '.venv', 'bin', 'python');

/** A stage for one file of tests: an editor, its workbench and the chat, and what goes on in them. */
export class Stage {
  #ends = [];

  /**
   * Sets the stage. With `replies`, each with `text`, `thinking` and `calls`, a model on the loopback says them; else the
   * recorded one plays. What that model's provider would refuse stands in `refused`, a line each.
   */
  static async set({ settings = {}, replies } = {}) {
    const stage = new Stage();
    try {
      await stage.#set(settings, replies);
    } catch (error) {
      await stage.strike();
      throw error;
    }
    return stage;
  }

  /** Takes all of it away. */
  async strike() {
    for (const end of this.#ends.splice(0).reverse()) await end();
  }

  /** Does a part of a test; where it fails, leaves a picture and prints what the extension has logged. */
  async witness(name, work) {
    await this.workbench.witness(name.replaceAll(/\W+/g, '-'), work).catch(async (error) => {
      const logs = Object.entries(await this.editor.logs()).filter(([file]) => file.includes(ID));
      logs.forEach(([file, text]) => console.error(`${path.basename(file)}:\n${text}`));
      throw error;
    });
  }

  /** How many rows the chat has of a kind. */
  count(kind) {
    return this.chat.locator(`.${kind}-row`).count();
  }

  /** Says something in the chat. */
  async say(text) {
    const area = this.chat.getByRole('textbox', { name: 'Message' });
    await area.fill(text);
    await area.press('Enter');
  }

  /** The button that says the recording's next line. */
  get next() {
    return this.chat.getByRole('button', { name: /^Send: / });
  }

  /** Says the recording's next line and waits until its turn has ended. */
  async play() {
    const name = await this.next.getAttribute('aria-label');
    const rows = await this.count('user');
    await this.next.click();
    await eventually('the words in the chat', () => this.count('user'), (now) => now === rows + 1);
    await eventually('the end of the turn', async () => {
      const now = (await this.next.isEnabled().catch(() => false)) && (await this.next.getAttribute('aria-label'));
      return now && now !== name;
    });
  }

  async #set(settings, replies) {
    const home = await mkdtemp(path.join(tmpdir(), 'throughline-'));
    this.#ends.push(() => rm(home, { recursive: true, maxRetries: 5, retryDelay: 100 }));
    this.folder = path.join(home, 'toolshed');
    await cp(path.join(project, 'demo', 'project'), this.folder, { recursive: true });
    // The script is the agent's alone.
    const endpoint = replies ? { 'throughline.endpoint': await this.#model(home, replies), 'throughline.compressionModel': '' } : {};
    this.editor = await serve({
      folder: this.folder,
      vsix: [path.join(project, 'build', 'throughline.vsix')],
      settings: { 'throughline.python': PYTHON, ...endpoint, ...settings },
    });
    this.#ends.push(() => this.editor.stop());
    this.workbench = await Workbench.open(this.editor.url);
    this.#ends.push(() => this.workbench.close());
    this.chat = this.workbench.webview(ID, 'panel');
    await this.workbench.command('Throughline: Open Chat');
  }

  async #model(home, replies) {
    const script = path.join(home, 'script.json');
    await writeFile(script, JSON.stringify(replies));
    const env = { ...process.env, PYTHONPATH: path.join(project, 'sidecar') };
    const child = spawn(PYTHON, ['-m', 'throughline.testing.messages_server', '--script', script], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    this.#ends.push(async () => {
      if (child.exitCode === null && child.kill()) await once(child, 'exit');
    });
    const lines = createInterface({ input: child.stdout });
    this.refused = [];
    const said = once(lines, 'line').then((first) => {
      lines.on('line', (line) => this.refused.push(line));
      return first;
    });
    const ended = once(child, 'exit').then(([code]) => assert.fail(`the model on the loopback ended with ${code}`));
    const [url] = await Promise.race([said, ended]);
    ended.catch(() => undefined);
    return url;
  }
}
