// An inventory over a hypervisor made by hand, with a clock that the test moves.
import type { OpenHypervisor } from '../../../src/driver/hypervisor.js';
import type { Rules } from '../../../src/engine/run/rules.js';
import { Engine } from '../../../src/engine/engine.js';
import type { StoreChange } from '../../../src/live/views.js';
import { vmKey } from '../../../src/live/views.js';
import { silentLog } from '../../silentLog.js';
import type { RecoveryReport } from '../../../src/domain/recoveryReport.js';
import type { VmRef } from '../../../src/domain/vm.js';
import { FakeClock, settled } from './fakeClock.js';
import { FakeKeeping } from './fakePersistence.js';
import { FakeHypervisor, type FakeVm, uuidOf } from './fakeHypervisor.js';

export const uri = 'qemu:///system';

export interface Rig {
  readonly engine: Engine;
  readonly clock: FakeClock;
  readonly vms: Map<string, FakeVm>;
  /** Every connection that was opened, the latest last. */
  readonly opened: FakeHypervisor[];
  readonly changes: StoreChange[];
  readonly log: string[];
  readonly persistence: FakeKeeping;
  readonly reports: RecoveryReport[];
  readonly hypervisor: () => FakeHypervisor;
  /** What the next attempts to connect do; without one they succeed. */
  readonly attempts: OpenHypervisor[];
  look(...open: readonly string[]): Promise<void>;
  hide(): void;
  /** What was called since the last time. */
  calls(): readonly string[];
  ref(name: string): VmRef;
}

export function rig(...content: readonly FakeVm[]): Promise<Rig> {
  return rigWith({}, ...content);
}

export interface RigOptions {
  readonly rules?: Rules;
  /** The records of an earlier process. */
  readonly persistence?: FakeKeeping;
  readonly recovers?: 'beforeOperations';
}

export async function rigWith(
  { rules, persistence = new FakeKeeping(), recovers }: RigOptions,
  ...content: readonly FakeVm[]
): Promise<Rig> {
  const clock = new FakeClock();
  const vms = new Map(content.map((vm) => [vm.vm.uuid, vm]));
  const opened: FakeHypervisor[] = [];
  const attempts: OpenHypervisor[] = [];
  const log: string[] = [];
  const keep = (line: string): number => log.push(line);
  const engine = new Engine({
    ...(recovers !== undefined && { recovers }),
    open: (which, signal, onLogin, readOnly) => {
      const attempt = attempts.shift();
      if (attempt !== undefined) {
        return attempt(which, signal, onLogin, readOnly);
      }
      const hypervisor = new FakeHypervisor(which, vms);
      opened.push(hypervisor);
      return Promise.resolve(hypervisor);
    },
    log: { ...silentLog, info: keep, warn: keep, error: keep },
    clock,
    random: () => 0,
    journal: persistence,
    ...(rules === undefined ? {} : { rules }),
  });
  const changes: StoreChange[] = [];
  engine.onDidChange((change) => changes.push(change));
  const reports: RecoveryReport[] = [];
  engine.onDidRecover((report) => reports.push(report));
  engine.setConnections([uri]);
  changes.length = 0;
  const seen = new Map<FakeHypervisor, number>();
  const ref = (name: string): VmRef => ({ connection: uri, uuid: uuidOf(name) });
  await settled();
  return {
    engine,
    clock,
    vms,
    opened,
    changes,
    log,
    persistence,
    reports,
    attempts,
    ref,
    hypervisor: () => opened.at(-1)!,
    look: async (...open) => {
      engine.setAttention({
        visible: true,
        connections: new Set([uri]),
        vms: new Set(open.map((name) => vmKey(ref(name)))),
      });
      await settled();
    },
    hide: () => engine.setAttention({ visible: false, connections: new Set(), vms: new Set() }),
    calls: () =>
      opened.flatMap((hypervisor) => {
        const before = seen.get(hypervisor) ?? 0;
        seen.set(hypervisor, hypervisor.calls.length);
        return hypervisor.calls.slice(before);
      }),
  };
}
