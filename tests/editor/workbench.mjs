// The page object of the end-to-end tests: the editor's workbench as a person uses it, in a real Chromium.
// Everything that knows a selector of the workbench is in this file.

import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';

import { launch } from './browser.mjs';
import { project } from './install.mjs';
import { PATIENCE, eventually, exactly, literal, timedOut } from './waiting.mjs';

export { chromium, obstacle } from './browser.mjs';
export { eventually } from './waiting.mjs';

/** The rules of accessibility, as a script for a page. */
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** How long to wait before doing again what the workbench may have been too busy to notice. */
const RETRY = 2_000;

/** The themes: the name in the editor's list, and the class by which the workbench shows it. */
const THEMES = {
  dark: ['Dark 2026', 'vs-dark'],
  light: ['Light 2026', 'vs'],
  'high-contrast': ['Dark High Contrast', 'hc-black'],
  'high-contrast-light': ['Light High Contrast', 'hc-light'],
};

/** Where the workbench's own scripts and pages come from, whose errors are not ours; its frame around our pages is. */
const OWN = /\/static\/(?!out\/vs\/workbench\/contrib\/webview\/)|\/lib\/vscode\/extensions\//;

/** A workbench in a browser of its own. Methods wait for what they act on and throw when it does not come. */
export class Workbench {
  #browser;

  constructor(browser, page) {
    this.#browser = browser;
    /** Playwright's page, for what has no method here. */
    this.page = page;
    /** The errors that the extensions' web pages wrote to the console or did not catch, as text. */
    this.errors = [];
    /** How long the palette is given to bring what it is asked for, in milliseconds. */
    this.patience = PATIENCE;
    page.setDefaultTimeout(PATIENCE);
    page.on('console', (message) => {
      if (message.type() === 'error' && !OWN.test(message.location().url)) this.errors.push(message.text());
    });
    page.on('pageerror', (error) => {
      if (!OWN.test(error.stack)) this.errors.push(String(error));
    });
  }

  /** Opens the workbench at an editor's `url`, with a browser profile of its own. */
  static async open(url, { width = 1280, height = 800 } = {}) {
    const browser = await launch();
    try {
      const context = await browser.newContext({
        viewport: { width, height },
        colorScheme: 'dark',
        permissions: ['clipboard-read', 'clipboard-write'],
      });
      const workbench = new Workbench(browser, await context.newPage());
      await workbench.page.goto(url);
      await workbench.#ready();
      return workbench;
    } catch (error) {
      await browser.close();
      throw error;
    }
  }

  /** Loads the page again, as a person does with a window. */
  async reload() {
    await this.page.reload();
    await this.#ready();
  }

  async close() {
    await this.#browser.close();
  }

  /** Does `work`; when it fails, a picture of the moment is left in build/screenshots. */
  async witness(name, work) {
    try {
      return await work();
    } catch (error) {
      error.message += `\n(as seen in ${await this.screenshot(`failed-${name.replaceAll(/\W+/g, '-')}`)})`;
      throw error;
    }
  }

  /** Saves a picture as build/screenshots/NAME.png and returns its path. */
  async screenshot(name) {
    const file = path.join(project, 'build', 'screenshots', `${name}.png`);
    await mkdir(path.dirname(file), { recursive: true });
    await this.page.screenshot({ path: file, animations: 'disabled' });
    return file;
  }

  // The palette and what it asks.

  /** Runs a command by the title that the palette shows, "Category: Title". */
  async command(title) {
    await this.#quick(`>${title}`, this.#choice(title));
  }

  /** Chooses the entry with that label from the list that is open. */
  async pick(label) {
    await this.#input().fill(label);
    await this.#choice(label).first().click();
  }

  /** Gives an answer to the input box that is open. */
  async answer(text) {
    await this.#input().fill(text);
    await this.#input().press('Enter');
  }

  /** Names a file in the dialog that is open. While it still reads a folder it writes over what is typed: then again. */
  async file(name) {
    const input = this.#input();
    await eventually('the folder of the file dialog', () => input.inputValue(), (text) => text.endsWith('/'));
    await eventually('the end of the file dialog', async () => {
      if ((await input.inputValue({ timeout: RETRY }).catch(() => name)) === name) await this.page.keyboard.press('Enter');
      else await input.fill(name, { timeout: RETRY }).catch(timedOut);
      return !(await input.isVisible());
    });
  }

