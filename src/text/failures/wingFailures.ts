// What a wing throws where it does not go on: a Failure whose reason is the wing's own, with its text. What throws it
// loads the text with it, so that a shell which catches it needs to know no wing.
import {
  Failure,
  type FailureKind,
  type NamedInFailure,
  type ReasonText,
  type WingReason,
} from '../../domain/failure.js';
import { withDetails } from '../../domain/asFailure.js';
import { displayLine } from '../../domain/plainText.js';
import { failureText } from './failureText.js';

/** Facts that are words. */
export type Of<Names extends string> = Readonly<Record<Names, string>>;

type GivenNames = { readonly [Name in keyof NamedInFailure]: string | undefined };

/** Its facts are made safe to show. */
type Row = (facts: never) => string | ReasonText;

/** By how it ends: `refused` is said before anything was done. */
type Rows = Partial<Record<FailureKind, Readonly<Record<string, Row>>>>;

type All<R> = R[keyof R];
type Kinds<Some> = Some extends unknown ? keyof Some & string : never;
type RowOf<Some, Kind extends string> = Kind extends unknown
  ? Some extends Readonly<Record<Kind, infer One>>
    ? One
    : never
  : never;
/** Names may be added later, where they are known: see `orNamed`. */
type FactsToGive<F> = Omit<F, keyof NamedInFailure> &
  NamedInFailure & { /** What failed before it, told first. */ readonly cause?: unknown };
type Facts<One> = One extends () => unknown
  ? [facts?: FactsToGive<object>]
  : One extends (facts: infer F) => unknown
    ? object extends FactsToGive<F>
      ? [facts?: FactsToGive<F>]
      : [facts: FactsToGive<F>]
    : never;

/** @returns makes one, of the reason's kind and its facts */
export function wingFailures<const R extends Rows>(
  wing: string,
  rows: R,
): <Kind extends Kinds<All<R>>>(kind: Kind, ...facts: Facts<RowOf<All<R>, Kind>>) => Failure {
  const known = new Map(
    Object.entries(rows).flatMap(([failing, some]) =>
      Object.entries(some).map(([kind, row]) => [kind, { failing: failing as FailureKind, row }] as const),
    ),
  );
  return (kind, given: FactsToGive<object> = {}) => {
    const found = known.get(kind);
    if (found === undefined) {
      throw new RangeError(kind);
    }
    const { failing, row } = found;
    const { vm, host, target, cause, ...facts } = given;
    const reason: WingReason = {
      ...{ wing, kind, facts },
      text(named): ReasonText {
        const told = row(showFacts({ vm: '', host: '', target: '', ...named, ...this.facts }));
        const [sentence, nextStep] = typeof told === 'string' ? [told, ''] : told;
        const before = cause instanceof Failure ? [failureText(withDetails(cause, namesIn(named))).sentence] : [];
        return [[...before, sentence].join(' '), nextStep];
      },
    };
    const details = { ...namesIn({ vm, host, target }), reason };
    return new Failure(failing, details, cause === undefined ? {} : { cause });
  };
}

function namesIn({ vm, host, target }: GivenNames): NamedInFailure {
  return Object.fromEntries(Object.entries({ vm, host, target }).filter(([, name]) => name !== undefined));
}

/** What others said may be long. */
const longestFact = 500;

function showFacts(facts: object): never {
  const show = (fact: unknown): unknown =>
    typeof fact === 'string' ? displayLine(fact, longestFact) : Array.isArray(fact) ? fact.map(show) : fact;
  return Object.fromEntries(Object.entries(facts).map(([name, fact]) => [name, show(fact)])) as never;
}
