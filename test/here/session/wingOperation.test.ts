// What a wing does to VMs: asked, held, written down, and ended where it broke off. The wing is pretended; the records
// are files.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure } from '../../../src/domain/failure.js';
import type { VmTurn } from '../../../src/domain/operation.js';
import type { GroupLeaseWish } from '../../../src/engine/operationService.js';
import { newId } from '../../../src/journal/durable.js';
import type { VmView } from '../../../src/live/views.js';
import { endLeft, type LeftQuestion } from '../../../src/session/leftWork.js';
import type { Session } from '../../../src/session/session.js';
import {
  carryOutWing,
  leftByWing,
  type WingOperation,
  type WingQuestion,
  type WingRecord,
  type WingRecords,
} from '../../../src/session/wingOperation.js';
import { operationWords } from '../../../src/text/operations/operationText.js';
import { givenRecords } from '../../../src/wings/cluster/given/givenRecords.js';
import { leftInGuest, newVmStore } from '../../../src/wings/guest/make/removeNewVm.js';
import { silentLog } from '../../silentLog.js';

const uuid = '11111111-2222-3333-4444-555555555555';
const connection = 'qemu:///system';
const ref = { connection, uuid };

describe('what a wing does to a VM', () => {
  const view = { ref, vm: { name: 'web' } } as VmView;
  let folder: string;
  let events: string[];
  let wish: AbortController;
  let planned: number;
  /** What the end of what was begun rejects with. */
  let stuck: Error | undefined;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wing-'));
    [events, wish, planned, stuck, called] = [[], new AbortController(), 1, undefined, {}];
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** The UUIDs of those that libvirt has, by their names. */
  let called: Record<string, string>;
  const engine = {
    connections: [{ uri: 'qemu+ssh://other/system' }],
    connect: () => Promise.resolve(),
    setConnections: (uris: readonly string[]) => events.push(`connected ${uris.join()}`),
    refresh: () => Promise.resolve(),
    findVm: () => undefined,
    findVms: (named: string) => (named in called ? [{ ref: { connection, uuid: called[named] } }] : []),
    leaseAll: ({ requests }: GroupLeaseWish, work: (lease: object) => unknown) => {
      events.push(`held for ${requests.map((request: VmTurn) => operationWords(request, '')).join()}`);
      return work({ requireAlone: () => Promise.resolve() });
    },
  };
  const session = (isProtected = false): Session =>
    ({ engine, folder, isProtected: () => isProtected, vm: () => Promise.reject(new Error('none')) }) as never;

  const records: WingRecords<WingRecord, 'tools'> = {
    ...(givenRecords as unknown as WingRecords<WingRecord, 'tools'>),
    within: (_, __, ___, work) => work('tools'),
    end: async (_, { record, forget }) => {
      events.push(`taken back: ${record.vms.map(({ name }) => name).join()}`);
      await (stuck === undefined ? forget() : Promise.reject(stuck));
      return { lines: ['out of the cluster: web'] };
    },
  };
  const written = async (): Promise<readonly string[]> => readdir(join(folder, 'clusters'));
  const operation = (run?: WingOperation<number, WingRecord, 'tools'>['run']): typeof made => {
    const made: WingOperation<number, WingRecord, 'tools'> = {
      ...{ of: 'give', records, connection, views: [view] },
      plan: () => {
        events.push('planned');
        return Promise.resolve(planned);
      },
      agreement: (plan) => plan,
      question: (plan) => [`${plan}?`],
      record: () => ({ vms: [{ uuid, name: 'web', resource: 'web', config: '/web.xml', autostart: false }] }) as never,
      ...(run !== undefined && { run }),
    };
    return made;
  };
  const asked: WingQuestion[] = [];
  const carryOut = (
    what: WingOperation<number, WingRecord, 'tools'>,
    { isProtected = false, agree = (): void => undefined } = {},
  ): Promise<number> =>
    carryOutWing(
      session(isProtected),
      what,
      {
        agree: (question) => {
          asked.push(question);
          events.push(`asked ${question.lines.join()}`);
          agree();
        },
        tell: (line) => events.push(line),
      },
      { signal: wish.signal, log: silentLog },
    );
  const isOf = (kind: string) => (error: unknown) =>
    error instanceof Failure && (error.kind === kind || error.details.refusal?.reason === kind);

  it('is planned, agreed to, and in its turn planned again, written down and done', async () => {
    const run = async (): Promise<void> => {
      events.push(`run, ${(await written()).length} written`);
    };
    await carryOut(operation(run));
    assert.deepEqual(events, ['planned', 'asked 1?', 'held for giving to the cluster', 'planned', 'run, 1 written']);
    assert.deepEqual(await written(), []);
  });

  it('asks for the name of one that is protected', async () => {
    asked.length = 0;
    await carryOut(operation(), { isProtected: true });
    await carryOut(operation());
    assert.deepEqual(
      asked.map(({ guarded }) => guarded.length),
      [1, 0],
    );
  });

  it('is not done where it would be another than was agreed to', async () => {
    const agree = (): void => {
      planned = 2;
    };
    await assert.rejects(carryOut(operation(), { agree }), isOf('stalePlan'));
    assert.deepEqual(events, ['planned', 'asked 1?', 'held for giving to the cluster', 'planned']);
    await assert.rejects(written(), { code: 'ENOENT' });
  });

  it('is taken back where it fails, and where nobody wants it any more on the way', async () => {
    await assert.rejects(carryOut(operation(() => Promise.reject(new Error('full')))), { message: 'full' });
    assert.equal(events.at(-1), 'taken back: web');
    const stopped = operation((_, __, { requireWanted }) => {
      wish.abort();
      return Promise.resolve().then(requireWanted);
    });
    await assert.rejects(carryOut(stopped), isOf('cancelled'));
    assert.equal(events.at(-1), 'taken back: web');
    assert.deepEqual(await written(), []);
  });

  it('ends what was begun before, where that is all that there is to do', async () => {
    await carryOut(operation());
    assert.equal(events.at(-1), 'taken back: web');
    assert.deepEqual(await written(), []);
  });

  describe('and was interrupted', () => {
    const left = (named: string): ReturnType<ReturnType<typeof leftByWing>> =>
      leftByWing(records)(session(), named, silentLog);
    const told: string[] = [];
    const end = async (named: string, how: 'finish' | 'dismiss' | 'look'): Promise<boolean> => {
      told.length = 0;
      const agree = ({ lines }: LeftQuestion): void => void events.push(...lines);
      return (await endLeft(await left(named), how, { agree, tell: (line) => told.push(line) })).length > 0;
    };
    beforeEach(async () => {
      stuck = new Error('not now');
      await assert.rejects(carryOut(operation()), { message: 'not now' });
      events = [];
      stuck = undefined;
    });

    it('is shown as it is, by its name or its UUID, and stays', async () => {
      assert.ok(await end('web', 'look'));
      assert.match(told.join(), /web/u);
      assert.ok((await end(uuid, 'look')) && !(await end('other', 'look')));
      assert.deepEqual([(await written()).length, events], [1, []]);
    });

    it('is that of the VM, whatever it is called by now, and not of another of its old name', async () => {
      called = { web: '22222222-2222-3333-4444-555555555555', old: uuid };
      assert.deepEqual([await end('web', 'finish'), await end('old', 'finish')], [false, true]);
    });

    it('is ended in a turn on its VMs, on its own connection, and forgotten', async () => {
      assert.ok(await end('web', 'finish'));
      assert.deepEqual(events, [
        'connected qemu+ssh://other/system,qemu:///system',
        'held for taking from the cluster',
        'taken back: web',
      ]);
      assert.match(told.join(), /web/u);
      assert.deepEqual([await written(), await end('web', 'finish')], [[], false]);
    });

    it('stays where it cannot be ended', async () => {
      stuck = new Error('not yet');
      await assert.rejects(end('web', 'finish'), { message: 'not yet' });
      assert.equal((await written()).length, 1);
    });

    it('is forgotten where a person says that it is resolved', async () => {
      assert.ok(await end('web', 'dismiss'));
      assert.equal(events.length, 1, events.join());
      assert.match(events.join(), /web.*\?/u);
      assert.deepEqual([await written(), told], [[], []]);
    });

    it('is ended before anything of its kind is begun on the VM', async () => {
      await carryOut(operation(() => Promise.resolve()));
      assert.deepEqual(events.slice(1, 3), ['held for taking from the cluster', 'taken back: web']);
      assert.deepEqual(await written(), []);
    });
  });

  it('is kept as ended, where its record stays, and is no left work while somebody works on it', async () => {
    const store = newVmStore(session(), silentLog);
    const vm = { ...ref, name: 'web', key: 'web', folder: '/labs/1', parts: 'digest' };
    const record = { id: newId(), file: 'web', name: 'web', isProtected: false, phase: 'removing', vms: [vm] } as const;
    const open = await store.begin(record);
    await assert.rejects(leftInGuest(session(), 'web', silentLog), isOf('busy'));
    await open.leave();
    const found = await leftInGuest(session(), 'web', silentLog);
    const [told] = await endLeft(found, 'dismiss', { agree: ({ lines }) => void events.push(...lines) });
    assert.match(events.join(), /web.*\?/u);
    assert.deepEqual(told, { lines: [], answer: { ended: { vm: 'web', deleted: false } } });
    assert.deepEqual([(await store.list())[0]?.phase, await leftInGuest(session(), 'web', silentLog)], ['ready', []]);
  });

  it('is ended, where an earlier version was interrupted in it', async () => {
    const id = newId();
    await mkdir(join(folder, 'clusters', id), { recursive: true });
    const vms = [{ uuid, name: 'web', resource: 'web', config: '/vms/web.cluster.xml', autostart: true }];
    await writeFile(join(folder, 'clusters', id, 'cluster.json'), JSON.stringify({ version: 1, id, connection, vms }));
    const found = await leftByWing(records)(session(), 'web', silentLog);
    assert.equal((await endLeft(found, 'finish')).length, 1);
    assert.equal(events.at(-1), 'taken back: web');
    assert.deepEqual(await written(), []);
  });
});
