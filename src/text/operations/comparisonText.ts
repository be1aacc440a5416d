// What differs between two states of a VM, in words: one line for a message, a Markdown page for all of it. Knows
// nothing of the editor; nothing from outside becomes markup.
import { t } from '@vscode/l10n';
import type { HardwareDifference } from '../../domain/hardware.js';
import type { DiskDistance } from '../../domain/layerDistance.js';
import type { StateDifference } from '../../domain/vmFiles.js';
import { displayLine } from '../../domain/plainText.js';
import type { ComparedMember, ComparedSystem } from '../../systems/comparedSystem.js';
import { bytesText } from '../bytesText.js';
import { factsOfSide, partWord, whatText } from '../rows/hardwareText.js';
import { markdownText } from '../markdown.js';
import { roleWords } from '../rows/vmFileText.js';
import { pointTitle } from '../systems/systemPointText.js';

export interface Comparison {
  readonly vm: string;
  /** What people call the two states; the older one first. */
  readonly from: string;
  readonly to: string;
  readonly differences: readonly HardwareDifference[];
  /** Undefined where the layers could not be read. */
  readonly distances: readonly DiskDistance[] | undefined;
  readonly states: readonly StateDifference[];
}

/** More than a page can hold would hide the rest. */
const mostLines = 100;

export function comparisonSummary({ from, to, differences, distances }: Comparison): string {
  const parts = [...new Set(differences.map(({ part }) => part))].map((part) => partWord(part));
  const known = (distances ?? []).flatMap(({ target, bytes }) =>
    typeof bytes === 'number' && bytes > 0 ? [t('{0} by up to {1}', target, bytesText(bytes))] : [],
  );
  const hardware =
    parts.length === 0
      ? t('{0} and {1} have the same hardware.', from, to)
      : t('Differences between {0} and {1}: {2}.', from, to, parts.join(', '));
  return known.length === 0 ? hardware : `${hardware} ${t('Disk content changed: {0}.', known.join(', '))}`;
}

export function comparisonPage(comparison: Comparison): string {
  const { vm, from, to } = comparison;
  return [
    `# ${line(t('{0}: {1} and {2}', vm, from, to))}`,
    line(comparisonSummary(comparison)),
    ...comparedParts(comparison, '##'),
    ...footnotes([comparison]),
  ].join('\n\n');
}

export function systemComparisonTitle({ system, from, to }: ComparedSystem): string {
  return t('{0}: {1} and {2}', system, pointTitle(from), stateTitle(to));
}

/** The VMs of a system, each with what differs, or why that is not known. */
export function systemComparisonPage(compared: ComparedSystem): string {
  const { members } = compared;
  const [from, to] = [pointTitle(compared.from), stateTitle(compared.to)];
  return [
    `# ${line(systemComparisonTitle(compared))}`,
    ...members.flatMap((member) => [
      `## ${line(member.name)}`,
      ...(member.kind === 'compared'
        ? [
            line(comparisonSummary({ vm: member.name, from, to, ...member })),
            ...comparedParts({ vm: member.name, from, to, ...member }, '###'),
          ]
        : [line(uncomparedText(member.kind))]),
    ]),
    ...footnotes(members.flatMap((member) => (member.kind === 'compared' ? [member] : []))),
  ].join('\n\n');
}

function stateTitle(point: ComparedSystem['to']): string {
  return point === undefined ? t('Current state') : pointTitle(point);
}

function uncomparedText(why: Exclude<ComparedMember['kind'], 'compared'>): string {
  switch (why) {
    case 'away':
      return t('Unknown: its connection is not available.');
    case 'vmGone':
      return t('Unknown: the VM no longer exists.');
    case 'snapshotGone':
      return t('Unknown: its snapshot no longer exists.');
    case 'notKept':
      return t('Unknown: at that time it did not belong to the system.');
  }
}

function comparedParts(
  { from, to, differences, distances, states }: Comparison,
  heading: '##' | '###',
): readonly string[] {
  const shown = differences.slice(0, mostLines);
  const rest = differences.length - shown.length;
  return [
    `${heading} ${line(t('Hardware'))}`,
    shown.length === 0
      ? line(t('No difference.'))
      : table(
          [t('Item'), from, to],
          shown.map((difference) => row(difference)),
        ),
    ...(rest > 0 ? [line(t('And {0} more. The XML shows all of them.', rest))] : []),
    `${heading} ${line(t('Disk content'))}`,
    ...(distances === undefined || distances.length === 0
      ? [line(t('Unknown: the layers of this VM could not be read.'))]
      : [
          table(
            [t('Disk'), t('Differs by')],
            [
              ...distances.map((one) => [one.target, distanceText(one)]),
              ...states.map(({ role, how }) => [roleWords({ role }), stateText(how)]),
            ],
          ),
        ]),
  ];
}

function footnotes(compared: readonly Pick<Comparison, 'distances'>[]): readonly string[] {
  const hasBytes = compared.some(({ distances = [] }) =>
    distances.some(({ bytes }) => bytes !== 'unknown' && bytes > 0),
  );
  return [
    line(
      t(
        'This compares the configurations, without automatic changes and without items that are not hardware: sequence numbers, aliases, labels of security drivers, metadata, white space and the order of attributes.',
      ),
    ),
    ...(hasBytes
      ? [
          line(
            t(
              'The bytes are the sizes of the layers between the two states, in whole clusters. They are an upper limit of the difference.',
            ),
          ),
        ]
      : []),
  ];
}

function stateText(how: StateDifference['how']): string {
  switch (how) {
    case 'same':
      return t('nothing');
    case 'differs':
      return t('its content');
    case 'unknown':
      return t('unknown: it was not kept in both, or cannot be read');
  }
}

function distanceText({ bytes, why }: DiskDistance): string {
  if (typeof bytes === 'number') {
    return bytes === 0 ? t('nothing') : t('up to {0}', bytesText(bytes));
  }
  switch (why ?? 'notRead') {
    case 'insideImage':
      return t('unknown: the snapshot is inside the image, which does not count its bytes separately');
    case 'otherBranch':
      return t('unknown: they are on different branches');
    case 'notRead':
      return t('unknown: a layer between them could not be read');
  }
}

/** `[what, before, after]` */
function row(difference: HardwareDifference): readonly string[] {
  const { how, facts } = difference;
  const what = whatText(difference);
  const describeSide = (side: 'from' | 'to'): string => factsOfSide(difference, side);
  switch (how) {
    case 'added':
      return [what, t('not present'), describeSide('to') === '' ? t('present') : describeSide('to')];
    case 'removed':
      return [what, describeSide('from') === '' ? t('present') : describeSide('from'), t('not present')];
    case 'changed':
      return facts.length === 0
        ? [what, t('other settings, see the XML'), '']
        : [
            what,
            describeSide('from') === '' ? '–' : describeSide('from'),
            describeSide('to') === '' ? '–' : describeSide('to'),
          ];
  }
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head.map(line), head.map(() => '---'), ...rows.map((cells) => cells.map(line))]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

/** One line, in which nothing is markup. */
function line(text: string): string {
  return markdownText(displayLine(text, 2_000));
}
