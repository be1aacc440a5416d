// The lesson as it goes on: one level, one VM of its own, one learner. It looks through the engine and acts through
// what it is given; it refuses to know how it is drawn.
import type { Disposable } from '../base/disposable.js';
import { Emitter } from '../base/emitter.js';
import { type DemoVm, demoDiskBytes } from '../domain/demoVm.js';
import type { LoggedOperation } from '../domain/loggedOperation.js';
import type { Snapshot } from '../domain/snapshot.js';
import { discardClones } from './lessonActs.js';
import { type LessonOptions, LessonRun, type LessonView } from './lessonRun.js';
import type { NamedLevel } from './levelShape.js';

export class Lesson implements Disposable {
  readonly #options: LessonOptions;
  readonly #changed = new Emitter<undefined>();
  readonly onDidChange = this.#changed.event;
  #run: LessonRun | undefined;
  /** Asked twice at once, there is one VM. */
  #starting: Promise<void> | undefined;
  /** A key that is pressed once too often removes nothing twice. */
  #ending: Promise<void> | undefined;

  constructor(options: LessonOptions) {
    this.#options = options;
  }

  get view(): LessonView | undefined {
    return this.#run?.view;
  }

  /**
   * Resolves when the VM is as the level wants it and the first step is shown. Rejects with a Failure; nothing is left
   * then.
   */
  start(connection: string, level: NamedLevel): Promise<void> {
    this.#starting ??= this.#start(connection, level).finally(() => (this.#starting = undefined));
    return this.#starting;
  }

  async #start(connection: string, level: NamedLevel): Promise<void> {
    await this.end();
    await this.removeLeft(connection);
    const { engine, guest } = this.#options;
    const { files } = level.level;
    const vm = await engine.demoVms.make(connection, guest, files && fatDisk(files));
    const run = new LessonRun(vm, level, this.#options, () => this.#changed.fire(undefined));
    try {
      await run.begin();
    } catch (error) {
      run.dispose();
      await this.#remove(vm);
      throw error;
    }
    this.#run = run;
    this.#changed.fire(undefined);
  }

  /** Removes the VM and all that is its own. Rejects with a Failure; what is left then is removed by the next try. */
  end(): Promise<void> {
    this.#ending ??= this.#end().finally(() => (this.#ending = undefined));
    return this.#ending;
  }

  async #end(): Promise<void> {
    const run = this.#run;
    if (run !== undefined) {
      await this.#remove(run.view.vm);
      run.dispose();
      this.#run = undefined;
      this.#changed.fire(undefined);
    }
  }

  /** What lessons of editors that are gone have left, on one connection or all. */
  async removeLeft(connection?: string): Promise<void> {
    const { demoVms } = this.#options.engine;
    for (const vm of await demoVms.readLeftDemoVms()) {
      if (connection === undefined || vm.connection === connection) {
        await this.#remove(vm, 'left');
      }
    }
  }

  /**
   * With its clones, which rest on its files. What somebody has used stays, and is theirs from now on.
   * @param left its editor is gone: nobody asks for its end
   */
  async #remove(vm: DemoVm, left?: 'left'): Promise<void> {
    const { engine, log } = this.#options;
    await engine.connect(vm.connection);
    const clones = await discardClones(engine, vm);
    const files = (await engine.demoVms.filesOf(vm)).map(({ path }) => path);
    // The snapshots of a lesson are its learner's, made by whatever program, as long as it goes on.
    const ours = left && createdIn(await engine.readLog(vm));
    const isOwn = ({ name }: Snapshot): boolean => ours?.has(name) !== false;
    const made = { name: vm.name, files, started: 'lent', isOwn } as const;
    const isUsed = clones.length > 0 || (await engine.usesSinceMade(vm, made)).length > 0;
    if (isUsed) {
      await engine.demoVms.leave(vm);
      this.#options.onStays?.([...clones, vm.name]);
      return;
    }
    for (const folder of await engine.demoVms.remove(vm)) {
      log.warn(`${folder} stays: there are files in it that the lesson did not make`);
    }
  }

  /** On, or does what the step asks for. Resolves when that is over; the view tells how it ended. */
  async next(): Promise<void> {
    if ((await this.#run?.take('next')) === 'end') {
      await this.end();
    }
  }

  /** Looks at the VM now. */
  async look(): Promise<void> {
    await this.#run?.look();
  }

  async back(): Promise<void> {
    await this.#run?.take('back');
  }

  setVisible(visible: boolean): void {
    this.#run?.setVisible(visible);
  }

  /** The VM stays: who ends the lesson calls `end` before. */
  dispose(): void {
    this.#run?.dispose();
    this.#changed.dispose();
  }
}

function createdIn(log: readonly LoggedOperation[]): ReadonlySet<string> {
  return new Set(log.flatMap(({ changes }) => changes.flatMap(({ after }) => after?.name ?? [])));
}

/**
 * A FAT file system with some small files, as the first bytes of the lesson's disk: each file is one block of the
 * guest's, so that its guest, which knows no file system, can overwrite it. Pure.
 * https://en.wikipedia.org/wiki/Design_of_the_FAT_file_system
 */
const sectorBytes = 512;
/** A cluster is a block of the guest. */
const clusterBytes = 4096;
const entryBytes = 32;
/** Each on a block's border. */
const [fatAt, rootAt, dataAt] = [1, 5, 6].map((block) => block * clusterBytes) as [number, number, number];
/** Clusters are counted from here. */
const firstCluster = 2;
const lastOfFile = 0xffff;
/** 2026-01-01. */
const date = (46 << 9) | (1 << 5) | 1;

function fatDisk(files: readonly { readonly name: string; readonly text: string }[]): Uint8Array {
  const disk = Buffer.alloc(dataAt + files.length * clusterBytes);
  disk.set([0xeb, 0x3c, 0x90]);
  disk.write('LEVEL   ', 3, 'latin1');
  disk.writeUInt16LE(sectorBytes, 11);
  disk.writeUInt8(clusterBytes / sectorBytes, 13);
  disk.writeUInt16LE(fatAt / sectorBytes, 14);
  disk.writeUInt8(1, 16);
  disk.writeUInt16LE((dataAt - rootAt) / entryBytes, 17);
  disk.writeUInt8(0xf8, 21);
  disk.writeUInt16LE((rootAt - fatAt) / sectorBytes, 22);
  disk.writeUInt32LE(demoDiskBytes / sectorBytes, 32);
  disk.writeUInt8(0x29, 38);
  disk.write('LEVEL      FAT16   ', 43, 'latin1');
  disk.writeUInt16LE(0xaa55, 510);
  disk.writeUInt32LE(0xfffffff8, fatAt);
  for (const [at, { name, text }] of files.entries()) {
    const cluster = firstCluster + at;
    disk.writeUInt16LE(lastOfFile, fatAt + cluster * 2);
    const entry = rootAt + at * entryBytes;
    const [stem = '', ending = ''] = name.split('.');
    disk.write(stem.padEnd(8) + ending.padEnd(3), entry, 'latin1');
    disk.writeUInt16LE(date, entry + 24);
    disk.writeUInt16LE(cluster, entry + 26);
    disk.writeUInt32LE(disk.write(text, dataAt + at * clusterBytes, 'latin1'), entry + 28);
  }
  return disk;
}
