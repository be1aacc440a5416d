// `npm run screenshots`: makes the pictures of README and docs/ anew, from a real VS Code that looks at real VMs, in
// light and dark.
//   npm run screenshots [-- NAME…]      NAME: of a scene below
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { buildExtension, buildPacked } from './build.mjs';
import { defineDiskVm } from './guest/diskVm.mjs';
import { defineDebianGuest, offeredPackage } from './guest/debianGuest.mjs';
import { makeDemoVms } from './guest/demoVms.mjs';
import { makeManyVms } from './guest/manyVms.mjs';
import { virshOk } from './guest/defineVm.mjs';
import { runInGuest, waitForAgent } from './guest/inGuest.mjs';
import { loadSource } from './loadSource.mjs';
import { putExampleLab } from './start/exampleLab.mjs';
import { hands } from './rig/hands.mjs';
import { installModules, meetNeeds } from './rig/prerequisites.mjs';
import { startPrivateDaemon } from './rig/privateDaemon.mjs';
import { root } from './rig/root.mjs';
import { runOk } from './rig/run.mjs';
import { quietSettings, startVsCode } from './rig/vscodeServer.mjs';
import { openWorkbench } from './rig/workbench.mjs';
import { endStory, tellStory } from './screenshots/story.mjs';

const folder = join(root, 'docs/screenshots');
const themes = /** @type {const} */ ([
  { name: 'light', colorScheme: 'light', shown: '.vs' },
  { name: 'dark', colorScheme: 'dark', shown: '.vs-dark' },
]);
const [internal, external, layered] = /** @type {const} */ (['rewind-internal', 'rewind-overlays', 'web-server']);
/** What is looked for a change. */
const searched = 'nightly';
/** Behind ssh, with a VM of its own. */
const farHost = 'build-host';
const readsChange = `qemu-io -U -r -f qcow2 -c 'read -P 7 0 512' "$VIRT_REWIND_DISK" | grep -q 'Pattern verification failed'`;
/** A real one, whose files are looked at. */
const debian = 'debian-test';
/** The script makes it, and removes it. */
const backupFolder = '/mnt/backups';
/** Removes the many VMs of a page. @type {(() => Promise<void>)[]} */
const many = [];
const brokenOfMany = 8;
/** The VMs of a system. */
const members = ['shop-api', 'shop-db', 'shop-web'];
/**
 * The width of the side bar in pixels; beside a terminal or a page; and the narrowest in which title and age of each
 * snapshot can be read.
 */
const [usual, besideText, narrow] = [470, 390, 250];

/**
 * @typedef {object} Scene
 * @property {{ width: number, height: number }} size in pixels: as small as it can be read, for a page shows it smaller
 *   still
 * @property {number} [sideBar] its width, where it is open; the usual one unless given
 * @property {'failure'} [of] a failure is what it shows
 * @property {boolean} [isAlone] it needs none before it and leaves nothing, and takes its picture itself
 * @property {(stage: Stage) => Promise<unknown>} show
 * @property {(stage: Stage) => Promise<unknown>} [leave]
 */
/**
 * @typedef {{ workbench: import('./rig/workbench.mjs').Workbench, hands: import('./rig/hands.mjs').Hands, daemon:
 *   import('./rig/privateDaemon.mjs').PrivateDaemon, far: import('../test/libvirtd/sshRig.js').SshHost,
 *   project: string, env: Record<string, string> }} Stage
 */

