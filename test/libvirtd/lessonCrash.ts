// An editor that dies in the middle of a lesson: makes its VM, starts it, and ends without a word.
//   node lessonCrash.mjs URI GUEST JOURNAL
import { libvirtHypervisor } from '../../src/driver/connection/openLibvirt.js';
import { Engine } from '../../src/engine/engine.js';
import { silentLog } from '../silentLog.js';

const [uri = '', guest = '', folder = ''] = process.argv.slice(2);
const open = libvirtHypervisor(silentLog, process.env);
const engine = new Engine({ open, log: silentLog, journal: { folder } });
engine.setConnections([uri]);
engine.demoVms
  .make(uri, guest)
  .then(({ connection, uuid }) => engine.runOperation({ kind: 'power', vm: { connection, uuid }, action: 'start' }))
  .then(
    () => process.exit(0),
    () => process.exit(1),
  );
