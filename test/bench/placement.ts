// How long a proposal takes for many hosts, and a look at what happens when one fails. Nothing is asked of anybody.
import { failOver } from '../../src/wings/cluster/placement/leaveHost.js';
import { assumedBandwidth } from '../../src/wings/cluster/placement/moveCost.js';
import { proposeMoves } from '../../src/wings/cluster/placement/proposeMoves.js';
import { randomFleet } from '../unit/wings/cluster/someFleet.js';
import { processorMs, remark, report } from './measure.js';

const [hosts, vms] = [100, 1_000];
const fleets = Array.from({ length: 5 }, (_, seed) => randomFleet(seed + 1, hosts, vms));
let moves = 0;
const proposals = fleets.map((fleet) =>
  processorMs(() => void (moves += proposeMoves(fleet, assumedBandwidth).moves.length)),
);
const failures = fleets.map((fleet) => processorMs(() => void failOver(fleet, 'host-000')));
const against = 'the limit';
report({
  name: `a proposal for ${vms} VMs on ${hosts} hosts`,
  ours: Math.max(...proposals),
  baseline: 1_000,
  unit: 'ms',
  goal: 1,
  against,
});
report({
  name: `one of ${hosts} hosts fails`,
  ours: Math.max(...failures),
  baseline: 1_000,
  unit: 'ms',
  goal: 1,
  against,
});
remark(`The ${fleets.length} proposals have ${moves} moves.`);