/** In this order: one stands on what the others left. @type {Readonly<Record<string, Scene>>} */
const scenes = {
  story: {
    size: { width: 1100, height: 560 },
    sideBar: 410,
    isAlone: true,
    show: async (stage) => writeFile(join(folder, 'story.png'), await tellStory(stage)),
    leave: endStory,
  },
  'all-vms': {
    size: { width: 1920, height: 1080 },
    sideBar: besideText,
    of: 'failure',
    show: async (stage) => {
      const { hands, workbench, daemon } = stage;
      many.push(await makeManyVms(daemon, join(daemon.dir, 'many')));
      await hands.command('Virt Rewind: Show All VMs');
      const main = workbench.webview.locator('main');
      await main.getByRole('row', { name: /^web-15 / }).waitFor();
      await main.getByRole('columnheader', { name: 'Health' }).getByRole('button').click();
      await main
        .getByText('is missing')
        .nth(brokenOfMany - 1)
        .waitFor();
      await main.getByText('not checked yet').first().waitFor({ state: 'detached' });
      await hands.command('Notifications: Clear All Notifications');
    },
  },
  health: {
    size: { width: 1920, height: 1080 },
    sideBar: besideText,
    of: 'failure',
    show: async ({ hands, workbench }) => {
      await hands.command('Virt Rewind: Check Health');
      await workbench.webview.getByText(/^\d+ of \d+ VMs have problems/).waitFor();
    },
    leave: async ({ hands, workbench }) => {
      await Promise.all(many.splice(0).map((remove) => remove()));
      await workbench.row(/^web-15, /).waitFor({ state: 'detached' });
      await hands.command('View: Close All Editors');
      await hands.command('Notifications: Clear All Notifications');
    },
  },
  'backup-key': {
    size: { width: 1000, height: 420 },
    show: toBackupKey,
  },
  backups: {
    size: { width: 1000, height: 420 },
    show: async (stage) => {
      const { hands, workbench } = stage;
      await toBackupKey(stage);
      await hands.answer('Copy Key');
      await workbench.toast('Backed up').waitFor();
      await hands.dismiss('Backed up');
      await hands.menu(external, 'More', 'Back Up…');
      await hands.pick(new RegExp(backupFolder));
      await hands.notification('Backed up', 'Show Backups…');
      await workbench.option(/Read Again/).waitFor();
    },
    leave: ({ hands }) => hands.command('Notifications: Clear All Notifications'),
  },
  'inside-files': {
    // Wide enough that the two texts stand side by side.
    size: { width: 1400, height: 620 },
    sideBar: besideText,
    show: async (stage) => {
      const { hands: person, workbench, daemon } = stage;
      await makeDebian(daemon);
      const row = new RegExp(`^${debian}, `);
      await person.expand(row);
      await person.menu('Yesterday', 'Browse Guest Files');
      await workbench.row('etc').waitFor();
      await person.collapse(row);
      await person.expand('etc');
      await workbench.scrollTo('hosts');
      await person.menu('hosts', 'Compare…');
      await person.pick('Today');
      const changed = workbench.page.locator('.monaco-diff-editor .modified .view-line');
      await changed.filter({ hasText: '10.0.0.7' }).waitFor();
      await workbench.page.mouse.move(5, 5);
    },
    leave: async ({ hands: person }) => {
      await person.command('Virt Rewind: Close Guest Files');
      await person.expand(new RegExp(`^${debian}, `));
    },
  },
  'inside-changes': {
    size: { width: 1200, height: 620 },
    sideBar: besideText,
    show: async ({ hands, workbench }) => {
      await hands.select('Yesterday');
      await workbench.row('Today').click({ modifiers: ['Control'] });
      await hands.menu('Today', 'Show Changed Files…');
      await workbench.toast('Show List').waitFor();
      await workbench.page.locator('.monaco-diff-editor .view-line').getByText('crontab').first().waitFor();
      await workbench.page.mouse.move(5, 5);
    },
    leave: async ({ hands, workbench, daemon }) => {
      await hands.command('Notifications: Clear All Notifications');
      await hands.command('View: Close All Editors');
      await virshOk(daemon.virsh, 'destroy', debian);
      await virshOk(daemon.virsh, 'undefine', debian, '--snapshots-metadata');
      await workbench.row(new RegExp(`^${debian}, `)).waitFor({ state: 'detached' });
    },
  },
  'host-add': {
    size: { width: 1000, height: 600 },
    show: async ({ hands, workbench }) => {
      await hands.command('Virt Rewind: Add Connection…');
      await workbench.option(new RegExp(`^${farHost}`)).waitFor();
    },
  },
  'host-passphrase': {
    size: { width: 1000, height: 420 },
    show: addFarHost,
    leave: async (stage) => {
      const { hands, workbench } = stage;
      await workbench.toast(farHost).waitFor();
      await hands.command('Notifications: Clear All Notifications');
      await forgetFailures(stage);
    },
  },
  'host-away': {
    size: { width: 1140, height: 420 },
    sideBar: 860,
    show: async (stage) => {
      const { hands, workbench, far } = stage;
      await addFarHost(stage);
      await workbench.page.locator('.quick-input-widget input[type=password]').fill('open sesame');
      await hands.enter();
      await hands.expand(/^build-server, /);
      await workbench.row(/^build-107, /).waitFor();
      // In this order: the shared login is found by the name that it was made with.
      await far.logOut();
      await far.configure('ProxyCommand none', 'HostName 127.0.0.1', 'Port 1');
      await workbench.row(new RegExp(`^${farHost} .*next try at`)).waitFor();
      await hands.command('Notifications: Clear All Notifications');
    },
    leave: async ({ hands, workbench }) => {
      // If several rows are selected, there is no menu for one.
      await hands.select(new RegExp(`^${farHost}`));
      await hands.menu(new RegExp(`^${farHost}`), 'Remove Connection');
      await workbench.row(new RegExp(`^${farHost}`)).waitFor({ state: 'detached' });
    },
  },
  lab: {
    size: { width: 1200, height: 820 },
    show: async ({ hands, workbench }) => {
      await hands.command('Virt Rewind: Open Lab File');
      await workbench.editor.getByText('database').first().waitFor();
      await workbench.page.getByRole('button', { name: 'Create Lab…' }).first().click();
      await hands.answer('Create');
      await workbench.toast('Lab “shop” created.').waitFor();
      await hands.dismiss('Lab “shop” created.');
      await hands.expand(/^shop, 3 VMs/);
      await hands.command('Tasks: Run Task');
      await hands.pick(/^Break two VMs/);
      await workbench.row(/^shop-server, .*off/).waitFor();
      await workbench.page.keyboard.press('F5');
      await workbench.page
        .locator('.xterm-rows')
        .filter({ hasText: /fail 0/ })
        .first()
        .waitFor();
      await workbench.row(/^shop-server, .*running/).waitFor();
      await workbench.page.locator('.debug-toolbar').waitFor({ state: 'hidden' });
      await hands.command('Notifications: Clear All Notifications');
    },
    leave: async ({ hands, workbench }) => {
      await hands.command('Virt Rewind: Destroy Lab…');
      await hands.answer('Destroy');
      await workbench.row(/^shop, 3 VMs/).waitFor({ state: 'detached' });
      await hands.command('Terminal: Kill All Terminals');
      await hands.command('View: Close All Editors');
      await hands.command('Notifications: Clear All Notifications');
    },
  },
  tree: {
    size: { width: 1000, height: 520 },
    show: async (stage) => {
      await stage.hands.expand(external);
      await stage.hands.expand(internal);
      await takeSnapshot(stage, internal, 'Tests pass');
      await stage.hands.menu(internal, 'More', 'Guest', 'Open Console Log');
      await stage.workbench.editor.getByText('memory').first().waitFor();
      await stage.hands.select('Tests pass');
    },
  },
  narrow: {
    size: { width: 560, height: 460 },
    sideBar: narrow,
    show: ({ hands }) => hands.command('View: Close All Editors'),
  },
  revert: {
    size: { width: 1000, height: 520 },
    show: async ({ hands, workbench }) => {
      await hands.menu(/^Before upgrade, .*memory/, 'Revert');
      await workbench.dialog.waitFor();
    },
  },
  picture: {
    size: { width: 1200, height: 740 },
    show: async ({ hands, workbench, daemon }) => {
      await makeLayers(daemon);
      await hands.menu(layered, 'Show Picture');
      const page = workbench.webview;
      await page.getByRole('grid', { name: 'Blocks' }).getByRole('row').nth(4).waitFor();
      await hands.command('View: Toggle Primary Side Bar Visibility');
      await page.getByRole('tree').focus();
      await workbench.page.keyboard.press('Home');
      await workbench.page.keyboard.press('ArrowDown');
      await workbench.page.keyboard.press('Enter');
      await page.getByRole('menuitem', { name: 'Revert…' }).click();
      await page.getByRole('region', { name: 'What If' }).waitFor();
    },
  },
  system: {
    size: { width: 1200, height: 560 },
    show: async (stage) => {
      const { hands, workbench } = stage;
      await hands.command('View: Close All Editors');
      await hands.command('View: Toggle Primary Side Bar Visibility');
      await workbench.widenSideBar(besideText);
      await makeSystem(stage);
      await hands.menu(/^shop, /, 'Show Picture');
      await workbench.webview
        .getByText('you are here')
        .nth(members.length - 1)
        .waitFor();
      await workbench.page.mouse.move(5, 5);
    },
    leave: ({ hands }) => hands.command('View: Close All Editors'),
  },
  doctor: {
    size: { width: 1000, height: 640 },
    show: async ({ hands, workbench, daemon }) => {
      const [base, overlay] = [`${layered}.qcow2`, `${layered}.experiment`];
      await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', base, '-F', 'qcow2', join(daemon.dir, overlay)]);
      await hands.menu(layered, 'More', 'Health and Repair', 'Check Health');
      await workbench.webview
        .getByRole('link', { name: /^Repair…/ })
        .first()
        .waitFor();
      await hands.command('View: Toggle Primary Side Bar Visibility');
    },
  },
  lesson: {
    size: { width: 1200, height: 740 },
    show: async (stage) => {
      const { page } = stage.workbench;
      const lesson = lessonPage(stage);
      await stage.hands.command('View: Close All Editors');
      await stage.hands.command('Notifications: Clear All Notifications');
      await stage.hands.command('Virt Rewind: Snapshot Lesson…');
      const place = lesson.locator('.place');
      // Up to the second layer, where there is something to see.
      for (let step = 1; step < 7; step++) {
        await place.filter({ hasText: `Step ${step} of` }).waitFor();
        await page.keyboard.press('Control+Alt+n');
        // What asks for nothing is left by one key, anything else by another one when it is done.
        const left = place.filter({ hasText: `Step ${step + 1} of` });
        const done = lesson.getByRole('status').filter({ hasText: 'Done.' });
        await done.or(left).first().waitFor();
        if ((await left.count()) === 0) await page.keyboard.press('Control+Alt+n');
      }
      await place.filter({ hasText: 'Step 7 of' }).waitFor();
      await page.keyboard.press('Control+Alt+n');
      await lesson.getByRole('status').filter({ hasText: 'Done.' }).waitFor();
    },
    leave: leaveLesson,
  },
  level: {
    size: { width: 1280, height: 800 },
    show: async (stage) => {
      const lesson = lessonPage(stage);
      await stage.hands.command('View: Close All Editors');
      await stage.hands.command('Notifications: Clear All Notifications');
      await stage.hands.command('Virt Rewind: Snapshot Lesson…');
      await lesson.getByRole('link', { name: 'All Levels' }).click();
      await lesson.getByRole('link', { name: 'A Tidy Tree' }).click();
      await lesson.getByRole('heading', { name: 'Reach the Goal' }).waitFor();
    },
    leave: leaveLesson,
  },
  bisect: {
    size: { width: 1300, height: 620 },
    show: async (stage) => {
      const { hands, workbench } = stage;
      await hands.command('View: Close All Editors');
      await hands.showView('Virt Rewind', 'VMs');
      await workbench.widenSideBar(besideText);
      await makeLine(stage.daemon);
      await workbench.row(searched).waitFor();
      await hands.menu(searched, 'Clones and Forks', 'Bisect…');
      await hands.pick('None Known');
      await hands.pick('None Known');
      await hands.pick('A Command on This Computer');
      await hands.type(`Bisect ${searched}: Check`, readsChange);
      await hands.enter();
      await hands.pick('Off');
      await hands.answer('Start');
      await hands.notification(/first bad snapshot/, 'Show Picture');
      await workbench.webview.getByRole('tree').waitFor();
      await hands.expand(searched);
      await workbench.scrollTo(/bisect: first bad/);
    },
  },
  undo: {
    size: { width: 1000, height: 520 },
    show: async ({ hands, workbench }) => {
      await hands.command('View: Close All Editors');
      await hands.collapse(searched);
      await hands.menu(internal, 'Quick Checkpoint');
      await hands.expand(internal);
      await workbench.row(/^check/).waitFor();
      // Off the row under the menu, whose tooltip would cover the one below it.
      await workbench.page.mouse.move(5, 5);
      await hands.menu(/^check/, 'Keep…');
      await workbench.option('Favourite').waitFor();
      for (const key of ['ArrowDown', 'ArrowDown', 'Space']) await workbench.page.keyboard.press(key);
      await hands.enter();
      await hands.command('Notifications: Clear All Notifications');
      await hands.menu(internal, 'Undo…');
      await workbench.quickInput.waitFor();
    },
    leave: ({ workbench }) => workbench.page.keyboard.press('Escape'),
  },
  forks: {
    size: { width: 1000, height: 520 },
    show: async ({ hands, workbench }) => {
      await hands.collapse(internal);
      await hands.menu(external, 'Clones and Forks', 'Fork…');
      await hands.type(`Fork ${external}`, '2');
      await hands.enter();
      await hands.type(`Name of the Fork of ${external}`, 'try');
      await hands.enter();
      await hands.pick('No Network');
      await hands.pick('Keep');
      // Both are there and the VM goes on: while it is forked, its row tells of that instead of its snapshots.
      await workbench.row(/^try-fork, .*running/).waitFor();
      await workbench.row(new RegExp(`^${external}, \\d+ snapshots`)).waitFor();
      await hands.command('Notifications: Clear All Notifications');
      await hands.select(/^try-fork/);
    },
  },
  terminal: {
    size: { width: 1240, height: 690 },
    sideBar: besideText,
    show: async (stage) => {
      await stage.hands.expand(internal);
      await openTerminal(stage);
      await typed(stage, `virt-rewind tree ${internal}`, /After upgrade/);
      await typed(stage, `virt-rewind checkpoint ${internal} 'before the update'`, /Created “/);
      await typed(stage, `virt-rewind revert ${internal} 'Clean install' --plan`, /virsh/);
    },
    leave: leaveTerminal,
  },
  library: {
    size: { width: 1280, height: 720 },
    sideBar: besideText,
    show: async (stage) => {
      const { hands, project, workbench } = stage;
      await writeFile(join(project, 'test', 'counter.test.mjs'), libraryTest);
      await workbench.page.keyboard.press('Control+p');
      await workbench.quickInputField.waitFor();
      await workbench.page.keyboard.insertText('counter.test.mjs');
      await hands.pick('counter.test.mjs');
      await workbench.editor.getByText('beforeEach').first().waitFor();
      await hands.command('Terminal: Create New Terminal');
      await prompt(stage);
      await typed(stage, 'node --test test/counter.test.mjs', /fail 0/);
      await hands.command('Notifications: Clear All Notifications');
    },
    leave: leaveTerminal,
  },
  agents: {
    size: { width: 1100, height: 640 },
    sideBar: besideText,
    show: async (stage) => {
      await asAgent(stage);
      await stage.hands.command('Virt Rewind: Show History');
      await stage.workbench.webview.getByText('revert_vm').first().waitFor();
    },
  },
};

