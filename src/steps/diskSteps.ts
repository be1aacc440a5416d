// Steps that change which disks a VM has, and how large they are.
import type { Facts } from '../domain/facts.js';
import { isActive, type VmDisk } from '../domain/vm.js';
import { withImage } from './changedFacts.js';
import { doneWhen, never, noLayers, type StepDefinition } from './stepDefinition.js';

/** What it had stays where it was; what comes is empty. */
export const growDisk: StepDefinition<'growDisk'> = {
  touches: ({ file }) => ({ images: [file] }),
  layers: noLayers,
  apply: ({ file, bytes }, facts) => {
    const image = facts.files?.images.get(file);
    return typeof image === 'object' ? withImage(facts, file, { ...image, virtualBytes: bytes }) : facts;
  },
  isDone: ({ file, bytes }, { files }) => {
    const image = files?.images.get(file);
    return typeof image === 'object' ? doneWhen(image.virtualBytes === bytes) : 'unknown';
  },
  byHand: ({ target, file, format, bytes, by: program }, by) => [
    program === 'qemu'
      ? by.ofVm('blockresize', '--path', target, '--size', `${String(bytes)}B`)
      : ['qemu-img', 'resize', '-f', format, file, String(bytes)],
  ],
  isHarmless: never,
  canBreakOff: true,
};

export const addDisk: StepDefinition<'addDisk'> = {
  touches: ({ file, from }) => ({ images: [file], ...(from === 'new' && { made: [file] }) }),
  layers: noLayers,
  apply: ({ target, file, format, bytes }, facts) => {
    const disk: VmDisk = {
      target,
      device: 'disk',
      sourceType: 'file',
      format,
      source: file,
      readonly: false,
      shareable: false,
    };
    const image = { bytes: 0, allocatedBytes: 0, format, virtualBytes: bytes, tags: [] };
    const there = withImage(facts, file, facts.files?.images.get(file) ?? image);
    return withDisks(there, (disks) => [...disks.filter((one) => one.target !== target), disk]);
  },
  isDone: ({ target, file }, facts) =>
    doneWhen(
      configurations(facts).every((disks) => disks.some((disk) => disk.target === target && disk.source === file)),
    ),
  byHand: ({ target, file, format, bytes, from, trashed, isMade, device }, by) => [
    ...(from === 'new' && isMade !== true ? [['qemu-img', 'create', '-f', format, file, String(bytes)] as const] : []),
    ...(from === 'trash' && trashed !== undefined ? [['mv', '-n', '--', trashed, file] as const] : []),
    'xml' in device
      ? by.ofVm('attach-device', '--file', by.editedXml(target), '--persistent')
      : by.ofVm(
          'attach-disk',
          ...['--source', file, '--target', target, '--targetbus', device.bus],
          ...['--driver', 'qemu', '--subdriver', format, '--persistent'],
        ),
  ],
  isHarmless: never,
  canBreakOff: true,
};

export const removeDisk: StepDefinition<'removeDisk'> = {
  touches: ({ file }) => ({ images: [file] }),
  layers: noLayers,
  apply: ({ target }, facts) => withDisks(facts, (disks) => disks.filter((disk) => disk.target !== target)),
  isDone: ({ target }, facts) =>
    doneWhen(configurations(facts).every((disks) => disks.every((disk) => disk.target !== target))),
  byHand: ({ target }, by) => [by.ofVm('detach-disk', '--target', target, '--config')],
  isHarmless: never,
  canBreakOff: true,
};

/** Of what runs, and of the next start, as far as it is known. */
function configurations({ vm, configured = vm.disks }: Facts): readonly (readonly VmDisk[])[] {
  return isActive(vm.power) ? [vm.disks, configured] : [vm.disks];
}

/** What else of its configuration changes was not seen. */
function withDisks({ hardware: _, ...facts }: Facts, change: (disks: readonly VmDisk[]) => readonly VmDisk[]): Facts {
  const { vm, configured } = facts;
  return {
    ...facts,
    vm: { ...vm, disks: change(vm.disks) },
    ...(configured === undefined ? {} : { configured: change(configured) }),
  };
}
