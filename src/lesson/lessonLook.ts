// Reads what a level wants to know of its VM: what every page shows, and beyond that what its checks ask for.
import { basename, join } from 'node:path';
import { readdir, readFile, stat } from 'node:fs/promises';
import { asFailure } from '../domain/asFailure.js';
import { plannedRows } from '../domain/chains/blockRows.js';
import type { SnapshotTree } from '../domain/snapshot.js';
import type { DemoVm } from '../domain/demoVm.js';
import type { VmRef } from '../domain/vm.js';
import type { Log } from '../base/log.js';
import { severityOf } from '../diagnosis/problemTable.js';
import type { LoggedOperation } from '../domain/loggedOperation.js';
import type { EnginePort } from '../engine/enginePort.js';
import { clonesOf } from './lessonActs.js';
import type { LessonFacts } from './lessonFacts.js';
import { chainOf, type LessonGuest } from './lessonGuest.js';
import type { LevelCheck } from './levelShape.js';
import * as v from 'valibot';
import { undefinedIfAbsent } from '../base/errno.js';
import { exportFolder } from './levelCommands.js';

export interface LookOptions {
  readonly engine: EnginePort;
  readonly log: Log;
  /** Name of the first bad snapshot that a bisect found. */
  readonly firstBad?: (vm: VmRef) => Promise<string | undefined>;
}

export class LessonLook {
  readonly #vm: VmRef;
  readonly #folder: string;
  readonly #engine: EnginePort;
  readonly #guest: LessonGuest;
  readonly #options: LookOptions;
  #rows: readonly string[] = [];
  /** How many images lie on each other, read from the images of a VM that is off. */
  #depth: number | undefined;
  /** The snapshots and the chain that these are of. */
  #rowsOf = '';

  constructor({ connection, uuid, folder }: DemoVm, options: LookOptions, guest: LessonGuest) {
    this.#vm = { connection, uuid };
    this.#folder = folder;
    this.#engine = options.engine;
    this.#guest = guest;
    this.#options = options;
  }

  /** @param checks of the level @returns undefined where the VM is not known */
  async read(
    checks: readonly LevelCheck[],
    { writes, measured }: Pick<LessonFacts, 'writes' | 'measured'>,
  ): Promise<LessonFacts | undefined> {
    const engine = this.#engine;
    const known = engine.findVm(this.#vm);
    if (known === undefined) {
      return undefined;
    }
    const busy = known.operation !== undefined;
    const tree = busy ? (known.tree ?? { snapshots: [] }) : await engine.readTree(this.#vm);
    const { vm } = engine.findVm(this.#vm) ?? known;
    const chain = chainOf(vm);
    const standing = JSON.stringify([tree.current, tree.snapshots.map(({ name }) => name), chain]);
    if (!busy && standing !== this.#rowsOf) {
      // What is read is told as a change, which is looked at again.
      this.#rowsOf = standing;
      await this.#readRows(tree);
    }
    const layers = chain?.length ?? this.#depth;
    const top = vm.disks[0]?.source;
    return {
      power: vm.power,
      snapshots: tree.snapshots,
      ...(tree.current !== undefined && { current: tree.current }),
      busy,
      writes,
      measured,
      ...(layers !== undefined && { layers }),
      ...(top !== undefined && { top: basename(top) }),
      files: await this.#guest.files(vm, this.#rows),
      ...(!busy && vm.power === 'running' && (await this.#askGuest(checks))),
      ...(!busy && (await this.#askEngine(checks))),
    };
  }

  async #askGuest(checks: readonly LevelCheck[]): Promise<Partial<LessonFacts>> {
    const ticks = await this.#guest.ticks();
    const wanted = new Set(checks.flatMap(({ blocks = [] }) => blocks.map(({ at }) => at)));
    const blocks: Record<number, number> = {};
    for (const at of wanted) {
      blocks[at] = await this.#guest.block(at);
    }
    return { ticks, counter: await this.#guest.counter(), ...(wanted.size > 0 && { blocks }) };
  }

  async #askEngine(checks: readonly LevelCheck[]): Promise<Partial<LessonFacts>> {
    const asks = (...words: readonly (keyof LevelCheck)[]): boolean =>
      checks.some((check) => words.some((word) => check[word] !== undefined));
    const examined = asks('problem', 'healthy') ? await this.#engine.examine(this.#vm) : undefined;
    const found = asks('found') ? await this.#options.firstBad?.(this.#vm) : undefined;
    return {
      clones: clonesOf(this.#engine, this.#vm).map(({ vm }) => vm.power),
      ...(found !== undefined && { found }),
      ...(asks('file', 'exported') &&
        (await readCopies(
          this.#folder,
          checks.flatMap(({ file }) => file?.name ?? []),
        ))),
      did: wordsOf(await this.#engine.readLog(this.#vm)),
      ...(asks('kept') && { kept: await this.#engine.keptSnapshots(this.#vm) }),
      ...(examined !== undefined && {
        problems: examined.diagnoses.flatMap(({ problem }) => (severityOf(problem) === 'note' ? [] : [problem.kind])),
      }),
    };
  }

  /** The files as the picture has its rows, other branches too: a letter means the same file in both. */
  async #readRows(tree: SnapshotTree): Promise<void> {
    try {
      const layers = await this.#engine.readLayers(this.#vm);
      const [disk] = layers.disks;
      this.#rows = disk === undefined ? [] : plannedRows(disk, layers, tree).map(({ id }) => id);
      this.#depth = disk?.layers.length;
    } catch (error) {
      this.#options.log.debug(`lesson: its layers are not known: ${asFailure(error).kind}`);
      this.#rows = [];
      this.#depth = undefined;
    }
  }
}

/** What a person did. What undoes an undo does the first one again. */
function wordsOf(log: readonly LoggedOperation[]): readonly string[] {
  const byId = new Map(log.map((entry) => [entry.id, entry]));
  return log
    .filter(({ unasked }) => unasked !== true)
    .map(({ request, undoes }) =>
      undoes === undefined ? request.kind : byId.get(undoes)?.undoes === undefined ? 'undo' : 'redo',
    );
}

/** As `virt-rewind export` writes it, as the last of its files. */
const manifestName = 'virt-rewind-backup.json';
const manifestShape = v.pipe(v.string(), v.parseJson(), v.object({ snapshots: v.array(v.unknown()) }));
const mostExports = 20;
const mostBytes = 1024 * 1024;

/**
 * @param folder of the VM
 * @param names of the files that are asked for
 */
async function readCopies(
  folder: string,
  names: readonly string[],
): Promise<Required<Pick<LessonFacts, 'copied' | 'exported'>>> {
  const copied: Record<string, string> = {};
  for (const name of names) {
    const text = await readSmall(join(folder, name));
    if (text !== undefined) {
      copied[name] = text;
    }
  }
  const exports = (await undefinedIfAbsent(readdir(join(folder, exportFolder)))) ?? [];
  const counts = exports.slice(0, mostExports).map(async (name) => {
    const text = await readSmall(join(folder, exportFolder, name, manifestName));
    const read = v.safeParse(manifestShape, text);
    return read.success ? read.output.snapshots.length : 0;
  });
  return { copied, exported: Math.max(0, ...(await Promise.all(counts))) };
}

async function readSmall(path: string): Promise<string | undefined> {
  const facts = await undefinedIfAbsent(stat(path));
  return facts?.isFile() === true && facts.size <= mostBytes ? undefinedIfAbsent(readFile(path, 'utf8')) : undefined;
}
