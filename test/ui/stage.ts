// What every UI test stands on: a VS Code in a browser, with the extension, looking at the layer's private libvirtd.
import { mkdtemp, mkdir, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { virshOf } from '../../scripts/guest/defineVm.mjs';
import { hands } from '../../scripts/rig/hands.mjs';
import { root } from '../../scripts/rig/root.mjs';
import { installVsCode } from '../../scripts/rig/vscodeInstall.mjs';
import { installVsix, quietSettings, startVsCode } from '../../scripts/rig/vscodeServer.mjs';
import { openWorkbench } from '../../scripts/rig/workbench.mjs';

const extensionId = 'virt-rewind.virt-rewind';
const logFile = join(extensionId, 'Virt Rewind.log');

export interface StageOptions {
  /** A packed extension to install; without one, the checkout runs from its sources. */
  readonly vsix?: string;
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Variables of the extension host, beside the usual. */
  readonly env?: NodeJS.ProcessEnv;
  /** Puts files into the folder that is opened. */
  readonly fill?: (folder: string) => Promise<void>;
  /** Whether VS Code asks if the folder is trusted. */
  readonly trust?: boolean;
}

export type Stage = Awaited<ReturnType<typeof openStage>>;

/** The layer's daemon, as "another client" and as a place for guests. */
export function testDaemon() {
  const uri = process.env['VIRT_REWIND_TEST_URI'];
  const dir = process.env['VIRT_REWIND_TEST_DIR'];
  if (uri === undefined || dir === undefined) {
    throw new Error('UI tests run by "npm test -- ui", which starts a libvirtd for them.');
  }
  return { uri, dir, virsh: virshOf(uri) };
}

export async function openStage(by: 'mouse' | 'keyboard', options: StageOptions = {}) {
  const daemon = testDaemon();
  const vscode = await installVsCode();
  const temporary = await mkdtemp(join(tmpdir(), 'ui-'));
  const data = join(temporary, 'data');
  const folder = join(temporary, 'project');
  await mkdir(folder);
  await options.fill?.(folder);
  if (options.vsix !== undefined) await installVsix({ data, file: options.vsix, vscode });
  const server = await startVsCode({
    vscode,
    data,
    folder,
    dev: options.vsix === undefined ? [root] : [],
    tell: [extensionId],
    trust: options.trust ?? false,
    // Not the journal of the user who runs the tests.
    env: { VIRT_REWIND_STATE: join(temporary, 'state'), ...options.env },
    settings: {
      ...quietSettings,
      'git.enabled': false,
      'virtRewind.health.sweepMinutes': 0,
      'virtRewind.connections': [daemon.uri],
      ...options.settings,
    },
  });
  const { workbench, close } = await openWorkbench(server.url, { width: 1200, height: 750 });
  await workbench.widenSideBar(460);
  return {
    daemon,
    workbench,
    hands: hands(by, workbench),
    /** What the extension has written, a line each. */
    log: async () => {
      const logs = join(data, 'user', 'logs');
      const files = (await readdir(logs, { recursive: true })).filter((file) => file.endsWith(logFile)).sort();
      const texts = await Promise.all(files.map((file) => readFile(join(logs, file), 'utf8')));
      return texts.join('').trim().split('\n');
    },
    stop: async () => {
      await close();
      await server.stop();
      await rm(temporary, { recursive: true, force: true });
    },
  };
}

/**
 * Keeps a picture of what a failed test saw, and puts the words into its failure: often a report is all that is left of
 * a run.
 */
export async function pictureOfFailure(stage: Stage | undefined, test: Mocha.Test | undefined): Promise<void> {
  if (test?.isFailed() !== true || stage === undefined) return;
  const name = test.fullTitle().replace(/[^\w]+/g, '-');
  const path = await stage.workbench.picture(`failed/${name}`);
  process.stdout.write(`      see ${path}\n`);
  if (test.err !== undefined) {
    const [first, ...more] = test.err.message.split('\n');
    // The end of a long message may not be kept.
    test.err.message = [first, ...(await wordsOn(stage)), ...more].join('\n');
  }
}

const mostWords = 400;

/** The lines of the log that are shown: the cause stands above a wait of a minute. */
const mostLogged = 40;

/**
 * Where the focus is, the rows of the tree; of messages, dialogs, boxes, menus and pages, a line each; the end of the
 * log.
 */
async function wordsOn({ workbench, hands: person, log }: Stage): Promise<readonly string[]> {
  const { page } = workbench;
  const parts = page.locator('.notification-toast, .monaco-dialog-box, .quick-input-widget:visible, .monaco-menu');
  const pages = page.locator('iframe.webview.ready');
  const rows = await workbench.rows();
  const marked = await workbench.tree.and(page.locator('.selected, .focused')).allInnerTexts();
  const texts = [
    `the focus: ${await workbench.focus()}`,
    `selected or focused rows: ${marked.join(' | ')}`,
    `rows: ${rows.map(({ level, label }) => `${level} ${label.slice(0, 24)}`).join(' | ')}`,
    ...(await parts.allInnerTexts()),
    ...(await Promise.all(
      (await pages.all()).map((one) =>
        one.contentFrame().frameLocator('iframe#active-frame').locator('body').innerText({ timeout: 5_000 }),
      ),
    )),
    // Last, for it covers the rest: also the messages that have gone from the screen.
    ...(await person.command('Notifications: Show Notifications').then(
      async () => (await workbench.notice(/./u).allInnerTexts()).map((text) => `told: ${text}`),
      (error: unknown) => [`what was told could not be read: ${String(error)}`],
    )),
  ];
  const logged = (await log()).slice(-mostLogged).map((line) => `in the log: ${line.slice(0, mostWords)}`);
  return [...texts.map((text) => `on the screen: ${text.replace(/\s+/gu, ' ').slice(0, mostWords)}`), ...logged];
}
