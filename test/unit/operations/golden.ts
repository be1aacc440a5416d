// What is decided in a few situations, written down as text in golden/, so that a diff tells what changed in words.
//   UPDATE_GOLDEN=1 npm test -- unit --grep golden    writes all of it anew; read the difference before it is kept
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../../scripts/rig/root.mjs';
import type { Facts } from '../../../src/domain/facts.js';
import type { OperationRequest } from '../../../src/domain/operation.js';
import type { Recovery } from '../../../src/operations/interrupted.js';
import type { Decision, PlannedWork } from '../../../src/operations/plan.js';
import { planOperation } from '../../../src/operations/decide/planOperation.js';

/** A title, and what is decided there, line by line. */
export type GoldenCase = readonly [what: string, decide: () => readonly string[]];

const isUpdate = process.env['UPDATE_GOLDEN'] !== undefined;

/** One file of golden/: its sections, in the order in which they are told, and `end` at last. */
export class Golden {
  readonly #file: string;
  readonly #sections = new Map<string, readonly GoldenCase[]>();

  /** @param room of test/unit */
  constructor(
    readonly name: string,
    room: 'operations' | 'text' = 'operations',
  ) {
    this.#file = join(root, 'test/unit', room, 'golden', `${name}.txt`);
  }

  /** Each of its cases is a test. */
  section(section: string, cases: readonly GoldenCase[]): void {
    this.#sections.set(section, cases);
    describe(`golden ${this.name}: ${section}`, () => {
      let written: ReadonlyMap<string, string>;
      before(() => {
        written = isUpdate
          ? new Map(cases.map((one) => [one[0], textOf(one)]))
          : (this.#read().get(section) ?? new Map());
      });
      for (const one of cases) {
        it(one[0], () => {
          assert.equal(textOf(one), written.get(one[0]));
        });
      }
    });
  }

  end(): void {
    it(`golden ${this.name} has no other cases`, () => {
      const sections = [...this.#sections];
      if (isUpdate) {
        const texts = sections.map(([title, cases]) => `# ${title}\n\n${cases.map(textOf).join('\n')}\n`);
        writeFileSync(this.#file, texts.join('\n'));
      }
      assert.deepEqual(
        [...this.#read()].map(([title, cases]) => [title, [...cases.keys()]]),
        sections.map(([title, cases]) => [title, cases.map(([what]) => what)]),
      );
    });
  }

  /** By section and title; what is indented belongs to the title above it. */
  #read(): ReadonlyMap<string, ReadonlyMap<string, string>> {
    const sections = readFileSync(this.#file, 'utf8').split(/^# /mu).slice(1);
    return new Map(
      sections.map((section) => {
        const [title = '', ...cases] = section.trimEnd().split(/\n+(?! )/u);
        return [title, new Map(cases.map((one) => [one.split('\n')[0] ?? '', one]))];
      }),
    );
  }
}

/** What each request comes to in its situation. */
export function asked(rows: readonly (readonly [what: string, OperationRequest, Facts])[]): readonly GoldenCase[] {
  return rows.map(([what, request, facts]) => [what, () => decisionLines(planOperation(request, facts))]);
}

/** What an interrupted operation comes to. */
export function recovered(rows: readonly (readonly [what: string, recover: () => Recovery])[]): readonly GoldenCase[] {
  return rows.map(([what, recover]) => [what, () => recoveryLines(recover())]);
}

function decisionLines(decision: Decision): readonly string[] {
  if (decision.kind === 'refusal') {
    return [`refused: ${words(decision.refusal)}`];
  }
  const { losses, warnings, spaceBytes, checkpoint, progress } = decision;
  return [
    ...stepLines(decision),
    ...(checkpoint === undefined ? [] : [`goes back to ${checkpoint}`]),
    ...(progress === 'percent' ? ['tells percent'] : []),
    ...losses.map((loss) => `loses ${words(loss)}`),
    ...warnings.map((warning) => `says ${words(warning)}`),
    ...(spaceBytes === undefined ? [] : [`takes ${spaceBytes} bytes`]),
  ];
}

function recoveryLines(recovery: Recovery): readonly string[] {
  return recovery.kind === 'explain'
    ? [`left to a person: ${words(recovery.why)}`]
    : [...(recovery.kind === 'steps' ? stepLines(recovery.plan) : []), `ends ${recovery.to}`];
}

const stepLines = ({ steps }: PlannedWork): readonly string[] => steps.map(words);

const textOf = ([what, decide]: GoldenCase): string => [what, ...decide().map((line) => `  ${line}`)].join('\n');

/** `kind key=value …`, whatever it is; of a refusal its reason and facts. */
function words(value: object): string {
  const { kind, reason, facts = {}, ...rest } = value as { kind?: string; reason?: string; facts?: object };
  const told = Object.entries({ ...facts, ...rest })
    .filter(([, of]) => of !== undefined)
    .map(([key, of]) => `${key}=${word(of)}`);
  return [kind ?? reason ?? [], ...told].flat().join(' ');
}

/** What cannot be seen in an editor is written as JSON does it. */
function word(value: unknown): string {
  if (Array.isArray(value)) {
    return `[${value.map(word).join(', ')}]`;
  }
  if (typeof value === 'object' && value !== null) {
    return `(${words(value)})`;
  }
  const text = String(value);
  return /^[^\s\p{C}"()[\],]+$/u.test(text)
    ? text
    : JSON.stringify(text).replace(/\p{C}/gu, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
