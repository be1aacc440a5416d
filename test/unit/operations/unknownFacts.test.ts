// What is not known is no permission: where a fact stands against an operation, the operation must not become possible
// because that fact, or another one, could not be seen. Where it does all the same, the list below says why.
import assert from 'node:assert/strict';
import type { OperationRequest } from '../../../src/domain/operation.js';
import type { ImageFacts } from '../../../src/domain/hostFiles.js';
import type { Decision, Plan } from '../../../src/operations/plan.js';
import type { FileFactsByPath, Facts } from '../../../src/domain/facts.js';
import type { Step } from '../../../src/steps/step.js';
import { completeFacts } from '../../../src/operations/completeFacts.js';
import { requiredFiles, requiredFacts } from '../../../src/operations/decide/planners.js';
import { planToExecute } from '../../../src/operations/decide/planOperation.js';
import { isActive, snapshotableDisks } from '../../../src/domain/vm.js';
import { over } from '../domain/hostFiles.js';
import { ask, ref } from '../domain/someFacts.js';
import { base, inside, newerShapes, old, offline, outside, repairShape, shapes } from './recoveryShapes.js';

/** A change of a situation; undefined where there is nothing of the sort to change. */
type Change = (facts: Facts) => Facts | undefined;

function withSeen(facts: Facts, change: (files: FileFactsByPath) => FileFactsByPath): Facts | undefined {
  return facts.files === undefined ? undefined : { ...facts, files: change(facts.files) };
}

function eachImage(facts: Facts, change: (image: ImageFacts, file: string) => ImageFacts): Facts | undefined {
  return withSeen(facts, (files) => ({
    ...files,
    images: new Map(
      [...files.images].map(([file, image]) => [file, typeof image === 'object' ? change(image, file) : image]),
    ),
  }));
}

function oneImage(
  file: (facts: Facts) => string | undefined,
  image: (of: ImageFacts) => ImageFacts | 'missing',
): Change {
  return (facts) => {
    const path = file(facts);
    const is = facts.files?.images.get(path ?? '');
    return path === undefined || typeof is !== 'object'
      ? undefined
      : withSeen(facts, (files) => ({ ...files, images: new Map([...files.images, [path, image(is)]]) }));
  };
}

const top = ({ vm }: Facts): string | undefined => snapshotableDisks(vm)[0]?.source;
const middle = ({ files }: Facts): string | undefined =>
  [...(files?.images.keys() ?? [])].find((file) => file !== base && file.startsWith('/img/web.'));
const other = { uuid: 'ffffffff-0000-0000-0000-000000000000', name: 'clone', unread: [] };

/** What stands against operations: facts of a kind each. */
const against: Readonly<Record<string, Change>> = {
  'another VM rests on the base': (at) => ({ ...at, otherVms: [{ ...other, files: [base] }] }),
  'another VM rests on an overlay': (at) => {
    const file = middle(at);
    return file === undefined ? undefined : { ...at, otherVms: [{ ...other, files: [file] }] };
  },
  'the chain of another VM is unread': (at) => ({ ...at, otherVms: [{ ...other, files: [], unread: ['/x'] }] }),
  'a job runs': (at) => (isActive(at.vm.power) ? { ...at, blockJobs: ['vda'] } : undefined),
  'the base is missing': oneImage(
    () => base,
    () => 'missing',
  ),
  'an overlay is missing': oneImage(middle, () => 'missing'),
  'the top is corrupt': oneImage(top, (facts) => ({ ...facts, corrupt: true })),
  'the base is corrupt': oneImage(
    () => base,
    (facts) => ({ ...facts, corrupt: true }),
  ),
  'an overlay rests on another file': (at) => {
    const moved = oneImage(middle, () => over('/img/stranger'))(at);
    return (
      moved &&
      withSeen(moved, (files) => ({ ...files, images: new Map([...files.images, ['/img/stranger', 'unknown']]) }))
    );
  },
  'an overlay holds a tag': oneImage(middle, (facts) => ({ ...facts, tags: ['theirs'] })),
  'the top holds a tag': oneImage(top, (facts) => ({ ...facts, tags: ['theirs'] })),
  'the tags are gone': oneImage(
    () => base,
    (facts) => ({ ...facts, tags: [] }),
  ),
  'a QEMU has the base open that libvirt has lost': (at) => {
    const marked = eachImage(at, (facts, file) => ({ ...facts, real: file }));
    return marked && { ...marked, written: new Set([base]) };
  },
  'an image that no VM names': (at) => ({
    ...at,
    strays: new Map([['/img/copy', { restsOn: [...(at.files?.images.keys() ?? [])] }]]),
  }),
  'a program that reads an overlay': (at) => {
    const file = middle(at);
    const marked = eachImage(at, (facts, path) => ({ ...facts, real: path }));
    return marked === undefined || file === undefined ? undefined : { ...marked, held: new Set([file]) };
  },
  'nothing can be done in the folder': (at) =>
    withSeen(at, (files) => ({ ...files, canAct: new Map([['/img', { why: 'denied' } as const]]) })),
  'the disk is full': (at) => withSeen(at, (files) => ({ ...files, freeBytes: new Map([['/img', 1]]) })),
  'the RAM is gone': (at) =>
    withSeen(at, (files) => ({ ...files, files: new Map([...files.files].map(([file]) => [file, 'missing'])) })),
};

