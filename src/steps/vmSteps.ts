// Steps that change how the VM runs, and not what its snapshots or files are.
import type { PowerAction } from '../domain/operation.js';
import { isActive, type PowerReason, type PowerState } from '../domain/vm.js';
import { changePower, withoutSave, withSave } from './changedFacts.js';
import {
  doneWhen,
  never,
  noLayers,
  nothingTouched,
  type StepDefinition,
  always,
  cannotTell,
} from './stepDefinition.js';
import { frozenLayersOf } from '../domain/chains/fileUse.js';
import { standsOn } from '../domain/chains/standsOn.js';
import { hasLimits, limitsIn } from '../domain/speed.js';

/** The VM is switched on, off, stands still or goes on. */
const after: Readonly<Record<PowerAction, { readonly power: PowerState; readonly reason: PowerReason }>> = {
  start: { power: 'running', reason: 'other' },
  shutDown: { power: 'off', reason: 'shutDown' },
  save: { power: 'off', reason: 'saved' },
  forceOff: { power: 'off', reason: 'destroyed' },
  pause: { power: 'paused', reason: 'other' },
  resume: { power: 'running', reason: 'other' },
  restart: { power: 'running', reason: 'other' },
};

const commands: Readonly<Record<PowerAction, string>> = {
  start: 'start',
  shutDown: 'shutdown',
  save: 'managedsave',
  forceOff: 'destroy',
  pause: 'suspend',
  resume: 'resume',
  restart: 'reboot',
};

export const power: StepDefinition<'power'> = {
  touches: nothingTouched,
  layers: noLayers,
  /** A start uses a managed save up. */
  apply: ({ action }, facts) => {
    const { power, reason } = after[action];
    const at = changePower(power, facts, reason);
    return action === 'start' ? withoutSave(at) : action === 'save' ? withSave(at, facts.vm) : at;
  },
  isDone: ({ action }, { vm }) => {
    switch (action) {
      case 'start':
      case 'resume':
        return doneWhen(isActive(vm.power));
      case 'forceOff':
      case 'shutDown':
        return doneWhen(vm.power === 'off');
      case 'save':
        return doneWhen(vm.power === 'off' && vm.managedSave);
      case 'pause':
        return doneWhen(vm.power === 'paused');
      case 'restart':
        return 'unknown';
    }
  },
  byHand: ({ action }, by) => [by.ofVm(commands[action])],
  isHarmless: never,
  canBreakOff: false,
};

/** A managed save's RAM comes back, which uses it up, and nothing runs. */
export const startPaused: StepDefinition<'startPaused'> = {
  touches: nothingTouched,
  layers: noLayers,
  apply: (_, facts) => withoutSave(changePower('paused', facts)),
  isDone: (_, { vm }) => doneWhen(isActive(vm.power) && !vm.managedSave),
  byHand: (_, by) => [by.ofVm('start', '--paused')],
  isHarmless: never,
  canBreakOff: false,
};

/** Time passes: libvirt names overlays by the second. */
export const waitUntil: StepDefinition<'waitUntil'> = {
  touches: nothingTouched,
  layers: noLayers,
  apply: ({ second }, facts) => ({ ...facts, now: Math.max(facts.now, (second + 1) * 1_000) }),
  isDone: cannotTell,
  byHand: () => [['sleep', '1']],
  isHarmless: always,
  canBreakOff: false,
};

/**
 * The VM starts from a snapshot's memory file, with these files as disks; it keeps its own configuration for the next
 * start.
 */
export const restoreMemory: StepDefinition<'restoreMemory'> = {
  touches: ({ disks, file }) => ({ images: disks.map((disk) => disk.file), files: [file] }),
  layers: ({ snapshot }, facts) => ({ reads: frozenLayersOf(snapshot, facts) }),
  apply: ({ to }, facts) => changePower(to, facts),
  isDone: ({ disks }, facts) => doneWhen(isActive(facts.vm.power) && standsOn(disks, facts)),
  /** The XML of the file is kept, and the VM restored with it edited. */
  byHand: ({ snapshot, file, to }, by) => [
    by.virsh('save-image-dumpxml', '--file', file, '--security-info'),
    by.virsh('restore', '--file', file, '--xml', by.editedXml(snapshot), `--${to}`),
  ],
  isHarmless: never,
  canBreakOff: true,
};

/**
 * What a snapshot of a running guest's RAM has left in QEMU goes: a stream, the guard over the RAM, a file that is
 * open. The VM and its disks stay as they are.
 */
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

/** RAM that was saved goes: the next start is a cold one. */
export const dropManagedSave: StepDefinition<'dropManagedSave'> = {
  touches: nothingTouched,
  layers: noLayers,
  apply: (_, facts) => withoutSave(facts),
  isDone: (_, { vm }) => doneWhen(!vm.managedSave),
  byHand: (_, by) => [by.ofVm('managedsave-remove')],
  isHarmless: never,
  canBreakOff: false,
};

/** A transient VM gets a configuration, the one that it runs with: it and its snapshots stay when it stops. */
export const makePersistent: StepDefinition<'makePersistent'> = {
  touches: nothingTouched,
  layers: noLayers,
  apply: (_, facts) => ({ ...facts, vm: { ...facts.vm, persistent: true }, configured: facts.vm.disks }),
  isDone: (_, { vm }) => doneWhen(vm.persistent),
  byHand: (_, by) => [
    by.ofVm('dumpxml', '--inactive', '--security-info'),
    by.virsh('define', '--file', by.editedXml(by.vm.name)),
  ],
  isHarmless: always,
  canBreakOff: false,
};

/** What the guest agent is asked for, of which nothing is known here afterwards. The operation is good without. */
export const thawGuest: StepDefinition<'thawGuest'> = {
  touches: nothingTouched,
  layers: noLayers,
  apply: (_, facts) => facts,
  isDone: cannotTell,
  byHand: (_, by) => [by.ofVm('domfsthaw')],
  isHarmless: always,
  canBreakOff: false,
};

export const setGuestClock: StepDefinition<'setGuestClock'> = {
  touches: nothingTouched,
  layers: noLayers,
  apply: (_, facts) => facts,
  isDone: cannotTell,
  byHand: (_, by) => [by.ofVm('domtime', '--sync')],
  isHarmless: always,
  canBreakOff: false,
};

/** The limits of a running VM's disks and networks. */
export const setLimits: StepDefinition<'setLimits'> = {
  touches: nothingTouched,
  layers: noLayers,
  apply: ({ to, from }, facts) =>
    facts.tuning === undefined ? facts : { ...facts, tuning: limitsIn(facts.tuning, to, from) },
  isDone: ({ to, from }, { tuning }) => (tuning === undefined ? 'unknown' : doneWhen(hasLimits(tuning, to, from))),
  // What has to be 0 depends on what is set by then.
  byHand: () => [],
  isHarmless: always,
  canBreakOff: true,
};

/** QEMU's server for debuggers is closed; the guest stays as it is. */
export const closeDebugger: StepDefinition<'closeDebugger'> = {
  touches: nothingTouched,
  layers: noLayers,
  apply: (_, facts) => (facts.debugger === undefined ? facts : { ...facts, debugger: 'none' }),
  isDone: (_, { debugger: server }) => (server === undefined ? 'unknown' : doneWhen(server === 'none')),
  byHand: (_, by) => [by.ofVm('qemu-monitor-command', '--hmp', '--cmd', 'gdbserver none')],
  isHarmless: always,
  canBreakOff: true,
};
