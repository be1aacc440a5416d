// A level from the making of its VM to its removal: what is seen of the VM, which step is done, what the lesson does.
import { DisposableStore, type Disposable } from '../base/disposable.js';
import { asFailure } from '../domain/asFailure.js';
import type { DemoVm } from '../domain/demoVm.js';
import type { Failure } from '../domain/failure.js';
import type { LayerCost } from '../domain/layerCost.js';
import type { OperationRequest } from '../domain/operation.js';
import type { Snapshot } from '../domain/snapshot.js';
import type { VmRef } from '../domain/vm.js';
import { virshLine } from '../steps/virshCommand.js';
import { type ActsOptions, LessonActs, requestOf } from './lessonActs.js';
import { insideImage, type LessonFacts } from './lessonFacts.js';
import { LessonGuest } from './lessonGuest.js';
import { LessonLook, type LookOptions } from './lessonLook.js';
import { firstState, type LessonEvent, type LessonOutline, type LessonState, lessonStep } from './lessonState.js';
import { allHold } from './levelChecks.js';
import { typedCommand } from './levelCommands.js';
import type { LevelAct, LevelCheck, NamedLevel } from './levelShape.js';

/** How good it was: less is better. */
export interface LevelScore {
  /** Operations on the VM, of any caller. */
  readonly steps: number;
  /** The bytes of all files. */
  readonly bytes: number;
}

export interface LessonView {
  readonly vm: DemoVm;
  readonly level: NamedLevel;
  readonly state: LessonState;
  readonly facts: LessonFacts;
  /** By hand, for the shown step; absent where there is no such command, or none now. */
  readonly virsh?: string;
  /** Empty until they were measured. */
  readonly costs: readonly LayerCost[];
  readonly failure?: Failure;
  /** Snapshots inside the image, which the level does not know what to do with. */
  readonly inside: readonly Snapshot[];
  readonly score: LevelScore;
}

export interface LessonOptions extends ActsOptions, LookOptions {
  /** The guest's image, absolute. */
  readonly guest: string;
  /** Carries an operation out as the command of the extension does it; what comes before the first step it does not. */
  readonly perform: (request: OperationRequest) => Promise<unknown>;
  /** The last step is reached and done. */
  readonly onDone?: (level: NamedLevel, score: LevelScore) => void;
}

/** What another program does to the VM is seen after so long, while somebody looks at a step that waits. */
const lookAgainMs = 2_000;

const nothingYet: LessonFacts = { power: 'unknown', snapshots: [], busy: false, writes: 0, measured: 0, files: [] };

/** From the making of the VM to its removal. */
export class LessonRun implements Disposable {
  readonly #vm: DemoVm;
  readonly #options: LessonOptions;
  readonly #changed: () => void;
  readonly #look: LessonLook;
  readonly #acts: LessonActs;
  readonly #outline: LessonOutline;
  readonly #checks: readonly LevelCheck[];
  /** Snapshots inside the image are what it is about. */
  readonly #isInside: boolean;
  readonly #store = new DisposableStore();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #lookAgain = false;
  #before: LessonFacts = nothingYet;
  /** Operations before the first step; undefined: it is still to come, and nothing is a step's. */
  #begun: number | undefined;
  #isTold = false;
  #virshOf = -1;
  #view: LessonView;

