// The page of the history: what can be done about each entry now is a link, and nothing of what is in the file becomes
// markup.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { historyLinks, historyPage, type ShownHistory } from '../../../src/ui/history/historyPage.js';
import { readShownHistory } from '../../../src/ui/history/shownHistory.js';
import { restoreFocusScript } from '../../../src/ui/restoreFocus.js';
import { AgentCheckpoints } from '../../../src/journal/agentCheckpoints.js';
import type { LoggedOperation } from '../../../src/domain/loggedOperation.js';
import type { VmRef } from '../../../src/domain/vm.js';
import { silentLog } from '../../silentLog.js';
import { fakeSnapshot, fakeVm, uuidOf } from '../../unit/engine/fakeHypervisor.js';
import { rig, uri } from '../../unit/engine/rig.js';

const at = new Date(2026, 10, 20, 9, 41).toISOString();
const web = { uuid: uuidOf('web'), name: 'web' };
const ref = { connection: uri, uuid: web.uuid };
const line = (changes: Readonly<Record<string, unknown>> = {}): string =>
  JSON.stringify({
    ...{ at, user: 'ada', vm: web, request: { kind: 'describe', title: 'clean' }, outcome: 'done', durationMs: 20 },
    ...{ command: 'virsh snapshot-edit --domain web --snapshotname s', ...changes },
  });

/** What a link calls, and with what. */
const links = (html: string): readonly (readonly [id: string, given: unknown])[] =>
  [...html.matchAll(/href="command:([^?"]+)\?([^"]*)"/g)].map(([, id, given]) => [
    id!,
    JSON.parse(decodeURIComponent(given!)) as unknown,
  ]);
const wordsOf = (html: string): readonly string[] =>
  [...html.matchAll(/<a [^>]*>([^<]*)<\/a>/g)].map(([, words]) => words!);

