// Opens VS Code with the extension from this checkout: the desktop one where there is one, else a server and a browser.
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { cacheDir } from '../guest/buildGuest.mjs';
import { root } from '../rig/root.mjs';
import { findProgram } from '../rig/run.mjs';
import { installVsCode } from '../rig/vscodeInstall.mjs';
import { quietSettings, startVsCode } from '../rig/vscodeServer.mjs';
import { demoWorkspaceIn } from './exampleLab.mjs';
import { say, StartStopped } from './say.mjs';

/** Kept from run to run, because a browser keeps the window's state for an address. */
const usualPort = 8476;

/**
 * @typedef {object} Editor
 * @property {string} [url] address to open in a browser; a desktop VS Code has none
 * @property {Promise<unknown>} closed when it ended by itself
 * @property {() => Promise<void>} stop
 */

const hasScreen = () =>
  process.platform === 'darwin' ||
  process.platform === 'win32' ||
  (process.env['DISPLAY'] ?? process.env['WAYLAND_DISPLAY'] ?? '') !== '';

/**
 * The desktop VS Code's command, where its window could open. In a terminal of VS Code on another machine `code` is
 * that machine's messenger and cannot load an extension from a folder.
 * @returns {Promise<string | undefined>}
 */
async function findDesktop() {
  if (!hasScreen() || process.env['VSCODE_IPC_HOOK_CLI'] !== undefined) return undefined;
  return findProgram('code');
}

/**
 * Prepares what `openEditor` needs, which for the server is a download the first time.
 * @returns {Promise<void>}
 */
export async function prepareEditor() {
  if ((await findDesktop()) !== undefined) return;
  if (process.platform !== 'linux') {
    throw new StartStopped('Install the desktop VS Code and its "code" command, then run npm start again.');
  }
  await installVsCode({ onProgress: say });
}

/**
 * @param {Readonly<Record<string, unknown>>} settings beside those that keep the editor quiet
 * @param {{ browser: boolean, demos: readonly string[] }} options `browser`: whether one may be opened; `demos`: the
 *   VMs that it lands on, the one with the console first
 * @returns {Promise<Editor>}
 */
export async function openEditor(settings, { browser, demos }) {
  const all = { ...quietSettings, ...settings, 'workbench.startupEditor': 'none' };
  const desktop = await findDesktop();
  const folder = await demoWorkspace();
  const env = { VIRT_REWIND_LAND_ON: demos.join(',') };
  return desktop === undefined
    ? openServer({ settings: all, browser, folder, env })
    : openDesktop(desktop, all, folder, env);
}

/**
 * A workspace of its own: what is tried here is no change of the checkout. It holds the example of a lab.
 * @returns {Promise<string>}
 */
export async function demoWorkspace() {
  const folder = demoWorkspaceIn(join(cacheDir(), 'workspace'));
  await mkdir(folder, { recursive: true });
  return folder;
}

/**
 * @param {string} code
 * @param {Readonly<Record<string, unknown>>} settings
 * @param {string} folder
 * @param {NodeJS.ProcessEnv} env beside this process's own
 * @returns {Promise<Editor>}
 */
async function openDesktop(code, settings, folder, env) {
  // Its own settings and extensions: the user's stay as they are.
  const data = join(cacheDir(), 'desktop');
  await mkdir(join(data, 'User'), { recursive: true });
  await writeFile(join(data, 'User/settings.json'), JSON.stringify(settings, undefined, 2));
  say('opening VS Code');
  const own = [`--user-data-dir=${data}`, `--extensions-dir=${join(data, 'extensions')}`, '--disable-workspace-trust'];
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const child = spawn(
    code,
    ['--wait', '--new-window', ...own, ...asRoot, `--extensionDevelopmentPath=${root}`, folder],
    {
      stdio: 'ignore',
      env: { ...process.env, ...env },
      detached: true,
    },
  );
  const closed = new Promise((resolve, reject) => {
    child.once('close', resolve);
    child.once('error', reject);
  });
  return { closed, stop: async () => endGroup(child.pid) };
}

/**
 * @param {{ settings: Record<string, unknown>, browser: boolean, folder: string, env: NodeJS.ProcessEnv }} options
 * @returns {Promise<Editor>}
 */
async function openServer({ settings, browser, folder, env }) {
  const vscode = await installVsCode({ onProgress: say });
  say(`starting the VS Code ${vscode.version} server on this machine's loopback address`);
  const port = (await isFree(usualPort)) ? usualPort : 0;
  const server = await startVsCode({
    data: join(cacheDir(), 'editor'),
    vscode,
    port,
    settings,
    dev: [root],
    folder,
    env,
  });
  const opener = browser && hasScreen() ? await findProgram('xdg-open') : undefined;
  const child = opener === undefined ? undefined : spawn(opener, [server.url], { stdio: 'ignore', detached: true });
  child?.once('error', () => say('no browser could be opened'));
  return {
    url: server.url,
    closed: server.exited,
    stop: async () => {
      // A browser that was running before took the address over and ended its messenger; only one that we started is
      // left.
      endGroup(child?.pid);
      await server.stop();
    },
  };
}

/** @param {number | undefined} leader */
function endGroup(leader) {
  if (leader === undefined) return;
  try {
    process.kill(-leader, 'SIGTERM');
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error;
  }
}

/** @param {number} port @returns {Promise<boolean>} */
function isFree(port) {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
