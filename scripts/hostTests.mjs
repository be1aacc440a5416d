// Runs test/host in VS Code's extension host, through @vscode/test-electron.
//   node scripts/hostTests.mjs [--grep TEXT] [--suite FILE]     --suite: built already, as the extension is
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildExtension, buildTests } from './build.mjs';
import { isEntryPoint } from './rig/entryPoint.mjs';
import { root } from './rig/root.mjs';

/**
 * Which VS Code runs the suite.
 * | VSCODE_EXECUTABLE | screen | it is                                       |
 * |-------------------|--------|---------------------------------------------|
 * | a path            | any    | that one: a desktop VS Code's own executable |
 * | `download`        | any    | the newest stable one, downloaded            |
 * | –                 | yes    | the newest stable one, downloaded, except in CI |
 * | –                 | no     | the rig, which needs no screen               |
 */
function chooseExecutable() {
  const wanted = process.env['VSCODE_EXECUTABLE'];
  if (wanted === 'download') return undefined;
  if (wanted) return wanted;
  const screen =
    process.env['DISPLAY'] ?? process.env['WAYLAND_DISPLAY'] ?? (process.platform === 'linux' ? undefined : 'own');
  return screen && !process.env['CI'] ? undefined : join(root, 'scripts/rig/codeRig');
}

/**
 * @param {{ grep?: string | undefined, suite?: string | undefined }} [options]
 * @returns {Promise<number>} exit status: 0 all passed, 1 some failed, 2 or more VS Code itself failed
 */
async function runHostTests({ grep, suite } = {}) {
  if (suite === undefined) {
    await buildExtension();
    await buildTests('host');
  }
  const { runTests, TestRunFailedError } = await import('@vscode/test-electron');
  const vscodeExecutablePath = chooseExecutable();
  // The rig makes folders of its own; a desktop VS Code shall not meet the user's settings and extensions.
  const own = mkdtempSync(join(tmpdir(), 'host-'));
  const folder = join(own, 'folder');
  mkdirSync(folder);
  // Before anything can connect: without it, the extension would meet the machine's own libvirt.
  const uri = process.env['VIRT_REWIND_TEST_URI'];
  const settings = JSON.stringify({
    // Each test of it sweeps when it wants to.
    'virtRewind.health.sweepMinutes': 0,
    'virtRewind.connections': uri ? [uri] : ['test:///default'],
    // The moment in which a delete can be taken back has tests of its own, which set it.
    'virtRewind.delete.undoSeconds': 0,
    // Old ones go in the background, while a test counts its snapshots.
    'virtRewind.revert.keepCheckpoints': 100,
  });
  mkdirSync(join(own, 'user/User'), { recursive: true });
  writeFileSync(join(own, 'user/User/settings.json'), settings);
  try {
    return await runTests({
      ...(vscodeExecutablePath && { vscodeExecutablePath }),
      extensionDevelopmentPath: root,
      extensionTestsPath: suite ?? join(root, 'out-test/host/index.cjs'),
      launchArgs: [
        folder,
        '--disable-extensions',
        '--disable-workspace-trust',
        `--user-data-dir=${join(own, 'user')}`,
        `--extensions-dir=${join(own, 'extensions')}`,
      ],
      extensionTestsEnv: {
        TEST_SETTINGS: settings,
        // Not the journal of the user who runs the tests.
        VIRT_REWIND_STATE: join(own, 'state'),
        TEST_REPORTER: join(root, 'scripts/rig/countingReporter.cjs'),
        ...(grep !== undefined && { TEST_GREP: grep }),
      },
    });
  } catch (error) {
    if (!(error instanceof TestRunFailedError)) throw error;
    return error.code ?? 2;
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}

if (isEntryPoint(import.meta)) {
  const { values } = parseArgs({ options: { grep: { type: 'string' }, suite: { type: 'string' } } });
  if (!existsSync(join(root, 'test/host'))) throw new Error('There is no test/host.');
  process.exitCode = await runHostTests(values);
}
