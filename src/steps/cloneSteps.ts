// What a clone is made of beside its overlays, and how it goes.
import { frozenLayersOf } from '../domain/chains/fileUse.js';
import { changePower, withFiles, withImage, withoutFile } from './changedFacts.js';
import type { CopiedDisk } from './step.js';
import { cannotTell, type Command, doneWhen, never, noLayers, type StepDefinition } from './stepDefinition.js';

function removeCommands(files: readonly string[]): readonly Command[] {
  return files.length === 0 ? [] : [['rm', '-f', '--', ...files]];
}

/**
 * `convert -l` copies a tag as large as the image is now. Gone back to it has its own size again: in an overlay on the
 * file itself, so that the image stays as it is. Only a name of digits is copied that way, for going back takes it for
 * a tag's ID.
 */
function copyCommands({ file, from, fromFormat, tag }: CopiedDisk): readonly Command[] {
  const convert = ['qemu-img', 'convert', '-O', 'qcow2'] as const;
  if (tag === undefined || /^\d+$/u.test(tag)) {
    return [[...convert, '-f', fromFormat, ...(tag === undefined ? [] : ['-l', `snapshot.name=${tag}`]), from, file]];
  }
  const above = `${file}.above`;
  const source = `driver=qcow2,file.driver=qcow2,file.file.filename=${above.replaceAll(',', ',,')}`;
  return [
    ['qemu-img', 'create', '-f', 'qcow2', '-F', 'raw', '-b', from, above],
    ['qemu-img', 'snapshot', '-a', tag, '--image-opts', source],
    [...convert, '--image-opts', source, file],
    ...removeCommands([above]),
  ];
}

export const copyImages: StepDefinition<'copyImages'> = {
  touches: ({ disks }) => ({
    images: disks.flatMap(({ file, from }) => [file, from]),
    made: disks.map(({ file }) => file),
  }),
  /** Keeps no layers: a definition as a copy of a snapshot treats existing files as that snapshot. */
  layers: noLayers,
  apply: ({ disks }, facts) =>
    disks.reduce((at, { file, from }) => {
      const source = at.files?.images.get(from);
      return typeof source !== 'object'
        ? at
        : withImage(at, file, {
            format: 'qcow2',
            bytes: source.virtualBytes,
            allocatedBytes: source.allocatedBytes,
            virtualBytes: source.virtualBytes,
          });
    }, facts),
  /** Each appears when it is whole. */
  isDone: ({ disks }, { files }) => doneWhen(disks.every(({ file }) => typeof files?.images.get(file) === 'object')),
  byHand: ({ disks }) => disks.flatMap(copyCommands),
  isHarmless: never,
  canBreakOff: true,
};

export const writeSeed: StepDefinition<'writeSeed'> = {
  touches: ({ from, to }) => ({ files: [from, to], made: [to] }),
  layers: noLayers,
  apply: ({ to }, facts) => withFiles(facts, new Map([[to, { bytes: 0, allocatedBytes: 0 }]])),
  isDone: cannotTell,
  /** With an instance ID, a host name, MAC addresses and host keys of its own in its files. */
  byHand: ({ from, to }) => [
    ['osirrox', '-indev', from, '-extract', '/', `${to}.files`],
    ['xorriso', '-as', 'mkisofs', '-V', 'cidata', '-J', '-r', '-o', to, `${to}.files`],
  ],
  isHarmless: never,
  canBreakOff: true,
};

export const defineClone: StepDefinition<'defineClone'> = {
  touches: ({ disks, nvram, seed }) => ({
    images: disks.map(({ file }) => file),
    files: [...(nvram === undefined ? [] : [nvram]), ...(seed === undefined ? [] : [seed.file])],
  }),
  layers: ({ snapshot }, facts) => (snapshot === undefined ? {} : { reads: frozenLayersOf(snapshot, facts) }),
  apply: ({ clone, disks }, facts) => ({
    ...facts,
    otherVms: [
      ...(facts.otherVms ?? []),
      { uuid: clone.uuid, name: clone.name, files: disks.map(({ file }) => file), unread: [] },
    ],
  }),
  isDone: ({ clone }, { otherVms }) =>
    otherVms === undefined ? 'unknown' : doneWhen(otherVms.some(({ uuid }) => uuid === clone.uuid)),
  /** The XML is edited between the two. */
  byHand: ({ clone, snapshot }, by) => [
    snapshot === undefined
      ? by.ofVm('dumpxml', '--inactive', '--security-info')
      : by.ofSnapshot('snapshot-dumpxml', snapshot, '--security-info'),
    by.virsh('define', '--file', by.editedXml(clone.name)),
  ],
  isHarmless: never,
  canBreakOff: true,
};

export const discardClone: StepDefinition<'discardClone'> = {
  touches: ({ files }) => ({ images: files }),
  layers: noLayers,
  apply: ({ files }, facts) => files.reduce(withoutFile, changePower('off', facts)),
  /** Where the VM is there to be looked at, it is not gone. */
  isDone: () => 'no',
  byHand: ({ files }, by) => [
    ...removeCommands(files),
    by.ofVm('undefine', '--managed-save', '--snapshots-metadata', '--keep-nvram'),
  ],
  isHarmless: never,
  canBreakOff: true,
};

/** Whether it runs, the facts of the VM that it was made of do not tell. */
export const restoreClone: StepDefinition<'restoreClone'> = {
  touches: ({ file }) => ({ files: [file] }),
  layers: noLayers,
  apply: (_, facts) => facts,
  isDone: () => 'unknown',
  /** With the name, UUID and files of the clone in its XML. */
  byHand: ({ file }, by) => [
    ['cp', '--', file, `${file}.fork`],
    by.virsh('save-image-edit', `${file}.fork`),
    by.virsh('restore', `${file}.fork`, '--running'),
  ],
  isHarmless: never,
  canBreakOff: true,
};

export const undoClone: StepDefinition<'undoClone'> = {
  touches: ({ files }) => ({ images: files }),
  layers: noLayers,
  apply: ({ clone, files }, facts) => ({
    ...files.reduce(withoutFile, facts),
    ...(facts.otherVms === undefined ? {} : { otherVms: facts.otherVms.filter(({ uuid }) => uuid !== clone.uuid) }),
  }),
  isDone: ({ clone, files: made }, { otherVms, files }) =>
    doneWhen(
      otherVms?.every(({ uuid }) => uuid !== clone.uuid) === true &&
        made.every((file) => (files?.images.get(file) ?? files?.files.get(file)) === 'missing'),
    ),
  byHand: ({ clone, files }, by) => [
    ...removeCommands(files),
    by.virsh('undefine', '--domain', clone.name, '--keep-nvram'),
  ],
  isHarmless: never,
  canBreakOff: true,
};
