// The refusals that are about a cluster which keeps a VM, in the words of `refusalText`, of which they are a part.
import { t } from '@vscode/l10n';
import { quoteForShell } from '../../domain/quoteForShell.js';
import type { Sentences } from './refusalSentence.js';

type ClusterReason =
  'keptByCluster' | 'clusterWithoutQuorum' | 'clusterKeepsOn' | 'clusterRunsElsewhere' | 'clusterStartsOther';

export const clusterRefusals: Pick<Sentences, ClusterReason> = {
  keptByCluster: ({ vm, resource, action }) => [
    t('A cluster runs {0} as “{1}”, and would undo that.', vm, resource),
    t(
      'Use the cluster: {0}',
      action === 'remove'
        ? `virt-rewind cluster ${vm} --remove`
        : roleCommand(resource, action === 'start' ? 'Started' : 'Stopped'),
    ),
  ],
  clusterKeepsOn: ({ vm, resource, message }) => [
    resource === ''
      ? t('The cluster of {0} did not answer: {1}', vm, message)
      : t('The cluster does not leave {0} (“{1}”) alone: {2}', vm, resource, message),
    t('Look at the cluster ({0}), and try again when it is at rest.', 'crm_mon -1'),
  ],
  clusterWithoutQuorum: ({ vm, resource }) => [
    t(
      'A cluster runs {0} as “{1}”, but this host has no contact with most nodes of the cluster (no quorum). Another node may run {0}.',
      vm,
      resource,
    ),
    t('Restore the contact between the nodes ({0}), then try again.', 'crm_mon -1'),
  ],
  clusterRunsElsewhere: ({ vm, resource, nodes }) => [
    t('{0} is off here, and the cluster runs it on {1}, where its disks are in use.', vm, nodes),
    t(
      'Have the cluster move it to this host, then try again: {0}',
      `crm_resource --resource ${quoteForShell(resource)} --move --node "$(crm_node --name)"`,
    ),
  ],
  clusterStartsOther: ({ vm, resource, config, disk }) => [
    t(
      'The cluster starts {0} (“{1}”) from {2}, which names the current file of disk {3}. What is written after this would not be there at its next start.',
      vm,
      resource,
      config,
      disk,
    ),
    t('Use internal snapshots, or take the VM out of the cluster first.'),
  ],
};

function roleCommand(resource: string, role: string): string {
  const words = ['crm_resource', '--resource', resource, '--meta', '--set-parameter', 'target-role'];
  return [...words, '--parameter-value', role].map(quoteForShell).join(' ');
}
