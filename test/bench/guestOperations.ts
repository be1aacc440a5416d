// One real guest on a private daemon, beside VMs that do nothing, and operations on it through the inventory, each with
// the time that it took and the part of it before its first step.
import { join } from 'node:path';
import { defineTestGuest } from '../../scripts/guest/testGuest.mjs';
import { libvirtHypervisor } from '../../src/driver/connection/openLibvirt.js';
import { keepIn } from '../../src/journal/persistence.js';
import { Engine } from '../../src/engine/engine.js';
import { silentLog } from '../silentLog.js';
import type { OperationRequest, OperationResult } from '../../src/domain/operation.js';
import type { VmRef } from '../../src/domain/vm.js';
import type { Daemon } from './measure.js';
import { makeStock } from './stock.js';

export type TestGuest = Awaited<ReturnType<typeof defineTestGuest>>;

export interface Timed {
  readonly result: OperationResult;
  /** Until the journal is asked to keep the plan, which is the last thing before the first step. */
  readonly checkMs: number;
  readonly wholeMs: number;
}

export interface GuestOperations {
  readonly guest: TestGuest;
  readonly vm: VmRef;
  readonly run: (request: OperationRequest) => Promise<Timed>;
  readonly dispose: () => void;
}

export interface GuestOptions {
  readonly name: string;
  readonly memoryMiB?: number;
}

/** VMs that are looked at before each operation on another one, with some snapshots each. */
export function defineOthers(daemon: Daemon, count: number): Promise<void> {
  return makeStock(daemon, count, 10);
}

/** The guest runs when it is given. */
export async function startGuest(daemon: Daemon, options: GuestOptions): Promise<GuestOperations> {
  const guest = await defineTestGuest(daemon, options);
  await guest.start();
  const { journal, ...kept } = keepIn(join(daemon.dir, `journal-${options.name}`), silentLog);
  let begunAt = Number.NaN;
  const engine = new Engine({
    open: libvirtHypervisor(silentLog, daemon.env),
    log: silentLog,
    journal: {
      ...kept,
      journal: {
        begin: (head) => {
          begunAt = performance.now();
          return journal.begin(head);
        },
        readInterrupted: (connection) => journal.readInterrupted(connection),
        lock: (id) => journal.lock(id),
        isLocked: (id) => journal.isLocked(id),
      },
    },
  });
  engine.setConnections([daemon.uri]);
  const { vms } = await engine.connect(daemon.uri);
  const vm = vms.find((view) => view.vm.name === options.name)!.ref;
  return {
    guest,
    vm,
    run: async (request) => {
      const began = performance.now();
      const result = await engine.runOperation(request);
      return { result, checkMs: begunAt - began, wholeMs: performance.now() - began };
    },
    dispose: () => engine.dispose(),
  };
}
