// `npm start`: from a fresh clone to the extension in a real VS Code, with demo VMs to try it on.
//   npm start [-- --no-browser]       npm start -- --uninstall-demo
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { buildExtension } from './build.mjs';
import { virshOf } from './guest/defineVm.mjs';
import { demoFolder, demoNames, makeDemoVms, stopDemoVms } from './guest/demoVms.mjs';
import { demoWorkspace, openEditor, prepareEditor } from './start/editor.mjs';
import { labGuestFolder, putExampleLab } from './start/exampleLab.mjs';
import { demoUri, ensureDaemon, isSystem } from './start/libvirtService.mjs';
import { ensureNpmModules } from './start/npmModules.mjs';
import { say, StartStopped } from './start/say.mjs';
import { planLibvirt } from './start/systemPackages.mjs';
import { uninstallDemo } from './start/uninstallDemo.mjs';

/** What ends with this run, the latest first. @type {(() => Promise<void>)[]} */
const endings = [];
/** @type {Promise<never> | undefined} */
let ending;

function readArguments() {
  try {
    return parseArgs({
      options: {
        help: { type: 'boolean', short: 'h' },
        'uninstall-demo': { type: 'boolean' },
        'no-browser': { type: 'boolean' },
      },
    });
  } catch (error) {
    console.error(`${/** @type {Error} */ (error).message}\nSee npm start -- --help.`);
    process.exit(2);
  }
}

/**
 * Ends what this run started, once, and then the process.
 * @param {number} status
 * @param {unknown} [reason] told as the last thing
 * @returns {Promise<never>}
 */
function end(status, reason) {
  const finish = async () => {
    for (const step of endings.reverse()) {
      await step().catch((/** @type {unknown} */ error) => console.error(error));
    }
    if (reason !== undefined) console.error(reason instanceof StartStopped ? `\n${reason.message}\n` : reason);
    process.exit(status);
  };
  return (ending ??= finish());
}

/**
 * @param {string} what for a person, before the reason; whose fault it is a stack would not tell
 * @returns {(error: unknown) => never}
 */
function stopWith(what) {
  return (error) => {
    if (error instanceof StartStopped) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new StartStopped(`${what}: ${reason}\nRun npm start again: it goes on where this one stopped.`, {
      cause: error,
    });
  };
}

async function start() {
  const { libvirt, mayAsk, install } = await planLibvirt();
  const installed = install();
  // Beside it, unless a question for a password would be lost between the two.
  const modules = mayAsk ? installed.then(ensureNpmModules) : ensureNpmModules();
  endings.push(() => comeToEnd([installed, modules]));
  const editorReady = (mayAsk ? installed : Promise.resolve())
    .then(prepareEditor)
    .catch(stopWith('VS Code could not be installed'));
  const built = modules.then(() => buildExtension().catch(stopWith('The extension could not be built')));
  // Whichever fails first is told; the other must not end the process before it is.
  editorReady.catch(() => undefined);
  built.catch(() => undefined);
  await installed;
  // Where npm has failed meanwhile, no VM is made.
  await Promise.race([modules, undefined]);
  if (libvirt === 'ready') await startDemo();
  await built;
  await editorReady;
  const settings = libvirt === 'ready' ? { 'virtRewind.connections': [demoUri] } : {};
  const editor = await openEditor(settings, {
    browser: !values['no-browser'],
    demos: libvirt === 'ready' ? demoNames : [],
  });
  endings.push(editor.stop);
  console.log(lastWords(editor.url, libvirt === 'ready'));
  await editor.closed;
  if (ending === undefined) say('VS Code was closed');
}

/** What installs packages is not broken off. @param {readonly Promise<void>[]} installing */
async function comeToEnd(installing) {
  const whole = Promise.allSettled(installing);
  const isOver = await Promise.race([whole.then(() => true), wait(10, false)]);
  if (!isOver) say('waiting for npm ci and apt-get to end (Ctrl+C: at once)');
  await whole;
}

async function startDemo() {
  const daemon = await ensureDaemon();
  endings.push(() => daemon.stop(demoNames));
  const virsh = virshOf(demoUri);
  /** @type {string[]} */
  const started = [];
  endings.push(async () => {
    if (started.length > 0) say(`ending ${started.join(' and ')}`);
    await stopDemoVms(virsh, started);
  });
  const folder = demoFolder(isSystem);
  await makeDemoVms({
    virsh,
    folder,
    onStep: say,
    onStart: (name) => started.push(name),
  }).catch(stopWith('The demo VMs could not be made'));
  // The system's QEMU runs as somebody else, who may not read what is in a home.
  const places = isSystem ? { guestFolder: labGuestFolder(folder) } : {};
  await putExampleLab(await demoWorkspace(), { ...places, onStep: say }).catch(
    stopWith('The example of a lab could not be put into the workspace'),
  );
  say(`the demo VMs run: ${demoNames.join(', ')} on ${demoUri}`);
}

/** The address is the last of them. @param {string | undefined} url @param {boolean} demo */
function lastWords(url, demo) {
  const lines = [''];
  if (demo) {
    lines.push(
      '  What is there, and what to try first:',
      '    rewind-internal   counts in memory and on disk, and its console is open: revert it to “Before upgrade”',
      '    rewind-overlays   snapshots as files over each other: show its picture, or fork it while it runs',
      '    virt-rewind.yaml  a lab of three more VMs: press Create Lab above it, run the task “Break two VMs”, press F5',
      '',
    );
  }
  lines.push(
    '  It opens on the view with the VMs; elsewhere: the Virt Rewind icon in the bar at the left.',
    '  Ctrl+C ends VS Code and the demo VMs. Your changes to them stay; npm start -- --uninstall-demo removes them, and the lab.',
    '',
    url === undefined ? '  VS Code opens with the extension.' : `  Open in a browser on this machine:\n\n      ${url}`,
    '',
  );
  return lines.join('\n');
}

const { values } = readArguments();
if (values.help) {
  console.log('npm start [-- --no-browser | --uninstall-demo]\nREADME.md says what comes of it.');
  process.exit();
}
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => {
    const status = signal === 'SIGINT' ? 130 : 143;
    // The second Ctrl+C ends without a wait; the daemon and the server end with us in any case.
    if (ending !== undefined) process.exit(status);
    console.log('');
    void end(status);
  });
}
try {
  // npm keeps options without a preceding "--" for itself and hands them on like this.
  const uninstall = values['uninstall-demo'] ?? process.env['npm_config_uninstall_demo'] === 'true';
  await (uninstall ? uninstallDemo() : start());
  await end(0);
} catch (error) {
  await end(1, error);
}