const libraryTest = `import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { connect } from 'virt-rewind';

let rewind, vm;
before(async () => (vm = await (rewind = await connect()).find('${internal}')));
beforeEach(() => vm.revert('Before upgrade', { checkpointFirst: false }));
after(() => rewind.close());

test('goes on where its RAM was', async () => {
  assert.equal((await vm.info()).state, 'running');
});

test('may lose its power', async () => {
  await vm.stop({ force: true });
  assert.equal((await vm.info()).state, 'off');
});
`;

/** It runs; between its snapshots a package was installed. @param {Stage['daemon']} daemon */
async function makeDebian(daemon) {
  const { virsh } = daemon;
  const inGuest = async (/** @type {string} */ script) => {
    const { code, stderr } = await runInGuest(virsh, debian, '/bin/sh', ['-c', script]);
    if (code !== 0) throw new Error(stderr);
  };
  await defineDebianGuest(daemon, debian);
  await virshOk(virsh, 'start', debian);
  await waitForAgent(virsh, debian);
  // `passwd` and `group` have a backup from the first change on.
  await inGuest(`groupadd shop && printf '10.0.0.5\\tdatabase\\n' >> /etc/hosts && sync`);
  await virshOk(virsh, 'snapshot-create-as', debian, 'Yesterday', '--disk-only');
  await inGuest(`apt-get install -y --no-install-recommends ${offeredPackage} &&
    sed -i s/10.0.0.5/10.0.0.7/ /etc/hosts && sync`);
  await virshOk(virsh, 'snapshot-create-as', debian, 'Today', '--disk-only');
}

