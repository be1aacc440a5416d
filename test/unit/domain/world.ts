// What steps do to a VM, its snapshots and their files, as measured on real daemons; small enough to be read at once.
import { afterCreate, afterDefine } from '../../../src/steps/afterSteps.js';
import { parseDescription } from '../../../src/domain/description.js';
import { backingFileOf, wholeChain } from '../../../src/domain/chains/fileUse.js';
import type { ImageFacts, Seen } from '../../../src/domain/hostFiles.js';
import type { CommittedDisk, Step } from '../../../src/steps/step.js';
import type { FilesSeen, Facts } from '../../../src/domain/facts.js';
import type { Snapshot } from '../../../src/domain/snapshot.js';
import { childrenOf, findSnapshot, isOnActivePath } from '../../../src/domain/snapshotTree.js';
import type { PowerState, VmDisk } from '../../../src/domain/vm.js';
import { image, over } from './hostFiles.js';

export function apply(step: Step, before: Facts): Facts {
  switch (step.kind) {
    case 'createSnapshot':
      return created(step, before);
    case 'revert':
      return reverted(step, before);
    case 'deleteSnapshot':
      return deleted(step.snapshot, before);
    case 'forgetSnapshot':
      return forgotten(step.snapshot, before);
    case 'power':
      return powered(step.action === 'forceOff' ? 'off' : 'running', before);
    case 'startPaused':
      return { ...powered('paused', before), vm: { ...before.vm, power: 'paused', managedSave: false } };
    case 'dropManagedSave':
      return { ...before, vm: { ...before.vm, managedSave: false } };
    case 'waitUntil':
      return { ...before, now: step.second + 1 };
    case 'createOverlays':
      return step.overlays.reduce(
        (at, { file, backing }) => withImage(at, file, over(backing, { empty: true })),
        before,
      );
    case 'defineFromSnapshot': {
      const power = before.vm.power;
      const defined = afterDefine(before, before.frozenDisks?.get(step.snapshot) ?? [], step.disks);
      return { ...defined, vm: { ...defined.vm, power } };
    }
    case 'makeCurrent':
      return changed({ ...before, tree: { ...before.tree, current: step.snapshot } }, step.snapshot, (one) => ({
        ...one,
        disks: one.disks.map((disk) => ({
          ...disk,
          ...step.disks?.filter(({ target }) => target === disk.target).map(({ file }) => ({ file }))[0],
        })),
      }));
    case 'restoreMemory':
      return powered(step.to, before);
    case 'removeFiles':
    case 'trashFiles':
      return step.files.reduce(withoutFile, before);
    case 'copyFile':
      return withFiles(before, new Map([[step.to, { bytes: 1, allocatedBytes: 1 }]]));
    case 'adoptSnapshot':
      return adopted(step, before);
    case 'redefineAs': {
      const old = findSnapshot(before.tree, step.snapshot)!;
      const frozen = before.frozenDisks?.get(old.name) ?? [];
      return {
        ...before,
        tree: {
          ...before.tree,
          snapshots: [
            ...before.tree.snapshots,
            { ...old, name: step.name, title: step.name, ...(step.keeps === 'disks' ? withoutRam : {}) },
          ],
        },
        frozenDisks: new Map([...(before.frozenDisks ?? []), [step.name, frozen]]),
      };
    }
    case 'reparent':
      return changed(before, step.snapshot, (one) => below(one, step.parent));
    case 'nameFrozenFiles': {
      const frozen = (before.frozenDisks?.get(step.snapshot) ?? []).map((disk) => {
        const moved = step.disks.find(({ target }) => target === disk.target);
        return moved === undefined ? disk : { ...disk, source: moved.file, format: moved.format };
      });
      return { ...before, frozenDisks: new Map([...(before.frozenDisks ?? []), [step.snapshot, frozen]]) };
    }
    case 'clearUnfinishedDelete':
      return changed(before, step.snapshot, (one) => ({
        ...one,
        disks: one.disks.map((disk) => ({ ...disk, deleteInProgress: false })),
      }));
    case 'configureDisks': {
      const configured = (before.configured ?? before.vm.disks).map((disk) => {
        const moved = step.disks.find(({ target }) => target === disk.target);
        return moved === undefined ? disk : { ...disk, source: moved.file, format: moved.format };
      });
      return { ...before, configured };
    }
    case 'makePersistent':
      return { ...before, vm: { ...before.vm, persistent: true } };
    case 'removeTag': {
      const facts = before.files?.images.get(step.file);
      const tags = typeof facts === 'object' ? (facts.tags ?? []).filter((tag) => tag !== step.tag) : [];
      return withImage(before, step.file, { ...(typeof facts === 'object' ? facts : image()), tags });
    }
    case 'blockCommit':
      return committed([step], before);
    case 'commitImages':
      return committed(step.disks, before);
    case 'describeSnapshot':
    case 'thawGuest':
    case 'setGuestClock':
      return before;
  }
}

