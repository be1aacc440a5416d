// A login that leads to a shell of this computer.
import { type ChildProcess, spawn } from 'node:child_process';
import { hostname } from 'node:os';
import { Duplex, Readable } from 'node:stream';
import type { HostLogin } from '../src/hosts/hostLogin.js';

interface ShellWish {
  /** A program and its arguments; `sh` unless given. */
  readonly words?: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
  readonly onShell?: (child: ChildProcess) => void;
}

export function shellLogin({ words = ['sh'], environment = process.env, onShell }: ShellWish = {}): HostLogin {
  const [program = '', ...args] = words;
  return {
    hostname: hostname(),
    openShell: () => {
      const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'], env: { ...environment, LC_ALL: 'C' } });
      onShell?.(child);
      const stream = Duplex.from({ readable: child.stdout, writable: child.stdin });
      return Promise.resolve(Object.assign(stream, { errors: Readable.from([]), input: child.stdin }));
    },
  };
}
