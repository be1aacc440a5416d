// Stands in for the desktop VS Code's executable, for @vscode/test-electron: same switches, a real extension host, no
// screen.
//   codeRig [FOLDER] --extensionDevelopmentPath=DIR --extensionTestsPath=FILE     (other switches are ignored)
// Ends with 0 when all tests passed, 1 when one failed, 2 after a crash, a hang or an error of its own.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { format } from 'node:util';
import { launchBrowser, newPage } from './browser.mjs';
import { installVsCode } from './vscodeInstall.mjs';
import { quietSettings, startVsCode } from './vscodeServer.mjs';

/**
 * | variable          | meaning                                                        |
 * |-------------------|----------------------------------------------------------------|
 * | TEST_VSCODE       | `newest` (default) or `minimum`                                |
 * | TEST_SILENCE      | seconds without a word of the tests until they are ended (600) |
 * | TEST_SETTINGS     | JSON, added to the user's settings                             |
 * | TEST_ARTIFACTS    | folder for the workbench's log and a picture of a failed run   |
 * | TEST_COVERAGE     | folder for V8's coverage of the extension host                 |
 */
const env = process.env;
/**
 * Longer than the longest of them may take. Of all of them there is no bound here: on a slow machine they take many
 * times as long.
 */
const silenceMs = Number(env['TEST_SILENCE'] ?? 600) * 1000;
/** VS Code says after 3 to 10 s that a host does not answer; a busy one may come back. */
const hangMs = 60_000;

const switches = process.argv.slice(2).filter((argument) => argument.startsWith('--'));
const valuesOf = (/** @type {string} */ name) =>
  switches.filter((text) => text.startsWith(`--${name}=`)).map((text) => resolve(text.slice(name.length + 3)));
const [tests] = valuesOf('extensionTestsPath');
if (!tests) throw new Error('--extensionTestsPath is needed');

const temporary = mkdtempSync(join(tmpdir(), 'code-'));
const report = join(temporary, 'report.txt');
const folder = resolve(
  process.argv.slice(2).find((argument) => !argument.startsWith('-')) ?? join(temporary, 'folder'),
);
/** @type {string[]} */
const log = [];
/** @type {import('./vscodeServer.mjs').RunningVsCode | undefined} */
let server;
/** @type {import('playwright-core').Browser | undefined} */
let browser;
let printed = 0;
/** Begins anew with each word of the tests. @type {NodeJS.Timeout | undefined} */
let silence;
let status = 2;

for (const signal of /** @type {const} */ (['SIGTERM', 'SIGINT', 'SIGHUP'])) {
  process.on(signal, () => void end().finally(() => process.exit(2)));
}
try {
  mkdirSync(folder, { recursive: true });
  server = await startVsCode({
    vscode: await installVsCode(),
    data: join(temporary, 'data'),
    settings: { ...quietSettings, 'git.enabled': false, ...JSON.parse(env['TEST_SETTINGS'] ?? '{}') },
    env: { TEST_REPORT: report },
    dev: valuesOf('extensionDevelopmentPath'),
    tests,
    folder,
  });
  browser = await launchBrowser();
  const page = await newPage(browser);
  const ended = result(page, server);
  const printing = setInterval(print, 100);
  await page.goto(server.url);
  const outcome = await ended;
  clearInterval(printing);
  print();
  // VS Code reports success when its extension host has died, so mocha's own last word is wanted too.
  const finished = /^ +\d+ (passing|failing|pending)/m.test(reported());
  if (outcome.problem === undefined && finished) status = outcome.code === 0 ? 0 : 1;
  else {
    await keepEvidence(page);
    // The last line: it is what a report of all tests repeats.
    console.error(`VS Code rig: ${outcome.problem ?? 'the extension host ended before the tests did'}`);
  }
} catch (error) {
  console.error('VS Code rig:', error);
} finally {
  await end();
}
process.exit(status);

/**
 * The first thing that ends a run.
 * @param {import('playwright-core').Page} page
 * @param {import('./vscodeServer.mjs').RunningVsCode} running
 * @returns {Promise<{ code?: number, problem?: string }>}
 */
function result(page, running) {
  return new Promise((end) => {
    /** @type {NodeJS.Timeout | undefined} */
    let hanging;
    // VS Code's web workbench calls these two functions of the page, if they exist, for its automation.
    void page.exposeFunction('codeAutomationLog', (/** @type {string} */ type, /** @type {unknown[]} */ args) => {
      const line = Array.isArray(args) ? format(...args) : String(args);
      log.push(`[${type}] ${line}`);
      if (/^Extension host .* is unresponsive/.test(line)) {
        hanging ??= setTimeout(() => end({ problem: 'the extension host does not answer' }), hangMs);
      } else if (/^Extension host .* is responsive/.test(line)) {
        clearTimeout(hanging);
        hanging = undefined;
      }
    });
    void page.exposeFunction('codeAutomationExit', (/** @type {number} */ code) => end({ code }));
    page.on('crash', () => end({ problem: 'the page crashed' }));
    void running.exited.then((code) => end({ problem: `VS Code's server ended with ${code}` }));
    const problem = `no word of the tests for ${silenceMs / 1000} s`;
    silence = setTimeout(() => end({ problem }), silenceMs).unref();
  });
}

function reported() {
  return existsSync(report) ? readFileSync(report, 'utf8') : '';
}

/** Passes on what mocha has written since the last time. */
function print() {
  const text = reported();
  if (text.length === printed) return;
  process.stdout.write(text.slice(printed));
  printed = text.length;
  silence?.refresh();
}

/** @param {import('playwright-core').Page} page */
async function keepEvidence(page) {
  const dir = env['TEST_ARTIFACTS'];
  if (!dir) {
    console.error(log.slice(-40).join('\n'));
    return;
  }
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'host-failure.log'), `${log.join('\n')}\n--- server\n${server?.output() ?? ''}\n`);
  const picture = join(dir, 'host-failure.png');
  await page.screenshot({ path: picture, timeout: 5000 }).catch((error) => console.error(`no picture: ${error}`));
  console.error(`VS Code rig: see ${dirname(picture)}`);
}

async function end() {
  const late = new Promise((give) => setTimeout(give, 5000).unref());
  await Promise.race([browser?.close(), late]);
  await server?.stop();
  rmSync(temporary, { recursive: true, force: true });
}
