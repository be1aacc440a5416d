// One VM's history, from its first snapshot to its last: each action is done by the extension and by the model, and
// after each the two are compared. Knows neither how actions are chosen nor what is done about a difference.
import { performance } from 'node:perf_hooks';
import type { LiveRig } from '../libvirtd/engineRig.js';
import type { Model } from '../oracle/model.js';
import { OracleVm } from '../oracle/oracleVm.js';
import { type Action, actionText, isOperation, type Script } from './action.js';
import { ExtensionSide } from './extensionSide.js';
import { type Found, History } from './history.js';
import { OtherClients } from './otherClients.js';

/** The next action, from what is known before it; nothing at the end of the history. */
export type Next = (history: History) => Promise<Action | undefined>;

/** How often the content of every snapshot is read, and not of the current state alone: 1 is after each action. */
export interface EpisodeOptions {
  readonly everythingEach: number;
  readonly say: (line: string) => void;
  /** Does something of its own with the VM, which the model does not know. */
  readonly beside?: (rig: LiveRig, vm: OracleVm) => Promise<Beside>;
}

export interface Beside {
  /** Each action; what it begins may go on meanwhile. */
  before(model: Model): Promise<Found | undefined>;
  /** Each operation. */
  after(model: Model): Promise<Found | undefined>;
  end(): Promise<Found | undefined>;
  stop(): Promise<void>;
}

export interface Episode {
  /** All actions that were begun; with `found`, the last is the one after which it was found. */
  readonly script: Script;
  /** Operations by what became of them, without what the guest did. */
  readonly done: number;
  readonly refused: Readonly<Record<string, number>>;
  /** Snapshots that the guest did not stand still for. */
  readonly seamless: number;
  readonly ms: number;
  readonly leaks: number;
  readonly found?: Found;
  /** What the extension told its log; only with `found`. */
  readonly log?: readonly string[];
}

export async function runEpisode(
  base: Omit<Script, 'actions'>,
  next: Next,
  { everythingEach, say, beside: startBeside }: EpisodeOptions,
): Promise<Episode> {
  const began = performance.now();
  const rig = await ExtensionSide.startDaemon();
  const ends = [() => rig.stop()];
  try {
    const vm = await OracleVm.define(rig.daemon, { name: 'h', disks: base.disks, diskMiB: base.isDay ? 4 : 16 });
    const side = new ExtensionSide(rig, base.style);
    const others = new OtherClients(rig.daemon, base.style, vm.name, (uri) => side.connectAlso(uri));
    ends.push(() => others.stop());
    await side.connect(vm.name, base.isDay);
    const beside = await startBeside?.(rig, vm);
    ends.push(async () => beside?.stop());
    const history = new History(vm, side, others, base);
    const actions: Action[] = [];
    const refused: Record<string, number> = {};
    let done = 0;
    let found: Found | undefined;
    let whole = true;
    for (;;) {
      const action = await next(history);
      if (action === undefined) {
        found = (whole ? undefined : await history.compare('everything')) ?? (await beside?.end());
        break;
      }
      if (!history.isPossible(action)) {
        continue;
      }
      actions.push(action);
      found = await beside?.before(history.model);
      if (found !== undefined) {
        break;
      }
      const since = performance.now();
      const outcome = await history.carryOut(action);
      const word =
        outcome.type === 'done' ? 'done' : outcome.type === 'refused' ? `refused: ${outcome.reason}` : 'FAILED';
      say(`${actionText(action)}  # ${word}, ${String(Math.round(performance.now() - since))} ms`);
      if (isOperation(action)) {
        if (outcome.type === 'refused') {
          refused[outcome.reason] = (refused[outcome.reason] ?? 0) + 1;
        } else {
          done++;
        }
      }
      if (action.do === 'abandon') {
        // Nobody knows how far the dead editor came: what must be is told by what was before the next one.
        found = history.found;
        break;
      }
      whole = isOperation(action) && actions.length % everythingEach === 0;
      found =
        history.found ??
        (isOperation(action)
          ? ((await beside?.after(history.model)) ?? (await history.compare(whole ? 'everything' : 'present')))
          : undefined);
      if (found !== undefined) {
        break;
      }
    }
    return {
      script: { ...base, actions },
      done,
      refused,
      seamless: side.seamless,
      ms: performance.now() - began,
      leaks: history.leaks,
      ...(found === undefined ? {} : { found, log: side.log }),
    };
  } finally {
    for (const end of ends.toReversed()) {
      await end();
    }
  }
}
