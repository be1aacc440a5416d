// What is asked of a folder on a host while a copy of a VM is written into it.
import { spawn } from 'node:child_process';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { HostLogin } from '../../../base/hostLogin.js';
import { shellWord } from '../../../base/shellWord.js';
import { displayLine } from '../../../domain/plainText.js';
import { CopiesFault } from '../copiesFault.js';
import { HostShell, type ShellAnswer } from '../host/hostShell.js';
import { giveDiskWay, givingWay } from '../host/lowPriority.js';
import { withWorkFolder } from '../host/workFolder.js';
import { type CopiedFile, storedBytes } from '../vm/manifest.js';
import type { FileThere, PlacedCopy } from './plainPlaces.js';

export const disks = 'disks';
/** How our scripts end where they cannot go on. */
export const codes = { taken: 40, busy: 41, noTool: 42 } as const;

export function requireDone({ host }: HostShell, folder: string, { code, said }: ShellAnswer): void {
  switch (code) {
    case 0:
      return;
    case codes.taken:
      throw new CopiesFault({ kind: 'folderTaken', folder });
    case codes.busy:
      throw new CopiesFault({ kind: 'copyRuns', folder });
    case codes.noTool:
      throw new CopiesFault({ kind: 'noTool', host, tool: said });
    default:
      throw new CopiesFault({ kind: 'cannotWrite', folder, said: displayLine(said || `exit code ${code}`, 1_000) });
  }
}

export interface HostFolder {
  readonly login: HostLogin | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (fraction: number) => void;
  readonly shell: HostShell;
  /** The copy, under its own name and under the one that it has now. */
  readonly folder: string;
  readonly begun: string;
}

export async function listThere({ shell, begun, folder }: HostFolder): Promise<ReadonlyMap<string, FileThere>> {
  const find = `find ${shellWord(`${begun}/${disks}`)} -maxdepth 1 -type f -printf '%s %T@ %f\\n'`;
  const listed = await shell.run(find);
  requireDone(shell, folder, listed);
  return new Map(
    listed.said.split('\n').flatMap((line) => {
      const [, bytes, seconds, fraction = '', name] = /^(\d+) (\d+)(?:\.(\d+))? (\S+)$/u.exec(line) ?? [];
      return name === undefined
        ? []
        : [[name, { bytes: Number(bytes), modified: `${seconds}.${fraction.slice(0, 9).padEnd(9, '0')}` }] as const];
    }),
  );
}

export async function requireRoom({ shell, begun, folder }: HostFolder, sent: readonly CopiedFile[]): Promise<void> {
  const answer = await shell.run(`df --output=avail -B1 ${shellWord(begun)} | tail -n 1`);
  requireDone(shell, folder, answer);
  const [free, bytes] = [Number(answer.said), storedBytes(sent, 'allocatedBytes')];
  if (free < bytes) {
    throw new CopiesFault({ kind: 'noRoom', folder, bytes, free });
  }
}

/** As one archive: each file gets its time when all of it is there, which tells it from one that was interrupted. */
export async function sendFiles(copy: HostFolder, sent: PlacedCopy['sent']): Promise<void> {
  if (sent.length === 0) {
    return;
  }
  await withWorkFolder(process.env, async (links) => {
    await Promise.all(sent.map(({ place, stored }) => symlink(stored, join(links, place))));
    const whole = Math.max(1, storedBytes(sent, 'allocatedBytes'));
    await sendArchive(copy, links, { into: disks, names: sent.map(({ place }) => place), whole });
  });
}

interface Archive {
  /** A folder of the copy. */
  readonly into: string;
  readonly names: readonly string[];
  readonly whole?: number;
}

export async function sendArchive(copy: HostFolder, from: string, { into, names, whole }: Archive): Promise<void> {
  const { login, signal, begun, folder, onProgress } = copy;
  const writer = await HostShell.open(login, signal);
  const target = shellWord(`${begun}/${into}`);
  try {
    const answer = await writer.runLast(
      `tar --extract --no-same-owner --file=- --directory=${target}`,
      async (stream) => {
        let done = 0;
        await writeArchive(from, names, stream, signal, (bytes) => {
          done += bytes;
          if (whole !== undefined) {
            onProgress(Math.min(1, done / whole));
          }
        });
      },
    );
    requireDone(writer, folder, answer);
  } finally {
    writer.close();
  }
}

async function writeArchive(
  from: string,
  names: readonly string[],
  into: Duplex,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const how = [
    '--create',
    '--sparse',
    '--dereference',
    '--hard-dereference',
    '--format=posix',
    '--blocking-factor=512',
  ];
  const child = spawn(...givingWay('tar', [...how, '--file=-', `--directory=${from}`, '--', ...names], giveDiskWay), {
    env: { ...process.env, LC_ALL: 'C' },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4_096)));
  const ended = new Promise<number | null>((done, reject) => {
    child.once('error', reject);
    child.once('close', done);
  });
  child.stdout.on('data', (chunk: Buffer) => onBytes(chunk.length));
  try {
    const [, code] = await Promise.all([pipeline(child.stdout, into, { signal, end: false }), ended]);
    // 1: a file changed meanwhile, which another look tells better; libvirt changes owners at each start.
    if (code !== 0 && code !== 1) {
      throw new CopiesFault({ kind: 'copyCut', said: displayLine(said, 1_000) });
    }
  } finally {
    child.kill();
  }
}

export async function sumsThere(copy: HostFolder, files: readonly CopiedFile[]): Promise<ReadonlyMap<string, string>> {
  const names = [...new Set(files.flatMap(({ place }) => place ?? []))];
  if (names.length === 0) {
    return new Map();
  }
  const { shell, begun, folder } = copy;
  const answer = await shell.run(
    `(cd ${shellWord(`${begun}/${disks}`)} && sha256sum -- ${names.map(shellWord).join(' ')})`,
  );
  requireDone(shell, folder, answer);
  return new Map(answer.said.split('\n').map((line) => [line.slice(66), line.slice(0, 64)] as const));
}