function without<T extends object, K extends keyof T>(value: T, ...keys: readonly K[]): Omit<T, K> {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.some((one) => one === key))) as Omit<T, K>;
}

/** What may be unseen, each by itself. */
const unseen: Readonly<Record<string, Change>> = {
  'other VMs': (at) => without(at, 'otherVms'),
  jobs: (at) => without(at, 'blockJobs'),
  'frozen disks': (at) => without(at, 'frozenDisks'),
  'images that no VM names': (at) => without(at, 'strays'),
  locks: (at) => without(at, 'written', 'held'),
  'what RAM files hold': (at) => without(at, 'savedRam'),
  'all files': (at) => without(at, 'files'),
  'all images': (at) =>
    withSeen(at, (files) => ({
      ...files,
      images: new Map([...files.images].map(([file]) => [file, 'unknown'])),
    })),
  'other files': (at) =>
    withSeen(at, (files) => ({ ...files, files: new Map([...files.files].map(([file]) => [file, 'unknown'])) })),
  tags: (at) => eachImage(at, (facts) => without(facts, 'tags')),
  'damaged images': (at) => eachImage(at, (facts) => without(facts, 'corrupt')),
  'what files are to their file system': (at) => eachImage(at, (facts) => without(facts, 'real')),
  'free space': (at) => withSeen(at, (files) => ({ ...files, freeBytes: new Map() })),
  'what can be done in folders': (at) => withSeen(at, (files) => ({ ...files, canAct: new Map() })),
  'names in folders': (at) => withSeen(at, (files) => ({ ...files, lists: new Map() })),
};

/** Where a host's files cannot be looked into, as over the storage API of another host: said in the question. */
const isSaid = 'the plan says which files could not be checked (notChecked)';
/** Nobody can read them on another host; what libvirt knows to be inside still counts, and no question is skipped. */
const tagsAreSaid = 'the plan says of which files that go nobody could see what is inside (tagsNotSeen)';
const isFull = 'a full file system ends it in the middle, and recovery leaves it as before or as after';
const noLocks =
  'locks are seen on this computer alone; libvirt knows of the QEMU elsewhere, or a daemon died in a merge there';
const noLinksSeen =
  'libvirt tells the links of images of another host too; where it does not, its notes are all there is';
const noProgramsSeen = 'locks are seen on this computer alone: whoever has an image of another host open is not seen';

const isNotWritten =
  'an overlay leaves the image as it is, and QEMU refuses to write a snapshot into one that is marked as damaged';

/** refusal, lifted when this is unseen → why that loses nothing. */
const permitted: Readonly<Record<string, string>> = {
  'imageCorrupt, unseen: all images': isSaid,
  'imageCorrupt, unseen: damaged images': 'formats other than qcow2 have no such mark',
  'memoryFileMissing, unseen: other files': isSaid,
  'overlayMissing, unseen: all images': isSaid,
  'tagMissing, unseen: all images': isSaid,
  'tagMissing, unseen: tags': isSaid,
  'tagInLayer, unseen: all images': tagsAreSaid,
  'tagInLayer, unseen: tags': tagsAreSaid,
  'contentElsewhere, unseen: all images': noLinksSeen,
  'noSpaceFor, unseen: free space': isFull,
  'checkpointImpossible, unseen: free space': isFull,
  'externalRevertUnsupported, unseen: free space': isFull,
  'frozenFileInUse, unseen: free space': isFull,
  'layerBroken, unseen: all images': isNotWritten,
  'layerBroken, unseen: damaged images': isNotWritten,
  'checkpointImpossible, unseen: all images': isNotWritten,
  'checkpointImpossible, unseen: damaged images': isNotWritten,
  'runsUnseen, unseen: all images': noLocks,
  'runsUnseen, unseen: locks': noLocks,
  'runsUnseen, unseen: what files are to their file system': noLocks,
  'heldByProgram, unseen: all images': noProgramsSeen,
  'heldByProgram, unseen: locks': noProgramsSeen,
  'heldByProgram, unseen: what files are to their file system': noProgramsSeen,
};