/** All that a person could tell apart: epochs are made alike, for a revert that is done again has another. */
export function form(facts: Facts): unknown {
  const { vm, tree, files } = facts;
  const alike = (file: string): string => file.replace(/\.\d{9,11}$/u, '.E');
  const seen = [...(files?.images ?? []), ...(files?.files ?? [])].filter(([, image]) => typeof image === 'object');
  return {
    chains: vm.disks.map((disk) => wholeChain(disk, facts).map(alike)),
    managedSave: vm.managedSave,
    current: tree.current,
    snapshots: tree.snapshots.map(({ name, parent }) => `${parent ?? '-'}>${name}`).toSorted(),
    files: seen.map(([file]) => alike(file)).toSorted(),
  };
}

/** The files above stay as they are; nobody stands on them any more. */
function committed(disks: readonly CommittedDisk[], before: Facts): Facts {
  const own = before.vm.disks.map((disk): VmDisk => {
    const base = disks.find(({ target }) => target === disk.target)?.base;
    const below = base === undefined ? -1 : (disk.backing?.indexOf(base) ?? -1);
    const backing = disk.backing === undefined ? {} : { backing: disk.backing.slice(below + 1) };
    return base === undefined ? disk : { ...disk, source: base, ...backing };
  });
  return { ...before, vm: { ...before.vm, disks: own } };
}

export function withImage(facts: Facts, file: string, image: Seen<ImageFacts>): Facts {
  const files = facts.files!;
  return { ...facts, files: { ...files, images: new Map([...files.images, [file, image]]) } };
}

export function withFiles(facts: Facts, more: FilesSeen['files']): Facts {
  const files = facts.files!;
  return { ...facts, files: { ...files, files: new Map([...files.files, ...more]) } };
}

export function withoutFile(facts: Facts, file: string): Facts {
  const files = facts.files!;
  const gone = <T>(map: ReadonlyMap<string, Seen<T>>): ReadonlyMap<string, Seen<T>> =>
    map.has(file) ? new Map([...map, [file, 'missing' as const]]) : map;
  return { ...facts, files: { ...files, images: gone(files.images), files: gone(files.files) } };
}

export function powered(power: PowerState, facts: Facts): Facts {
  return { ...facts, vm: { ...facts.vm, power, powerReason: 'other' } };
}

/** libvirt tells of a VM that it reverted, and that did not run since. */
function loaded(power: PowerState, facts: Facts): Facts {
  const at = powered(power, facts);
  return power === 'paused' ? { ...at, vm: { ...at.vm, powerReason: 'fromSnapshot' } } : at;
}

function changed(facts: Facts, name: string, change: (snapshot: Snapshot) => Snapshot): Facts {
  const snapshots = facts.tree.snapshots.map((one) => (one.name === name ? change(one) : one));
  return { ...facts, tree: { ...facts.tree, snapshots } };
}

function created(step: Extract<Step, { kind: 'createSnapshot' }>, before: Facts): Facts {
  const { trailers } = parseDescription(step.description);
  const made = changed(afterCreate(before, step), step.name, (one) => ({ ...one, trailers }));
  const withMemory =
    step.memoryFile === undefined
      ? made
      : withFiles(made, new Map([[step.memoryFile, { bytes: 1, allocatedBytes: 1 }]]));
  return step.style === 'external' || made.files === undefined
    ? withMemory
    : made.vm.disks.reduce((at, { source = '' }) => {
        const facts = at.files?.images.get(source);
        return typeof facts === 'object'
          ? withImage(at, source, { ...facts, tags: [...(facts.tags ?? []), step.name], unchangedSince: [step.name] })
          : at;
      }, withMemory);
}

