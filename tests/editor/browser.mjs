// Finds the Chromium that the end-to-end tests drive, and starts it.

import { chromium as driver } from 'playwright-core';

import { installed, onPath } from './install.mjs';

/** Chromium speaks to nobody but the editor; the sandbox is for users other than root. */
const FLAGS = [
  ...['--disable-gpu', '--disable-quic', '--disable-sync', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update'],
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
];

/** The path of a Chromium to drive (`CHROMIUM` names one), or null. */
export function chromium() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
  return names.map(onPath).find((found) => found) ?? null;
}

/**
 * For the `skip` option of a test: why it cannot run on this machine, or false. In CI, where nothing may be skipped
 * unnoticed, it throws instead.
 */
export function obstacle() {
  const why = !installed()
    ? 'the editor is not installed; run `node tests/editor/install.mjs`'
    : !chromium() && 'there is no Chromium; run `apt-get install chromium` or set CHROMIUM to one';
  if (why && process.env.CI) throw new Error(why);
  return why;
}

/** Starts a headless Chromium with a profile of its own. */
export function launch() {
  return driver.launch({ executablePath: chromium(), args: FLAGS });
}
