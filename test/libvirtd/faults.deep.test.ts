// Every operation of several steps, broken off by every fault. Takes several minutes; faults.test.ts is what everybody
// runs.
import { faultKinds, withSaves } from './faults/faultKinds.js';
import { faultTable } from './faults/faultTable.js';

faultTable(({ name }) => (name.includes('guest runs on') ? withSaves : faultKinds), 'seen');
