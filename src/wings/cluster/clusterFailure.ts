// Why the wing does not go on: why VMs are not given to a cluster, taken from it, or moved to another host.
import { t } from '@vscode/l10n';
import type { Lacking } from '../../domain/copiedVm.js';
import { displayLine } from '../../domain/plainText.js';
import { bytesText } from '../../text/bytesText.js';
import { obstacleText } from '../../text/failures/obstacleText.js';
import { type Of, wingFailures } from '../../text/failures/wingFailures.js';
import { wayTo } from '../../text/ways.js';

export const clusterFailure = wingFailures('cluster', {
  refused: {
    // The reasons about the cluster on the VM's host, and about VMs that are given to it.
    noCluster: () =>
      t('No cluster runs on the host of the VM. Set up Pacemaker with its own tools first: see docs/cluster.md.'),
    notAnswering: ({ said }: Of<'said'>) => t('The cluster does not answer: {0}', said),
    noQuorum: () => notReady('partition WITHOUT quorum'),
    unclean: () => notReady('UNCLEAN'),
    resting: () => notReady('maintenance, standby'),
    notFencing: () => notFenced('stonith-enabled=false'),
    notFenced: ({ node }: Of<'node'>) => notFenced(`stonith_admin --list ${node}`),
    fenceFails: ({ device, said }: Of<'device' | 'said'>) => notFenced(`${device}: ${said}`),
    noSuchNode: ({ node }: Of<'node'>) => t('The cluster has no node {0}.', node),
    roomUnknown: ({ node }: Of<'node'>) =>
      t(
        'The cluster counts room, but has none noted for {0}, so it would stop VMs there. Note it first: {1}',
        node,
        `crm_attribute --node ${node} --utilization --name hv_memory --update 8192`,
      ),
    kept: ({ vm, resource }: Of<'vm' | 'resource'>) => t('A cluster already runs {0} as “{1}”.', vm, resource),
    othersMade: ({ resource, vm }: Of<'vm' | 'resource'>) =>
      t(
        'Virt Rewind did not set up “{0}” of {1}, or it is part of a group. Remove it with the tools of the cluster.',
        resource,
        vm,
      ),
    elsewhere: ({ vm, node }: Of<'vm' | 'node'>) => t('The cluster runs {0} on {1}. Connect to that host.', vm, node),
    notKept: ({ vm }: Of<'vm'>) => t('No cluster runs {0}.', vm),
    external: ({ vm }: Of<'vm'>) =>
      t(
        '{0} has external snapshots. A cluster starts a VM from a file that names its disks, and forgets snapshots. Delete them first, or use internal ones.',
        vm,
      ),
    savedState: ({ vm }: Of<'vm'>) => t('{0} has a saved state, which a cluster would not use. Start it first.', vm),
    oddName: ({ vm }: Of<'vm'>) =>
      t(
        'The agent of the cluster does not find a VM called {0}. Use letters, digits, dots, hyphens and underscores.',
        vm,
      ),
    noFolder: ({ vm }: Of<'vm'>) =>
      t('{0} has no disk in a folder, beside which its definition could be kept for all nodes.', vm),
    changedSince: ({ vm }: Of<'vm'>) =>
      t('{0} would start with other disks than it has now. Shut it down or revert it first.', vm),
    disturbs: ({ resource }: Of<'resource'>) =>
      t('The cluster would stop or move “{0}” because of it. Make room first.', resource),
    severalHosts: () => t('These VMs are on several hosts. Give them to the cluster one host at a time.'),
    session: () => t('A cluster runs VMs of the system only, not those of a user.'),
    noPlace: ({ vm }: Of<'vm'>) =>
      t('The cluster would stop or move {0}: by its rules and its room it does not belong here.', vm),
    notOnNode: ({ node, file, vm }: Of<'node' | 'file' | 'vm'>) =>
      t(
        '{0} does not have the file {1} of {2}. All nodes must have the same files under the same paths.',
        node,
        file,
        vm,
      ),
    // The reasons of moves.
    sameHost: ({ vm, host }: Of<'vm' | 'host'>) => t('{0} is the host that {1} is on.', host, vm),
    neitherOnNorOff: ({ vm }: Of<'vm'>) => t('{0} is neither running nor off. Start it, or shut it down, first.', vm),
    cameHerePaused: ({ vm }: Of<'vm'>) =>
      t(
        '{0} came to its host paused. If it is moved again before it runs, its QEMU ends and its RAM is lost. Resume it, and move it while it runs.',
        vm,
      ),
    internalRuns: ({ file, vm }: Of<'file' | 'vm'>) =>
      t(
        '{0} is running, and {1} has snapshots inside, which QEMU does not send. Shut the VM down first: then the file is sent as it is. Or delete these snapshots.',
        vm,
        file,
      ),
    stateRuns: ({ vm, host }: Of<'vm' | 'host'>) =>
      t(
        '{0} is running, and {1} has neither its disks nor its TPM or UEFI variables. Shut the VM down first: then all of it is sent.',
        vm,
        host,
      ),
    notTaken: ({ said, vm, host }: Of<'said' | 'vm' | 'host'>) => t('{0} does not take {1}: {2}', host, vm, said),
    noWay: ({ vm, host, names, uri }: Of<'vm' | 'host'> & { names: readonly string[]; uri: string }) =>
      t(
        'The host of {0} knows no address of {1} ({2}). Say which it has: {3}',
        vm,
        host,
        names.join(', '),
        `virt-rewind move ${vm} ${uri} --address 192.0.2.7`,
      ),
    checkpoints: ({ vm }: Of<'vm'>) =>
      t(
        '{0} has checkpoints of libvirt, which a backup program goes by and which cannot be moved. Delete them first: {1}',
        vm,
        'virsh checkpoint-list',
      ),
    stateUnknown: ({ vm }: Of<'vm'>) =>
      t(
        'The saved state or the TPM of {0} is in a file that cannot be found, so it cannot be moved. Connect with the usual URI of its host.',
        vm,
      ),
    nameTaken: ({ vm, host }: Of<'vm' | 'host'>) =>
      t('{0} already has a VM with the name or the UUID of {1}.', host, vm),
    uuidTaken: ({ vm, host }: Of<'vm' | 'host'>) =>
      t('{0} already has a VM with the name or the UUID of {1}.', host, vm),
    notQemu: ({ host }: Of<'host'>) => `${host}: ${obstacleText('notQemu')}`,
    noQemuImg: ({ host }: Of<'host'>) => `${host}: ${obstacleText('noQemuImg')}`,
    readOnly: ({ host }: Of<'host'>) => `${host}: ${obstacleText('readOnly')}`,
    folderMissing: ({ folder, vm, host }: Of<'folder' | 'vm' | 'host'>) =>
      t('{0} has no folder {1}, in which files of {2} are. Create it there first.', host, folder, vm),
    fileThere: ({ file, vm, host }: Of<'file' | 'vm' | 'host'>) =>
      t('{0} already has a file {1}, which is not that of {2}.', host, file, vm),
    linked: ({ file }: Of<'file'>) => t('{0} is a link or changed, so it cannot be moved.', file),
    needed: ({ file, vms }: Of<'file'> & { readonly vms: readonly string[] }) =>
      t('{0} is also a file of {1}, which would lose it.', file, vms.join(', ')),
    ofLab: ({ lab, vm }: Of<'lab' | 'vm'>) => t('{0} is a VM of the lab {1}, which must stay on its host.', vm, lab),
    ofSystem: ({ system, vm }: Of<'system' | 'vm'>) =>
      t(
        '{0} is a VM of the system {1}, which would lose it. Ungroup the system first: {2}. This deletes its restore points, but no snapshot.',
        vm,
        system,
        wayTo('ungroup', system),
      ),
    ofCluster: ({
      snapshots,
      resource,
      vm,
      host,
    }: Of<'resource' | 'vm' | 'host'> & { readonly snapshots: boolean }) => {
      if (snapshots) {
        return t(
          'A cluster runs {0} as “{1}”, and does not move a VM with snapshots: it stops the VM and starts it elsewhere, without its RAM and its snapshots. Delete the snapshots first.',
          vm,
          resource,
        );
      }
      return t(
        'A cluster runs {0} as “{1}”, and decides where. Use the cluster: {2}',
        vm,
        resource,
        `crm_resource --resource ${resource} --move --node ${host}`,
      );
    },
    unknownParts: ({ parts, vm, host }: Of<'vm' | 'host'> & { readonly parts: readonly string[] }) =>
      t(
        '{0} has parts that Virt Rewind does not know, so it cannot tell what they would do on {1}: {2}. Take them out first: {3}, and {4} for each snapshot that has them.',
        ...[vm, host, parts.join(', '), `virsh edit ${vm}`, `virsh snapshot-edit ${vm}`],
      ),
    lacking: ({ lacking, vm, host }: Of<'vm' | 'host'> & { readonly lacking: Lacking }) =>
      lacking.what === 'machine'
        ? t('QEMU on {0} has no machine type {1}, which {2} has.', host, displayLine(lacking.name), vm)
        : t('{0} cannot run {1}: it has no VMs of {2}.', host, vm, displayLine(lacking.name)),
    noRoom: ({
      host,
      folder,
      free,
      bytes,
    }: Of<'host' | 'folder'> & { readonly free: number; readonly bytes: number }) =>
      `${host}: ${t('{0} has {1} free, but the VM needs {2}.', folder, bytesText(free), bytesText(bytes))}`,
    bothOn: ({ vm, host }: Of<'vm' | 'host'>) => [
      t('A move of {0} to {1} was interrupted, and {0} is on at both hosts. Nothing was changed.', vm, host),
      t(
        'Look at both ({0}), and force off the one that you do not need. Then finish the move: {1}',
        `virsh domstate --reason ${vm}`,
        wayTo('finish', vm),
      ),
    ],
    bothUsed: ({ vm, host }: Of<'vm' | 'host'>) => [
      t(
        'A move of {0} to {1} was interrupted, and the VM was used on both hosts since, or cannot be compared. Nothing was changed.',
        vm,
        host,
      ),
      t(
        'Compare both, and undefine the one that you do not need. Then mark the move as resolved: {0}',
        wayTo('dismiss', vm),
      ),
    ],
    othersDeed: ({ vm, host, has, name }: Of<'vm' | 'host'> & { has: string; name: string }) => [
      t(
        'A move of {0} to {1} was interrupted, and somebody else acted since: {2} no longer has {3}. Nothing was changed.',
        vm,
        host,
        has,
        name,
      ),
      t(
        'Find out which host is to have {0}, and undefine it on the others. Then mark the move as resolved: {1}',
        vm,
        wayTo('dismiss', vm),
      ),
    ],
    movedByOther: ({ by, folder, at, vm }: Of<'by' | 'folder' | 'at' | 'vm'>) =>
      t(
        'The computer {0} is moving {1}, or was interrupted. Finish the move there: {2}. If that computer is gone for good, find out which hosts have {1}, and remove the folder {3} on {4}.',
        by || '?',
        vm,
        wayTo('finish', vm),
        folder,
        at,
      ),
    hostFull: ({ vm }: Of<'vm'>) => t('{0} stays: {1}', vm, t('too little RAM or processors on the other hosts')),
  },
  failed: {
    failed: ({ program, said }: Of<'program' | 'said'>) => `${program}: ${said}`,
    notSeen: ({ vm }: Of<'vm'>) =>
      t('The cluster did not find {0} as it is, so it was taken out again. See {1}.', vm, 'crm_mon -1'),
    partLeft: ({ vm }: Of<'vm'>) => t('The cluster still has a part of {0}. Finish it: {1}', vm, wayTo('finish', vm)),
    changed: ({ vm }: Of<'vm'>) => t('{0} was started or changed during the move, so the move was undone.', vm),
    notSame: ({ file, host }: Of<'file' | 'host'>) =>
      t('{0} is not the same on {1} as here, so the move was undone.', file, host),
    cannotWrite: ({ host, folder, said }: Of<'host' | 'folder' | 'said'>) =>
      `${host}: ${t('{0} cannot be written: {1}', folder, said)}`,
    moveStays: ({ vm, host }: Of<'vm' | 'host'>) =>
      t(
        'What was sent to {0} could not be removed. Do not start {1} there. Finish it when {0} can be reached: {2}',
        host,
        vm,
        wayTo('finish', vm),
      ),
  },
});

function notReady(said: string): string {
  return t('The cluster is not ready to take or give VMs ({0}). See {1}.', said, 'crm_mon -1');
}

function notFenced(said: string): string {
  return t(
    'The cluster cannot cut the power of its nodes ({0}), so a VM could run on two of them and destroy its disks.',
    said,
  );
}
