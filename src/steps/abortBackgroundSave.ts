// What a snapshot of a running guest's RAM has left in QEMU goes: a stream, the guard over the RAM, a file that is
// open. The VM and its disks stay as they are.
import { always, doneWhen, noLayers, nothingTouched, type StepDefinition } from './stepDefinition.js';

export const abortBackgroundSave: StepDefinition<'endStream'> = {
  touches: nothingTouched,
  layers: noLayers,
  apply: (_, facts) => (facts.stream === undefined ? facts : { ...facts, stream: 'none' }),
  isDone: (_, { stream }) => (stream === undefined ? 'unknown' : doneWhen(stream === 'none')),
  byHand: (_, by) =>
    [
      { execute: 'migrate_cancel' },
      {
        execute: 'migrate-set-capabilities',
        arguments: { capabilities: [{ capability: 'background-snapshot', state: false }] },
      },
    ].map((command) => by.ofVm('qemu-monitor-command', '--cmd', JSON.stringify(command))),
  isHarmless: always,
  canBreakOff: true,
};