/** Up to the key of a repository that is not there yet. @param {Stage} stage */
async function toBackupKey({ hands, workbench }) {
  await hands.menu(external, 'More', 'Back Up…');
  await hands.pick(/Folder…/);
  const ok = workbench.quickInput.getByRole('button', { name: 'OK' });
  await ok.waitFor();
  // Until the dialog has looked into a new path, it chooses the one before.
  const inParent = workbench.quickInput.locator('.monaco-list-row').getByText(basename(backupFolder), { exact: true });
  await workbench.quickInputField.fill(`${dirname(backupFolder)}/`);
  await inParent.waitFor();
  await workbench.quickInputField.fill(`${backupFolder}/`);
  await inParent.waitFor({ state: 'detached' });
  await ok.click();
  await hands.answer('Generate Key');
  await workbench.dialog.getByText(/^[0-9a-f]{8}-/).waitFor();
  await workbench.toast('Reading').waitFor({ state: 'detached' });
}

/** Up to the question for the passphrase. @param {Stage} stage */
async function addFarHost({ hands, workbench }) {
  await hands.command('Virt Rewind: Add Connection…');
  await hands.pick(new RegExp(`^${farHost}`));
  await workbench.page.getByText('Enter passphrase for key').waitFor();
}

/**
 * A host behind ssh, which the `ssh` in `bin` and the configuration in `home` lead to.
 * @param {string} dir
 * @param {(() => Promise<unknown>)[]} endings
 */
