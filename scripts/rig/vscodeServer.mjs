// Starts the VS Code server of vscodeInstall on a loopback port and ends it with all its children. Knows no browser.
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { root } from './root.mjs';
import { runOk } from './run.mjs';
import { installVsCode } from './vscodeInstall.mjs';

const main = join(root, 'scripts/rig/vscodeServerMain.mjs');

/** A workbench that shows the extension and nothing that comes and goes by itself. */
export const quietSettings = {
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'chat.disableAIFeatures': true,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.editor.useModal': 'off',
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': 'off',
  'workbench.enableExperiments': false,
  // As on a desktop: in a browser VS Code saves 1 s after the last letter, and what was typed is not dirty any more.
  'files.autoSave': 'off',
  // Each port that any process here opens would be offered in a notification.
  'remote.autoForwardPorts': false,
};

/** Longest wait for a server that says nothing; it is up in 0.2 s on an idle machine. */
const startMs = 60_000;

/**
 * @typedef {object} RunningVsCode
 * @property {string} url address to open, with the secret in it, which gives a terminal of the user
 * @property {string} host 127.0.0.1:port
 * @property {number} pid
 * @property {() => string} output what the server printed, for reports of failures
 * @property {Promise<number | null>} exited
 * @property {() => Promise<void>} stop ends the server and everything that it started
 */

/**
 * @param {object} options
 * @param {string} options.data folder of settings, state and installed extensions; made if missing
 * @param {import('./vscodeInstall.mjs').VsCodeInstallation} [options.vscode] default: the newest, installed if missing
 * @param {number} [options.port] default: a free one
 * @param {Record<string, unknown>} [options.settings] written before the start; later edits of the file are not seen
 * @param {string[]} [options.dev] folders of extensions that run from their sources
 * @param {string[]} [options.tell] extensions whose logs tell more than usual, as `publisher.name`
 * @param {string} [options.tests] file with the suite that the extension host runs
 * @param {string} [options.folder] opened when the address names none
 * @param {boolean} [options.trust] ask whether the folder is trusted, as a desktop VS Code does; else all are
 * @param {NodeJS.ProcessEnv} [options.env] beside this process's own; reaches the extension host
 * @returns {Promise<RunningVsCode>}
 */
export async function startVsCode(options) {
  const vscode = options.vscode ?? (await installVsCode());
  // A setting that belongs to the machine is taken from the machine's file once the extension is known, and from
  // there alone; the others from the user's.
  for (const owner of ['User', 'Machine']) {
    const settings = join(options.data, 'user', owner);
    mkdirSync(settings, { recursive: true, mode: 0o700 });
    writeFileSync(join(settings, 'settings.json'), JSON.stringify(options.settings ?? quietSettings, undefined, 2));
  }
  const args = [main, '--vscode', vscode.vscode, '--data', resolve(options.data), '--port', String(options.port ?? 0)];
  if (options.trust) args.push('--trust');
  if (options.folder) args.push('--folder', resolve(options.folder));
  if (options.tests) args.push('--tests', resolve(options.tests));
  for (const dir of options.dev ?? []) args.push('--dev', resolve(dir));
  for (const id of options.tell ?? []) args.push('--tell', id);
  // A process group of its own, so that its end takes along an extension host that hangs; stdin is the life line.
  const child = spawn(vscode.node, args, {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
  });
  /** @type {Promise<number | null>} */
  const exited = new Promise((end) => child.on('exit', end));
  let output = '';
  const stop = async () => {
    child.kill('SIGTERM');
    const late = after(3000);
    await Promise.race([exited, late.promise]);
    late.cancel();
    endGroup(child.pid);
  };
  try {
    const url = await new Promise((ready, fail) => {
      const late = setTimeout(() => fail(new Error(`VS Code did not start: ${output}`)), startMs);
      const read = (/** @type {Buffer} */ chunk) => {
        output += String(chunk);
        const found = /^ready (\S+)$/m.exec(output)?.[1];
        if (found) {
          clearTimeout(late);
          ready(found);
        }
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.on('error', fail);
      void exited.then((code) => fail(new Error(`VS Code's server ended with ${code}: ${output}`)));
    });
    return { url, host: new URL(url).host, pid: child.pid ?? 0, output: () => output, exited, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * Installs a packed extension into a data folder, as "Install from VSIX" does.
 * @param {{ data: string, file: string, vscode?: import('./vscodeInstall.mjs').VsCodeInstallation }} options
 * @throws {Error} when VS Code refuses the file
 */
export async function installVsix({ data, file, vscode }) {
  makeFolders(data);
  const { vscode: dir, node } = vscode ?? (await installVsCode());
  await runOk(node, [main, '--vscode', dir, '--data', resolve(data), '--install', resolve(file)]);
}

/** Older versions of VS Code do not make these themselves. */
function makeFolders(/** @type {string} */ data) {
  for (const name of ['user/User', 'extensions']) mkdirSync(join(data, name), { recursive: true, mode: 0o700 });
}

function endGroup(/** @type {number | undefined} */ leader) {
  if (leader === undefined) return;
  try {
    process.kill(-leader, 'SIGKILL');
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error;
  }
}

function after(/** @type {number} */ ms) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const promise = new Promise((end) => (timer = setTimeout(end, ms)));
  return { promise, cancel: () => clearTimeout(timer) };
}
