// Steps that change which disks a VM has, and how large they are.
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
