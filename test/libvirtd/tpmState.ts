// What stands in the TPM of a VM that is off: a word of ours, written through swtpm itself.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Daemon, LiveRig } from './engineRig.js';
import type { GuestVm } from './guestVm.js';
import { definePeculiar } from './peculiarVm.js';

/** From the specification: the owner's handle, a session by an empty password, an index of 8 bytes. */
const [owner, index] = ['40000001', '01500000'];
const password = '00000009400000090000000000';
const indexOf8Bytes = `${index}000b0206000600000008`;
const [define, write] = [0x12a, 0x137];

/** The folder of its state; a system's daemon has it in its own. */
const folderOf = ({ dir }: Daemon, uuid: string): string => join(dir, 'lib/swtpm', uuid, 'tpm2');

/** It runs. @param more attributes of its back end. @param word that its TPM holds */
export async function defineWithTpm(
  r: LiveRig,
  { name, more, word }: { readonly name: string; readonly more?: string; readonly word: string },
): Promise<GuestVm> {
  const backend = `<backend type='emulator' version='2.0'${more ?? ''}/>`;
  const tpm = `<tpm model='tpm-crb'>${backend}</tpm></devices>`;
  const vm = await definePeculiar(r, { name, edit: (xml) => xml.replace('</devices>', tpm) });
  await vm.power('start');
  await vm.power('forceOff');
  await writeTpm(r.daemon, vm.ref.uuid, word);
  await vm.power('start');
  await vm.write();
  return vm;
}

/** The VM was started once, and is off. @param word of 8 characters */
export async function writeTpm(daemon: Daemon, uuid: string, word: string): Promise<void> {
  const socket = join(daemon.dir, 'tpm.sock');
  const args = ['--tpm2', '--tpmstate', `dir=${folderOf(daemon, uuid)}`, '--server', `type=unixio,path=${socket}`];
  const swtpm = spawn('swtpm', ['socket', ...args, '--flags', 'not-need-init,startup-clear'], { stdio: 'ignore' });
  const ended = once(swtpm, 'exit');
  try {
    const tpm = await connected(socket, swtpm);
    // It may be defined already.
    await send(tpm, define, `${owner}${password}0000000e${indexOf8Bytes}`);
    const code = await send(tpm, write, `${index}${index}${password}0008${Buffer.from(word).toString('hex')}0000`);
    tpm.destroy();
    if (code !== 0) {
      throw new Error(`the TPM answers ${code.toString(16)}`);
    }
  } finally {
    swtpm.kill();
    await ended;
  }
}

/** The socket may be there, of this one or of one before, while nobody listens at it yet. */
async function connected(socket: string, swtpm: ChildProcess): Promise<Socket> {
  for (;;) {
    const tpm = connect(socket);
    try {
      await once(tpm, 'connect');
      return tpm;
    } catch (error) {
      tpm.destroy();
      if (swtpm.exitCode !== null) {
        throw error;
      }
      await wait(10);
    }
  }
}

async function send(tpm: Socket, command: number, body: string): Promise<number> {
  const bytes = Buffer.from(`8002${'0'.repeat(16)}${body}`, 'hex');
  bytes.writeUInt32BE(bytes.length, 2);
  bytes.writeUInt32BE(command, 6);
  tpm.write(bytes);
  const [answer] = (await once(tpm, 'data')) as [Buffer];
  return answer.readUInt32BE(6);
}

export async function tpmHolds(daemon: Daemon, uuid: string, word: string): Promise<boolean> {
  return (await readFile(join(folderOf(daemon, uuid), 'tpm2-00.permall'))).includes(word);
}
