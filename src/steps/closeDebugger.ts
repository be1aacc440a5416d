// QEMU's server for debuggers is closed; the guest stays as it is.
import { always, doneWhen, noLayers, nothingTouched, type StepDefinition } from './stepDefinition.js';

export const closeDebugger: StepDefinition<'closeDebugger'> = {
  touches: nothingTouched,
  layers: noLayers,
  apply: (_, facts) => (facts.debugger === undefined ? facts : { ...facts, debugger: 'none' }),
  isDone: (_, { debugger: server }) => (server === undefined ? 'unknown' : doneWhen(server === 'none')),
  byHand: (_, by) => [by.ofVm('qemu-monitor-command', '--hmp', '--cmd', 'gdbserver none')],
  isHarmless: always,
  canBreakOff: true,
};
