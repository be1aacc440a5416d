// What a clone is made of beside its overlays, and how it goes.
import { changePower, withImage, withoutFile } from './changedFacts.js';
import { type Command, doneWhen, never, type StepDefinition } from './stepDefinition.js';

function removeCommands(files: readonly string[]): readonly Command[] {
  return files.length === 0 ? [] : [['rm', '-f', '--', ...files]];
}

export const copyImages: StepDefinition<'copyImages'> = {
  touches: ({ disks }) => ({
    images: disks.flatMap(({ file, from }) => [file, from]),
    made: disks.map(({ file }) => file),
  }),
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
  byHand: ({ disks }) =>
    disks.map(({ file, from, fromFormat, tag }) => [
      'qemu-img',
      'convert',
      '-O',
      'qcow2',
      '-f',
      fromFormat,
      ...(tag === undefined ? [] : ['-l', `snapshot.name=${tag}`]),
      from,
      file,
    ]),
  isHarmless: never,
  canBreakOff: true,
};

export const defineClone: StepDefinition<'defineClone'> = {
  touches: ({ disks, nvram }) => ({
    images: disks.map(({ file }) => file),
    files: nvram === undefined ? [] : [nvram],
  }),
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
