// A snapshot of a running guest as the driver takes it, watched by a test that acts in the middle of it, as another
// client would.
import { join } from 'node:path';
import { seamlessAccess } from '../../src/driver/connection/handOver.js';
import { listen } from '../../src/driver/guestEvents.js';
import type { Hypervisor } from '../../src/driver/hypervisor.js';
import { createSnapshot } from '../../src/driver/run/runCreateStep.js';
import type { StepContext } from '../../src/driver/run/stepContext.js';
import { openConnection } from '../../src/libvirt/connect.js';
import type { Connection } from '../../src/libvirt/connection.js';
import { snapshotableDisks } from '../../src/domain/vm.js';
import { silentLog } from '../silentLog.js';
import { createStep, type Daemon, type Subject } from './hypervisorRig.js';

/** Told of each call before it is sent: in libvirt's words, or QEMU's. */
export type Watch = (call: string) => Promise<void>;

export class WatchedTaking {
  readonly #daemon: Daemon;
  readonly #hypervisor: Hypervisor;
  readonly #connection: Connection;
  readonly #events: Awaited<ReturnType<typeof listen>>;

  private constructor(
    daemon: Daemon,
    hypervisor: Hypervisor,
    connection: Connection,
    events: Awaited<ReturnType<typeof listen>>,
  ) {
    this.#daemon = daemon;
    this.#hypervisor = hypervisor;
    this.#connection = connection;
    this.#events = events;
  }

  static async on(daemon: Daemon, hypervisor: Hypervisor): Promise<WatchedTaking> {
    const connection = await openConnection(daemon.uri, { log: silentLog, environment: daemon.env });
    return new WatchedTaking(daemon, hypervisor, connection, await listen(connection));
  }

  /**
   * All of its disks and its RAM, into `folder`; the milliseconds that the guest stood still. `meanwhile` acts once
   * while QEMU's stream of the RAM stands nearly still: that of a small guest is over before another client has begun.
   */
  async take(
    subject: Subject,
    name: string,
    watch: Watch,
    folder = this.#daemon.dir,
    meanwhile?: () => Promise<unknown>,
  ): Promise<number | undefined> {
    const vm = await subject.read();
    // QEMU counts in tenths of a second, and what is nothing in one of these is no limit.
    const slow = 4096;
    const limit = (bytesPerSecond: number): Promise<unknown> => {
      const cmd = JSON.stringify({ execute: 'migrate-set-parameters', arguments: { 'max-bandwidth': bytesPerSecond } });
      const dom = { name: vm.name, uuid: vm.uuid, id: -1 };
      return this.#connection.call('qemuDomainMonitorCommand', { dom, cmd, flags: 0 });
    };
    let act: typeof meanwhile;
    let waits = meanwhile !== undefined;
    const watched: Pick<Connection, 'call'> = {
      call: async (procedure, args) => {
        const name = 'cmd' in args ? (JSON.parse(args.cmd) as { execute: string }).execute : procedure;
        await watch(name);
        if (name === 'query-migrate' && act !== undefined) {
          await act();
          act = undefined;
          await limit(2 ** 40);
        }
        const call = this.#connection.call(procedure, args);
        if (name === 'migrate' && waits) {
          waits = false;
          // A stream takes no notice before it has begun: at once, and when QEMU has said that it has.
          await Promise.all([call, limit(slow)]);
          await limit(slow);
          act = meanwhile;
        }
        return call;
      },
    };
    const context = {
      connection: watched,
      useAnother: (act: (connection: Connection) => Promise<unknown>) => act(this.#connection),
      vm,
      dom: { name: vm.name, uuid: vm.uuid, id: -1 },
      files: this.#hypervisor.files,
      capabilities: this.#hypervisor.capabilities,
      onThisHost: true,
      seamless: seamlessAccess(this.#daemon.uri, this.#daemon.env),
      events: { ...this.#events, onDidClose: this.#hypervisor.onDidClose },
      log: silentLog,
      signal: new AbortController().signal,
      onProgress: () => undefined,
      guestPatienceMs: 60_000,
    } as unknown as StepContext;
    const { guestPausedMs } = await createSnapshot(context, {
      ...createStep(vm, name),
      style: 'external',
      snapshotKind: 'memory',
      seamless: true,
      disks: snapshotableDisks(vm).map(({ target }) => ({
        target,
        file: join(folder, `${vm.name}-${target}.${name}`),
      })),
      memoryFile: join(folder, `${vm.name}.${name}.mem`),
    });
    return guestPausedMs;
  }

  stop(): void {
    this.#connection.close();
  }
}
