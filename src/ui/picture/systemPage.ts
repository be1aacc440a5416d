// The picture of a system of VMs as a page: its VMs side by side on one axis of time, its restore points across them. A
// value in, HTML out, in which nothing from outside is markup. What can be pressed are links to commands.
import { t } from '@vscode/l10n';
import type { SystemPoint } from '../../domain/system.js';
import type { Snapshot } from '../../domain/snapshot.js';
import type { CommandId } from '../../verbs/verbs.js';
import { partOf } from '../../systems/observedSystem.js';
import { snapshotOf } from '../../systems/standing.js';
import { htmlText, linkHtml } from '../../text/html.js';
import { agoText } from '../../text/relativeAge.js';
import { pointTitle, noWayBack } from '../../text/systems/systemPointText.js';
import { memberWords, type ShownSystem } from '../../text/systems/systemRows.js';
import { kindWords, powerWord } from '../../text/words.js';
import { pageHtml } from '../restoreFocus.js';
import type { Node } from '../tree/nodes.js';

const systemStyle = `
body { forced-color-adjust: none; color: var(--vscode-foreground); padding: 0.5rem 1rem; font-size: 1rem; line-height: 1.4; }
h1 { font-size: 1.5rem; margin: 0.3rem 0; font-weight: 600; overflow-wrap: anywhere; }
nav { display: flex; flex-wrap: wrap; gap: 0.5rem; margin: 0.5rem 0 1rem; }
.scroller { overflow-x: auto; }
.scroller:focus-visible, a:focus-visible { outline: 2px solid var(--vscode-focusBorder, currentColor); outline-offset: 2px; }
table { border-collapse: separate; border-spacing: 0; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 0.4rem 0.75rem; font-weight: 400; overflow-wrap: anywhere; min-width: 8rem; }
thead th { font-weight: 600; border-bottom: 1px solid var(--vscode-foreground); }
tbody th { min-width: 11rem; max-width: 18rem; }
tbody td { border-left: 3px solid var(--vscode-charts-lines, var(--vscode-foreground)); }
small { display: block; color: var(--vscode-descriptionForeground); font-size: 0.9em; }
.title { font-weight: 600; }
.point th, .point td { border-top: 1px solid var(--vscode-focusBorder, currentColor); border-bottom: 1px solid var(--vscode-focusBorder, currentColor);
  background: var(--vscode-textCodeBlock-background); }
.point .title, .point small { color: var(--vscode-foreground); }
.here { font-weight: 600; }
.here .mark { color: var(--vscode-charts-blue, currentColor); }
.single th { text-align: right; }
.lost, .wrong, small.wrong { color: var(--vscode-editor-foreground); font-style: italic; }
.present th { font-weight: 600; }
.actions { display: flex; flex-wrap: wrap; gap: 0.4rem; margin-top: 0.3rem; }
.button { padding: 0.15rem 0.5rem; text-decoration: none; border-radius: 2px;
  border: 1px solid var(--vscode-button-border, var(--vscode-contrastBorder, transparent)); }
.primary { background: var(--vscode-button-background); color: var(--vscode-button-foreground); }
.primary:hover { background: var(--vscode-button-hoverBackground); color: var(--vscode-button-foreground); }
.secondary { background: var(--vscode-button-secondaryBackground); color: var(--vscode-button-secondaryForeground); }
.secondary:hover { background: var(--vscode-button-secondaryHoverBackground); color: var(--vscode-button-secondaryForeground); }
thead a { color: var(--vscode-textLink-foreground); }
.space td { height: 0.8rem; padding: 0; }
.space .axis { border-left: none; }
.space-2 td { height: 1.6rem; } .space-3 td { height: 2.4rem; }
`;

/** The commands that the page may call. */
export const systemLinks = [
  'virtRewind.createSnapshot',
  'virtRewind.revert',
  'virtRewind.undo',
  'virtRewind.deleteSnapshot',
  'virtRewind.showPicture',
] as const satisfies readonly CommandId[];

/** A row of the axis: a restore point of all, or snapshots of single VMs. */
interface AxisMoment {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly point?: SystemPoint;
  /** By the member's place. */
  readonly snapshots: ReadonlyMap<number, Snapshot>;
}

export function systemPage(shown: ShownSystem, now: number, nonce: string): string {
  const { name } = shown.known.system;
  return pageHtml(
    { title: t('{0}: Picture', name), style: systemStyle, nonce },
    `<main>
<h1>${htmlText(name)}</h1>
${tools(shown)}
<div class="scroller" tabindex="0" role="region" aria-label="${htmlText(t('VMs side by side, time runs downwards'))}">
<table>
${head(shown)}
<tbody>
${momentsOf(shown)
  .map((moment, at, all) => row(shown, moment, gapBefore(moment.at, all[at - 1]?.at), now))
  .join('\n')}
${present(shown)}
</tbody>
</table>
</div>
</main>`,
  );
}

function tools({ known }: ShownSystem): string {
  const system: Node = { kind: 'system', id: `system/${known.system.id}`, system: known.system.id };
  const canUndo = known.points.some(({ auto }) => auto === 'revert');
  return `<nav aria-label="${htmlText(t('System'))}">
${link('virtRewind.createSnapshot', system, t('Create Snapshot…'), 'primary')}
${canUndo ? link('virtRewind.undo', system, t('Undo…')) : ''}
</nav>`;
}

