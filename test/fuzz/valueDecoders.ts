// Values that others hand over: messages of pages, calls of agents and tasks, settings, notes, statistics; and the
// records on the disk, where anybody with our rights may have written.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { readInput } from '../../src/agents/toolInput.js';
import { toolNames } from '../../src/agents/toolTable.js';
import { parseBisect } from '../../src/bisect/bisectStore.js';
import { readBrokenOff, readMarks } from '../../src/bisect/bisectMarks.js';
import { Failure } from '../../src/domain/failure.js';
import { parseLayers } from '../../src/driver/connection/diskStatistics.js';
import { parseNotes } from '../../src/health/watchNotes.js';
import { AgentCheckpoints } from '../../src/journal/agentCheckpoints.js';
import { LabStore } from '../../src/journal/labStore.js';
import { keepIn } from '../../src/journal/persistence.js';
import { readAudit } from '../../src/journal/readAudit.js';
import { SystemStore } from '../../src/journal/systemStore.js';
import { newOperationId } from '../../src/journal/operationLog.js';
import { parseSettings, settingKeys } from '../../src/manifest/settings.js';
import { CrashCounts } from '../../src/session/crashCounts.js';
import { parseCall } from '../../src/ui/commands/commandArguments.js';
import { parseFromPicture, parsePageState } from '../../src/ui/picture/messages.js';
import { CommandError } from '../../src/ui/prompts/commandError.js';
import { placesIn, readManifest } from '../../src/transfer/manifest.js';
import { taskCall } from '../../src/ui/tasks/taskCall.js';
import { silentLog } from '../silentLog.js';
import { head, vm } from '../unit/journal/plans.js';
import type { Decoder } from './fuzz.js';
import { mutateBytes, mutateText, mutateValue } from './mutate.js';

const id = (digit: string): string => digit.repeat(32);
const bisect = {
  version: 1,
  vm,
  vmName: 'web',
  startedAt: 0,
  line: ['a', 'b'].map((name, at) => ({ name, title: name, createdAt: at * 1_000 })),
  check: { kind: 'host', program: '/bin/true', args: [] },
  network: 'unplugged',
  start: 'started',
  tries: 1,
  checkMs: 1,
  startMs: 1,
  answers: [{ point: 0, verdict: 'good', tries: [] }],
  probes: [],
};
const notes = {
  version: 1,
  told: [['a', 'vm', 'layers', null]],
  snoozed: [['a', 1, 2]],
  rooms: [['/', [{ at: 1, freeBytes: 2 }]]],
};
const settings = {
  [settingKeys.connections]: ['qemu:///system'],
  [settingKeys.pruneRules]: [{ vms: ['web*'], keepDays: 3 }],
  [settingKeys.protectedVms]: ['db', { vm: 'web', protect: ['revert'] }],
  [settingKeys.healthExceptions]: [{ vms: 'a', layers: 3 }],
  [settingKeys.agentPermissions]: { '*': 'read', 'web-*': ['checkpoint'] },
};
const layers = [
  { field: 'block.count', value: { type: 'uint', value: 2 } },
  { field: 'block.0.name', value: { type: 'string', value: 'vda' } },
  { field: 'block.0.path', value: { type: 'string', value: '/img/a' } },
  { field: 'block.1.backingIndex', value: { type: 'uint', value: 1 } },
  { field: 'block.1.allocation', value: { type: 'ullong', value: 5 } },
];

const layer = { role: 'disk', content: 'stored', bytes: 1, allocatedBytes: 1, format: 'qcow2', virtualBytes: 2 };
const manifest = {
  format: 1,
  vm: { name: 'web', uuid: vm.uuid },
  madeAt: 1,
  libvirt: '9.0.0',
  present: true,
  definition: '<domain/>',
  snapshots: [{ name: 'a', xml: '<domainsnapshot/>' }],
  current: 'a',
  files: [
    { path: '/a', stored: '/a', ...layer },
    { path: '/b', stored: '/b', ...layer, backing: '/a' },
  ],
};

const jsonOf = (value: unknown): string => (value === undefined ? 'undefined' : JSON.stringify(value));

/** As the codec gives it. */
const parameter = v.object({ field: v.string(), value: v.object({ type: v.string(), value: v.unknown() }) });

function valueDecoder(
  name: string,
  examples: readonly unknown[],
  decode: (value: unknown) => unknown,
  throws: Decoder['throws'] = [],
): Decoder {
  return {
    name,
    throws,
    make: (random) => {
      const value = mutateValue(random.pick(examples), random);
      return { kept: jsonOf(value), decode: () => decode(value) };
    },
  };
}

