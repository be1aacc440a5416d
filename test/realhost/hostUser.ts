// A user of the host: the process of hands.ts that acts as they do.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { root } from '../../scripts/rig/root.mjs';
import type { Failed, Order } from './hands.js';

export class HostUser {
  readonly #child: ChildProcess;

  constructor(name: string) {
    const home = name === 'root' ? '/root' : `/home/${name}`;
    // As after a login, with their groups.
    this.#child = spawn('runuser', ['-u', name, '--', process.execPath, join(root, 'tests/hands.mjs')], {
      cwd: home,
      env: { PATH: process.env['PATH'], HOME: home, USER: name, LOGNAME: name, VIRT_REWIND_ROOT: root },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
  }

  /** Resolves with how it failed, if it did. */
  async ask(order: Order): Promise<Failed | undefined> {
    const gone = new AbortController();
    const leave = (): void => gone.abort(new Error('the product has ended its process'));
    this.#child.once('exit', leave);
    try {
      this.#child.send(order);
      const [answer] = (await once(this.#child, 'message', { signal: gone.signal })) as [{ failed?: Failed }];
      return answer.failed;
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