function cloneOf(snapshot?: string): OperationRequest {
  const clone = { name: 'clone', uuid: '11111111-0000-4000-8000-000000000000' };
  const named = snapshot === undefined ? {} : { snapshot };
  return { kind: 'clone', vm: ref, clone, way: 'linked', network: 'unplugged', ...named };
}

const more: readonly (readonly [what: string, OperationRequest, Facts])[] = [
  ['delete one', ask.remove('a'), outside()],
  ['delete one, off', ask.remove('a'), outside({ power: 'off' })],
  ['delete one, 9.0', ask.remove('a'), outside({}, old)],
  ['delete the last', ask.remove('b'), outside()],
  ['delete internal', ask.remove('a'), inside()],
  ['delete internal, off', ask.remove('a'), inside({ power: 'off' })],
  ['prune', { kind: 'prune', vm: ref, snapshots: ['a'] }, outside()],
  ['consolidate', { kind: 'consolidate', vm: ref }, outside()],
  ['consolidate, off', { kind: 'consolidate', vm: ref }, outside({ power: 'off' })],
  ['start', ask.power('start'), outside({ power: 'off' })],
  ['remove files', { kind: 'repair', vm: ref, repair: { kind: 'removeFiles', files: ['/img/web.a'] } }, outside()],
  ['delete one, off, 9.0', ask.remove('a'), { ...offline, ...old }],
  repairShape,
];

/** For these the plan names no file that could not be read: nothing that exists changes. */
const clones: typeof more = [
  ['clone', cloneOf('a'), offline],
  ['clone of the present', cloneOf(), offline],
];

/** Those that a person could miss something after; to describe, to wait and to set a clock is not. */
function isHarmless({ steps }: Pick<Plan, 'steps'>): boolean {
  const harmless: readonly Step['kind'][] = ['describeSnapshot', 'waitUntil', 'setGuestClock', 'thawGuest'];
  return steps.every((step) => harmless.includes(step.kind));
}

/** As it is decided before anything is done: what was asked for must be there. */
function decided(request: OperationRequest, facts: Facts): Decision | 'notAllSeen' {
  const wanted = requiredFiles(request, facts);
  const there = (path: string): boolean => facts.files?.images.has(path) === true;
  const isFile = (path: string): boolean => facts.files?.files.has(path) === true;
  // Files that nobody told of in the situation stand for none.
  const told =
    facts.files === undefined
      ? wanted
      : { ...wanted, images: wanted.images.filter(there), files: wanted.files.filter(isFile) };
  const { startNeeds: _, ...needs } = requiredFacts(request, facts);
  const all = completeFacts(facts, { ...needs, agent: false, configured: false, checkpoints: false }, [told]);
  return typeof all === 'string' ? 'notAllSeen' : planToExecute(request, all);
}

/** All that it asks for is there. */
function whole(facts: Facts): Facts {
  const { files } = facts;
  const paths = [...(files?.images.keys() ?? []), ...(files?.files.keys() ?? [])];
  return {
    agent: 'answers',
    checkpoints: [],
    configured: facts.vm.disks,
    startNeeds: new Map(),
    strays: new Map(),
    ...facts,
    ...(files !== undefined && {
      files: { ...files, canChange: files.canChange ?? new Map(paths.map((path) => [path, 'yes'])) },
    }),
  };
}

function withoutKey<K, V>(map: ReadonlyMap<K, V> | undefined, key: K): ReadonlyMap<K, V> {
  return new Map([...(map ?? [])].filter(([one]) => one !== key));
}

/**
 * Each fact by itself as one that was asked for and did not come. What can only be left out where nobody may see it,
 * as locks, is waited for by the look.
 */
