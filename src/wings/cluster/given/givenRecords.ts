// VMs that are being given to a cluster or taken from it, as they are written down. What broke off of either is undone:
// a VM is out of the cluster then.
import { t } from '@vscode/l10n';
import * as v from 'valibot';
import { asFailure } from '../../../domain/asFailure.js';
import { displayLine } from '../../../domain/plainText.js';
import { idPattern } from '../../../journal/durable.js';
import { heldKinds } from '../../../journal/heldRecords.js';
import { endedBy, type WingRecords } from '../../../session/wingOperation.js';
import { failureText } from '../../../text/failures/failureText.js';
import { dismissal } from '../../../text/operations/interruptedOperationText.js';
import { clusterFailure } from '../clusterFailure.js';
import { type ClusterShell, withClusterShell } from './clusterShell.js';
import { takeOut } from './takeOut.js';
import { localUri } from './vmOnNode.js';

const version = 1;
const { folder, file } = heldKinds.clusters;
const text = v.pipe(v.string(), v.minLength(1), v.maxLength(5_000));

const shape = v.object({
  version: v.literal(version),
  id: v.pipe(v.string(), v.regex(idPattern)),
  connection: text,
  vms: v.array(v.object({ uuid: text, name: text, resource: text, config: text, autostart: v.boolean() })),
});

export type GivenRecord = Omit<v.InferOutput<typeof shape>, 'version'>;

export const givenRecords: WingRecords<GivenRecord, ClusterShell> = {
  kind: { file, version, maxBytes: 1024 * 1024, most: 100, of: 'change of a cluster', shape },
  folder,
  ends: endedBy.give,
  within: ({ engine }, ...rest) => withClusterShell(engine, ...rest),
  end: async (shell, { record: { connection, vms }, forget }) => {
    for (const vm of vms.toReversed()) {
      try {
        await takeOut(shell, localUri(connection), vm);
      } catch (error) {
        throw clusterFailure('partLeft', { vm: vm.name, cause: asFailure(error) });
      }
    }
    await forget();
    return {
      lines: vms.map(({ name }) => t('{0} was partly in the cluster, and was taken out of it.', displayLine(name))),
    };
  },
  dismissal,
  look: (_, __, vm) => Promise.resolve({ lines: [failureText(clusterFailure('partLeft', { vm })).sentence] }),
};
