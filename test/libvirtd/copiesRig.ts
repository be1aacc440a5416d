// The command line on private daemons, for backups of VMs on disks that a test fills itself.
import { execFile } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildDoor } from '../../scripts/build.mjs';
import { noLog } from '../../src/base/log.js';
import { exitCode, type ExitName } from '../../src/cli/exitCodes.js';
import { identityOf } from '../../src/domain/hostFiles.js';
import { MadeFiles, ownerOf } from '../../src/journal/madeFiles.js';
import { OwnSnapshots } from '../../src/wings/copies/repository/ownSnapshots.js';
import { type LiveRig, startLiveRig } from './engineRig.js';
import { runTool } from './insideImages.js';

export interface CopiesHost {
  readonly rig: LiveRig;
  /** Standard output where it is to end well, else standard error. */
  readonly run: (exit: ExitName, ...words: readonly string[]) => Promise<string>;
  json<T>(...words: readonly string[]): Promise<T>;
  /** The command line, and its environment. */
  readonly door: string;
  readonly env: NodeJS.ProcessEnv;
  /** The first folder on the PATH. */
  readonly programs: string;
  /** @param script before the real program runs, with its words as `$@` */
  wrap(program: string, script: string): void;
  /** The real one alone again. */
  unwrap(program: string): void;
}

export interface ListedBackup {
  readonly id: string;
  readonly vm: string;
  readonly restorePoints: number;
  readonly bytes: number;
  readonly addedBytes: number;
  readonly currentState: boolean;
  readonly altered: readonly string[];
}

let program: string | undefined;

/** One computer with VMs. Its state folder is its own. */
export async function startCopiesHost(
  environment: (folder: string) => NodeJS.ProcessEnv = () => ({}),
  host?: string,
): Promise<CopiesHost> {
  const rig = await startLiveRig(undefined, host);
  // Gone with the computer that it was built on.
  const door =
    program !== undefined && existsSync(program)
      ? program
      : await buildDoor('commandLine', join(rig.daemon.dir, 'program'));
  program = door;
  const state = join(rig.daemon.dir, 'journal');
  mkdirSync(state, { recursive: true });
  const programs = join(rig.daemon.dir, 'programs');
  mkdirSync(programs);
  const key = join(rig.daemon.dir, 'key');
  writeFileSync(key, 'the key of all tests', { mode: 0o600 });
  const env = {
    ...rig.daemon.env,
    PATH: `${programs}:${process.env['PATH'] ?? ''}`,
    VIRT_REWIND_STATE: state,
    LIBVIRT_DEFAULT_URI: rig.uri,
    LC_ALL: 'C.UTF-8',
    RESTIC_PASSWORD_FILE: key,
    RESTIC_CACHE_DIR: join(rig.daemon.dir, 'cache-of-restic'),
    ...environment(rig.daemon.dir),
  };
  const run: CopiesHost['run'] = (exit, ...words) =>
    new Promise((resolve, reject) =>
      execFile(process.execPath, [door, ...words], { env }, (error, stdout, stderr) => {
        const code = error === null ? 0 : error.code;
        if (code === exitCode(exit)) {
          resolve(exit === 'done' ? stdout : stderr);
        } else {
          reject(new Error(`${words.join(' ')} ended with ${String(code)}: ${stdout}${stderr}`));
        }
      }),
    );
  return {
    rig,
    run,
    ...{ door, env, programs },
    wrap: (name, script) =>
      writeFileSync(join(programs, name), `#!/bin/sh\n${script}\nexec /usr/bin/${name} "$@"\n`, { mode: 0o755 }),
    unwrap: (name) => rmSync(join(programs, name), { force: true }),
    json: async <T>(...words: readonly string[]) => JSON.parse(await run('done', ...words, '--json')) as T,
  };
}

/** The real restic, on a repository of the host. @param cwd absent: the folder of the daemon */
export async function runRestic(
  { rig }: CopiesHost,
  repository: string,
  words: readonly string[],
  cwd = rig.daemon.dir,
): Promise<string> {
  const env = { ...process.env, RESTIC_PASSWORD_FILE: join(rig.daemon.dir, 'key') };
  const { stdout } = await promisify(execFile)('/usr/bin/restic', [`--repo=${repository}`, ...words], { env, cwd });
  return stdout;
}

/** Snapshots of restic's with the tag of this backup are then as the command line made them. */
export async function ownBackup({ env }: CopiesHost, id: string): Promise<void> {
  const own = new OwnSnapshots(env);
  await own.end(id);
  await own.begin(id);
}

/** As one that was killed between the last file and the last snapshot leaves it: no such process is there. */
export async function leaveRestore({ env }: CopiesHost, folder: string, uuid: string): Promise<void> {
  writeFileSync(join(folder, '.virt-rewind-restoring'), JSON.stringify({ uuid, pid: 2 ** 30 }));
  const made = new MadeFiles(env['VIRT_REWIND_STATE'] ?? '', noLog);
  const files = [folder, ...readdirSync(folder, { recursive: true }).map((name) => join(folder, String(name)))];
  await made.put(
    ownerOf(`restore on ${hostname()}`, folder),
    files.map((path) => ({ path, identity: identityOf(lstatSync(path, { bigint: true })) })),
  );
}

/** The file with the content of a snapshot, or of the VM as it is now. */
export async function contentFile({ rig }: CopiesHost, vm: string, snapshot?: string): Promise<string> {
  const xml = await (snapshot === undefined
    ? rig.virsh('dumpxml', vm, '--inactive')
    : rig.virsh('snapshot-dumpxml', vm, snapshot));
  const [, file] = /<source file='([^']+)'/u.exec(xml.slice(xml.indexOf('<domain '))) ?? [];
  if (file === undefined) {
    throw new Error(`${snapshot ?? vm} names no file`);
  }
  return file;
}

export async function writePattern(file: string, pattern: number, at: string, length = '1M'): Promise<void> {
  await runTool('qemu-io', '-f', 'qcow2', '-c', `write -P ${pattern} ${at} ${length}`, file);
}