  /** What a page's elements break of the rules for people who see, hear or move differently, a line each. */
  async audit(frame) {
    const handle = await frame.locator('body').elementHandle();
    const page = await handle.ownerFrame();
    // As an expression: the page's own policy lets no script in.
    await page.evaluate(await readFile(AXE, 'utf8'));
    const { violations } = await page.evaluate(() => {
      // The editor's own background shines through the page, and the rules would take it for white.
      document.documentElement.style.background = 'var(--vscode-editor-background)';
      return globalThis.axe.run(document, { resultTypes: ['violations'] });
    });
    return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target} ${failureSummary}`));
  }

  /** Switches to `dark`, `light`, `high-contrast` or `high-contrast-light`. */
  async theme(name) {
    const [label, style] = THEMES[name];
    const shown = this.page.locator(`.monaco-workbench.${style}`);
    // The list closes where a page takes the focus meanwhile: then it is opened again.
    await eventually(`the theme ${label}`, async () => {
      await this.command('Preferences: Color Theme');
      try {
        await this.#input().fill(label, { timeout: RETRY });
        await this.#choice(label).first().click({ timeout: RETRY });
        await shown.waitFor({ timeout: RETRY });
        return true;
      } catch (error) {
        timedOut(error);
        await this.page.keyboard.press('Escape');
        return false;
      }
    });
  }

  // Files and editors.

  /** Opens a file of the folder in an editor, at a line when one is given. */
  async openFile(file, line) {
    const { base, dir } = path.posix.parse(file);
    const entry = this.page.locator(`.quick-input-list .monaco-list-row:visible`).filter({
      has: this.page.locator('.label-name', { hasText: exactly(base) }),
      ...(dir && { hasText: dir }),
    });
    await this.#quick(line ? `${file}:${line}` : file, entry);
    await this.tab(base).and(this.page.locator('.active')).waitFor();
  }

  /** The tab of that name. */
  tab(name) {
    return this.page.locator('.tabs-container .tab').filter({ has: this.page.getByText(name, { exact: true }) });
  }

  /** Points at the start of the first `text` that the editor shows and returns the parts of the hover. */
  async hover(text) {
    const parts = this.page.locator('.monaco-hover:visible .hover-contents:visible');
    const read = async () => {
      const { x, y } = await this.#place(text);
      await this.page.mouse.move(0, 0);
      await parts.first().waitFor({ state: 'hidden' });
      await this.page.mouse.move(x, y, { steps: 2 });
      await parts.first().waitFor({ timeout: RETRY }).catch(timedOut);
      return parts.evaluateAll((all) => all.map((one) => one.innerText.trim()));
    };
    // The extension that answers may still be starting, and then the first hover shows nothing.
    return eventually(`hovering “${text}”`, read, (found) => found.length > 0 && !found.includes('Loading...'));
  }

  // The explorer.

  /** The explorer's row of a file or folder, its parents unfolded. */
  async explorerRow(file) {
    const view = this.page.locator('.explorer-folders-view');
    if (!(await view.isVisible())) await this.command('View: Show Explorer');
    const names = file.split('/');
    for (let depth = 1; depth < names.length; depth++) {
      const parent = this.#explorerRow(names.slice(0, depth).join('/'));
      await parent.waitFor();
      if ((await parent.getAttribute('aria-expanded')) === 'false') await parent.click();
    }
    const row = this.#explorerRow(file);
    await row.waitFor();
    return row;
  }

  /** Selects a file, or several, in the explorer and chooses from the menu; `item` may be a path of submenus. */
  async explorerMenu(files, ...item) {
    const rows = [];
    for (const file of [files].flat()) rows.push(await this.explorerRow(file));
    if (rows.length > 1) {
      // A plain click would open the file, and the explorer would then select that file alone.
      const toggle = (row) => row.click({ modifiers: ['ControlOrMeta'] });
      await toggle(rows[0]);
      await this.page.keyboard.press('Escape');
      for (const row of rows) await toggle(row);
    }
    await this.menu(rows.at(-1), ...item);
  }

  /** Right-clicks on a place and chooses from the menu; `item` may be a path of submenus. */
  async menu(place, ...item) {
    const entry = (label) =>
      this.page.locator('.monaco-menu .action-item:visible').filter({
        has: this.page.locator('.action-label', { hasText: exactly(label) }),
      });
    await place.click({ button: 'right' });
    for (const label of item.slice(0, -1)) await entry(label).hover();
    const last = entry(item.at(-1));
    await last.waitFor();
    // A menu that has just opened ignores the button, lest the click that opened it also choose.
    await eventually(`choosing “${item.join(' › ')}”`, async () => {
      await last.click({ timeout: RETRY }).catch(timedOut);
      const gone = last.waitFor({ state: 'hidden', timeout: RETRY / 4 });
      return gone.then(() => true, timedOut);
    });
  }

  // Views, pages, the status bar, messages.

  /** Shows a view, wherever it is, and returns its pane. */
  async view(name) {
    const pane = this.page.locator(`.pane:has(> .pane-header[aria-label="${name} Section"])`);
    const shown = pane.locator('> .pane-body:visible');
    if (!(await shown.isVisible())) {
      const entry = this.page.locator('.quick-input-list .monaco-list-row:visible').filter({
        has: this.page.locator('.label-name', { hasText: new RegExp(`(^|: )Focus on ${literal(name)} View$`) }),
      });
      await this.#quick(`>Focus on ${name} View`, entry);
      await shown.waitFor();
    }
    return pane;
  }

  /**
   * What a tree view shows, from the top: label, description, what a screen reader says (`spoken`), level (from 1),
   * and whether it is expanded (null for a leaf).
   */
  async rows(name) {
    const rows = (await this.view(name)).locator('.monaco-list-row');
    return rows.evaluateAll((all) =>
      all
        .sort((one, other) => one.dataset.index - other.dataset.index)
        .map((row) => ({
          label: row.querySelector('.label-name')?.innerText ?? '',
          description: row.querySelector('.label-description')?.innerText ?? '',
          spoken: row.ariaLabel,
          level: Number(row.ariaLevel),
          expanded: row.ariaExpanded && row.ariaExpanded === 'true',
        })),
    );
  }

  /** The row of a tree view with that label. */
  async row(view, label) {
    const row = (await this.view(view)).locator('.monaco-list-row').filter({
      has: this.page.locator('.label-name', { hasText: exactly(label) }),
    });
    await row.waitFor();
    return row;
  }

  /** Presses one of the buttons that a row of a tree view shows while it is pointed at. */
  async rowButton(view, label, button) {
    const row = await this.row(view, label);
    await row.hover();
    await row.locator(`.actions .action-label[aria-label="${button}"]`).click();
  }

  /**
   * The inside of an extension's web page, by extension id: a FrameLocator, which finds the page again after a
   * reload. With `place`, only the one in an editor (`panel`) or in a side bar (`view`).
   */
  webview(extension, place) {
    const kind = { panel: ':not([src*="purpose=webviewView"])', view: '[src*="purpose=webviewView"]' }[place] ?? '';
    return this.page
      .frameLocator(`iframe.webview.ready[src*="extensionId=${extension}"]${kind}:visible`)
      .frameLocator('iframe#active-frame');
  }

  /** An extension's item in the status bar; `item` is the id it was given, if it has several. */
  status(extension, item = '') {
    return this.page.locator(`.statusbar-item[id^="${extension}.${item}"]`);
  }

  /** The message at the lower right that contains `text`. */
  notification(text) {
    return this.page.locator('.notification-toast').filter({ hasText: text });
  }

  // Inside.

  async #ready() {
    const item = this.page.locator('.monaco-workbench .part.statusbar .statusbar-item').first();
    await item.waitFor({ timeout: 2 * PATIENCE });
  }

  #input() {
    return this.page.locator('.quick-input-widget input:visible');
  }

  #choice(label) {
    return this.page.locator('.quick-input-list .monaco-list-row:visible').filter({
      has: this.page.locator('.label-name', { hasText: exactly(label) }),
    });
  }

  #explorerRow(file) {
    const label = `.monaco-icon-label[aria-label$="/${file}"], .monaco-icon-label[aria-label*="/${file} • "]`;
    return this.page.locator('.explorer-folders-view .monaco-list-row').filter({ has: this.page.locator(label) });
  }

  /**
   * Types into the palette and clicks on an entry. The list is made when the palette opens, so a command that an
   * extension has yet to bring is only found by opening it again.
   */
  async #quick(text, entry) {
    const shown = () =>
      this.page.locator('.quick-input-list .label-name').evaluateAll((all) => all.map((one) => one.innerText));
    const end = Date.now() + this.patience;
    for (;;) {
      await this.page.keyboard.press('F1');
      try {
        await this.#input().fill(text, { timeout: RETRY });
        await entry.first().click({ timeout: RETRY });
        return;
      } catch (error) {
        timedOut(error);
        if (Date.now() > end) {
          const list = JSON.stringify(await shown());
          throw new Error(`the palette has no “${text}”; it shows ${list}`, { cause: error });
        }
        await this.page.keyboard.press('Escape');
      }
    }
  }

  /** The middle of the first letter of the first `text` that the editor shows, in the page's pixels. */
  async #place(text) {
    const place = () =>
      this.page.locator('.editor-instance .view-line:visible').evaluateAll((lines, sought) => {
        for (const line of lines) {
          // The editor writes no-break spaces, and one element for each token.
          let start = line.textContent.replaceAll('\u00a0', ' ').indexOf(sought);
          if (start < 0) continue;
          const walk = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
          let node = walk.nextNode();
          for (; start >= node.length; node = walk.nextNode()) start -= node.length;
          const letter = document.createRange();
          letter.setStart(node, start);
          letter.setEnd(node, start + 1);
          const { x, y, width, height } = letter.getBoundingClientRect();
          return { x: x + width / 2, y: y + height / 2 };
        }
        return null;
      }, text);
    return eventually(`finding “${text}” in the editor`, place);
  }
}
