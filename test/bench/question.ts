// What a Revert question costs: how often the port is asked for all its variants, beside three other VMs, on a real
// guest.
import { join } from 'node:path';
import { defineTestGuest } from '../../scripts/guest/testGuest.mjs';
import { libvirtHypervisor } from '../../src/driver/connection/openLibvirt.js';
import type { Hypervisor } from '../../src/driver/hypervisor.js';
import { Engine } from '../../src/engine/engine.js';
import { vmKey } from '../../src/live/views.js';
import { silentLog } from '../silentLog.js';
import type { AfterRevert, OperationRequest } from '../../src/domain/operation.js';
import { defineOthers } from './guestOperations.js';
import { median, onPrivateDaemon, remark, report, timed } from './measure.js';

const rounds = 5;
const others = 3;
const ends: readonly AfterRevert[] = ['running', 'paused', 'off'];

void onPrivateDaemon(async (daemon) => {
  await defineOthers(daemon, others);
  const open = libvirtHypervisor(silentLog, daemon.env);
  const asked: string[] = [];
  let hypervisor: Hypervisor | undefined;
  const engine = new Engine({
    open: async (uri, signal) => counted((hypervisor = await open(uri, signal)), (call) => asked.push(call)),
    log: silentLog,
    journal: { folder: join(daemon.dir, 'journal') },
  });
  engine.setConnections([daemon.uri]);
  for (const style of ['internal', 'external'] as const) {
    const name = `guest-${style}`;
    const guest = await defineTestGuest(daemon, { name });
    await guest.start();
    const { vms } = await engine.connect(daemon.uri);
    const vm = vms.find((view) => view.vm.name === name)!.ref;
    engine.setAttention({ visible: true, connections: new Set([daemon.uri]), vms: new Set([vmKey(vm)]) });
    const { snapshot } = await engine.runOperation({
      kind: 'create',
      vm,
      snapshotKind: 'memory',
      style,
      title: 'it',
    });
    await engine.readTree(vm);
    // Nobody else asks: what is followed is as good as read.
    const question = ends.flatMap((after): readonly OperationRequest[] =>
      [true, false].map((checkpointFirst) => ({ kind: 'revert', vm, snapshot: snapshot!, after, checkpointFirst })),
    );
    const ask = async (): Promise<void> => {
      for (const { decision } of await engine.decide(question)) {
        if (decision.kind === 'refusal') {
          throw new Error(`refused: ${decision.refusal.reason}`);
        }
      }
    };
    await ask();
    const [times, port, rpc] = [[] as number[], [] as number[], [] as number[]];
    let last: readonly string[] = [];
    for (let round = 0; round < rounds; round++) {
      asked.length = 0;
      const before = hypervisor!.callCount;
      times.push(await timed(ask));
      rpc.push(hypervisor!.callCount - before);
      last = [...asked];
      port.push(last.length);
    }
    report({
      name: `calls of the port for a Revert question, ${style}, ${others} other VMs`,
      // A round may contain one more call of a poll.
      ours: Math.min(...port),
      // Whose RAM a file holds it says itself.
      baseline: style === 'external' ? 10 : 9,
      unit: 'calls',
      goal: 1,
      against: 'one look',
    });
    remark(
      `A Revert question, ${style}: ${Math.min(...rpc)} calls of libvirt, ${median(times).toFixed(1)} ms; the port: ${last.join(', ')}.`,
    );
    await guest.remove();
  }
  engine.dispose();
});

/** Counts the calls of each method that asks, by its name. A property, an event or an end is not counted. */
function counted(hypervisor: Hypervisor, tell: (method: string) => void): Hypervisor {
  return new Proxy(hypervisor, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') {
        return value;
      }
      return (...args: readonly unknown[]): unknown => {
        const answer: unknown = Reflect.apply(value, target, args);
        if (answer instanceof Promise) {
          tell(String(key));
        }
        return answer;
      };
    },
  });
}
