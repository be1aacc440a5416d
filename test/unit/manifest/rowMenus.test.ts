// The menus of rows, as the editor would show them: short, nothing in them that has nothing to do, and each command by
// one name.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../../scripts/rig/root.mjs';
import type { AutoSnapshot } from '../../../src/domain/facts.js';
import type { PowerState } from '../../../src/domain/vm.js';
import type { RunningOperation, VmView } from '../../../src/live/views.js';
import {
  connectionTokens,
  hereTokens,
  pointTokens,
  snapshotTokens,
  systemTokens,
  vmTokens,
} from '../../../src/text/rows/capabilityTokens.js';
import type { KnownSystem } from '../../../src/systems/knownSystems.js';
import { systemActions, vmActions } from '../../../src/text/rows/activeVmText.js';
import type { PictureAction } from '../../../src/ui/picture/messages.js';
import { actionsIn, type Contributions, pictureMenu } from '../../../src/ui/picture/pictureMenu.js';
import { observeSystem } from '../../../src/systems/observedSystem.js';
import { systemLinks, systemPage } from '../../../src/ui/picture/systemPage.js';
import { branched, connectionView, now, ref, vm, vmView } from '../ui/samples.js';

interface MenuItem {
  readonly command?: string;
  readonly submenu?: string;
  readonly when?: string;
  readonly group: string;
}

/** The limit for systems and connections, which have one menu for all states. */
const most = 12;
/** The limits for VMs and snapshots, and for their submenus. */
const mostOfVm = { rows: 11, submenus: 4 };

const { contributes } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly contributes: {
    readonly commands: readonly { readonly command: string; readonly title: string; readonly icon?: string }[];
    readonly submenus: readonly { readonly id: string; readonly label: string }[];
    readonly keybindings: readonly { readonly command: string; readonly args?: unknown }[];
    readonly menus: Readonly<Record<string, readonly MenuItem[]>>;
  };
};
const nls = JSON.parse(readFileSync(join(root, 'package.nls.json'), 'utf8')) as Readonly<Record<string, string>>;
const titles = new Map(
  contributes.commands.map(({ command, title }) => [command, nls[title.replaceAll('%', '')] ?? title]),
);
const icons = new Map(contributes.commands.map(({ command, icon }) => [command, icon]));
const rowMenu = 'view/item/context';

/** What a row is: the value that the editor compares, and whether it is one of several that are selected. */
interface Place {
  readonly viewItem: string;
  readonly several: boolean;
}

/** Evaluates the part of the editor's conditions that the menus of rows use. */
function holds(when: string | undefined, { viewItem, several }: Place): boolean {
  return (when ?? '').split(' && ').every((part) => {
    const pattern = /^viewItem =~ \/(.+)\/$/.exec(part)?.[1];
    if (pattern !== undefined) {
      return new RegExp(pattern).test(viewItem);
    }
    if (part === '!listMultiSelection' || part === 'listMultiSelection') {
      return several === (part === 'listMultiSelection');
    }
    if (part === 'view == virtRewind.guestFiles') {
      return false;
    }
    const always = ['', 'view == virtRewind.vms', 'config.virtRewind.trash.days != 0'];
    assert.ok(always.includes(part), `a condition that this test does not know: ${part}`);
    return true;
  });
}

/** As the editor sorts a menu: by group, then by the number behind it. */
function inOrder(one: MenuItem, other: MenuItem): number {
  const [group = '', order = '0'] = one.group.split('@');
  const [otherGroup = '', otherOrder = '0'] = other.group.split('@');
  return group.localeCompare(otherGroup) || Number(order) - Number(otherOrder);
}

/** A submenu without entries is not shown. */
function entries(menu: string, place: Place): readonly MenuItem[] {
  return (contributes.menus[menu] ?? [])
    .filter(({ group, when }) => !group.startsWith('inline') && holds(when, place))
    .filter(({ submenu }) => submenu === undefined || entries(submenu, place).length > 0)
    .toSorted(inOrder);
}

function commandsIn(menu: string, place: Place): readonly string[] {
  return entries(menu, place).flatMap(({ command, submenu }) =>
    submenu === undefined ? [command ?? ''] : commandsIn(submenu, place),
  );
}

const undo: AutoSnapshot = { name: 'base', why: 'revert', createdAt: 0 };

function running(cancellable: boolean): RunningOperation {
  return { request: { kind: 'prune', vm: ref, snapshots: [] }, startedAt: 0, progress: { step: '', cancellable } };
}

