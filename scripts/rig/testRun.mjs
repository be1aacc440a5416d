// What one test run started and what of it is still there. Finds processes by a mark that they inherit, so that nothing
// else on the machine is ever touched.
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/** Time for ended programs to be gone, before they count as left behind. */
const graceMs = 5000;

/**
 * @typedef {object} TestRun
 * @property {string} dir temporary folder of the run, short enough for Unix sockets below it
 * @property {string} ram another one for small files, in RAM where there is such a place: what waits for a disk, and is
 *   not about one, need not
 * @property {() => Promise<string[]>} end ends what is still running; returns each process that should not have been
 *   there
 */

/**
 * From now on, what this process starts carries the mark: the path of the run's folder. It is TMPDIR, which libvirt
 * hands on to QEMU although it clears most of the environment, and which is in the arguments of browsers, who overwrite
 * theirs.
 * @returns {TestRun}
 */
export function startTestRun() {
  const dir = mkdtempSync('/tmp/vrt-');
  // As open as /tmp itself, for tests that go on as another user.
  chmodSync(dir, 0o1777);
  const ram = ramFolder(basename(dir)) ?? dir;
  process.env['TMPDIR'] = dir;
  process.env['VIRT_REWIND_TEST_RUN'] = dir;
  return {
    dir,
    ram,
    end: async () => {
      const until = Date.now() + graceMs;
      while (marked(dir).length > 0 && Date.now() < until) await wait(100);
      const left = marked(dir);
      for (const { pid } of left) endProcess(pid);
      for (const folder of [dir, ram]) rmSync(folder, { recursive: true, force: true });
      return left.map(({ pid, command }) => `${pid} ${command}`);
    },
  };
}

/** What a run's small files take at most. */
const ramBytes = 1 << 30;

/** @param {string} name @returns {string | undefined} nothing where there is no file system in RAM, or no room */
function ramFolder(name) {
  const shared = '/dev/shm';
  try {
    const { bavail, bsize } = statfsSync(shared);
    if (bavail * bsize < ramBytes) return undefined;
    const dir = mkdtempSync(join(shared, `${name}-`));
    chmodSync(dir, 0o1777);
    return dir;
  } catch (error) {
    if (
      ['ENOENT', 'ENOTDIR', 'EACCES', 'EROFS', 'ENOSPC', 'EDQUOT'].includes(
        String(/** @type {NodeJS.ErrnoException} */ (error).code),
      )
    )
      return undefined;
    throw error;
  }
}

/**
 * The processes that carry the mark, except this one.
 * @param {string} mark
 * @returns {{ pid: number, command: string }[]}
 */
function marked(mark) {
  const found = [];
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const command = readOf(pid, 'cmdline').replaceAll('\0', ' ').trim();
    // A process without a command line is a zombie, which its parent has yet to take notice of, or the kernel's own.
    if (command !== '' && `${command}\n${readOf(pid, 'environ')}`.includes(mark)) found.push({ pid, command });
  }
  return found;
}

function readOf(/** @type {number} */ pid, /** @type {string} */ file) {
  try {
    return readFileSync(join('/proc', String(pid), file), 'utf8');
  } catch (error) {
    // It has ended meanwhile, or it is another user's and so not ours.
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(String(/** @type {NodeJS.ErrnoException} */ (error).code)))
      return '';
    throw error;
  }
}

function endProcess(/** @type {number} */ pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error;
  }
}
