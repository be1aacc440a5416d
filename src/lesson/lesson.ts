// The lesson as it goes on: one VM of its own, one learner, one step after the other. It looks through the engine
// and acts through what it is given; it refuses to know how it is drawn.
import { asFailure } from '../domain/asFailure.js';
import type { EnginePort } from '../engine/enginePort.js';
import { virshLine } from '../steps/virshCommand.js';
import { DisposableStore, type Disposable } from '../base/disposable.js';
import { Emitter } from '../base/emitter.js';
import type { Log } from '../base/log.js';
import type { DemoVm } from '../domain/demoVm.js';
import { Failure } from '../domain/failure.js';
import type { LayerCost } from '../domain/layerCost.js';
import type { OperationRequest } from '../domain/operation.js';
import { plannedRows } from '../domain/chains/blockRows.js';
import type { Snapshot, SnapshotTree } from '../domain/snapshot.js';
import type { VmRef } from '../domain/vm.js';
import { insideImage, type LessonFacts } from './lessonFacts.js';
import { chainOf, LessonGuest } from './lessonGuest.js';
import { type LessonAct, lessonOutline, lessonScript, measuredDepths } from './lessonScript.js';
import { firstState, type LessonEvent, type LessonState, lessonStep } from './lessonState.js';

export interface LessonView {
  readonly vm: DemoVm;
  readonly state: LessonState;
  readonly facts: LessonFacts;
  /** By hand, for the shown step; absent where there is no such command, or none now. */
  readonly virsh?: string;
  /** Empty until they were measured. */
  readonly costs: readonly LayerCost[];
  readonly failure?: Failure;
}

export interface LessonOptions {
  readonly engine: EnginePort;
  readonly log: Log;
  /** The guest's image, absolute. */
  readonly guest: string;
  /** Carries an operation out as the command of the extension does it. */
  readonly perform: (request: OperationRequest) => Promise<unknown>;
  /**
   * What so many layers cost in speed on this computer, measured now; it may put files into the folder for that time.
   */
  readonly measure: (folder: string, depths: readonly number[]) => Promise<readonly LayerCost[]>;
}

/** What another program does to the VM is seen after so long, while somebody looks at a step that waits. */
const lookAgainMs = 2_000;

const nothingYet: LessonFacts = { power: 'unknown', snapshots: [], busy: false, writes: 0, measured: 0, files: [] };

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

  /** Resolves when the VM is there and the first step is shown. Rejects with a Failure; nothing is left then. */
  start(connection: string): Promise<void> {
    this.#starting ??= this.#start(connection).finally(() => (this.#starting = undefined));
    return this.#starting;
  }

  async #start(connection: string): Promise<void> {
    await this.end();
    await this.removeLeft(connection);
    const { engine, guest } = this.#options;
    const vm = await engine.demoVms.make(connection, guest);
    const run = new LessonRun(vm, this.#options, () => this.#changed.fire(undefined));
    this.#run = run;
    await run.look();
  }

  /** Removes the VM and all that is its own. Rejects with a Failure; what is left then is removed by the next try. */
  end(): Promise<void> {
    this.#ending ??= this.#end().finally(() => (this.#ending = undefined));
    return this.#ending;
  }

  async #end(): Promise<void> {
    const run = this.#run;
    if (run !== undefined) {
      await this.#options.engine.demoVms.remove(run.view.vm);
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
        await demoVms.remove(vm);
      }
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

/** From the making of the VM to its removal. */
class LessonRun implements Disposable {
  readonly #vm: DemoVm;
  readonly #options: LessonOptions;
  readonly #changed: () => void;
  readonly #guest: LessonGuest;
  readonly #store = new DisposableStore();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #lookAgain = false;
  #before: LessonFacts = nothingYet;
  #virshOf = -1;
  #rows: readonly string[] = [];
  /** The snapshots and the chain that these are of. */
  #rowsOf = '';
  #view: LessonView;