const either = [true, false] as const;
const powers: readonly PowerState[] = ['running', 'paused', 'off', 'shuttingDown', 'crashed', 'asleep', 'unknown'];

function vmRows(): readonly string[] {
  return powers.flatMap((power) =>
    either.flatMap((readOnly) =>
      either.flatMap((isWarned) =>
        either.flatMap((busy) => {
          const view = vmView({
            vm: vm({ power, consoleLog: '/log', clone: { of: 'a', files: [] } }),
            tree: branched,
            undo,
            favourite: 'base',
            ...(busy ? { operation: running(true) } : {}),
          });
          return [vmTokens(view, { readOnly, isWarned }), hereTokens(view, readOnly)];
        }),
      ),
    ),
  );
}

function snapshotRows(): readonly string[] {
  return either.flatMap((isCurrent) =>
    either.flatMap((readOnly) =>
      either.flatMap((kept) =>
        either.flatMap((favourite) =>
          [{}, { trashedUntil: 1 }].map((trash) =>
            snapshotTokens(
              { kind: 'memory', style: 'external', memory: { location: 'external' } },
              { isCurrent, readOnly, kept, favourite, ...trash },
            ),
          ),
        ),
      ),
    ),
  );
}

const connectionRows = (['idle', 'connecting', 'connected', 'failed'] as const).map((state) =>
  connectionTokens(connectionView({ state })),
);
const left = { createdAt: 0, id: 'a', title: 'a', members: [], auto: 'revert' } as const;
const systemRows = powers.map((power) =>
  systemTokens({ system: { points: [left] }, views: [vmView({ vm: vm({ power }) }), undefined] }),
);
const rows = [
  ...vmRows(),
  ...snapshotRows(),
  ...connectionRows,
  ...systemRows,
  ...vmRows().map((tokens) => `member;${tokens}`),
  pointTokens({}),
  pointTokens(left),
  'message;failure;connectable;',
  'message;failure;',
];

