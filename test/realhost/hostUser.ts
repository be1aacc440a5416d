// A user of the host: the process of hands.ts that acts as they do.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/rig/root.mjs';
import type { Answer, Order } from './hands.js';
import type { Group } from './rows.js';

/** A command of host.sh. */
export const hostWord = (word: string, vm: string, folder: string, more: readonly string[] = []): readonly string[] => [
  ...['sh', join(root, 'tests/host.sh'), word, vm, folder, ...more],
];

const homeOf = (name: string): string => (name === 'root' ? '/root' : `/home/${name}`);

export class HostUser {
  readonly #child: ChildProcess;

  constructor({
    user: name = 'root',
    uri = 'qemu:///system',
    elsewhere,
    folder,
  }: Pick<Group, 'user' | 'uri' | 'elsewhere' | 'folder'>) {
    const home = homeOf(name);
    // As after a login, with their groups.
    const login = ['runuser', '-u', name, '--', process.execPath, join(root, 'tests/hands.mjs'), uri];
    const [program = '', ...words] = elsewhere === true ? hostWord('elsewhere', '', folder, login) : login;
    this.#child = spawn(program, words, {
      cwd: home,
      env: {
        ...{ PATH: process.env['PATH'], HOME: home, USER: name, LOGNAME: name, VIRT_REWIND_ROOT: root },
        ...(uri.endsWith('/session') && { XDG_RUNTIME_DIR: `/run/user/${String(statSync(home).uid)}` }),
      },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
  }

  async ask(order: Order): Promise<Answer> {
    const gone = new AbortController();
    const leave = (): void => gone.abort(new Error('the product has ended its process'));
    this.#child.once('exit', leave);
    try {
      this.#child.send(order);
      const [answer] = (await once(this.#child, 'message', { signal: gone.signal })) as [Answer];
      return answer;
    } finally {
      this.#child.off('exit', leave);
    }
  }

  end(): void {
    if (this.#child.connected) {
      this.#child.disconnect();
    }
  }
}