async function makeFarHost(dir, endings) {
  const { makeSshHost } = /** @type {typeof import('../test/libvirtd/sshRig.js')} */ (
    await loadSource("export { makeSshHost } from './test/libvirtd/sshRig.js'")
  );
  const daemon = await startPrivateDaemon();
  endings.unshift(daemon.stop);
  await makeLine(daemon, 'build-server');
  const far = await makeSshHost(daemon, farHost);
  endings.unshift(far.logOut);
  await far.identify('key');
  await mkdir(join(dir, 'bin'));
  await mkdir(join(dir, 'home/.ssh'), { recursive: true });
  await symlink(far.at('client'), join(dir, 'bin/ssh'));
  await writeFile(join(dir, 'home/.ssh/config'), `Host ${farHost} test-host\n`);
  // VS Code's server asks a login shell for its PATH.
  await writeFile(join(dir, 'home/.profile'), `PATH='${join(dir, 'bin')}':$PATH\n`);
  return { far, env: { HOME: join(dir, 'home'), XDG_RUNTIME_DIR: daemon.dir } };
}

/** A shell in the place of the editor, with a prompt that tells nothing of this computer. @param {Stage} stage */
async function openTerminal(stage) {
  await stage.hands.command('View: Close All Editors');
  await stage.hands.command('Terminal: Create New Terminal in Editor Area');
  await prompt(stage);
}