describe('the menus of rows', () => {
  it(`have at most ${most} entries, and so have their submenus, for each row that there can be`, () => {
    for (const viewItem of rows) {
      for (const several of either) {
        const place = { viewItem, several };
        const shown = entries(rowMenu, place);
        if (/^(?:member;)?(?:vm|here|snapshot);/u.test(viewItem)) {
          const submenus = shown.filter(({ submenu }) => submenu !== undefined);
          assert.ok(shown.length <= mostOfVm.rows, `${shown.length} entries on ${viewItem}, ${String(several)}`);
          assert.ok(submenus.length <= mostOfVm.submenus, `${submenus.length} submenus on ${viewItem}`);
        }
        for (const menu of [
          shown,
          ...shown.flatMap(({ submenu }) => (submenu === undefined ? [] : [entries(submenu, place)])),
        ]) {
          assert.ok(menu.length <= most, `${menu.length} entries on ${viewItem}`);
        }
      }
    }
  });

  it('have each command once', () => {
    for (const viewItem of rows) {
      const shown = commandsIn(rowMenu, { viewItem, several: false });
      assert.deepEqual(shown, [...new Set(shown)], viewItem);
    }
  });

  it('have no submenu that can never be seen, and a name for each', () => {
    const named = contributes.submenus.map(({ id }) => id).toSorted();
    const used = Object.values(contributes.menus).flatMap((menu) => menu.flatMap(({ submenu }) => submenu ?? []));
    assert.deepEqual([...new Set(used)].toSorted(), named);
    for (const { id, label } of contributes.submenus) {
      assert.ok(nls[label.replaceAll('%', '')], label);
      assert.ok(
        rows.some((viewItem) => entries(id, { viewItem, several: false }).length > 0),
        id,
      );
    }
  });

  it('offer on a system what can be done with all of its VMs', () => {
    const on = (power: PowerState): readonly string[] =>
      commandsIn(rowMenu, {
        viewItem: systemTokens({ system: { points: [left] }, views: [vmView({ vm: vm({ power }) })] }),
        several: false,
      }).map((command) => command.replace('virtRewind.', ''));
    const [first, second, third] = ['createSnapshot', 'quickCheckpoint', 'undo'];
    assert.deepEqual(on('running'), [
      first,
      second,
      third,
      'renameSnapshot',
      'shutDown',
      'setStartOrder',
      'exportLab',
      'showPicture',
      'checkHealth',
      'prune',
      'backUp',
      'backupSchedules',
      'dissolveSystem',
    ]);
    assert.deepEqual(on('off'), [
      first,
      second,
      third,
      'renameSnapshot',
      'start',
      'setStartOrder',
      'exportLab',
      'showPicture',
      'checkHealth',
      'prune',
      'backUp',
      'backupSchedules',
      'dissolveSystem',
    ]);
    const several = commandsIn(rowMenu, { viewItem: vmTokens(vmView(), { readOnly: false }), several: true });
    assert.ok(['createSystem', 'exportLab'].every((one) => several.includes(`virtRewind.${one}`)));
  });

  it('have on the row of a VM with a favourite a button that goes back to it, and on no other row', () => {
    const buttons = (viewItem: string): readonly string[] =>
      (contributes.menus[rowMenu] ?? [])
        .filter(({ group, when }) => group.startsWith('inline') && holds(when, { viewItem, several: false }))
        .map(({ command = '' }) => command);
    const on = (view: Parameters<typeof vmTokens>[0]): readonly string[] =>
      buttons(vmTokens(view, { readOnly: false }));
    const back = 'virtRewind.revertToFavourite';
    const favoured = vmView({ tree: branched, favourite: 'base' });
    assert.ok(on(favoured).includes(back));
    assert.ok(!on(vmView({ tree: branched })).includes(back));
    assert.ok(!buttons(vmTokens(favoured, { readOnly: true })).includes(back));
    for (const viewItem of [hereTokens(favoured, false), ...snapshotRows(), ...systemRows]) {
      assert.ok(!buttons(viewItem).includes(back), viewItem);
    }
    for (const viewItem of rows) {
      assert.ok(buttons(viewItem).length <= 4, viewItem);
    }
  });

  it('have on a VM one way to undo, and where it stands now its favourite too', () => {
    const back = ['virtRewind.undo', 'virtRewind.revertToFavourite'];
    const on = (viewItem: string): readonly string[] =>
      commandsIn(rowMenu, { viewItem, several: false }).filter((command) => back.includes(command));
    const favoured = vmView({ tree: branched, favourite: 'base' });
    assert.deepEqual(on(vmTokens(favoured, { readOnly: false })), back.slice(0, 1));
    assert.deepEqual(on(vmTokens(favoured, { readOnly: true })), [], 'nothing is done through a connection to read');
    assert.deepEqual(on(hereTokens(favoured, false)), back);
  });

  it('leave out what has nothing to do', () => {
    const on = (view: Parameters<typeof vmTokens>[0], isWarned = false): readonly string[] =>
      commandsIn(rowMenu, { viewItem: vmTokens(view, { readOnly: false, isWarned }), several: false });
    const layers = { readAt: 0, from: 'statistics', snapshots: [], rooms: [] } as const;
    const layer = {
      file: '/a',
      virtualBytes: 1,
      allocatedBytes: 1,
      seen: 'there',
      snapshots: [],
      sharedWith: [],
    } as const;
    const flat = { ...layers, disks: [{ target: 'vda', layers: [layer], whole: true }] };
    const deep = { ...layers, disks: [{ target: 'vda', layers: [layer, layer], whole: true }] };
    const empty = vmView({ snapshotCount: 0 });
    const care = ['virtRewind.consolidate', 'virtRewind.prune', 'virtRewind.snoozeHealth', 'virtRewind.openConsoleLog'];
    const seen = (shown: readonly string[]): readonly string[] => care.filter((command) => shown.includes(command));
    assert.deepEqual(seen(on({ ...empty, layers: flat })), []);
    assert.deepEqual(seen(on({ ...empty, layers: deep })), ['virtRewind.consolidate']);
    assert.deepEqual(seen(on(empty)), ['virtRewind.consolidate'], 'nobody looked yet');
    assert.deepEqual(seen(on(vmView({ tree: branched }), true)), care.slice(0, 3));
    assert.deepEqual(
      seen(on(vmView({ vm: vm({ consoleLog: '/log' }), snapshotCount: 0, layers: flat }))),
      care.slice(3),
    );
  });

  it('share names and icons with the palette and the menu of the status bar', () => {
    const undo: AutoSnapshot = { name: 'base', why: 'revert', createdAt: 0 };
    const point = { id: 'a', title: 'a', createdAt: now, members: [] };
    const shop = { system: { id: 'shop', name: 'shop', members: [] }, points: [point, left] };
    const unfinished = { entry: { id: 'e' }, kind: 'unclear' } as unknown as NonNullable<KnownSystem['unfinished']>;
    const actions = [
      ...powers.flatMap((power) => vmActions(vmView({ vm: vm({ power }), tree: branched, favourite: 'base', undo }))),
      ...powers.flatMap((power) => {
        const views = [vmView({ vm: vm({ power }) })];
        const shown = { known: shop, seen: observeSystem(shop, []), views };
        return [...systemActions(shown), ...systemActions({ ...shown, known: { ...shop, unfinished } })];
      }),
    ];
    assert.ok(new Set(actions.map(({ value }) => value)).size > 8);
    for (const { label, icon, value } of actions) {
      assert.equal(label, titles.get(value), value);
      assert.equal(`$(${icon})`, icons.get(value), value);
    }
  });

  it('are those of the picture, in the same order and by the same names', () => {
    const all = pictureMenu(contributes as unknown as Contributions, (condition) => condition.startsWith('config.'));
    const shown = (actions: readonly PictureAction[], tokens: readonly string[]): readonly string[] =>
      actions
        .filter(({ is }) => is.every((any) => any.some((token) => tokens.includes(token))))
        .flatMap(({ id, items }) => (items === undefined ? [id] : shown(items, tokens)));
    for (const viewItem of [...vmRows(), ...snapshotRows()]) {
      assert.deepEqual(shown(all, viewItem.split(';')), commandsIn(rowMenu, { viewItem, several: false }), viewItem);
    }
    const keys = new Map(actionsIn(all).map(({ id, keys: own }) => [id, own]));
    assert.deepEqual(keys.get('virtRewind.revert'), ['ctrl+alt+r', 'cmd+alt+r']);
    assert.equal(keys.get('virtRewind.quickCheckpoint'), undefined, 'its key is about the active VM');
  });

  it('offer a revert on a VM that has snapshots', () => {
    const on = (tree: VmView['tree']): readonly string[] => {
      const viewItem = vmTokens(vmView({ ...(tree && { tree }) }), { readOnly: false });
      return commandsIn(rowMenu, { viewItem, several: false });
    };
    assert.ok(on(branched).includes('virtRewind.revert'));
    assert.ok(!on({ snapshots: [] }).includes('virtRewind.revert'));
  });

  it('call a command as the palette does', () => {
    const point = { id: 'a', title: 'a', createdAt: now, members: [] };
    const known = { system: { id: 'shop', name: 'shop', members: [] }, points: [point, left] };
    const page = systemPage({ known, seen: observeSystem(known, []), views: [] }, now, '');
    const links = [...page.matchAll(/href="command:([\w.]+)\?[^>]*>([^<]*)<\/a>/gu)].map(([, id = '', text]) => [
      id,
      text,
    ]);
    assert.deepEqual(
      new Set(links.map(([id]) => id)),
      new Set(systemLinks.filter((id) => !id.endsWith('showPicture'))),
    );
    for (const [id = '', text] of links) {
      assert.equal(text, titles.get(id), id);
    }
  });

  it('have the same verbs on a system and on a restore point as on a VM and a snapshot', () => {
    const on = (viewItem: string): readonly string[] =>
      commandsIn(rowMenu, { viewItem, several: false }).flatMap((command) => titles.get(command) ?? []);
    assert.deepEqual(on(pointTokens({})), [
      'Revert…',
      'Rename…',
      'Keep…',
      'Show Picture',
      'Compare…',
      'Delete Snapshot…',
    ]);
    const onVm = vmRows().flatMap(on);
    const alone = [
      'Resume Interrupted System Operation…',
      'Rename…',
      'Set Start Order…',
      'Export Lab…',
      'Ungroup VMs…',
    ];
    for (const viewItem of systemRows) {
      assert.deepEqual(
        on(viewItem).filter((title) => !onVm.includes(title)),
        alone.filter((title) => on(viewItem).includes(title)),
      );
    }
  });

  it('show no key that does another thing: a key with arguments belongs to a command in no menu', () => {
    const ofRows = Object.entries(contributes.menus).filter(
      ([name]) => name === rowMenu || name.startsWith('virtRewind.'),
    );
    const inMenus = new Set(ofRows.flatMap(([, items]) => items.map(({ command }) => command)));
    const given = contributes.keybindings.map(({ command, args = [] }) => ({
      command,
      // The row that has the focus is what the menu's row is.
      args: [args].flat().flatMap((one) => Object.keys(one as object).filter((name) => !name.startsWith('$'))),
    }));
    assert.ok(given.some(({ command }) => inMenus.has(command)));
    assert.deepEqual(
      given.filter(({ command, args }) => args.length > 0 && inMenus.has(command)),
      [],
    );
  });
});