/** The VM stands where it stood. */
function adopted({ made, below, parent }: Extract<Step, { kind: 'adoptSnapshot' }>, before: Facts): Facts {
  const { vm } = before;
  const frozen = vm.disks.map((disk): VmDisk => {
    const own = below.find(({ target }) => target === disk.target);
    return own === undefined ? disk : { ...disk, source: own.file, backing: disk.backing?.slice(1) ?? [] };
  });
  const tree = { ...before.tree, ...(parent === undefined ? {} : { current: parent }) };
  return { ...created(made, { ...before, tree, vm: { ...vm, disks: frozen } }), vm };
}

function reverted(step: Extract<Step, { kind: 'revert' }>, before: Facts): Facts {
  const { tree } = before;
  const target = findSnapshot(tree, step.snapshot)!;
  const natural = target.state === 'running' || target.state === 'paused' ? target.state : 'off';
  const power = step.to === 'asSnapshot' ? natural : step.to;
  if (target.style === 'internal') {
    return { ...loaded(power, before), tree: { ...tree, current: target.name } };
  }
  const current = findSnapshot(tree, tree.current ?? '');
  const left = (current?.revertDisks ?? current?.disks ?? []).flatMap(({ file }) => file ?? []);
  const frozen = before.frozenDisks?.get(target.name) ?? [];
  const overlays = frozen.map(({ target: name, source = '' }) => ({
    target: name,
    file: `${source.replace(/\.[^./]*$/u, '')}.${Math.floor(before.now)}`,
  }));
  const onNew = afterDefine(left.reduce(withoutFile, before), frozen, overlays);
  const disks = overlays.map((one) => ({ ...one, location: 'external' as const, deleteInProgress: false }));
  const leaf = childrenOf(tree, target.name).length === 0;
  const noted = changed(onNew, target.name, (one) => (leaf ? { ...one, disks } : { ...one, revertDisks: disks }));
  return { ...loaded(power, noted), tree: { ...noted.tree, current: target.name } };
}

/** A leaf: of another branch, or the current one, whose overlay is merged into what it froze. */
function deleted(name: string, before: Facts): Facts {
  const own = before.tree.snapshots.find((one) => one.name === name);
  if (own?.style !== 'external') {
    return forgotten(name, before);
  }
  const frozen = (before.frozenDisks?.get(name) ?? []).flatMap(({ source }) => source ?? []);
  const memory = own.memory.file === undefined ? [] : [own.memory.file];
  if (!isOnActivePath(before.tree, name)) {
    return forgotten(name, [...frozen, ...memory].reduce(withoutFile, before));
  }
  const merged = before.vm.disks.flatMap(({ source }) => source ?? []);
  const disks = before.vm.disks.map((disk): VmDisk => {
    const source = backingFileOf(before, name, disk.target);
    return { ...disk, ...(source === undefined ? {} : { source, backing: disk.backing?.slice(1) ?? [] }) };
  });
  const onBase = [...merged, ...memory].reduce(withoutFile, { ...before, vm: { ...before.vm, disks } });
  return forgotten(name, onBase);
}

function forgotten(name: string, before: Facts): Facts {
  const { tree } = before;
  const own = findSnapshot(tree, name);
  const current = tree.current === name ? own?.parent : tree.current;
  const snapshots = tree.snapshots
    .filter((one) => one.name !== name)
    .map((one): Snapshot => {
      const { parent, ...rest } = one;
      return parent !== name ? one : own?.parent === undefined ? rest : { ...rest, parent: own.parent };
    });
  return { ...before, tree: { snapshots, ...(current === undefined ? {} : { current }) } };
}

/** @param parent none: as a root */
export function below(snapshot: Snapshot, parent: string | undefined): Snapshot {
  const moved: { -readonly [Field in keyof Snapshot]: Snapshot[Field] } = { ...snapshot };
  delete moved.parent;
  return parent === undefined ? moved : { ...moved, parent };
}

const withoutRam: Pick<Snapshot, 'kind' | 'state' | 'memory'> = {
  kind: 'disk',
  state: 'disk-snapshot',
  memory: { location: 'no' },
};