  constructor(vm: DemoVm, level: NamedLevel, options: LessonOptions, changed: () => void) {
    this.#vm = vm;
    this.#options = options;
    this.#changed = changed;
    const guest = new LessonGuest(vm);
    this.#look = new LessonLook(vm, options, guest);
    this.#acts = new LessonActs(vm, options, guest);
    const { steps, start = [] } = level.level;
    this.#outline = steps.map(({ check }) => (check === undefined ? 'read' : 'do'));
    this.#checks = steps.flatMap(({ check }) => check ?? []);
    const acts = [...start, ...steps.flatMap((step) => step.do ?? [])];
    this.#isInside = acts.some(({ create }) => create?.style === 'internal');
    this.#view = {
      vm,
      level,
      state: firstState(this.#outline),
      facts: nothingYet,
      costs: [],
      inside: [],
      score: { steps: 0, bytes: 0 },
    };
    this.#store.add(
      options.engine.onDidChange((change) => {
        if (change.vm?.uuid === vm.uuid && change.vm.connection === vm.connection) {
          this.#lookSoon();
        }
      }),
    );
  }

  /** Brings the VM to where the level begins. Rejects with a Failure. */
  async begin(): Promise<void> {
    await this.look();
    for (const act of this.#view.level.level.start ?? []) {
      await this.#do(act, (request) => this.#options.engine.runOperation(request));
      await this.look();
    }
    this.#begun = this.#view.facts.did?.length ?? 0;
    this.#before = this.#view.facts;
    await this.#judge();
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
    const { state, effect } = lessonStep(this.#view.state, event, this.#outline);
    if (state.reached !== reached) {
      this.#before = this.#view.facts;
    }
    this.#update({ state });
    await this.#learnCommand();
    if (effect === 'act') {
      await this.#act();
    }
    this.#tellDone();
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
    const facts = this.#store.isDisposed ? undefined : await this.#look.read(this.#checks, this.#view.facts);
    if (facts === undefined) {
      return;
    }
    // The guest writes and is measured by this very object, maybe meanwhile.
    const { writes, measured } = this.#view.facts;
    const bytes = facts.files.reduce((sum, file) => sum + file.bytes, 0);
    this.#update({
      facts: { ...facts, writes, measured },
      inside: this.#isInside ? [] : insideImage(facts),
      score: { steps: Math.max(0, (facts.did?.length ?? 0) - (this.#begun ?? Infinity)), bytes },
    });
    await this.#judge();
  }

  async #judge(): Promise<void> {
    const { state, facts, level } = this.#view;
    const check = level.level.steps[state.reached]?.check;
    const isWaiting = this.#begun !== undefined && !facts.busy && state.phase !== 'done' && check !== undefined;
    if (isWaiting && allHold(check, facts, this.#before, level.level.goal)) {
      await this.take('met');
    }
  }

  #tellDone(): void {
    const { state, level, score } = this.#view;
    const isAtEnd = state.reached + 1 === this.#outline.length && (state.phase === 'done' || state.phase === 'reading');
    if (isAtEnd && !this.#isTold) {
      this.#isTold = true;
      this.#options.onDone?.(level, score);
    }
  }

  async #act(): Promise<void> {
    try {
      this.#update({ failure: undefined });
      const { inside, level, state } = this.#view;
      if (inside.length > 0) {
        await this.#takeAway(inside);
      } else {
        for (const act of level.level.steps[state.reached]?.do ?? []) {
          await this.#do(act, this.#options.perform);
          await this.#options.engine.refresh({ vm: this.#ref });
          await this.look();
        }
      }
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

  async #do(act: LevelAct, perform: LessonOptions['perform']): Promise<void> {
    try {
      const { wrote, costs } = await this.#acts.do(act, this.#view.facts, perform);
      const { facts } = this.#view;
      this.#update({
        ...(costs !== undefined && { costs }),
        facts: { ...facts, writes: facts.writes + (wrote === undefined ? 0 : 1) },
      });
    } finally {
      if (act.measure !== undefined) {
        // Where it cannot be measured, the lesson says so and goes on.
        const { facts } = this.#view;
        this.#update({ facts: { ...facts, measured: facts.measured + 1 } });
      }
    }
  }

  /** The step itself is done by the next key: the learner sees the one go before the other comes. */
  async #takeAway(snapshots: readonly Snapshot[]): Promise<void> {
    for (const { name } of snapshots) {
      await this.#options.perform({ kind: 'delete', vm: this.#ref, snapshot: name, scope: 'one' });
    }
    this.#virshOf = -1;
  }

  /** The plan of the step's operation tells what would be typed; one that is refused now has nothing to type. */
  async #learnCommand(): Promise<void> {
    const { at } = this.#view.state;
    if (at === this.#virshOf) {
      return;
    }
    this.#virshOf = at;
    this.#update({ virsh: undefined });
    const { facts, level } = this.#view;
    const typed = typedCommand(level.level.steps[at]?.do ?? [], this.#vm);
    if (typed !== undefined) {
      this.#update({ virsh: typed });
      return;
    }
    const [request] = (level.level.steps[at]?.do ?? []).flatMap((act) => requestOf(act, this.#ref, facts) ?? []);
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
