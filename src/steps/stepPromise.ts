// What is to be seen once a step is done: libvirt answers "done" to some that it did not do, or not wholly. Measured
// with 9.0 (the delete of a tag that qemu-img or QEMU refuses) and 12.8 (a merge in which QEMU died).
import type { Facts } from '../domain/facts.js';
import type { Step } from './step.js';
import { apply } from './steps.js';

interface Tag {
  readonly file: string;
  readonly tag: string;
}

interface StepPromise {
  readonly comes: readonly string[];
  readonly goes: readonly string[];
  readonly tagsCome: readonly Tag[];
  readonly tagsGo: readonly Tag[];
  /** The disk stands on another file afterwards. */
  readonly leaves: readonly { readonly target: string; readonly file: string }[];
}

const changesSnapshotsOrChains: ReadonlySet<Step['kind']> = new Set<Step['kind']>([
  'createSnapshot',
  'adoptSnapshot',
  'deleteSnapshot',
  'forgetSnapshot',
  'redefineAs',
  'removeTag',
  'blockCommit',
  'commitImages',
]);

/** Undefined where nothing can be held against it: a guest changes its power by itself. */
export function promiseOf(step: Step, before: Facts): StepPromise | undefined {
  if (!changesSnapshotsOrChains.has(step.kind)) {
    return undefined;
  }
  const after = apply(step, before);
  const [was, is] = [namesIn(before), namesIn(after)];
  const [tagsWere, tagsAre] = [tagsIn(before), tagsIn(after)];
  return {
    comes: is.filter((name) => !was.includes(name)),
    goes: was.filter((name) => !is.includes(name)),
    tagsCome: tagsAre.filter((tag) => !tagsWere.some((one) => isSame(one, tag))),
    tagsGo: tagsWere.filter((tag) => !tagsAre.some((one) => isSame(one, tag))),
    leaves: before.vm.disks.flatMap(({ target, source: file }) =>
      file === undefined || after.vm.disks.find((disk) => disk.target === target)?.source === file
        ? []
        : [{ target, file }],
    ),
  };
}

/** The images whose tags it lists. */
export function imagesOf({ tagsCome, tagsGo }: StepPromise): readonly string[] {
  return [...new Set([...tagsCome, ...tagsGo].map(({ file }) => file))];
}

interface BrokenPromise {
  /** These are there still. */
  readonly left: readonly Tag[];
  /** Where the VM stands still, or what is not there: for the log. */
  readonly what: readonly string[];
}

/** @param now with all of `imagesOf` that could be looked at */
export function findBrokenPromise(
  { comes, goes, tagsCome, tagsGo, leaves }: StepPromise,
  now: Facts,
): BrokenPromise | undefined {
  const names = namesIn(now);
  const tagsOf = (file: string): readonly string[] | undefined => {
    const image = now.files?.images.get(file);
    return typeof image === 'object' ? image.tags : undefined;
  };
  const left = tagsGo.filter(({ file, tag }) => tagsOf(file)?.includes(tag) === true);
  const what = [
    ...comes.filter((name) => !names.includes(name)).map((name) => `there is no ${name}`),
    ...goes.filter((name) => names.includes(name)).map((name) => `${name} is there`),
    ...tagsCome
      .filter(({ file, tag }) => tagsOf(file)?.includes(tag) === false)
      .map(({ file, tag }) => `${tag} is not in ${file}`),
    ...left.map(({ file, tag }) => `${tag} is in ${file}`),
    ...leaves
      .filter(({ target, file }) => now.vm.disks.some((disk) => disk.target === target && disk.source === file))
      .map(({ target, file }) => `${target} is on ${file}`),
  ];
  return what.length === 0 ? undefined : { left, what };
}

function namesIn({ tree }: Facts): readonly string[] {
  return tree.snapshots.map(({ name }) => name);
}

function tagsIn({ files }: Facts): readonly Tag[] {
  return [...(files?.images ?? [])].flatMap(([file, image]) =>
    typeof image === 'object' ? (image.tags ?? []).map((tag) => ({ file, tag })) : [],
  );
}

function isSame(one: Tag, other: Tag): boolean {
  return one.file === other.file && one.tag === other.tag;
}
