// VMs that are given to a cluster and taken from it, and why not, as sentences.
import { t } from '@vscode/l10n';
import { displayLine } from '../../domain/plainText.js';
import { wayTo } from '../../text/ways.js';
import type { PlannedCluster } from './made/planMade.js';
import type { VmThen, WhenSo } from './made/whatIf.js';
import type { MadeProblem } from './madeFault.js';
import { moveProblemText } from './moveText.js';

export function madeProblemText(problem: MadeProblem): string {
  switch (problem.kind) {
    case 'noCluster':
      return t(
        'No cluster runs on the host of the VM. Set up Pacemaker with its own tools first: see docs/cluster.md.',
      );
    case 'notAnswering':
      return t('The cluster does not answer: {0}', problem.said);
    case 'noQuorum':
      return notReady('partition WITHOUT quorum');
    case 'unclean':
      return notReady('UNCLEAN');
    case 'resting':
      return notReady('maintenance, standby');
    case 'notFencing':
      return notFenced('stonith-enabled=false');
    case 'notFenced':
      return notFenced(`stonith_admin --list ${displayLine(problem.node)}`);
    case 'fenceFails':
      return notFenced(`${displayLine(problem.device)}: ${displayLine(problem.said, 500)}`);
    case 'noSuchNode':
      return t('The cluster has no node {0}.', displayLine(problem.node));
    case 'roomUnknown':
      return t(
        'The cluster counts room, but has none noted for {0}, so it would stop VMs there. Note it first: {1}',
        displayLine(problem.node),
        `crm_attribute --node ${displayLine(problem.node)} --utilization --name hv_memory --update 8192`,
      );
    case 'kept':
      return t('A cluster already runs {0} as “{1}”.', displayLine(problem.vm), displayLine(problem.resource));
    case 'othersMade':
      return t(
        'Virt Rewind did not set up “{0}” of {1}, or it is part of a group. Remove it with the tools of the cluster.',
        displayLine(problem.resource),
        displayLine(problem.vm),
      );
    case 'elsewhere':
      return t(
        'The cluster runs {0} on {1}. Connect to that host.',
        displayLine(problem.vm),
        displayLine(problem.node),
      );
    case 'notKept':
      return t('No cluster runs {0}.', displayLine(problem.vm));
    case 'external':
      return t(
        '{0} has external snapshots. A cluster starts a VM from a file that names its disks, and forgets snapshots. Delete them first, or use internal ones.',
        displayLine(problem.vm),
      );
    case 'savedState':
      return t('{0} has a saved state, which a cluster would not use. Start it first.', displayLine(problem.vm));
    case 'neitherOnNorOff':
    case 'busy':
      return moveProblemText({ kind: problem.kind }, { vm: problem.vm, host: '' });
    case 'oddName':
      return t(
        'The agent of the cluster does not find a VM called {0}. Use letters, digits, dots, hyphens and underscores.',
        displayLine(problem.vm),
      );
    case 'noFolder':
      return t(
        '{0} has no disk in a folder, beside which its definition could be kept for all nodes.',
        displayLine(problem.vm),
      );
    case 'changedSince':
      return t(
        '{0} would start with other disks than it has now. Shut it down or revert it first.',
        displayLine(problem.vm),
      );
    case 'notShared':
      return t(
        '{0} does not have the file {1} of {2}. All nodes must have the same files under the same paths.',
        displayLine(problem.node),
        displayLine(problem.file),
        displayLine(problem.vm),
      );
    case 'noRoom':
      return t(
        'The cluster would stop or move {0}: by its rules and its room it does not belong here.',
        displayLine(problem.vm),
      );
    case 'disturbs':
      return t('The cluster would stop or move “{0}” because of it. Make room first.', displayLine(problem.resource));
    case 'failed':
      return `${problem.program}: ${displayLine(problem.said, 500)}`;
    case 'notSeen':
      return t(
        'The cluster did not find {0} as it is, so it was taken out again. See {1}.',
        displayLine(problem.vm),
        'crm_mon -1',
      );
    case 'stays':
      return t(
        'The cluster still has a part of {0}: {1} Finish it: {2}',
        displayLine(problem.vm),
        typeof problem.why === 'string' ? displayLine(problem.why, 500) : madeProblemText(problem.why),
        wayTo('finish', displayLine(problem.vm)),
      );
    case 'severalHosts':
      return t('These VMs are on several hosts. Give them to the cluster one host at a time.');
    case 'session':
      return t('A cluster runs VMs of the system only, not those of a user.');
  }
}

function notReady(said: string): string {
  return t('The cluster is not ready to take or give VMs ({0}). See {1}.', said, 'crm_mon -1');
}

function notFenced(said: string): string {
  return t(
    'The cluster cannot cut the power of its nodes ({0}), so a VM could run on two of them and destroy its disks.',
    said,
  );
}

export function plannedLines(planned: PlannedCluster): readonly string[] {
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
