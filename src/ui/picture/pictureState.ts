// What the picture shows of a VM: its snapshots as nodes, in the words of the tree view, and what can be done with
// each. Pure; knows no page.
import { t } from '@vscode/l10n';
import type { ConnectionView, VmView } from '../../live/views.js';
import { displayLine } from '../../domain/plainText.js';
import { isOnActivePath, parentsOf, sortSnapshots } from '../../domain/snapshotTree.js';
import type { Problem } from '../../diagnosis/problem.js';
import { fileOf, severityOf, snapshotOf } from '../../diagnosis/problemTable.js';
import { unreachableFailure } from '../../live/views.js';
import { failureMessage } from '../../text/failures/failureMessage.js';
import { healthMark } from '../../text/problems/healthText.js';
import { problemText } from '../../text/problems/problemText.js';
import { type RowContext, hereRow, reachOf, snapshotRow, vmRow } from '../../text/rows/rows.js';
import { automaticSentence } from '../../text/rows/facts.js';
import { bisectedAs, marksOn } from '../../text/rows/marksOn.js';
import { markWords } from '../../text/rows/bisectMarks.js';
import { sizeIn, sizeWords } from '../../text/rows/sizeText.js';
import { clonesIn } from '../tree/clonesInTree.js';
import type { PictureAction, PictureMark, PictureNode, PictureState } from './messages.js';

/** @param view undefined: the VM is not known, or not yet */
export function pictureState(
  view: VmView | undefined,
  connection: ConnectionView | undefined,
  disks: readonly string[],
  reading: RowContext,
  actions: readonly PictureAction[] = [],
): PictureState {
  const notice = noticeOf(view, connection);
  const reach = reachOf(connection);
  return {
    kind: 'state',
    vm: view === undefined ? t('VM') : displayLine(view.vm.name),
    words: view === undefined ? '' : vmRow(view, reach, reading).words,
    ...(notice === undefined ? {} : { notice }),
    nodes: view?.tree === undefined ? [] : nodesOf(view, connection, reading),
    actions,
    disks,
    marks: view === undefined ? [] : marksOf(view, reading),
  };
}

function noticeOf(view: VmView | undefined, connection: ConnectionView | undefined): string | undefined {
  const failure = view?.failure ?? (connection && unreachableFailure(connection));
  if (failure !== undefined) {
    return failureMessage(failure, view?.tree && t('The picture shows the state from before.'));
  }
  if (connection === undefined) {
    return t('The connection of this VM was removed. Add it again to see the picture.');
  }
  if (view === undefined) {
    return connection.state === 'connected' && connection.loaded
      ? t('This VM no longer exists. It was removed, or it was transient and has stopped.')
      : t('Connecting…');
  }
  return view.tree === undefined ? t('Reading the snapshots…') : undefined;
}