describe('the page of the history', () => {
  let folder: string;
  before(async () => (folder = await mkdtemp(join(tmpdir(), 'history-'))));
  after(() => rm(folder, { recursive: true }));

  /** Two marks that were made. */
  async function marked() {
    const r = await rig(fakeVm('web', ['s', 't']));
    await r.look('web');
    const favourite = (snapshot: string) => ({ kind: 'favourite', vm: ref, snapshot }) as const;
    await r.engine.mark(favourite('s'));
    await r.engine.mark(favourite('t'));
    const ids = (await r.engine.readLog(ref)).map(({ id }) => id);
    const undo = () => r.engine.mark(favourite('s'), ids[1]);
    const lastId = async (): Promise<string> => (await r.engine.readLog(ref)).at(-1)!.id;
    return {
      ids,
      undo,
      lastId,
      html: async (lines: readonly string[]) =>
        historyPage(await readShownHistory(lines, r.engine, folder, silentLog), 'n'),
    };
  }

  it('links each entry of the log to its undo, and to the state before it where others came after', async () => {
    const { html, ids } = await marked();
    const page = await html([line({ entry: ids[0] }), line({ entry: ids[1] }), line()]);
    const vm = { kind: 'vm', id: ref.uuid, ref };
    assert.deepEqual(links(page), [
      ['virtRewind.undo', [vm, { entry: ids[1] }]],
      ['virtRewind.undo', [vm, { entry: ids[0] }]],
      ['virtRewind.undo', [vm, { entry: ids[0], andLater: true }]],
    ]);
    assert.deepEqual(wordsOf(page), ['Undo…', 'Undo…', 'Restore the State Before This…']);
    assert.match(page, /aria-label="Undo… 09:41 web: [^"]+"/u);
    assert.match(page, /Undo: making s the favourite/u);
    assert.match(page, /Undo: removing the favourite/u);
  });

  it('links the step of an agent to the snapshot before it, if that is there', async () => {
    const { html } = await marked();
    const records = new AgentCheckpoints(folder, silentLog);
    const taken = (name: string, createdAt: number) =>
      records.add(ref, { name, createdAt, step: 7, last: 7, agent: 'a', bytes: 1 });
    const { createdAt } = fakeSnapshot('s');
    await taken('s', createdAt);
    // Another snapshot has its name by now.
    await taken('t', createdAt - 60_000);
    const step = (before: string): string =>
      line({ request: { kind: 'agent', agent: 'a', tool: 'run_in_guest', step: 7, what: 'x', before } });
    assert.deepEqual(links(await html([step('s'), step('gone'), step('t')])), [
      ['virtRewind.revert', [{ kind: 'snapshot', id: `${ref.uuid}/s`, ref, snapshot: 's' }]],
    ]);
  });

  it('has one row for what was done to the VMs of a system at once, and undoes it as a whole', async () => {
    const r = await rig(fakeVm('web', ['s']), fakeVm('db', ['s']));
    await r.look('web');
    await r.look('db');
    const of = (name: string) => ({ uuid: uuidOf(name), name });
    const [shop, power] = [{ id: 'shop-id', name: 'shop' }, 'running'] as const;
    const logged = ({ uuid }: VmRef): LoggedOperation => ({
      id: `${uuid.slice(0, 7)}a`,
      at: 1,
      vm: { connection: uri, uuid },
      request: { kind: 'revert', vm: { connection: uri, uuid }, snapshot: 's', after: 'asSnapshot' },
      before: { power, disks: [] },
      after: { power, disks: [] },
      changes: [],
      system: shop,
    });
    Object.defineProperty(r.engine, 'readLog', { value: (vm: VmRef) => Promise.resolve([logged(vm)]) });
    const lines = ['web', 'db'].map((name) =>
      line({
        vm: of(name),
        request: { kind: 'revert', snapshot: 's' },
        entry: logged({ connection: uri, uuid: uuidOf(name) }).id,
      }),
    );
    const page = historyPage(await readShownHistory(lines, r.engine, folder, silentLog), 'n');
    assert.equal(page.match(/<h3>/gu)?.length, 1);
    assert.match(page, /<h3><time>09:41<\/time> shop: reverting to s<\/h3>/u);
    assert.match(page, /<summary>2 VMs<\/summary>.*db.*web/su);
    assert.deepEqual(links(page), [['virtRewind.undo', [{ kind: 'system', id: 'shop-id', system: 'shop-id' }]]]);
    assert.match(page, new RegExp(`<li data-vms="${uuidOf('db')} ${uuidOf('web')}">`, 'u'));
    const text = page.replaceAll(/<script.*<\/script>|<style.*<\/style>|<[^>]*>/gsu, '');
    assert.ok(!lines.some((json) => text.includes((JSON.parse(json) as { entry: string }).entry)), 'no ids');
  });

  it('says of an undo what it undid, and nothing of undoing where nothing does', async () => {
    const { html, ids, undo, lastId } = await marked();
    await undo();
    const page = await html([line({ entry: ids[0] }), line({ entry: ids[1] }), line({ entry: await lastId() })]);
    assert.match(page, /web: Undid making t the favourite/u);
    assert.ok(!page.includes('Already undone'));
    assert.deepEqual(wordsOf(page)[0], 'Redo…');
  });

  it('says nothing of a VM that is not there', async () => {
    const { html } = await marked();
    const page = await html([line({ vm: { uuid: 'other', name: 'other' }, entry: '0123abcd' })]);
    assert.deepEqual(links(page), []);
    assert.match(page, /other: /u);
  });

  const shown = (vm: string, command: string): ShownHistory => ({
    days: new Map([
      [
        '2026-11-20',
        [
          {
            entry: { at: 1, user: 'ada', vm: { uuid: 'u', name: vm }, request: {}, outcome: 'done', command },
            time: '09:41',
            name: vm,
            facts: [vm, vm],
            back: { ref, words: vm, does: 'redo', entry: '0123abcd', before: vm },
          },
        ],
      ],
    ]),
    older: 2,
    path: vm,
  });

  it('makes markup of nothing, runs our one script and calls our commands alone', () => {
    const evil = `<b onclick=x>"&'\n</style><script>`;
    const html = historyPage(shown(evil, evil), 'abc');
    assert.match(html, /default-src 'none'; style-src 'nonce-abc'; script-src 'nonce-abc'"/);
    assert.equal(html.split('<script').length, 2);
    assert.ok(html.includes(`<script nonce="abc">${restoreFocusScript}`));
    const bare = html.replaceAll(/"[^"]*"/g, '""').replace('<body>', '');
    assert.ok(!/<b|<img|<link|<iframe|<[^>]* on\w+=|url\(|@import|style="/i.test(bare));
    assert.deepEqual(
      links(html).filter(([id]) => !(historyLinks as readonly string[]).includes(id)),
      [],
    );
    assert.deepEqual(wordsOf(html), ['Redo…', 'Revert to Before This…']);
  });

  it('has a command whole, as it is typed', () => {
    const command = `virsh ${'x'.repeat(3_000)} && echo 'a'`;
    const code = /<code>(.*)<\/code>/u.exec(historyPage(shown('web', command), ''))?.[1] ?? '';
    assert.equal(
      code.replaceAll(/&#(\d+);/g, (_, number) => String.fromCharCode(Number(number))),
      command,
    );
  });
});
