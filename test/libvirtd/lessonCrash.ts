// An editor that dies in the middle of a lesson: makes its VM, starts it, and ends without a word.
//   node lessonCrash.mjs URI GUEST JOURNAL
import { libvirtHypervisor } from '../../src/driver/connection/openLibvirt.js';
import { Inventory } from '../../src/engine/liveInventory.js';
import { silentLog } from '../silentLog.js';

const [uri = '', guest = '', folder = ''] = process.argv.slice(2);
const open = libvirtHypervisor(silentLog, process.env);
const inventory = new Inventory({ open, log: silentLog, journal: { folder } });
inventory.setConnections([uri]);
inventory.demoVms
  .make(uri, guest)
  .then(({ connection, uuid }) => inventory.runOperation({ kind: 'power', vm: { connection, uuid }, action: 'start' }))
  .then(
    () => process.exit(0),
    () => process.exit(1),
  );