  constructor(vm: DemoVm, options: LessonOptions, changed: () => void) {
    this.#vm = vm;
    this.#options = options;
    this.#changed = changed;
    this.#guest = new LessonGuest(vm);
    this.#view = { vm, state: firstState(lessonOutline), facts: nothingYet, costs: [] };
    this.#store.add(
      options.engine.onDidChange((change) => {
        if (change.vm?.uuid === vm.uuid && change.vm.connection === vm.connection) {
          this.#lookSoon();
        }
      }),
    );
  }

  get view(): LessonView {
    return this.#view;
  }

  get #ref(): VmRef {
    return { connection: this.#vm.connection, uuid: this.#vm.uuid };
  }

  /** Polls only while a step waits and somebody can see it. */
  setVisible(visible: boolean): void {
    clearInterval(this.#timer);
    this.#timer = visible
      ? setInterval(() => {
          if (this.#view.state.phase === 'waiting') {
            this.#options.engine.refresh({ vm: this.#ref }).then(
              () => this.#lookSoon(),
              (error: unknown) => this.#options.log.debug(`lesson: ${asFailure(error).kind}`),
            );
          }
        }, lookAgainMs)
      : undefined;
  }

  async take(event: LessonEvent): Promise<'end' | undefined> {
    const reached = this.#view.state.reached;
    const { state, effect } = lessonStep(this.#view.state, event, lessonOutline);
    if (state.reached !== reached) {
      this.#before = this.#view.facts;
    }
    this.#update({ state });
    await this.#learnCommand();
    if (effect === 'act') {
      await this.#act(lessonScript[state.reached]?.act);
    }
    return effect === 'end' ? 'end' : undefined;
  }

  dispose(): void {
    clearInterval(this.#timer);
    this.#store.dispose();
  }

  /** Reads everything that can be seen of the VM, and whether the step is done. Looks again when asked meanwhile. */
  look(): Promise<void> {
    this.#lookAgain = this.#looking !== undefined;
    this.#looking ??= this.#read().finally(() => {
      this.#looking = undefined;
      if (this.#lookAgain && !this.#store.isDisposed) {
        this.#lookSoon();
      }
    });
    return this.#looking;
  }

  #lookSoon(): void {
    this.look().catch((error: unknown) => this.#options.log.warn(`lesson: ${asFailure(error).message}`));
  }

  async #read(): Promise<void> {
    const { engine } = this.#options;
    const known = engine.findVm(this.#ref);
    if (known === undefined || this.#store.isDisposed) {
      return;
    }
    const busy = known.operation !== undefined;
    const tree = busy ? (known.tree ?? { snapshots: [] }) : await engine.readTree(this.#ref);
    const { vm } = engine.findVm(this.#ref) ?? known;
    const ticks = !busy && vm.power === 'running' ? await this.#guest.ticks() : undefined;
    const layers = chainOf(vm)?.length;
    const standing = JSON.stringify([tree.current, tree.snapshots.map(({ name }) => name), chainOf(vm)]);
    if (!busy && standing !== this.#rowsOf) {
      // What is read is told as a change, which is looked at again.
      this.#rowsOf = standing;
      this.#rows = await this.#readRows(tree);
    }
    this.#update({
      facts: {
        power: vm.power,
        snapshots: tree.snapshots,
        ...(tree.current !== undefined && { current: tree.current }),
        busy,
        writes: this.#view.facts.writes,
        measured: this.#view.facts.measured,
        ...(layers !== undefined && { layers }),
        files: await this.#guest.files(vm, this.#rows),
        ...(ticks !== undefined && { ticks }),
      },
    });
    await this.#judge();
  }

  /** The files as the picture has its rows, other branches too: a letter means the same file in both. */
  async #readRows(tree: SnapshotTree): Promise<readonly string[]> {
    try {
      const layers = await this.#options.engine.readLayers(this.#ref);
      const [disk] = layers.disks;
      return disk === undefined ? [] : plannedRows(disk, layers, tree).map(({ id }) => id);
    } catch (error) {
      this.#options.log.debug(`lesson: its layers are not known: ${asFailure(error).kind}`);
      return [];
    }
  }

  async #judge(): Promise<void> {
    const { state, facts } = this.#view;
    const step = lessonScript[state.reached];
    if (!facts.busy && state.phase !== 'done' && step?.done?.(facts, this.#before) === true) {
      await this.take('met');
    }
  }

  async #act(act: LessonAct | undefined): Promise<void> {
    try {
      this.#update({ failure: undefined });
      const inside = insideImage(this.#view.facts);
      await (inside.length > 0 ? this.#takeAway(inside) : this.#carryOut(act));
      await this.#options.engine.refresh({ vm: this.#ref });
      await this.look();
      await this.take('acted');
      await this.look();
    } catch (error) {
      this.#options.log.warn(`lesson: ${String(error)}`);
      this.#update({ failure: asFailure(error) });
      await this.take('failed');
      // It may be done all the same, and nobody has to try again then.
      this.#lookSoon();
    }
  }

  async #carryOut(act: LessonAct | undefined): Promise<void> {
    switch (act?.kind) {
      case 'operation':
        return this.#perform(act.request(this.#ref, this.#view.facts));
      case 'write':
        return this.#write();
      case 'pile':
        return this.#pileLayers(act.layers);
      case undefined:
        return undefined;
    }
  }

  /** The step itself is done by the next key: the learner sees the one go before the other comes. */
  async #takeAway(snapshots: readonly Snapshot[]): Promise<void> {
    for (const { name } of snapshots) {
      await this.#perform({ kind: 'delete', vm: this.#ref, snapshot: name, scope: 'one' });
    }
    this.#virshOf = -1;
  }

  async #perform(request: OperationRequest | undefined): Promise<void> {
    if (request === undefined) {
      throw new Failure('notFound', { vm: this.#vm.name });
    }
    await this.#options.perform(request);
  }

  async #write(): Promise<void> {
    const writes = this.#view.facts.writes + 1;
    await this.#guest.write(writes);
    this.#update({ facts: { ...this.#view.facts, writes } });
  }

  async #pileLayers(layers: number): Promise<void> {
    for (let more = layers + 1 - (this.#view.facts.layers ?? 1); more > 0; more--) {
      const title = `Layer ${String(layers + 1 - more)}`;
      await this.#perform({ kind: 'create', vm: this.#ref, snapshotKind: 'disk', style: 'external', title });
    }
    try {
      this.#update({ costs: await this.#options.measure(this.#vm.folder, measuredDepths) });
    } finally {
      // Where it cannot be measured, the lesson says so and goes on.
      const { facts } = this.#view;
      this.#update({ facts: { ...facts, measured: facts.measured + 1 } });
    }
  }

  /** The plan of the step's operation tells what would be typed; one that is refused now has nothing to type. */
  async #learnCommand(): Promise<void> {
    const { at } = this.#view.state;
    if (at === this.#virshOf) {
      return;
    }
    this.#virshOf = at;
    this.#update({ virsh: undefined });
    const act = lessonScript[at]?.act;
    const request = act?.kind === 'operation' ? act.request(this.#ref, this.#view.facts) : undefined;
    const view = this.#options.engine.findVm(this.#ref);
    if (request === undefined || view === undefined) {
      return;
    }
    const decision = await this.#options.engine.plan(request);
    if (decision.kind === 'plan' && this.#virshOf === at) {
      this.#update({ virsh: virshLine(decision.steps, view.vm, this.#vm.connection) });
    }
  }

  #update(change: { [K in keyof LessonView]?: LessonView[K] | undefined }): void {
    const merged = Object.fromEntries(
      Object.entries({ ...this.#view, ...change }).filter(([, value]) => value !== undefined),
    );
    this.#view = merged as unknown as LessonView;
    this.#changed();
  }
}
