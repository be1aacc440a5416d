// The VM that somebody works with, as an item in the status bar: the one whose row was selected last, or that a command
// was called on. What a system, a test or an agent does to VMs makes none of them it. A clone that is discarded gives
// way to the VM before it. It asks nobody: the item says what is known anyway, and nothing is followed for it.
import { t } from '@vscode/l10n';
import type { Memento } from 'vscode';
import { type Clock, systemClock } from '../../../base/clock.js';
import { type Disposable, DisposableStore } from '../../../base/disposable.js';
import type { EnginePort } from '../../../engine/enginePort.js';
import type { StoreChange } from '../../../live/views.js';
import type { CommandId } from '../../../verbs/verbs.js';
import { type VmRef, sameVm } from '../../../domain/vm.js';
import { displayLine } from '../../../domain/plainText.js';
import { activeSystemText, activeVmText, type SeenBefore } from '../../../text/rows/activeVmText.js';
import type { StatusItem } from '../../prompts/notify.js';
import { type Node, vmOfNode } from '../../tree/nodes.js';
import type { ChosenSystem } from '../systems/chosenSystem.js';

const key = 'workedVm';

type Event<T> = (listener: (value: T) => unknown) => Disposable;

/** Which VMs somebody looks at, be it in the tree or in a picture. */
interface LookedAtVms {
  isLookedAt(ref: VmRef): boolean;
  readonly onDidChange: Event<void>;
}

/** What of the tree tells where somebody is. */
interface TreeSelection {
  readonly onDidSelect: Event<{ readonly selection: readonly Node[] }>;
}

export class ActiveVm implements Disposable {
  readonly #kept: Pick<Memento, 'get' | 'update'>;
  readonly #engine: Pick<EnginePort, 'findVm' | 'onDidChange' | 'connect'>;
  readonly #looking: LookedAtVms;
  readonly #chosen: Pick<ChosenSystem, 'shown' | 'lostName' | 'onDidChange'>;
  readonly #make: () => StatusItem;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #store = new DisposableStore();
  #item: StatusItem | undefined;
  #ref: VmRef | undefined;
  /** The last one that is no clone. */
  #lasting: VmRef | undefined;
  /** What was shown last of the VM, or of those of the system, and when that was seen to be so. */
  #states: readonly unknown[] = [];
  #seenAt = 0;
  #isFollowed = false;

  /** With the VM that the workspace worked with last. It is shown when it is seen. */
  constructor(
    kept: Pick<Memento, 'get' | 'update'>,
    engine: Pick<EnginePort, 'findVm' | 'onDidChange' | 'connect'>,
    selecting: TreeSelection,
    looking: LookedAtVms,
    chosen: Pick<ChosenSystem, 'shown' | 'lostName' | 'onDidChange'>,
    make: () => StatusItem,
    clock: Pick<Clock, 'now'> = systemClock,
  ) {
    this.#kept = kept;
    this.#engine = engine;
    this.#ref = parseRemembered(kept.get(key));
    this.#looking = looking;
    this.#chosen = chosen;
    this.#make = make;
    this.#clock = clock;
    this.#store.add(engine.onDidChange((change) => this.#noteChange(change)));
    this.#store.add(selecting.onDidSelect(({ selection }) => this.#noteSelection(selection)));
    this.#store.add(looking.onDidChange(() => this.#show()));
    this.#store.add(chosen.onDidChange(() => this.#show()));
  }

  /** Undefined until there is one, and when it is gone. */
  get ref(): VmRef | undefined {
    return this.#ref !== undefined && this.#engine.findVm(this.#ref) !== undefined ? this.#ref : undefined;
  }

  /** As `ref`, when its connection is open: in the first moments of a window none is. */
  async find(): Promise<VmRef | undefined> {
    const wanted = this.#ref;
    if (wanted !== undefined && this.ref === undefined) {
      await this.#engine.connect(wanted.connection);
    }
    return this.ref;
  }

  /** A command was called on it. */
  take(ref: VmRef): void {
    const { connection, uuid } = ref;
    if (this.#ref === undefined || !sameVm(this.#ref, ref)) {
      void this.#kept.update(key, { connection, uuid });
      const left = this.#ref && this.#engine.findVm(this.#ref);
      this.#lasting = left !== undefined && left.vm.clone === undefined ? left.ref : this.#lasting;
    }
    this.#ref = ref;
    this.#show();
  }

  /** What is read there; undefined while there is no item. */
  get text(): string | undefined {
    return this.#item?.text;
  }

  dispose(): void {
    this.#item?.dispose();
    this.#store.dispose();
  }

  #noteSelection(selection: readonly Node[]): void {
    const ref = selection.map(vmOfNode).find((one) => one !== undefined);
    if (ref !== undefined) {
      this.take(ref);
    }
  }

  #noteChange({ connection, vm }: StoreChange): void {
    const view = vm && this.#engine.findVm(vm);
    const doing = view?.operation?.request.kind;
    const isWorked = view !== undefined && this.#ref !== undefined && sameVm(this.#ref, view.ref);
    if (isWorked && doing === 'discard' && this.#lasting !== undefined) {
      this.take(this.#lasting);
    } else if (
      this.#chosen.shown !== undefined ||
      (this.#ref !== undefined && this.#concerns(this.#ref, connection, vm))
    ) {
      this.#show();
    }
  }

  #concerns(ref: VmRef, connection: string | undefined, vm: VmRef | undefined): boolean {
    return vm === undefined ? connection === undefined || connection === ref.connection : sameVm(ref, vm);
  }

  /** What was followed until now, or is another than before (an operation of ours read it), is seen now. */
  #seenBefore(refs: readonly VmRef[], states: readonly unknown[]): SeenBefore {
    const now = this.#clock.now();
    const isFollowed = refs.every((ref) => this.#looking.isLookedAt(ref));
    const isSame = states.length === this.#states.length && states.every((state, at) => state === this.#states[at]);
    this.#seenAt = isFollowed || this.#isFollowed || !isSame ? now : this.#seenAt;
    this.#isFollowed = isFollowed;
    this.#states = states;
    return isFollowed ? undefined : { at: this.#seenAt, now };
  }

  #show(): void {
    const command: CommandId = 'virtRewind.workedVm';
    const system = this.#chosen.shown;
    if (system !== undefined) {
      const { name, members } = system.known.system;
      const views = system.views.map((view) => view?.vm);
      this.#item ??= this.#make();
      this.#item.say(
        activeSystemText(system, this.#seenBefore(members, views)),
        t('{0}: click for actions on all its VMs.', displayLine(name)),
        command,
      );
      return;
    }
    const view = this.#ref === undefined ? undefined : this.#engine.findVm(this.#ref);
    if (view === undefined) {
      this.#item?.dispose();
      this.#item = undefined;
      return;
    }
    const lost = this.#chosen.lostName;
    const tip = t('{0}: click for actions.', displayLine(view.vm.name));
    this.#item ??= this.#make();
    this.#item.say(
      activeVmText(view, this.#seenBefore([view.ref], [view.vm])),
      lost === undefined ? tip : `${tip} ${t('The active system {0} was not found.', displayLine(lost))}`,
      command,
    );
  }
}

/** As another version may have written it. */
function parseRemembered(kept: unknown): VmRef | undefined {
  const { connection, uuid } = (kept ?? {}) as Readonly<Partial<Record<keyof VmRef, unknown>>>;
  return typeof connection === 'string' && typeof uuid === 'string' ? { connection, uuid } : undefined;
}
