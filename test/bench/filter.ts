// How long the rows of the tree take for each letter that is typed into the filter, over the snapshots of many VMs.
// Nothing is asked of anybody: no daemon, no editor.
import { TreeContent } from '../../src/ui/tree/treeContent.js';
import { connectionView, snapshot, uri, vm, vmView } from '../unit/ui/samples.js';
import { median, processorMs, remark, report } from './measure.js';

const [vmCount, perVm, rounds, limitMs] = [1_000, 20, 7, 50];

const vms = Array.from({ length: vmCount }, (_, at) => {
  const name = `machine-${at}`;
  const snapshots = Array.from({ length: perVm }, (_unused, index) => {
    const parent = index === 0 ? {} : { parent: `build-${index - 1}` };
    const words = { title: `Build ${index} of ${name}`, description: `What the nightly build ${index} left behind` };
    return snapshot(`build-${index}`, { ...parent, ...words });
  });
  const tree = { snapshots, current: `build-${perVm - 1}` };
  return vmView({ ref: { connection: uri, uuid: name }, vm: vm({ uuid: name, name }), tree });
});
const byUuid = new Map(vms.map((view) => [view.ref.uuid, view]));
const source = { connections: [connectionView({ vms })], findVm: ({ uuid }: { uuid: string }) => byUuid.get(uuid) };

/** Found in all snapshots, in some, in none; of a VM's name; of its state. */
const texts = ['b', 'build', 'build 7', 'machine-55', 'nothing like it', 'running'];

const slowest = new Map<string, number>();
for (const text of texts) {
  const times: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const content = new TreeContent(source, { sort: 'time', layout: 'tree', filter: '', vms: 'state' });
    const top = content.rows.connection(uri);
    content.children(top);
    times.push(
      processorMs(() => {
        content.arrange({ filter: text });
        content.children(top);
      }),
    );
  }
  slowest.set(text, median(times));
}
report({
  name: `slowest letter of a filter over ${vmCount} VMs of ${perVm} snapshots`,
  ours: Math.max(...slowest.values()),
  baseline: limitMs,
  unit: 'ms',
  goal: 1,
  against: 'the limit',
});
remark(`Filter (ms): ${[...slowest].map(([text, ms]) => `“${text}” ${ms.toFixed(1)}`).join('; ')}.`);