/** @param {Stage} stage */
async function prompt({ workbench: { page } }) {
  await page.locator('.xterm-rows').first().waitFor();
  await page.keyboard.type("PS1='$ '; clear; echo ready");
  await page.keyboard.press('Enter');
  await page
    .locator('.xterm-rows')
    .filter({ hasText: /^\s*ready/ })
    .first()
    .waitFor();
  await page.keyboard.press('Control+l');
}

/** @param {Stage} stage @param {string} line @param {RegExp} said below it */
async function typed({ workbench: { page } }, line, said) {
  await page.keyboard.type(line);
  await page.keyboard.press('Enter');
  // The prompt is there again.
  await page
    .locator('.xterm-rows')
    .filter({ hasText: said })
    .filter({ hasText: /\$\s*$/ })
    .first()
    .waitFor();
}

/** @param {Stage} stage */
async function leaveTerminal({ hands }) {
  await hands.command('Terminal: Kill All Terminals');
  await hands.command('View: Close All Editors');
}

/** What a coding agent does to a VM by way of the MCP server. @param {Stage} stage */
async function asAgent({ env }) {
  const { Client } = await import('@modelcontextprotocol/sdk/client/index.js');
  const { StdioClientTransport } = await import('@modelcontextprotocol/sdk/client/stdio.js');
  const client = new Client({ name: 'build-agent', version: '1' });
  const args = [join(root, 'dist/commandLine.js'), 'mcp'];
  await client.connect(new StdioClientTransport({ command: process.execPath, args, env, stderr: 'inherit' }));
  for (const [name, given] of /** @type {const} */ ([
    ['checkpoint_vm', { title: 'before the agent begins' }],
    ['revert_vm', { snapshot: 'Before upgrade' }],
    ['revert_vm', { snapshot: 'before the agent begins' }],
  ])) {
    const { isError, content } = await client.callTool({ name, arguments: { vm: internal, ...given } });
    if (isError === true) throw new Error(JSON.stringify(content));
  }
  await client.close();
}

/** @param {Stage} stage */
async function leaveLesson(stage) {
  await stage.hands.command('Virt Rewind: Snapshot Lesson…');
  await stage.hands.pick(/End and Remove/);
  await lessonPage(stage).getByRole('heading', { name: 'Lesson Finished' }).waitFor();
}

/** Opened first: beside it stands the picture of its VM, which is a page too. @param {Stage} stage */
function lessonPage({ workbench: { page } }) {
  return page.locator('iframe.webview.ready').first().contentFrame().frameLocator('iframe#active-frame');
}

/**
 * A VM that is off, with so many blocks in its layers that one sees how they lie over each other.
 * @param {Stage['daemon']} daemon
 */