function* eachUnread(facts: Facts): Generator<readonly [what: string, Facts]> {
  for (const fact of [
    'blockJobs',
    'checkpoints',
    'otherVms',
    'strays',
    'agent',
    'configured',
    'frozenDisks',
    'startNeeds',
  ] as const) {
    yield [fact, without(facts, fact)];
  }
  for (const name of facts.frozenDisks?.keys() ?? []) {
    yield [`frozenDisks of ${name}`, { ...facts, frozenDisks: withoutKey(facts.frozenDisks, name) }];
  }
  yield ['files', without(facts, 'files')];
  const { files } = facts;
  if (files === undefined) {
    return;
  }
  for (const path of files.images.keys()) {
    const images = new Map([...files.images, [path, 'unknown' as const]]);
    yield [`${path}, late`, { ...facts, files: { ...files, images, late: [path as `/${string}`] } }];
  }
  for (const path of files.images.keys()) {
    yield [path, { ...facts, files: { ...files, images: withoutKey(files.images, path) } }];
  }
  for (const path of files.files.keys()) {
    yield [path, { ...facts, files: { ...files, files: withoutKey(files.files, path) } }];
  }
  for (const folder of files.canAct.keys()) {
    const less = { canAct: withoutKey(files.canAct, folder), lists: withoutKey(files.lists, folder) };
    yield [`${folder}, late`, { ...facts, files: { ...files, ...less, late: [folder as `/${string}`] } }];
  }
}

describe('the same facts', () => {
  it('give the same plan or reason, and what is not known of them is the only other one', () => {
    const rows = [...shapes, ...newerShapes, ...more, ...clones];
    let [tried, refused] = [0, 0];
    const others: string[] = [];
    for (const [what, request, some] of rows) {
      const facts = whole(some);
      const asked = requiredFiles(request, facts);
      const there = {
        ...asked,
        images: asked.images.filter((path) => facts.files?.images.has(path) === true),
        files: asked.files.filter((path) => facts.files?.files.has(path) === true),
      };
      const at = (known: Facts): Decision | string => {
        const all = completeFacts(known, requiredFacts(request, known), [there]);
        return typeof all === 'string' ? all : planToExecute(request, all);
      };
      const full = at(facts);
      assert.ok(typeof full === 'object', what);
      for (const [unread, less] of eachUnread(facts)) {
        const now = at(less);
        const isUnknown = typeof now === 'string' || (now.kind === 'refusal' && now.refusal.reason === 'notAllSeen');
        tried += 1;
        refused += isUnknown ? 1 : 0;
        if (!isUnknown && JSON.stringify(now) !== JSON.stringify(full)) {
          others.push(`${what} without ${unread}: ${now.kind === 'plan' ? 'another plan' : now.refusal.reason}`);
        }
      }
    }
    assert.ok(tried > 300 && refused > 100, `${tried} ${refused}`);
    assert.deepEqual(others, []);
  });
});

describe('facts that are not known', () => {
  it('make nothing possible that is refused when they are known, but for what the list explains', () => {
    const lifted = new Map<string, string>();
    const unsaid: string[] = [];
    let tried = 0;
    for (const [what, request, facts] of [...shapes, ...more]) {
      for (const [why, poison] of Object.entries(against)) {
        const full = poison(facts);
        const decision = full && decided(request, full);
        if (full === undefined || decision === undefined || decision === 'notAllSeen' || decision.kind !== 'refusal') {
          continue;
        }
        for (const [hidden, hide] of Object.entries(unseen)) {
          const less = hide(full);
          const now = less && decided(request, less);
          tried += 1;
          if (now !== undefined && now !== 'notAllSeen' && now.kind === 'plan' && !isHarmless(now)) {
            const key = `${decision.refusal.reason}, unseen: ${hidden}`;
            const where = `${what}; ${why}`;
            lifted.set(key, lifted.get(key) ?? where);
            const said = { [isSaid]: 'notChecked', [tagsAreSaid]: 'tagsNotSeen' }[permitted[key] ?? ''];
            // Inside of images a delete that cannot be carried out leaves a tag, and loses nothing.
            const isDelete = request.kind === 'delete';
            if (said !== undefined && !isDelete && !now.warnings.some(({ kind: about }) => about === said)) {
              unsaid.push(`${key} (${where})`);
            }
          }
        }
      }
    }
    assert.ok(tried > 1000, String(tried));
    const unexplained = [...lifted].filter(([key]) => permitted[key] === undefined);
    assert.deepEqual(unexplained.map(([key, where]) => `${key} (${where})`).toSorted(), []);
    assert.deepEqual(unsaid, [], 'the plan does not say it');
    assert.deepEqual(
      Object.keys(permitted).filter((key) => !lifted.has(key)),
      [],
      'the list explains what does not happen',
    );
  });
});
