// The VMs of lessons: written down, made, removed.
import { randomBytes, randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { demoFolderName } from '../domain/demoVm.js';
import type { DemoVm, DemoVmObstacle } from '../domain/demoVm.js';
import type { DemoVmsPort } from './enginePort.js';
import type { Persistence } from '../journal/persistence.js';
import type { LiveConnection } from '../live/liveConnection.js';

type WithConnection = <T>(uri: string, question: (live: LiveConnection) => Promise<T>) => Promise<T>;

export class DemoVms implements DemoVmsPort {
  readonly #records: Persistence['demos'];
  readonly #ask: WithConnection;

  constructor(records: Persistence['demos'], ask: WithConnection) {
    this.#records = records;
    this.#ask = ask;
  }

  obstacle(connection: string, guest: string): Promise<DemoVmObstacle | undefined> {
    return this.#ask(connection, async (live) => (await live.open()).demoVmObstacle(guest));
  }

  make(connection: string, guest: string, content?: Uint8Array): Promise<DemoVm> {
    const random = randomBytes(6).toString('hex');
    // The folder for what passes: the path of a socket must not be long, and QEMU of the system can get there.
    const folder = join(tmpdir(), demoFolderName(random));
    const vm: DemoVm = { connection, uuid: randomUUID(), name: `lesson-${random.slice(0, 4)}`, folder };
    return this.#ask(connection, async (live) => {
      const hypervisor = await live.open();
      await this.#records.add(vm);
      try {
        await hypervisor.makeDemoVm(vm, guest, content);
        await live.refresh();
      } catch (error) {
        await this.#removeBy(live, vm);
        throw error;
      }
      return vm;
    });
  }

  remove(vm: DemoVm): Promise<void> {
    return this.#ask(vm.connection, (live) => this.#removeBy(live, vm));
  }

  leave(vm: DemoVm): Promise<void> {
    return this.#records.forget(vm);
  }

  readLeftDemoVms(): Promise<readonly DemoVm[]> {
    return this.#records.readLeftDemoVms();
  }

  async #removeBy(live: LiveConnection, vm: DemoVm): Promise<void> {
    await (await live.open()).removeDemoVm(vm);
    await this.#records.forget(vm);
    await live.refresh();
  }
}