/** A folder with a record of each sort. */
const stateFolder = once(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const keep = keepIn(folder, silentLog);
  const open = await keep.journal.begin(head());
  await open.markBegun(0);
  await open.leave();
  await keep.groups.begin({
    id: id('a'),
    kind: 'revert',
    system: { id: id('b'), name: 'shop' },
    point: { id: id('c'), title: 'clean' },
    members: [
      { ...vm, name: 'db', state: 'running', snapshot: 'clean', protected: false, daemon: { hostname: 'here' } },
    ],
  });
  const snapshot = { name: 'one', createdAt: 7_000 };
  await keep.marks.auto.add(vm, { ...snapshot, why: 'revert' });
  await keep.marks.kept.add(vm, snapshot);
  await keep.marks.favourite.add(vm, snapshot);
  await keep.marks.trash.add(vm, { ...snapshot, until: 8_000 });
  const state = { power: 'off', disks: [{ target: 'vda', file: '/a.qcow2' }] } as const;
  const request = { kind: 'describe', vm, snapshot: 'one', title: 'One', description: '' } as const;
  await keep.operations.add({ id: newOperationId(), vm, request, before: state, after: state, changes: [] });
  const layer = { file: '/a', format: 'qcow2', bytes: 1, virtualBytes: 2, modifiedAt: 1.5, tables: 't' };
  await keep.frozen.keep(vm, [{ ...snapshot, chains: [{ target: 'vda', layers: [layer] }] }]);
  await keep.made.add(vm.uuid, { path: '/a', identity: '1:2' });
  await keep.demos.add({ ...vm, name: 'demo', folder: '/demo' });
  const systems = new SystemStore(folder, silentLog);
  await systems.put({ id: id('d'), name: 'shop', members: [{ ...vm, name: 'db' }] });
  await systems.putPoint(id('d'), {
    id: id('e'),
    title: 'clean',
    createdAt: 1_800_000_000_000,
    members: [{ ...vm, name: 'db', snapshot: 'clean', createdAt: 1_800_000_000_000, kind: 'offline', state: 'off' }],
  });
  await new AgentCheckpoints(folder, silentLog).add(vm, { ...snapshot, step: 1, last: 2, agent: 'a', bytes: 3 });
  await new CrashCounts(folder, silentLog).write(vm.uuid, [1, 2]);
  const labs = new LabStore(folder, silentLog);
  await (
    await labs.begin({ id: id('f'), file: '/lab.yaml', name: 'lab', isProtected: false, phase: 'ready', vms: [] })
  ).leave();
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(join(folder, name)).isFile(),
  );
  const readAll = async (): Promise<unknown> => [
    await keep.journal.readInterrupted(),
    await keep.groups.readInterrupted(),
    await keep.marks.auto.of(vm),
    await orFailure(keep.marks.kept.of(vm)),
    await orFailure(keep.marks.favourite.of(vm)),
    await keep.marks.trash.of(vm),
    await keep.operations.of(vm),
    await keep.frozen.of(vm),
    await keep.made.of(vm.uuid),
    await keep.demos.readLeftDemoVms(),
    await systems.list(),
    await labs.list(),
    await new AgentCheckpoints(folder, silentLog).of(vm),
    await orFailure(new CrashCounts(folder, silentLog).since(vm.uuid, 0)),
    await readMarks(folder, silentLog),
    await readBrokenOff(folder, silentLog),
    await readAudit(folder, silentLog),
  ];
  return { folder, files, readAll };
});

async function orFailure<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof Failure) {
      return undefined;
    }
    throw error;
  }
}

export const valueDecoders: readonly Decoder[] = [
  valueDecoder(
    'messages of the picture',
    [{ kind: 'run', action: 'a', snapshot: 'b' }, { kind: 'ready' }, { kind: 'export', format: 'svg', data: '<svg >' }],
    parseFromPicture,
  ),
  valueDecoder('manifests of backups', [manifest], (value) => {
    const read = readManifest(jsonOf(value));
    return typeof read === 'string' ? read : [...placesIn('/to', read.files).values()];
  }),
  valueDecoder('states of the page', [{ connection: 'c', uuid: 'u', disk: 'vda' }], parsePageState),
  valueDecoder(
    'arguments of tools',
    [{ vm: 'web', title: 'x' }, { vm: 'web', program: '/bin/ls', args: ['-l'], seconds: 5 }, {}],
    (value) => toolNames.map((name) => readInput(name, value)),
  ),
  valueDecoder(
    'arguments of commands',
    [{ vm: 'web', snapshot: 'a', connection: 'c' }, [{ kind: 'vm', id: 'a', ref: vm }]],
    (value) => parseCall(value, undefined, () => []),
    [CommandError],
  ),
  valueDecoder(
    'definitions of tasks',
    [
      { type: 'virt-rewind', action: 'run', vm: 'web', program: '/bin/ls', args: ['-l'] },
      { type: 'virt-rewind', action: 'wait', vm: 'web', port: 22, seconds: 3 },
      { type: 'virt-rewind', action: 'revert', system: 'shop', snapshot: 'a' },
    ],
    (value) => (typeof value === 'object' && value !== null ? taskCall(value as never) : undefined),
    [CommandError],
  ),
  valueDecoder('settings', [settings], (value) =>
    parseSettings((key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : value)),
  ),
  valueDecoder('notes of the health watch', [notes], parseNotes),
  valueDecoder('bisects', [bisect], parseBisect),
  valueDecoder('statistics of disks', [layers], (value) => {
    const parameters = (Array.isArray(value) ? value : []).filter((one) => v.is(parameter, one));
    return parseLayers(parameters as Parameters<typeof parseLayers>[0], true);
  }),
  {
    name: 'records on the disk',
    throws: [Failure],
    make: async (random) => {
      const { folder, files, readAll } = await stateFolder();
      const file = join(folder, random.pick(files));
      const before = readFileSync(file);
      const after = random.chance(0.3)
        ? mutateBytes(before, random)
        : Buffer.from(
            random.chance(0.5) && file.endsWith('.json')
              ? jsonOf(mutateValue(JSON.parse(before.toString()), random))
              : mutateText(before.toString(), random),
          );
      return {
        kept: after,
        decode: async () => {
          writeFileSync(file, after);
          try {
            return await readAll();
          } finally {
            writeFileSync(file, before);
          }
        },
      };
    },
  },
];

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
