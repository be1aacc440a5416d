// A shell on a host that is opened for a copy: a cancel ends it at any time.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import type { HostLogin } from '../../../src/hosts/hostLogin.js';
import { openCopyShell } from '../../../src/transfer/copyShell.js';

describe('a shell for a copy', () => {
  it('ends where the user cancels while its login is opened', async () => {
    const user = new AbortController();
    // Nobody answers there.
    const stream = Object.assign(new PassThrough(), { errors: new PassThrough(), input: new PassThrough() });
    const closed = once(stream, 'close');
    const login: HostLogin = {
      hostname: 'far',
      openShell: () => {
        user.abort();
        return Promise.resolve(stream);
      },
    };
    await assert.rejects(openCopyShell(login, user.signal), { name: 'AbortError' });
    await closed;
  });
});
