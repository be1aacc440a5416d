// Two hosts whose files are of their own under the same paths, each behind the real ssh and a real sshd, and a computer
// that moves VMs between them.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type CopiesHost, startCopiesHost } from './copiesRig.js';
import { defineDiskVm } from './diskVm.js';
import { runTool } from './insideImages.js';
import { run } from '../../scripts/rig/run.mjs';
import { makeSshHost, type SshHost, withoutOwnStart } from './sshRig.js';

export interface MoveHost extends CopiesHost {
  /** For ssh. */
  readonly name: string;
  readonly ssh: SshHost;
  readonly uri: string;
  /** Where a path of the host is on this computer. */
  readonly at: (path: string) => string;
  /** A program that sees the files of the host. */
  readonly tool: (...words: readonly string[]) => Promise<string>;
}

export interface MoveRig {
  /** Its command line moves. */
  readonly one: MoveHost;
  readonly other: MoveHost;
  stop(): Promise<void>;
}

/** libvirt's own folder, which has the images. */
const own = '/var/lib/libvirt';

export const images = `${own}/images`;

/** Its command line is another computer's: it shares neither state nor logins with that of other hosts. */
export async function startMoveHost(name: string): Promise<MoveHost> {
  const host = await startCopiesHost((dir) => ({ XDG_RUNTIME_DIR: dir }), name);
  const { daemon } = host.rig;
  const ssh = await makeSshHost(daemon, name);
  const lib = join(daemon.dir, 'lib');
  mkdirSync(join(lib, 'images'), { recursive: true });
  // As the daemon sees them.
  writeFileSync(
    ssh.at('server'),
    [
      '#!/bin/sh',
      `mkdir -p /run/libvirt /run/sshd ${own} && mount --bind '${dirname(daemon.socket)}' /run/libvirt || exit 1`,
      `mount --bind '${lib}' ${own} || exit 1`,
      `hostname ${name} || exit 1`,
      ...withoutOwnStart(),
      `exec /usr/sbin/sshd -i -f '${ssh.at('sshd_config')}' -E '${ssh.at('sshd.log')}'`,
    ].join('\n'),
  );
  await ssh.configureServer(`SetEnv PATH=${host.programs}:/usr/sbin:/usr/bin:/sbin:/bin`);
  const uri = ssh.uri();
  const enter = `mkdir -p ${own} && mount --bind '${lib}' ${own} && exec "$@"`;
  const tool: MoveHost['tool'] = (...words) =>
    runTool('unshare', '--mount', '--propagation', 'private', 'sh', '-c', enter, 'sh', ...words);
  host.env['LIBVIRT_DEFAULT_URI'] = uri;
  return { ...host, name, ssh, uri, at: (path) => path.replace(own, lib), tool };
}

export async function startMoveRig(): Promise<MoveRig> {
  const hosts = [await startMoveHost('host-one'), await startMoveHost('host-other')] as const;
  const [one, other] = hosts;
  return { one, other, stop: () => stopMoveHosts(hosts) };
}

export async function stopMoveHosts(hosts: readonly MoveHost[]): Promise<void> {
  for (const { rig } of hosts) {
    for (const { ssh, name } of hosts) {
      const shared = join(rig.daemon.dir, 'virt-rewind', '%C');
      await run(ssh.at('client'), ['-O', 'exit', '-o', `ControlPath=${shared}`, name]);
    }
  }
  for (const { rig } of hosts) {
    await rig.stop();
  }
}

/** A small VM that is off, with a snapshot inside of its only disk. */
export async function makeMovedVm({ rig, tool, run: say, uri }: MoveHost, name: string): Promise<void> {
  const file = `${images}/${name}.qcow2`;
  await tool('qemu-img', 'create', '-q', '-f', 'qcow2', file, '8M');
  await defineDiskVm(rig, name, [{ file, format: 'qcow2' }]);
  await say('done', 'checkpoint', name, 'first', '--kind', 'offline', '--style', 'internal', '-c', uri);
}

/** Those of the hosts that have the VM. */
export async function hostsWith(name: string, hosts: readonly MoveHost[]): Promise<readonly MoveHost[]> {
  const has = await Promise.all(
    hosts.map(async ({ rig }) => (await rig.virsh('list', '--all', '--name')).split('\n').includes(name)),
  );
  return hosts.filter((_, at) => has[at]);
}

export function marksOn(host: MoveHost): readonly string[] {
  return readdirSync(host.at(images)).filter((file) => file.startsWith('.virt-rewind-move'));
}

/** The command line of a computer, killed as soon as it has written that this is next. @returns its exit code */
export function killAtPhase(computer: MoveHost, phase: string, words: readonly string[]): Promise<number | null> {
  return actWhenWritten(computer, `"phase":"${phase}"`, words, (child) => child.kill('SIGKILL'));
}

/** The command line of a computer. @param act once its record of the move has this text. @returns its exit code */
export async function actWhenWritten(
  computer: MoveHost,
  text: string,
  words: readonly string[],
  act: (child: ChildProcess) => unknown,
): Promise<number | null> {
  const child = spawn(process.execPath, [computer.door, ...words], { env: computer.env, stdio: 'ignore' });
  const stop = onWritten(computer, text, () => act(child));
  const [code] = (await once(child, 'close')) as [number | null];
  stop();
  return code;
}

/** @param act once a record of a move has this text. @returns stops looking */
export function onWritten(computer: MoveHost, text: string, act: () => unknown): () => void {
  const moves = movesOf(computer);
  mkdirSync(moves, { recursive: true, mode: 0o700 });
  let isDone = false;
  const look = (): void => {
    if (!isDone && recordsOn(computer).some((file) => readFileSync(file, 'utf8').includes(text))) {
      isDone = true;
      act();
    }
  };
  const watching = watch(moves, { recursive: true }, look);
  look();
  return () => watching.close();
}

/** The records of moves that are under way or broke off. */
export function recordsOn(computer: MoveHost): readonly string[] {
  const moves = movesOf(computer);
  const ids = readdirSync(moves).filter((one) => /^[\da-f]{32}$/u.test(one));
  return ids.map((id) => join(moves, id, 'move.json')).filter((file) => existsSync(file));
}

function movesOf({ rig }: MoveHost): string {
  return join(rig.daemon.dir, 'journal', 'moves');
}
