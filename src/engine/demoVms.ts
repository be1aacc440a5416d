// The VMs of lessons: written down, made, removed.
import { randomBytes, randomUUID } from 'node:crypto';
import { lstat, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, parse } from 'node:path';
import { undefinedIfAbsent } from '../base/errno.js';
import { demoFolderName, demoFolderPattern } from '../domain/demoVm.js';
import { Failure } from '../domain/failure.js';
import type { DemoVm, DemoVmObstacle } from '../domain/demoVm.js';
import type { MadeFile } from '../domain/hostFiles.js';
import type { Hypervisor } from '../driver/hypervisor.js';
import type { DemoVmsPort, EnginePort } from './enginePort.js';
import { filesOf, identifyFiles, removeVm } from './labVms.js';
import type { Persistence } from '../journal/persistence.js';
import type { LiveConnection } from '../live/liveConnection.js';

type WithConnection = <T>(uri: string, question: (live: LiveConnection) => Promise<T>) => Promise<T>;

interface DemoVmsWays {
  readonly ask: WithConnection;
  readonly filesInUse: EnginePort['filesInUse'];
}

export class DemoVms implements DemoVmsPort {
  readonly #persistence: Pick<Persistence, 'demos' | 'made'>;
  readonly #ways: DemoVmsWays;

  constructor(persistence: Pick<Persistence, 'demos' | 'made'>, ways: DemoVmsWays) {
    this.#persistence = persistence;
    this.#ways = ways;
  }

  obstacle(connection: string, guest: string): Promise<DemoVmObstacle | undefined> {
    return this.#ways.ask(connection, async (live) => (await live.open()).demoVmObstacle(guest));
  }

  make(connection: string, guest: string, content?: Uint8Array): Promise<DemoVm> {
    const random = randomBytes(6).toString('hex');
    // The folder for what passes: the path of a socket must not be long, and QEMU of the system can get there.
    const folder = join(tmpdir(), demoFolderName(random));
    const vm: DemoVm = { connection, uuid: randomUUID(), name: `lesson-${random.slice(0, 4)}`, folder };
    const { demos, made } = this.#persistence;
    return this.#ways.ask(connection, async (live) => {
      const hypervisor = await live.open();
      await demos.add(vm);
      try {
        const onMade = async (files: readonly MadeFile[]): Promise<void> => {
          for (const file of files) {
            await made.add(vm.uuid, file);
          }
        };
        await hypervisor.makeDemoVm(vm, guest, onMade, content);
        await live.refresh();
      } catch (error) {
        await this.#removeBy(live, vm);
        throw error;
      }
      return vm;
    });
  }

  async filesOf(vm: DemoVm): Promise<readonly MadeFile[]> {
    return this.#ways.ask(vm.connection, async (live) => this.#filesBy(await live.open(), vm));
  }

  remove(vm: DemoVm): Promise<readonly string[]> {
    return this.#ways.ask(vm.connection, (live) => this.#removeBy(live, vm));
  }

  async leave(vm: DemoVm): Promise<void> {
    await this.#persistence.demos.forget(vm);
    await this.#persistence.made.forget(vm.uuid);
  }

  readLeftDemoVms(): Promise<readonly DemoVm[]> {
    return this.#persistence.demos.readLeftDemoVms();
  }

  /** With what its reverts and snapshots have left in its folder. A clone's files have names of their own. */
  async #filesBy(hypervisor: Hypervisor, vm: DemoVm): Promise<readonly MadeFile[]> {
    const known = await this.#knownFiles(hypervisor, vm);
    const paths = new Set(known.map(({ path }) => path));
    if (!paths.has(vm.folder)) {
      return known;
    }
    const stems = [vm.name, ...known.map(({ path }) => parse(path).name)].map((stem) => `${stem}.`);
    const names = (await undefinedIfAbsent(readdir(vm.folder, { withFileTypes: true }))) ?? [];
    const beside = names
      .filter((entry) => entry.isSocket() || (entry.isFile() && stems.some((stem) => entry.name.startsWith(stem))))
      .map(({ name }) => join(vm.folder, name))
      .filter((path) => !paths.has(path));
    return [...known, ...(await identifyFiles(hypervisor, beside))];
  }

  async #knownFiles(hypervisor: Hypervisor, vm: DemoVm): Promise<readonly MadeFile[]> {
    const made = await this.#persistence.made.of(vm.uuid);
    if (made.length > 0) {
      return filesOf(hypervisor, vm, made);
    }
    // Of a version that wrote down no files: in the folder for what passes, anybody may have put a link in its place.
    const stats = await undefinedIfAbsent(lstat(vm.folder));
    const isOurs = stats === undefined || (stats.isDirectory() && stats.uid === process.getuid?.());
    if (!isOurs || !demoFolderPattern.test(vm.folder)) {
      throw new Failure('denied', { doing: 'remove the folder of the lesson', path: vm.folder });
    }
    return filesOf(hypervisor, vm, undefined);
  }

  async #removeBy(live: LiveConnection, vm: DemoVm): Promise<readonly string[]> {
    const hypervisor = await live.open();
    // Made to be used for a while: nobody whose chain cannot be read is built on it.
    const inUse: DemoVmsWays['filesInUse'] = async (...of) =>
      new Map([...(await this.#ways.filesInUse(...of))].filter(([, { reason }]) => reason !== 'otherVmUnread'));
    const left = await removeVm(hypervisor, vm, await this.#filesBy(hypervisor, vm), inUse);
    await this.leave(vm);
    await live.refresh();
    return left;
  }
}
