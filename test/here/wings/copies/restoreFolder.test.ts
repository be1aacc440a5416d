// What a restore looks at before it writes anything: the room that it needs, and what another one left.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { thisComputer } from '../../../../src/base/fileSystem.js';
import { markOfUs } from '../../../../src/journal/processMark.js';
import {
  discardChecks,
  removeBegun,
  type RestoreEngine,
  removeLeft,
} from '../../../../src/wings/copies/restore/leftRestores.js';
import { type DeviceTarget, recordDevices } from '../../../../src/wings/copies/restore/ontoDevice.js';
import type { MadeRestore } from '../../../../src/wings/copies/restore/madeRestore.js';
import { beginFolder, nameFolder, readLeftRestore } from '../../../../src/wings/copies/restore/restoreFolder.js';
import { Failure } from '../../../../src/domain/failure.js';
import { ofWing } from '../../../ofWing.js';

describe('the folder of a restore', () => {
  let dir: string;
  let state: string;
  const before = process.env['VIRT_REWIND_STATE'];
  const host = { files: thisComputer, login: undefined };
  const place = { connection: 'test:///default', host };
  const engine = {
    withCopies: () => Promise.reject(new Error('a VM was undefined')),
    refresh: () => Promise.resolve(),
    connections: [],
    filesInUse: () => Promise.resolve(new Map()),
    readTree: () => Promise.resolve({ snapshots: [] }),
  } as unknown as RestoreEngine;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'virt-rewind-test-'));
    process.env['VIRT_REWIND_STATE'] = state = mkdtempSync(join(tmpdir(), 'virt-rewind-test-'));
  });
  afterEach(() => {
    if (before === undefined) {
      delete process.env['VIRT_REWIND_STATE'];
    } else {
      process.env['VIRT_REWIND_STATE'] = before;
    }
    [dir, state].forEach((folder) => rmSync(folder, { recursive: true }));
  });

  it('is not begun without the room for all that is written, and says whether holes are the reason', async () => {
    const bytes = Number.MAX_SAFE_INTEGER;
    const folder = join(dir, 'web');
    for (const [needed, kind] of [
      [1, 'noRoomWhole'],
      [bytes, 'noRoom'],
    ] as const) {
      await assert.rejects(beginFolder(host, folder, { needed, bytes }), (error) => {
        assert.ok(
          error instanceof Failure && error.reason === kind && error.details.reason !== undefined,
          String(error),
        );
        assert.equal(new Map(Object.entries(error.details.reason.facts)).get('bytes'), bytes);
        return true;
      });
    }
    assert.deepEqual(readdirSync(dir), []);
    await beginFolder(host, folder, { needed: 1, bytes: 1 });
    assert.equal(readdirSync(dir).length, 1);
  });

  const markFile = '.virt-rewind-restoring';
  const room = { needed: 1, bytes: 1 };

  /** A folder with the mark of a process. */
  function leave(name: string, mark: object): string {
    mkdirSync(join(dir, name));
    writeFileSync(join(dir, name, markFile), JSON.stringify({ uuid: 'u', ...mark }));
    return join(dir, name);
  }

  it('goes where it was left before the computer was started anew, and nothing that we did not make', async () => {
    const folder = join(dir, 'web');
    const ended = { ...(await markOfUs()), boot: 'another', uuid: '' };
    const begin = async (): Promise<MadeRestore> => {
      const made = await beginFolder(host, folder, room);
      await made.reserve(made.begun, new Set(['vm/disk', 'vm/of-person']));
      writeFileSync(join(made.begun, markFile), JSON.stringify(ended));
      return made;
    };
    const { begun } = await begin();
    assert.deepEqual((await removeBegun(engine, place, folder)).stays, []);
    assert.deepEqual(readdirSync(dir), []);
    const unrecorded = leave('web.restoring-0', ended);
    assert.deepEqual((await removeBegun(engine, place, folder)).stays, [unrecorded]);
    rmSync(unrecorded, { recursive: true });
    // A file of its name, and a folder.
    const other = (await begin()).begun;
    rmSync(join(other, 'vm/of-person'));
    writeFileSync(join(other, 'vm/of-person'), '');
    mkdirSync(join(other, 'notes'));
    assert.deepEqual((await removeBegun(engine, place, folder)).stays.toSorted(), [
      join(other, 'notes'),
      join(other, 'vm/of-person'),
    ]);
    assert.deepEqual(readdirSync(join(other, 'vm')), ['of-person']);
    assert.notEqual(begun, other);
    rmSync(other, { recursive: true });
    const named = await begin();
    const device = { path: '/dev/vg/web' } as DeviceTarget;
    await named.note(await recordDevices(thisComputer, join(named.begun, 'vm'), [device]));
    await nameFolder(thisComputer, named, { from: join(named.begun, 'vm'), folder }, ended);
    const undefining = {
      ...engine,
      withCopies: (_: string, use: (some: object) => unknown) =>
        use({ undefine: () => Promise.resolve(true), obstacle: () => Promise.resolve(undefined) }),
    } as unknown as RestoreEngine;
    assert.equal((await readLeftRestore(thisComputer, folder))?.begun, basename(named.begun));
    mkdirSync(join(folder, 'notes'));
    const files = [join(folder, 'notes')];
    await assert.rejects(removeLeft(engine, place, folder, 'web'), ofWing('othersFiles', { folder, files }));
    rmSync(join(folder, 'notes'), { recursive: true });
    const defined = {
      ...engine,
      withCopies: (_: string, use: (some: object) => unknown) => use({ obstacle: () => Promise.resolve('uuidTaken') }),
    } as unknown as RestoreEngine;
    await assert.rejects(removeLeft(defined, place, folder, 'web'), ofWing('uuidTaken', { vm: 'web' }));
    await removeLeft(undefining, place, folder, 'web');
    assert.equal(existsSync(folder), false);
  });

  it('of a check stays with its VM where somebody runs that, and is told', async () => {
    const folder = leave('web-check-00000009', { ...(await markOfUs()), boot: 'another', isCheck: true });
    const asked: unknown[] = [];
    const undefine = (...given: readonly unknown[]): Promise<boolean> => Promise.resolve(asked.push(given[2]) < 0);
    const running = {
      ...engine,
      withCopies: (_: string, use: (some: object) => unknown) => use({ undefine }),
    } as unknown as RestoreEngine;
    assert.deepEqual(await discardChecks(running, place, dir), [folder]);
    assert.deepEqual(asked, ['check']);
    assert.deepEqual(readdirSync(dir), ['web-check-00000009']);
  });

  it('leaves alone what a process works on that cannot be seen', async () => {
    const us = await markOfUs();
    const unseen = [
      { ...us, pid: 2 ** 30, pidNamespace: 'pid:[1]' },
      { ...us, boot: 'another', host: 'another' },
    ];
    for (const [at, mark] of unseen.entries()) {
      const folder = leave(`web${at}`, mark);
      leave(`web${at}.restoring-0`, mark);
      leave(`web-check-0000000${at}.restoring-0`, mark);
      leave(`web-check-0000000${at}`, { ...mark, isCheck: true });
      await assert.rejects(readLeftRestore(thisComputer, folder), ofWing('restoreRuns', { folder }));
      await removeBegun(engine, place, folder);
      await beginFolder(host, folder, room);
    }
    const before = readdirSync(dir);
    await discardChecks(engine, place, dir);
    assert.deepEqual(readdirSync(dir), before);
    assert.equal(before.length, unseen.length * 5);
  });
});