function head(shown: ShownSystem): string {
  const cells = shown.known.system.members.map((member, at) => {
    const { vm } = shown.seen.members[at] ?? {};
    const ref = { connection: member.connection, uuid: member.uuid };
    const name = vm?.name ?? member.name;
    const wrong = memberWords(shown, at).join(', ');
    return `<th scope="col">${
      vm === undefined
        ? htmlText(name)
        : link('virtRewind.showPicture', { kind: 'vm', id: member.uuid, ref }, name, 'plain')
    }${wrong === '' ? '' : `<small class="wrong">${htmlText(wrong)}</small>`}</th>`;
  });
  return `<thead><tr><th scope="col">${htmlText(t('Restore point'))}</th>${cells.join('')}</tr></thead>`;
}

/**
 * Oldest first. Snapshots that belong to a restore point stand in its row. What was taken unasked, and whose restore
 * point is gone, nobody goes back to from here: the rows of its VM have it.
 */
function momentsOf({ known, views }: ShownSystem): readonly AxisMoment[] {
  const { system, points } = known;
  const owned = new Set<string>();
  const common = points.map((point): AxisMoment => {
    const snapshots = new Map<number, Snapshot>();
    system.members.forEach((member, at) => {
      const tree = views[at]?.tree;
      const found = tree && snapshotOf(tree, member, point, points);
      if (found !== undefined) {
        snapshots.set(at, found);
        owned.add(`${at}/${found.name}`);
      }
    });
    return { at: point.createdAt, point, snapshots };
  });
  const single = views.flatMap((view, at) =>
    (view?.tree?.snapshots ?? [])
      .filter(({ name }) => !owned.has(`${at}/${name}`))
      .filter(({ name }) => view?.auto?.includes(name) !== true || name === view.tree?.current)
      .map((snapshot): AxisMoment => ({ at: snapshot.createdAt, snapshots: new Map([[at, snapshot]]) })),
  );
  return [...common, ...single].toSorted((a, b) => a.at - b.at);
}

const steps = [60_000, 3_600_000, 86_400_000] as const;

/** In four steps, because a page cannot be as long as a year. */
function gapBefore(at: number, before: number | undefined): number {
  return before === undefined ? 0 : steps.filter((step) => at - before > step).length;
}

function row(shown: ShownSystem, { at, point, snapshots }: AxisMoment, gap: number, now: number): string {
  const cells = shown.known.system.members.map((member, index) => {
    const snapshot = snapshots.get(index);
    const own = point && partOf(point, member);
    const isHere = shown.views[index]?.tree?.current === snapshot?.name && snapshot !== undefined;
    if (snapshot === undefined) {
      return own === undefined
        ? '<td></td>'
        : `<td class="lost"><span class="mark" aria-hidden="true">✕</span> ${htmlText(lostWords(shown, index))}</td>`;
    }
    // Off is what an offline one says already.
    const was =
      own === undefined || snapshot.kind === 'offline'
        ? []
        : [powerWord({ power: own.state, powerReason: 'other', managedSave: false })];
    return `<td class="${isHere ? 'there here' : 'there'}"><span class="mark" aria-hidden="true">${
      isHere ? '●' : '○'
    }</span> <span class="title">${htmlText(snapshot.title)}</span><small>${htmlText(
      [kindWords(snapshot), ...was, ...(isHere ? [t('you are here')] : [])].join(' · '),
    )}</small></td>`;
  });
  return `${space(shown, gap)}<tr class="${point === undefined ? 'single' : 'point'}"><th scope="row">${
    point === undefined
      ? `<small>${htmlText(t('one VM alone, {0}', agoText(at, now)))}</small>`
      : pointHead(shown, point, now)
  }</th>${cells.join('')}</tr>`;
}

/** The farther apart, the more of the lines is seen between. */
function space({ known }: ShownSystem, gap: number): string {
  return gap === 0
    ? ''
    : `<tr class="space space-${gap}" aria-hidden="true"><td class="axis"></td>${'<td></td>'.repeat(known.system.members.length)}</tr>`;
}

function pointHead({ known, seen }: ShownSystem, point: SystemPoint, now: number): string {
  const { id: system } = known.system;
  const node: Node = { kind: 'point', id: `system/${system}/point/${point.id}`, system, point: point.id };
  const lost = noWayBack(seen, point);
  const facts = [
    agoText(point.createdAt, now),
    ...(point.spreadMs === undefined ? [] : [t('VMs at most {0} ms apart', Math.ceil(point.spreadMs))]),
  ];
  const title = pointTitle(point);
  return `<span class="title">${htmlText(title)}</span><small>${htmlText(facts.join(' · '))}</small>${lost
    .map((words) => `<small class="wrong">${htmlText(words)}</small>`)
    .join('')}<span class="actions">${
    lost.length > 0 ? '' : link('virtRewind.revert', node, t('Revert…'), 'secondary', title)
  } ${link('virtRewind.deleteSnapshot', node, t('Delete Snapshot…'), 'secondary', title)}</span>`;
}

function lostWords({ seen }: ShownSystem, index: number): string {
  const { vm, isAway } = seen.members[index] ?? { isAway: true };
  return isAway ? t('not reachable') : vm === undefined ? t('no longer exists') : t('has lost its snapshot');
}

function present({ known, seen }: ShownSystem): string {
  const cells = known.system.members.map((_, at) => {
    const vm = seen.members[at]?.vm;
    return vm === undefined
      ? '<td></td>'
      : `<td class="now"><span class="mark" aria-hidden="true">▼</span> ${htmlText(powerWord(vm))}</td>`;
  });
  return `<tr class="present"><th scope="row">${htmlText(t('You are here'))}</th>${cells.join('')}</tr>`;
}

/** @param about what a screen reader hears beside the words, which stand in several rows */
function link(
  command: (typeof systemLinks)[number],
  node: Node,
  text: string,
  look = 'secondary',
  about?: string,
): string {
  const given = encodeURIComponent(JSON.stringify([node]));
  return linkHtml(`command:${command}?${given}`, text, look === 'plain' ? '' : `button ${look}`, about);
}
