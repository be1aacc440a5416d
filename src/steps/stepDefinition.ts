// What there is to know of a kind of step, beside how it is carried out: a row of the record in steps.ts. Values only.
import type { Facts } from '../domain/facts.js';
import type { Vm } from '../domain/vm.js';
import type { Step } from './step.js';

export type StepOf<K extends Step['kind']> = Extract<Step, { kind: K }>;

/** `unknown`: it cannot be told, or it does no harm to do it again. */
export type DoneVerdict = 'yes' | 'no' | 'unknown';

export type Command = readonly [program: string, ...words: readonly string[]];

export interface StepDefinition<K extends Step['kind']> {
  readonly touches: (step: StepOf<K>) => TouchedFiles;
  /**
   * What it does to layers of disks: all of them must be what we noted of them. `noLayers` where it changes none and
   * takes none for what a snapshot holds.
   *
   * @param facts as before the step
   */
  readonly layers: (step: StepOf<K>, facts: Facts) => LayerUse;
  /**
   * The simulator: what is known once the step is done, as measured on real daemons. What is undefined, not known,
   * stays so; a step that cannot be done here changes nothing that it does not reach.
   */
  readonly apply: (step: StepOf<K>, facts: Facts) => Facts;
  /**
   * Whether what it does is so already, as far as the current state tells: the journal knows that a step was begun, and
   * the daemon may have died before it, in it, or right after it.
   */
  readonly isDone: (step: StepOf<K>, facts: Facts) => DoneVerdict;
  /** What a person would type, a command at a time. Never run by us. */
  readonly byHand: (step: StepOf<K>, by: ByHand) => readonly Command[];
  /**
   * Whether it takes nothing away and starts nothing: metadata alone, a guest that thaws, files that nobody stands on.
   *
   * @param made files that the operation made itself
   */
  readonly isHarmless: (step: StepOf<K>, made: ReadonlySet<string>) => boolean;
  /** Whether a dying daemon can leave it half done, so that it is written to the journal even where it is alone. */
  readonly canBreakOff: boolean;
}

/** What a step is about: where it was interrupted, these are looked at. */
export interface TouchedFiles {
  /** Images of disks. */
  readonly images?: readonly string[];
  readonly files?: readonly string[];
  /** Files that it makes where there was none. */
  readonly made?: readonly string[];
}

/**
 * The VM that a command is about. Values always stand behind their option, so that one that begins with `--` is still a
 * value.
 */
export interface ByHand {
  readonly vm: Pick<Vm, 'name' | 'disks'>;
  readonly virsh: (command: string, ...options: readonly string[]) => Command;
  readonly ofVm: (command: string, ...options: readonly string[]) => Command;
  readonly ofSnapshot: (command: string, snapshot: string, ...options: readonly string[]) => Command;
  /** Where the person keeps what the command before showed, changed where it has to be. */
  readonly editedXml: (name: string) => string;
}

/** By path. */
export interface LayerUse {
  /** Their content goes into another layer, or comes back as that of a snapshot; with all that is below. */
  readonly reads?: readonly string[];
  /** They get other content, or the name of another layer below. */
  readonly writes?: readonly string[];
  /** They go, with what is in them. */
  readonly givesUp?: readonly string[];
}

export const nothingTouched = (): TouchedFiles => ({});

export const noLayers = (): LayerUse => ({});

export const cannotTell = (): DoneVerdict => 'unknown';

export function doneWhen(isSo: boolean): DoneVerdict {
  return isSo ? 'yes' : 'no';
}

export const always = (): boolean => true;

export const never = (): boolean => false;
