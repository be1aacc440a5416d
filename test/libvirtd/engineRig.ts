// An inventory on a private daemon, through the real client, and "another client" beside it.
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { defineTestGuest } from '../../scripts/guest/testGuest.mjs';
import { startPrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import type { Hypervisor } from '../../src/driver/hypervisor.js';
import { libvirtHypervisor } from '../../src/driver/connection/openLibvirt.js';
import { Engine } from '../../src/engine/engine.js';
import { type VmView, vmKey } from '../../src/live/views.js';
import { silentLog } from '../silentLog.js';
import type { VmRef } from '../../src/domain/vm.js';

export type Daemon = Awaited<ReturnType<typeof startPrivateDaemon>>;
export type Guest = Awaited<ReturnType<typeof defineTestGuest>>;

/** Takes the place of a connection that was opened, to do something at a certain moment of it. */
export type Wrap = (hypervisor: Hypervisor) => Hypervisor;

export interface LiveRig {
  readonly daemon: Daemon;
  readonly engine: Engine;
  readonly uri: string;
  readonly log: string[];
  /** Calls on the daemon of all connections so far. */
  callCount(): number;
  /** The connection that was opened last. */
  hypervisor(): Hypervisor;
  wrapNext(wrap: Wrap): void;
  /** As another client; rejects when virsh does not end with 0. */
  virsh(...args: readonly string[]): Promise<string>;
  guest(options: Parameters<typeof defineTestGuest>[1]): Promise<Guest>;
  /** Shows the connection, and the snapshots of these VMs. */
  show(...vms: readonly VmRef[]): void;
  hide(): void;
  vm(name: string): VmView | undefined;
  /** The VM of that name, known as soon as it is in the inventory. */
  ref(name: string): Promise<VmRef>;
  /** Resolves at the first change after which it is true, with the milliseconds from now. */
  until(isTrue: () => boolean): Promise<number>;
  stop(): Promise<void>;
}

/**
 * With `TEST_OVER=ssh` its daemon is one of another host, as far as anybody here can tell.
 * @param environment of the clients; that of the daemon unless given
 * @param host see `startPrivateDaemon`
 */
export async function startLiveRig(environment?: NodeJS.ProcessEnv, host?: string): Promise<LiveRig> {
  const { daemon, uri, logOut } = await startDaemon(host);
  const log: string[] = [];
  const keep = (line: string): number => log.push(line);
  const opened: Hypervisor[] = [];
  const wraps: Wrap[] = [];
  const open = libvirtHypervisor(silentLog, environment ?? daemon.env, { tpms: join(daemon.dir, 'lib/swtpm') });
  const engine = new Engine({
    open: async (...asked) => {
      const hypervisor = await open(...asked);
      opened.push(hypervisor);
      return wraps.shift()?.(hypervisor) ?? hypervisor;
    },
    log: { ...silentLog, info: keep, warn: keep, error: keep },
    journal: { folder: join(daemon.dir, 'journal') },
  });
  // Tests say what they delete; those of what goes unasked say so.
  engine.setAutoPrune('everything');
  engine.setConnections([uri]);
  const vm = (name: string): VmView | undefined => engine.findVms(name, uri)[0];
  const until = (isTrue: () => boolean): Promise<number> => {
    const began = performance.now();
    return new Promise((resolve) => {
      const look = (): void => {
        if (isTrue()) {
          listening.dispose();
          resolve(performance.now() - began);
        }
      };
      const listening = engine.onDidChange(look);
      look();
    });
  };
  return {
    daemon,
    engine,
    uri,
    log,
    callCount: () => opened.reduce((sum, hypervisor) => sum + hypervisor.callCount, 0),
    hypervisor: () => opened.at(-1)!,
    wrapNext: (wrap) => wraps.push(wrap),
    virsh: async (...args) => {
      const { code, stdout, stderr } = await daemon.virsh(args);
      if (code !== 0) {
        throw new Error(`virsh ${args.join(' ')}: ${stderr}`);
      }
      return stdout.trim();
    },
    guest: (options) => defineTestGuest(daemon, options),
    show: (...vms) => engine.setAttention({ visible: true, connections: new Set([uri]), vms: new Set(vms.map(vmKey)) }),
    hide: () => engine.setAttention({ visible: false, connections: new Set(), vms: new Set() }),
    vm,
    ref: async (name) => {
      await until(() => vm(name) !== undefined);
      return vm(name)!.ref;
    },
    until,
    stop: async () => {
      engine.dispose();
      await logOut();
      await daemon.stop();
    },
  };
}

async function startDaemon(
  host: string | undefined,
): Promise<{ daemon: Daemon; uri: string; logOut: () => Promise<void> }> {
  const daemon = await startPrivateDaemon(host === undefined ? {} : { host });
  if (process.env['TEST_OVER'] !== 'ssh') {
    return { daemon, uri: daemon.uri, logOut: () => Promise.resolve() };
  }
  const { makeSshHost } = await import('./sshRig.js');
  const far = await makeSshHost(daemon);
  const env = { PATH: process.env['PATH'], ...daemon.env, XDG_RUNTIME_DIR: daemon.dir };
  return { daemon: { ...daemon, env }, uri: far.uri(), logOut: () => far.logOut() };
}

/** The same connection with one method replaced; its private fields keep the others from being inherited. */
export function withMethod<K extends keyof Hypervisor>(real: Hypervisor, name: K, method: Hypervisor[K]): Hypervisor {
  return new Proxy(real, {
    get: (target, key) => {
      const value: unknown = key === name ? method : Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
