// The whole lesson by its one key, in a process of its own, so that it can be another user's. Says of each step how it
// ended.
//   node lessonWhole.mjs URI GUEST JOURNAL
import { existsSync } from 'node:fs';
import { measureLayerCosts } from '../../src/qemu/layerCosts.js';
import { libvirtHypervisor } from '../../src/driver/connection/openLibvirt.js';
import { Engine } from '../../src/engine/engine.js';
import { Lesson } from '../../src/lesson/lesson.js';
import { lesson as level, lessonSteps } from '../ownLevel.js';
import { silentLog } from '../silentLog.js';

const [uri = '', guest = '', folder = ''] = process.argv.slice(2);
const engine = new Engine({
  open: libvirtHypervisor(silentLog, process.env),
  log: silentLog,
  journal: { folder },
});
engine.setConnections([uri]);
const lesson = new Lesson({
  engine,
  log: silentLog,
  guest,
  perform: (request) => engine.runOperation(request),
  measure: (where, depths) => measureLayerCosts(where, depths, process.env),
});

async function whole(): Promise<unknown> {
  const obstacle = await engine.demoVms.obstacle(uri, guest);
  await lesson.start(uri, level);
  const vm = lesson.view?.vm;
  const steps: (readonly [string | undefined, string, unknown])[] = [];
  let measured = 0;
  while (lesson.view !== undefined) {
    if (lesson.view.state.phase === 'waiting') {
      await lesson.next();
    }
    const { state, failure, costs } = lesson.view;
    steps.push([lessonSteps[state.at]?.id, state.phase, failure?.details]);
    measured = costs.length;
    if (state.phase === 'failed') {
      await lesson.end();
    } else {
      await lesson.next();
    }
  }
  return {
    obstacle,
    steps,
    measured,
    left: vm === undefined || existsSync(vm.folder),
    vms: engine.connections[0]?.vms.length,
  };
}

whole().then(
  (told) => {
    process.stdout.write(JSON.stringify(told), () => process.exit(0));
  },
  (error: unknown) => {
    process.stderr.write(`${String(error)} ${JSON.stringify(error)}`, () => process.exit(1));
  },
);
