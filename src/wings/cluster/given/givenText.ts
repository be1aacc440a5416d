// VMs that are given to a cluster and taken from it, and why not, as sentences.
import { t } from '@vscode/l10n';
import { displayLine } from '../../../domain/plainText.js';
import type { PlannedCluster } from './planGiven.js';
import type { TakenVms } from './planTaken.js';
import type { VmThen, WhenSo } from './whatIf.js';

export function givenLines(planned: PlannedCluster): readonly string[] {
  const { vms, lines, fencing, same, unknown, isLocal, lost, look } = planned;
  const list = (some: readonly string[]): string => some.map((one) => displayLine(one)).join(', ');
  const withSnapshots = vms.filter(({ snapshots }) => snapshots > 0).map(({ view }) => view.vm.name);
  return [
    t(
      'Give {0} to the cluster? It decides from then on where they run, and starts them again.',
      list(vms.map(({ view }) => view.vm.name)),
    ),
    ...lines,
    t(
      'Fence devices that answer: {0}. Not tested: that the power really goes. Try it once: {1}',
      list(fencing),
      `stonith_admin --reboot NODE`,
    ),
    ...(same.length > 0 ? [t('The same files are on {0}.', list(same))] : []),
    ...(unknown.length > 0
      ? [
          t(
            'Not known: whether {0} have the same files under the same paths. Without that, do not continue.',
            list(unknown),
          ),
        ]
      : []),
    ...(look.state.countsRoom ? [] : [t('The cluster does not count room ({0}).', 'placement-strategy=default')]),
    ...(isLocal
      ? [t('libvirt takes the storage for local: the cluster cannot move them live, it stops and starts them.')]
      : []),
    ...(withSnapshots.length > 0
      ? [
          t(
            '{0} have snapshots: the cluster cannot move them live, it stops and starts them. Their RAM is lost then, and libvirt on the other node knows no snapshots.',
            list(withSnapshots),
          ),
        ]
      : []),
    ...lost.map(({ node, resources }) =>
      t('If {0} fails, no node has room for {1}.', displayLine(node), list(resources)),
    ),
  ];
}

export function takenLines({ vms, rules }: TakenVms): readonly string[] {
  return [
    t('Take {0} from the cluster? They go on as they are, on this host.', namesText(vms)),
    ...(rules.length > 0
      ? [
          t(
            'Rules of the cluster that others wrote are deleted with them: {0}',
            rules.map((id) => displayLine(id)).join(', '),
          ),
        ]
      : []),
  ];
}

export function namesText(vms: readonly { readonly name: string }[]): string {
  return vms.map(({ name }) => displayLine(name)).join(', ');
}

export function whatIfLines(node: string, when: WhenSo, then: readonly VmThen[]): readonly string[] {
  const head = when === 'fails' ? t('If {0} fails:', displayLine(node)) : t('If {0} is emptied:', displayLine(node));
  return [head, ...(then.length === 0 ? [`  ${t('No VM changes.')}`] : then.map((one) => `  ${thenText(one)}`))];
}

function thenText({ resource, vm, what, from, to = '' }: VmThen): string {
  const name = displayLine(vm ?? resource);
  switch (what) {
    case 'movedLive':
      return t('{0} moves live from {1} to {2}.', name, displayLine(from), displayLine(to));
    case 'movedCold':
      return t(
        '{0} has snapshots: stopped on {1}, started without its RAM and its snapshots on {2}.',
        name,
        displayLine(from),
        displayLine(to),
      );
    case 'restarted':
      return t('{0} is started again on {1}.', name, displayLine(to));
    case 'lost':
      return t('{0} stops, and runs nowhere.', name);
  }
}
