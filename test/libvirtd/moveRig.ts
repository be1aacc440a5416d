// Two hosts whose files are of their own under the same paths, each behind the real ssh and a real sshd, and a computer
// that moves VMs between them.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type CopiesHost, startCopiesHost } from './copiesRig.js';
import { runTool } from './insideImages.js';
import { run } from '../../scripts/rig/run.mjs';
import { makeSshHost, type SshHost } from './sshRig.js';

export interface MoveHost extends CopiesHost {
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

/** Of libvirt, the images are in it. */
const own = '/var/lib/libvirt';

export const images = `${own}/images`;

/** @param name of the host for ssh. @param state whose `XDG_RUNTIME_DIR` its clients have */
async function startMoveHost(name: string, state: string | undefined): Promise<MoveHost> {
  const host = await startCopiesHost((dir) => ({ XDG_RUNTIME_DIR: state ?? dir }), name);
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
      `exec /usr/sbin/sshd -i -f '${ssh.at('sshd_config')}' -E '${ssh.at('sshd.log')}'`,
    ].join('\n'),
  );
  await ssh.configureServer(`SetEnv PATH=${host.programs}:/usr/sbin:/usr/bin:/sbin:/bin`);
  const uri = ssh.uri();
  const enter = `mkdir -p ${own} && mount --bind '${lib}' ${own} && exec "$@"`;
  const tool: MoveHost['tool'] = (...words) =>
    runTool('unshare', '--mount', '--propagation', 'private', 'sh', '-c', enter, 'sh', ...words);
  host.env['LIBVIRT_DEFAULT_URI'] = uri;
  return { ...host, ssh, uri, at: (path) => path.replace(own, lib), tool };
}

export async function startMoveRig(): Promise<MoveRig> {
  const one = await startMoveHost('host-one', undefined);
  const state = one.rig.daemon.dir;
  const other = await startMoveHost('host-other', state);
  const logOut = ({ ssh }: MoveHost, name: string): Promise<unknown> =>
    run(ssh.at('client'), ['-O', 'exit', '-o', `ControlPath=${join(state, 'virt-rewind', '%C')}`, name]);
  return {
    one,
    other,
    stop: async () => {
      await logOut(one, 'host-one');
      await logOut(other, 'host-other');
      await one.rig.stop();
      await other.rig.stop();
    },
  };
}