async function makeLayers({ dir, virsh }) {
  const base = join(dir, `${layered}.qcow2`);
  await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', base, '4M']);
  await defineDiskVm({ virsh }, layered, [{ file: base, format: 'qcow2' }]);
  /** @param {string} file @param {readonly (readonly [from: number, size: number])[]} blocks in KiB */
  const write = (file, ...blocks) =>
    runOk('qemu-io', ['-f', 'qcow2', ...blocks.flatMap(([from, size]) => ['-c', `write ${from}k ${size}k`]), file]);
  await write(base, [0, 1408], [2560, 256]);
  for (const [name, ...blocks] of /** @type {const} */ ([
    ['clean-install', [1024, 896], [2688, 512]],
    ['before-upgrade', [448, 192], [1728, 704]],
    ['after-upgrade', [3008, 448], [192, 128]],
  ])) {
    await virshOk(virsh, 'snapshot-create-as', layered, name, '--disk-only');
    await write(join(dir, `${layered}.${name}`), ...blocks);
  }
}

/**
 * A VM that is off, with a line of restore points; on one of them something has changed.
 * @param {Stage['daemon']} daemon
 * @param {string} [name]
 */
async function makeLine({ dir, virsh }, name = searched) {
  const base = join(dir, `${name}.qcow2`);
  await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', base, '4M']);
  await defineDiskVm({ virsh }, name, [{ file: base, format: 'qcow2' }]);
  let top = base;
  for (let build = 101; build <= 107; build++) {
    if (build === 105) await runOk('qemu-io', ['-f', 'qcow2', '-c', 'write -P 7 0 512', top]);
    await virshOk(virsh, 'snapshot-create-as', name, `build-${build}`, '--disk-only');
    top = join(dir, `${name}.build-${build}`);
  }
}

/** Three VMs that are off, kept twice as one. @param {Stage} stage */
async function makeSystem({ hands, workbench, daemon }) {
  for (const vm of members) {
    const file = join(daemon.dir, `${vm}.qcow2`);
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', file, '4M']);
    await defineDiskVm(daemon, vm, [{ file, format: 'qcow2' }]);
    await workbench.row(vm).waitFor();
  }
  await hands.command('Virt Rewind: Group VMs into a System…');
  for (const vm of members) await workbench.option(vm).click();
  await hands.enter();
  await hands.type(`New System of ${members.length} VMs`, 'shop');
  await hands.enter();
  for (const title of ['before the demo', 'prices in euros']) {
    await hands.menu(/^shop, /, 'Create Snapshot');
    await hands.type('Title of the Restore Point', title);
    await hands.enter();
    await hands.expand(/^shop, /);
    await workbench.row(new RegExp(`${title}, .*restore point`)).waitFor();
  }
}

/** @param {Stage} stage @param {string} vm @param {string} title */
async function takeSnapshot({ hands, workbench }, vm, title) {
  await hands.menu(vm, 'Create Snapshot');
  await hands.pick(/Memory/);
  await hands.type('Title of the Snapshot', title);
  await hands.enter();
  await hands.type('Description of the Snapshot', '');
  await hands.enter();
  await workbench.row(title).waitFor();
  await hands.command('Notifications: Clear All Notifications');
}

/** What failed in a scene is no part of the next one. @param {Stage} stage */
async function forgetFailures({ hands, workbench }) {
  await hands.command('Virt Rewind: Show Operations…');
  await workbench.quickInput.getByRole('button', { name: 'Clear' }).click();
  await workbench.page.keyboard.press('Escape');
  await workbench.statusBar(/failed/).waitFor({ state: 'detached' });
}

/**
 * @param {Stage} stage
 * @param {string} name
 * @param {Scene} scene
 * @throws {Error} where the status bar tells of a failure that is not what the picture is of, or has no room
 */
async function shoot({ workbench }, name, { size, of }) {
  const { page } = workbench;
  // Where it is over nothing that would tell of itself.
  await page.mouse.move(5, 5);
  // What was done last is told there for some seconds.
  await page.locator('[id="status.extensionMessage"]').waitFor({ state: 'detached' });
  const items = await page
    .locator('.statusbar-item:visible')
    .evaluateAll((all) => all.map((item) => ({ text: item.textContent, right: item.getBoundingClientRect().right })));
  const wrong = items.filter(
    ({ text, right }) => right > size.width || (of !== 'failure' && /failed|error/.test(text)),
  );
  if (wrong.length > 0) throw new Error(`${name}: in the status bar: ${wrong.map(({ text }) => text).join(', ')}`);
  for (const theme of themes) {
    await page.emulateMedia({ colorScheme: theme.colorScheme });
    await page.locator(`.monaco-workbench${theme.shown}`).waitFor();
    await page.screenshot({ path: join(folder, `${name}-${theme.name}.png`) });
  }
  await page.emulateMedia({ colorScheme: 'light' });
  console.log(`${name}: ${size.width} × ${size.height}`);
}

