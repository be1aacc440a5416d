// Who else reads a file that is about to go or change: another VM (linked clones, shared bases), an image that no VM
// names, a program that has it open. libvirt looks at one VM at a time. Other hosts on the same storage cannot be seen
// from here.
import { wholeChain } from './backingChain.js';
import { namesIn } from './folderNames.js';
import { folderOf } from './overlayFiles.js';
import type { Facts, OtherVm } from '../facts.js';
import { type Refusal, type RefusedDecision, refuse } from '../refusal.js';

export interface OtherUser {
  /** Name of the other VM. */
  readonly vm: string;
  readonly file: string;
}

/** All that they name or rest on. Made once for the same VMs: a plan asks of each file that goes. */
const used = new WeakMap<readonly OtherVm[], ReadonlySet<string>>();

/** The first other VM that names one of the files or rests on it; undefined too where other VMs were not looked at. */
export function otherUserOf(files: Iterable<string>, { otherVms = noVms }: Facts): OtherUser | undefined {
  const all = used.get(otherVms) ?? new Set(otherVms.flatMap((other) => other.files));
  used.set(otherVms, all);
  const wanted = new Set([...files].filter((file) => all.has(file)));
  for (const other of wanted.size === 0 ? [] : otherVms) {
    const file = other.files.find((one) => wanted.has(one));
    if (file !== undefined) {
      return { vm: other.name, file };
    }
  }
  return undefined;
}

const noVms: readonly OtherVm[] = [];

export interface OutsideUser {
  readonly kind: 'vm' | 'image' | 'program' | 'folder';
  /** Name of the VM, path of the image or folder. */
  readonly name: string;
  readonly file: string;
}

/**
 * The first that is found; undefined too where nobody looked.
 *
 * | of the files                                                  | → |
 * |---------------------------------------------------------------|---|
 * | another VM names one, or rests on it                          | vm |
 * | an image in the VM's folders that nobody names rests on one   | image |
 * | a program relies on one of which this VM's own QEMU does not  | program |
 * | one is in a folder of too many names to look for such images  | folder |
 *
 * @param going what goes together with the files: an image among them needs nothing any more
 */
export function findOutsideUser(
  files: Iterable<string>,
  facts: Facts,
  going: ReadonlySet<string> = new Set(),
): OutsideUser | undefined {
  const wanted = new Set(files);
  const user = otherUserOf(wanted, facts);
  if (user !== undefined) {
    return { kind: 'vm', name: user.vm, file: user.file };
  }
  for (const [name, { restsOn }] of facts.strays ?? []) {
    const file = wanted.has(name) || going.has(name) ? undefined : restsOn.find((one) => wanted.has(one));
    if (file !== undefined) {
      return { kind: 'image', name, file };
    }
  }
  const held = findHeldFile(wanted, facts);
  if (held !== undefined) {
    return { kind: 'program', name: '', file: held };
  }
  const unread = [...(facts.strays === undefined ? [] : wanted)].find(
    (file) => namesIn(folderOf(file), facts) === 'tooMany',
  );
  return unread === undefined ? undefined : { kind: 'folder', name: folderOf(unread), file: unread };
}

/** The QEMU of a VM that is on holds all layers of its disks: who else does cannot be told there. */
export function findHeldFile(wanted: ReadonlySet<string>, facts: Facts): string | undefined {
  const { vm, files, held } = facts;
  if (held === undefined || held.size === 0) {
    return undefined;
  }
  const own = new Set(vm.power === 'off' ? [] : vm.disks.flatMap((disk) => wholeChain(disk, facts)));
  return [...wanted].find((file) => {
    const image = files?.images.get(file) ?? files?.files.get(file);
    return !own.has(file) && typeof image === 'object' && image.real !== undefined && held.has(image.real);
  });
}

/** Names of other VMs that may rest on any file: the chain below one of theirs could not be read. */
export function unreadVms({ otherVms = [] }: Facts): readonly string[] {
  return otherVms.filter(({ unread }) => unread.length > 0).map(({ name }) => name);
}

/** Where all that goes was made a moment ago: nobody whose chain cannot be read is built on that. */
export function withoutUnread(facts: Facts): Facts {
  const { otherVms } = facts;
  return otherVms === undefined ? facts : { ...facts, otherVms: otherVms.map((other) => ({ ...other, unread: [] })) };
}

/** Where nothing of what an image that no VM names rests on changes. */
export function withoutStrays(facts: Facts): Facts {
  const { strays: _, ...others } = facts;
  return others;
}

export function outsideUserRefusal(
  files: Iterable<string>,
  facts: Facts,
  going?: ReadonlySet<string>,
): RefusedDecision | undefined {
  const outsider = findOutsideUser(files, facts, going);
  return outsider && refusalOf(outsider, facts.vm.name);
}

export function refusalOf({ kind: what, name, file }: OutsideUser, vm: string): RefusedDecision {
  switch (what) {
    case 'vm':
      return refuse('usedByOtherVm', { vm, other: name, file });
    case 'image':
      return refuse('usedByImage', { vm, image: name, file });
    case 'program':
      return refuse('heldByProgram', { vm, file });
    case 'folder':
      return refuse('folderTooFull', { folder: name, file });
  }
}

/**
 * For files that are removed, or get other content.
 *
 * | somebody else                                  | unread VMs are passed over | → |
 * |------------------------------------------------|-----------------------------|---|
 * | another VM reads one of them                   | any                         | usedByOtherVm |
 * | an image that no VM names rests on one         | any                         | usedByImage |
 * | a program relies on one                        | any                         | heldByProgram |
 * | one is in a folder of too many names           | any                         | folderTooFull |
 * | another VM has a chain that cannot be read     | no                          | otherVmUnread: it counts as a reader |
 * | another VM has a chain that cannot be read     | yes                         | ok; the plan warns of it |
 * | none of these, or nothing is touched           | any                         | ok |
 *
 * @param going see `findOutsideUser`
 */
export function otherVmRefusal(
  files: Iterable<string>,
  facts: Facts,
  unread: 'refuse' | 'passOver',
  going?: ReadonlySet<string>,
): RefusedDecision | undefined {
  const touched = new Set(files);
  if (touched.size === 0) {
    return undefined;
  }
  const outsider = outsideUserRefusal(touched, facts, going);
  if (outsider !== undefined) {
    return outsider;
  }
  const others = unreadVms(facts);
  return unread === 'refuse' && others.length > 0
    ? refuse('otherVmUnread', { vm: facts.vm.name, others: others.join(', ') })
    : undefined;
}

/**
 * Of files that go together: why each of them stays that must.
 *
 * @param vms UUIDs of the VMs that go with them
 * @param silent connections that may have VMs on them, and give no answer
 */
export function refusalsByFile(
  files: readonly string[],
  facts: Facts,
  vms: readonly string[],
  silent: readonly string[] = [],
): ReadonlyMap<string, Refusal> {
  const { otherVms = [] } = facts;
  const others = { ...facts, otherVms: otherVms.filter((one) => one.isElsewhere === true || !vms.includes(one.uuid)) };
  const going = new Set(files);
  return new Map(
    files.flatMap((file) => {
      const refused =
        silent.length > 0
          ? refuse('notAllSeen', { vm: facts.vm.name, fact: 'otherVms', silent: silent.join(', ') })
          : otherVmRefusal([file], others, 'refuse', going);
      return refused === undefined ? [] : [[file, refused.refusal] as const];
    }),
  );
}
