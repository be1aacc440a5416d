// What can be done with a VM in each of its states.
import type { OperationRequest, PowerAction } from '../../../src/domain/operation.js';
import type { Facts } from '../../../src/domain/facts.js';
import type { PowerReason, PowerState, Vm } from '../../../src/domain/vm.js';
import { image, over, seen } from '../domain/hostFiles.js';
import { ask, capabilities, disk, external, frozen, facts, tree, vm } from '../domain/someFacts.js';
import { asked, Golden } from './golden.js';

const golden = new Golden('power');
const powers = (rows: readonly (readonly [what: string, PowerAction, Partial<Facts>])[]) =>
  asked(rows.map(([what, action, more]) => [`${action}: ${what}`, ask.power(action), facts(more)]));

const states: readonly PowerState[] = ['off', 'running', 'paused', 'shuttingDown', 'crashed', 'asleep', 'unknown'];
const actions: readonly PowerAction[] = ['start', 'shutDown', 'save', 'forceOff', 'pause', 'resume', 'restart'];
golden.section(
  'each action in each state',
  powers(actions.flatMap((action) => states.map((power) => [power, action, { vm: vm({ power }) }] as const))),
);

const connection = (more: Parameters<typeof capabilities>[2]) => ({ capabilities: capabilities(9, 0, more) });
golden.section(
  'of any driver, and not over a read-only connection',
  powers([
    ['another driver', 'pause', connection({ driver: 'other' })],
    ['read-only', 'pause', connection({ readOnly: true })],
  ]),
);

const one = { tree: tree([external('s')], 's') };
const of = (more: Partial<Vm>) => ({ ...one, vm: vm(more) });
golden.section(
  'what it costs',
  powers([
    ['a managed save, which it uses up', 'start', { vm: vm({ power: 'off', managedSave: true }) }],
    ['running', 'forceOff', of({})],
    ['crashed', 'forceOff', of({ power: 'crashed' })],
    ['running', 'shutDown', of({})],
    ['running', 'restart', of({})],
    ['transient', 'forceOff', of({ persistent: false })],
    ['transient', 'shutDown', of({ persistent: false })],
    ['running', 'save', of({})],
    ['transient', 'save', of({ persistent: false })],
  ]),
);

const paused = (powerReason: PowerReason, more: Partial<Vm>) => ({
  vm: vm({ power: 'paused', powerReason, ...more }),
});
golden.section(
  'the clock of a guest that goes on',
  asked([
    ...(
      [
        ['since a revert', paused('fromSnapshot', { agentConnected: false })],
        ['since a revert, nobody can be asked', paused('fromSnapshot', { agentChannel: false })],
        ['paused by somebody', paused('other', {})],
        [
          'since a revert, of a driver without guests',
          { ...paused('fromSnapshot', { agentConnected: false }), ...connection({ driver: 'test' }) },
        ],
      ] as const
    ).map(([what, more]) => [what, ask.power('resume'), facts(more)] as const),
    ...(
      [
        ['asked for after a revert that we did', 'revert', paused('other', { agentConnected: false })],
        ['asked for after a stop', 'stop', paused('other', {})],
        ['asked for after a stop, nobody was there', 'stop', paused('other', { agentConnected: false })],
      ] as const
    ).map(([what, clock, more]) => [what, { ...ask.power('resume'), clock } as OperationRequest, facts(more)] as const),
  ]),
);

const savedOn = (file: string) => ({
  vm: vm({
    power: 'off',
    managedSave: true,
    savedDisks: [{ target: 'vda', file }],
    disks: [disk('vda', '/img/web.s')],
  }),
  files: seen({ '/img/web.s': over('/img/web.qcow2'), '/img/web.qcow2': image() }),
});
golden.section(
  'a managed save beside which somebody took a snapshot',
  powers([
    ['it would write below the overlay', 'start', savedOn('/img/web.qcow2')],
    ['it was made on the overlay', 'start', savedOn('/img/web.s')],
    ['it was made on another disk altogether', 'start', savedOn('/img/other')],
  ]),
);

const on = (file: string, powerReason: 'fromSnapshot' | 'other') => ({
  ...of({ power: 'paused', powerReason, disks: [disk('vda', file)] }),
  frozenDisks: frozen({ s: '/img/web.qcow2' }),
});
golden.section(
  'a VM that a broken revert may have left on a frozen file',
  powers([
    ['on it, from a snapshot', 'resume', on('/img/web.qcow2', 'fromSnapshot')],
    ['on its own overlay, from a snapshot', 'resume', on('/img/web.1700000000', 'fromSnapshot')],
    ['on it, paused for another reason', 'resume', on('/img/web.qcow2', 'other')],
    ['on it, from a snapshot', 'forceOff', on('/img/web.qcow2', 'fromSnapshot')],
  ]),
);
golden.end();