function nodesOf(view: VmView, connection: ConnectionView | undefined, reading: RowContext): readonly PictureNode[] {
  const reach = reachOf(connection);
  const { tree } = view;
  if (tree === undefined) {
    return [];
  }
  const snapshots = sortSnapshots(tree, 'time').filter(firstOfName());
  const positions = new Map(snapshots.map(({ name }, index) => [name, index]));
  const parents = parentsOf(tree);
  const parentPosition = (name: string | undefined): { readonly parent: number } | undefined => {
    const parent = name === undefined ? undefined : positions.get(name);
    return parent === undefined ? undefined : { parent };
  };
  const wrong = wrongWith(view, reading);
  const nodes = snapshots.map((snapshot): PictureNode => {
    const found = wrong.filter((problem) => snapshotOf(problem) === snapshot.name);
    const mark = healthMark(found);
    const isCurrent = tree.current === snapshot.name;
    const place = {
      isCurrent,
      ...reach,
      ...marksOn(view, snapshot.name),
      opens: 'never' as const,
    };
    const searched = bisectedAs(reading.bisect?.(view.ref), snapshot).bisected;
    const row = snapshotRow(snapshot, place, reading);
    const onPath = isOnActivePath(tree, snapshot.name);
    const size = freedWords(sizeIn(view.layers, snapshot.name));
    return {
      kind: 'snapshot',
      name: snapshot.name,
      ...parentPosition(parents.get(snapshot.name)),
      title: row.label,
      lines: [...linesOf(row.words), ...size],
      ...(mark === '' ? {} : { mark }),
      ...(searched === undefined ? {} : { searched: { mark: searched, words: markWords(searched) } }),
      spoken: [
        row.spoken,
        ...(searched === undefined ? [] : [markWords(searched)]),
        ...size,
        ...(onPath ? [t('on the path to the current state')] : []),
        ...(place.automatic ? [automaticSentence(snapshot.trailers.auto)] : []),
        ...(mark === '' ? [] : [mark, ...sentencesOf(found, view, reading)]),
      ].join(', '),
      tokens: inPicture(row.context),
      onPath,
    };
  });
  const here = hereRow(view, undefined, reach, reading);
  // The picture has no row of the VM but this one.
  const tokensOfVm = vmRow(view, reach, reading).context;
  return [
    ...nodes,
    {
      kind: 'here',
      name: '',
      ...parentPosition(tree.current),
      title: here.label,
      lines: linesOf(here.words),
      spoken: here.spoken,
      tokens: inPicture(`${here.context}${tokensOfVm}`),
      onPath: true,
    },
    ...clonesIn(connection?.vms ?? [], view).map((fork): PictureNode => {
      const { label: title, words, spoken, context } = vmRow(fork, reach, reading);
      return {
        kind: 'fork',
        name: forkName(fork),
        parent: positions.get(fork.vm.clone?.snapshot ?? '') ?? nodes.length,
        title,
        lines: linesOf([t('clone'), words].join(' · ')),
        spoken,
        tokens: context,
        onPath: false,
      };
    }),
  ];
}

/** Its picture is open. */
function inPicture(tokens: string): string {
  return tokens.replaceAll('picturable;', '');
}

/** No name of a snapshot has the character that it begins with. */
function forkName({ ref }: VmView): string {
  return `\0${ref.uuid}`;
}

/** Undefined: it is none of a fork. */
export function uuidOfFork(name: string): string | undefined {
  return name.startsWith('\0') ? name.slice(1) : undefined;
}

/** What a layer holds is another number. */
function freedWords(size: Parameters<typeof sizeWords>[0]): readonly string[] {
  const words = sizeWords(size);
  return size?.bytes === 'unknown' ? words : words.map((bytes) => t('frees {0}', bytes));
}

/** Errors and warnings, as far as the VM was judged. */
function wrongWith({ ref }: VmView, { health }: RowContext): readonly Problem[] {
  return (health?.(ref) ?? []).filter((problem) => severityOf(problem) !== 'note');
}

function marksOf(view: VmView, reading: RowContext): readonly PictureMark[] {
  const wrong = wrongWith(view, reading);
  const files = new Set(wrong.flatMap((problem) => fileOf(problem) ?? []));
  return [...files].map((file) => {
    const found = wrong.filter((problem) => fileOf(problem) === file);
    return { file, mark: healthMark(found), words: sentencesOf(found, view, reading).join(' ') };
  });
}

function sentencesOf(found: readonly Problem[], view: VmView, { now }: RowContext): readonly string[] {
  return found.map((problem) => {
    const { what, todo } = problemText(problem, view, now);
    return [what, todo].filter((sentence) => sentence !== '').join(' ');
  });
}

/** Another client's metadata may have a name twice. */
function firstOfName(): (snapshot: { readonly name: string }) => boolean {
  const seen = new Set<string>();
  return ({ name }) => !seen.has(name) && seen.add(name).has(name);
}

/** What a box has room for beside its edges. */
const longestLine = 26;

/** As many parts in a line as it has room for; the page joins what are too many lines. */
function linesOf(description: string): readonly string[] {
  return description.split(' · ').reduce<readonly string[]>((lines, part) => {
    const last = lines.at(-1);
    const longer = last === undefined ? part : `${last} · ${part}`;
    return last === undefined || longer.length > longestLine ? [...lines, part] : [...lines.slice(0, -1), longer];
  }, []);
}
