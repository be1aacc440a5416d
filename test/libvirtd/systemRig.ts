// What acts on systems of VMs in a process of its own, be it this one: an inventory on which a step of one VM can be
// disturbed.
import assert from 'node:assert/strict';
import { connect } from '../readers.js';
import type { VirtRewind } from '../../src/api/publicApi.js';
import { libvirtHypervisor } from '../../src/driver/connection/openLibvirt.js';
import type { Hypervisor } from '../../src/driver/hypervisor.js';
import { Engine } from '../../src/engine/engine.js';
import type { Step } from '../../src/steps/step.js';
import { type RunWish, type SystemResult } from '../../src/systems/groupRun.js';
import { SystemFailure } from '../../src/systems/systemPlan.js';
import { Systems } from '../../src/systems/systems.js';
import type { OracleVm } from '../oracle/oracleVm.js';
import { silentLog } from '../silentLog.js';
import { withMethod } from './engineRig.js';

/**
 * At which step of which VM, and before it is done or behind it; of a snapshot with others also when it is `ready` to
 * be paused, and when it is `paused` and the others may not be yet. `nth`: of its steps of that kind, from 0.
 */
export interface Spot {
  readonly vm: string;
  readonly step: Step['kind'];
  readonly moment: 'before' | 'ready' | 'paused' | 'after';
  readonly nth?: number;
}

export interface SystemsHere {
  readonly engine: Engine;
  readonly systems: Systems;
  /** Once, at the next such step; what it throws is what libvirt would have said. */
  disturb(spot: Spot, act: () => Promise<void>): void;
  dispose(): void;
}

export async function openSystems(uri: string, folder: string, env: NodeJS.ProcessEnv): Promise<SystemsHere> {
  let wanted: { readonly spot: Spot; readonly act: () => Promise<void>; left: number } | undefined;
  const open = libvirtHypervisor(silentLog, env);
  const engine = new Engine({
    open: async (which, signal) => {
      const real = await open(which, signal);
      const run: Hypervisor['run'] = async (vm, step, options) => {
        const now = wanted;
        if (now?.spot.vm !== vm.name || now.spot.step !== step.kind || now.left-- > 0) {
          return real.run(vm, step, options);
        }
        wanted = undefined;
        if (now.spot.moment === 'before') {
          await now.act();
        }
        const { moment } = options;
        const at = (spot: Spot['moment']): Promise<void> | undefined =>
          now.spot.moment === spot ? now.act() : undefined;
        const outcome = await real.run(vm, step, {
          ...options,
          moment: moment && {
            whenReady: async () => {
              await moment.whenReady();
              await at('ready');
            },
            whenPaused: async () => {
              await at('paused');
              await moment.whenPaused();
            },
          },
        });
        if (now.spot.moment === 'after') {
          await now.act();
        }
        return outcome;
      };
      return withMethod(real, 'run', run);
    },
    log: silentLog,
    journal: { folder, editor: 'test' },
    recovers: 'beforeOperations',
  });
  engine.setAutoPrune('everything');
  engine.setConnections([uri]);
  await engine.connect(uri);
  const systems = new Systems({
    engine,
    folder,
    log: silentLog,
    shell: 'test',
    isProtected: () => false,
    automatic: () => 'all',
  });
  return {
    engine,
    systems,
    disturb: (spot, act) => {
      wanted = { spot, act, left: spot.nth ?? 0 };
    },
    dispose: () => engine.dispose(),
  };
}

/** It reads where the journal is from the environment of its process. */
export async function libraryIn(folder: string, uri: string): Promise<VirtRewind> {
  const before = process.env['VIRT_REWIND_STATE'];
  process.env['VIRT_REWIND_STATE'] = folder;
  const rewind = await connect(uri);
  process.env['VIRT_REWIND_STATE'] = before ?? '';
  return rewind;
}

/** The failure of it, which tells what became of each VM. */
export async function failureOf(doing: Promise<unknown>): Promise<SystemFailure> {
  const failure = await doing.then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.ok(failure instanceof SystemFailure, String(failure));
  return failure;
}

/** RAM and the first block of the first disk say `value` from now on, in each. */
export async function markAll(vms: readonly OracleVm[], value: number): Promise<void> {
  await Promise.all(
    vms.map((vm) =>
      vm.talk(async (guest) => {
        await guest.setCounter(value);
        await guest.write(0, [[1, value]]);
      }),
    ),
  );
}

/** What `markAll` writes, of a VM that runs. */
export function held(vm: OracleVm): Promise<readonly unknown[]> {
  return vm.talk(async (guest) => [(await guest.ram()).counter, await guest.read(0, 1)]);
}

export type What =
  | { readonly kind: 'checkpoint'; readonly title: string; readonly seamless?: true }
  | { readonly kind: 'revert' | 'delete'; readonly title: string }
  | { readonly kind: 'undo' };

/** Planned and carried out. */
export async function act(
  { systems }: SystemsHere,
  name: string,
  what: What,
  wish: RunWish = {},
): Promise<SystemResult> {
  const stored = (await systems.find(name))!;
  if (what.kind === 'checkpoint') {
    const { kind: _, ...wanted } = what;
    return systems.run(await systems.planCheckpoint(stored, wanted), wish);
  }
  const point =
    what.kind === 'undo'
      ? stored.points.findLast(({ auto }) => auto === 'revert')!
      : stored.points.find(({ title, auto }) => title === what.title && auto === undefined)!;
  const plan = what.kind === 'delete' ? systems.planDelete(stored, point) : systems.planRevert(stored, point);
  return systems.run(await plan, wish);
}
