// A process that dies in the middle of what it does with a system of VMs.
//   node systemCrash.mjs URI JOURNAL SYSTEM WHAT SPOT
import { act, openSystems, type Spot, type What } from './systemRig.js';

const [uri = '', folder = '', system = '', what = '', spot = ''] = process.argv.slice(2);
openSystems(uri, folder, process.env)
  .then((here) => {
    here.disturb(JSON.parse(spot) as Spot, () => {
      process.kill(process.pid, 'SIGKILL');
      return new Promise(() => undefined);
    });
    return act(here, system, JSON.parse(what) as What);
  })
  .then(
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