/** The npm package as it is packed. @param {string} dir @param {string} project */
async function installLibrary(dir, project) {
  const built = join(dir, 'packed');
  await buildPacked(built);
  const { packNpm } = await import('./npmPackage.mjs');
  const packed = await packNpm(dir, built);
  await runOk('npm', ['install', '--no-audit', '--no-fund', '--no-save', packed], { cwd: project });
}

/** @param {readonly string[]} names of the scenes that are kept; those before are shown all the same */
async function make(names) {
  const dir = await mkdtemp('/tmp/vr-');
  /** The latest first. @type {(() => Promise<unknown>)[]} */
  const endings = [() => rm(dir, { recursive: true, force: true })];
  try {
    await buildExtension();
    const daemon = await startPrivateDaemon();
    endings.unshift(daemon.stop);
    await makeDemoVms({ virsh: daemon.virsh, folder: join(daemon.dir, 'demo'), onStep: console.log });
    const host = await makeFarHost(dir, endings);
    // Fails where there is one, which is not ours to remove.
    await mkdir(backupFolder);
    endings.unshift(() => rm(backupFolder, { recursive: true }));
    const project = join(dir, 'project');
    await mkdir(project);
    await putExampleLab(project);
    await installLibrary(dir, project);
    // Not the journal of the user who runs this.
    const env = {
      VIRT_REWIND_STATE: join(dir, 'state'),
      VIRT_REWIND_LABS: join(dir, 'labs'),
      LIBVIRT_DEFAULT_URI: daemon.uri,
    };
    const server = await startVsCode({
      data: join(dir, 'data'),
      folder: project,
      dev: [root],
      env: { ...env, ...host.env },
      settings: {
        ...quietSettings,
        'git.enabled': false,
        'editor.minimap.enabled': false,
        'editor.wordWrap': 'on',
        'breadcrumbs.enabled': false,
        'window.commandCenter': false,
        'window.title': ' ',
        'workbench.layoutControl.enabled': false,
        'debug.showInStatusBar': 'never',
        'window.autoDetectColorScheme': true,
        // Drawn on a canvas, what a terminal shows could not be read.
        'terminal.integrated.gpuAcceleration': 'off',
        'terminal.integrated.stickyScroll.enabled': false,
        'virtRewind.connections': [{ uri: daemon.uri, name: 'This computer' }],
        'virtRewind.agents.permissions': { [internal]: 'act' },
      },
    });
    endings.unshift(server.stop);
    const { workbench, close } = await openWorkbench(server.url);
    endings.unshift(close);
    /** @type {Stage} */
    const stage = { workbench, hands: hands('mouse', workbench), daemon, far: host.far, project, env };
    await stage.hands.showView('Virt Rewind', 'VMs');
    await workbench.row(/^rewind-internal, .*, running, /).waitFor();
    await mkdir(folder, { recursive: true });
    const all = Object.entries(scenes);
    for (const [name, scene] of all.slice(0, all.findLastIndex(([one]) => names.includes(one)) + 1)) {
      const isKept = names.includes(name);
      if (scene.isAlone && !isKept) continue;
      try {
        await workbench.page.setViewportSize(scene.size);
        if (await workbench.page.locator('.part.sidebar').isVisible()) {
          await workbench.widenSideBar(scene.sideBar ?? usual);
        }
        await scene.show(stage);
        if (isKept && !scene.isAlone) await shoot(stage, name, scene);
        await workbench.page.keyboard.press('Escape');
        await scene.leave?.(stage);
      } catch (error) {
        await stage.hands.command('Notifications: Show Notifications');
        await workbench.picture(`failed/${name}`);
        throw error;
      }
    }
  } finally {
    for (const end of endings) await end();
  }
}

const say = (/** @type {string} */ line) => console.log(line);
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !Object.hasOwn(scenes, name));
if (unknown.length > 0) throw new Error(`There is no ${unknown.join(', ')}, but ${Object.keys(scenes).join(', ')}.`);
await installModules(say);
for (const reason of (await meetNeeds(['libvirt', 'browser', 'sshd'], say)).values()) throw new Error(reason);
await make(wanted.length === 0 ? Object.keys(scenes) : wanted);
