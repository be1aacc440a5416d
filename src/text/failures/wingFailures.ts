// What a wing throws where it does not go on: a Failure whose reason is the wing's own, with its text. What throws it
// loads the text with it, so that a shell which catches it needs to know no wing.
import { Failure, type FailureKind, type NamedInFailure, type ReasonText } from '../../domain/failure.js';
import { displayLine } from '../../domain/plainText.js';

/** Facts that are words. */
export type Of<Names extends string> = Readonly<Record<Names, string>>;

/** Its facts are made safe to show. */
type Row = (facts: never) => string | ReasonText;

/** By how it ends: `refused` is said before anything was done. */
type Rows = { readonly [Kind in FailureKind]?: Readonly<Record<string, Row>> };

type All<R> = R[keyof R];
type Kinds<Some> = Some extends unknown ? keyof Some & string : never;
type Found<Some, Kind extends string> = Some extends { readonly [K in Kind]: infer One } ? One : never;
/** Names may be added later, by whoever knows them: see `orNamed`. */
type Given<F> = Omit<F, keyof NamedInFailure> & NamedInFailure & { readonly cause?: unknown };
type Facts<One> = One extends () => unknown
  ? [facts?: Given<object>]
  : One extends (facts: infer F) => unknown
    ? object extends Given<F>
      ? [facts?: Given<F>]
      : [facts: Given<F>]
    : never;

/** @returns makes one, of the reason's kind and its facts */
export function wingFailures<const R extends Rows>(
  wing: string,
  rows: R,
): <Kind extends Kinds<All<R>>>(kind: Kind, ...facts: Facts<Found<All<R>, Kind>>) => Failure {
  const known = new Map(
    Object.entries(rows).flatMap(([failing, some]) =>
      Object.entries(some).map(([kind, row]) => [kind, { failing: failing as FailureKind, row }] as const),
    ),
  );
  return (kind, given: Given<object> = {}) => {
    const { failing, row } = known.get(kind)!;
    const { vm, host, cause, ...facts } = given;
    const text = (named: NamedInFailure): ReasonText => {
      const told = row(shown({ vm: '', host: '', ...named, cause, ...facts }));
      return typeof told === 'string' ? [told, ''] : told;
    };
    return new Failure(
      failing,
      { ...(vm !== undefined && { vm }), ...(host !== undefined && { host }), reason: { wing, kind, facts, text } },
      cause === undefined ? {} : { cause },
    );
  };
}

/** What others said may be long. */
const longestFact = 500;

function shown(facts: object): never {
  const show = (fact: unknown): unknown =>
    typeof fact === 'string' ? displayLine(fact, longestFact) : Array.isArray(fact) ? fact.map(show) : fact;
  return Object.fromEntries(Object.entries(facts).map(([name, fact]) => [name, show(fact)])) as never;
}
