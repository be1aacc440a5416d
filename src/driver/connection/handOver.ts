// Gives QEMU a file of ours that is open. Node cannot send descriptors over a socket, so virsh does it, to which they
// can be left as to any program.
import { spawn } from 'node:child_process';
import * as v from 'valibot';
import { SavedState } from '../files/savedState.js';
import { findProgram } from '../../base/findProgram.js';
import { answerOf, descriptorMark, MonitorError } from '../run/monitor.js';
import { mayGuard, seamlessHost } from './seamlessHost.js';
import type { SeamlessAccess } from '../run/stepContext.js';

const mostSaid = 64 * 1024;

const answer = v.object({ 'fdset-id': v.optional(v.number()) });

/**
 * @param uri a connection to a daemon of this host, over its Unix socket
 * @param patienceMs that a virsh which does not end is waited for
 */
export function seamlessAccess(uri: string, environment: NodeJS.ProcessEnv, patienceMs = 10_000): SeamlessAccess {
  return {
    obstacle: seamlessHost(environment),
    mayGuard: (user) => mayGuard(user),
    begin: (file, xml) => SavedState.begin(file, xml),
    handOver: handOverWith(uri, environment, patienceMs),
  };
}

/** Rejects with MonitorError where that cannot be. */
function handOverWith(uri: string, environment: NodeJS.ProcessEnv, patienceMs: number): SeamlessAccess['handOver'] {
  return async (uuid, descriptor, how) => {
    const virsh = await findProgram('virsh', environment);
    if (virsh === undefined) {
      throw new MonitorError('virsh is not installed');
    }
    const [execute, mark] = how === 'named' ? ['getfd', 'fdname'] : ['add-fd', 'opaque'];
    const command = JSON.stringify({ execute, arguments: { [mark]: descriptorMark } });
    const words = ['--connect', uri, 'qemu-monitor-command', '--domain', uuid, '--pass-fds', '3', '--cmd', command];
    const told = await new Promise<string>((resolve, reject) => {
      const child = spawn(virsh, words, {
        env: { ...environment, LC_ALL: 'C' },
        stdio: ['ignore', 'pipe', 'pipe', descriptor],
        timeout: patienceMs,
        killSignal: 'SIGKILL',
      });
      let [out, said] = ['', ''];
      child.stdout?.setEncoding('utf8').on('data', (text: string) => (out = (out + text).slice(0, mostSaid)));
      child.stderr?.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-mostSaid)));
      child.once('error', (error) => reject(new MonitorError(error.message)));
      child.once('close', (code, killedBy) =>
        code === 0 ? resolve(out) : reject(new MonitorError(said.trim() || `virsh ended with ${code ?? killedBy}`)),
      );
    });
    return answerOf(answer, execute, told)['fdset-id'];
  };
}
