// Where the repository of a library's caller is looked for.
import assert from 'node:assert/strict';
import { ofWing } from '../../../ofWing.js';
import type { Session } from '../../../../src/session/session.js';
import { readBackups } from '../../../../src/wings/copies/readCopies.js';

describe('backups that a program reads', () => {
  it('are looked for at no relative path of another host', async () => {
    const uri = 'qemu+ssh://root@other/system';
    const session = {
      reachAll: () => Promise.resolve(),
      engine: { connections: [{ uri }], openHost: () => Promise.resolve({ hostname: 'other' }) },
    } as unknown as Session;
    const { signal } = new AbortController();
    await assert.rejects(
      readBackups({ session, repository: 'backups', environment: {}, signal }),
      ofWing('notAbsolute', { host: 'other' }),
    );
  });
});
