// What somebody wishes in a picture: a command of its menus, what it would do, a file of the picture. Knows no page,
// only what came from it and was checked.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import type { EnginePort } from '../../engine/enginePort.js';
import { vmKey } from '../../live/views.js';
import type { Log } from '../../base/log.js';
import { findSnapshot } from '../../domain/snapshotTree.js';
import { preferredAfter } from '../../operations/revert/afterChoices.js';
import { readSettings, seamlessWish } from '../readSettings.js';
import type { BlockMap } from '../../domain/blockMap.js';
import type { Plan } from '../../operations/plan.js';
import type { AgreedPlans } from './agreedPlans.js';
import { displayLine } from '../../domain/plainText.js';
import { protectionMatcher } from '../../domain/protection.js';
import type { VmRef } from '../../domain/vm.js';
import type { RowContext } from '../../text/rows/rows.js';
import type { FromPicture, PictureAction, PictureWhatIf } from './messages.js';
import type { CommandId } from '../../verbs/verbs.js';
import type { Node } from '../tree/nodes.js';
import { notify } from '../prompts/notify.js';
import { actionsIn } from './pictureMenu.js';
import { uuidOfFork } from './pictureState.js';
import { whatIfOfQuestion, pictureWhatIf, revertedTo } from './pictureWhatIf.js';

type Export = Extract<FromPicture, { kind: 'export' }>;

/** Resolves to where it is; undefined: the user left the question. Rejects where it could not be written. */
async function savePicture(vm: string, { format, data }: Export): Promise<vscode.Uri | undefined> {
  const name = `${vm.replaceAll(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[.-]+/u, '') || 'picture'}.${format}`;
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const uri = await vscode.window.showSaveDialog({
    title: t('Save the Picture'),
    filters: format === 'svg' ? { SVG: ['svg'] } : { PNG: ['png'] },
    ...(folder === undefined ? {} : { defaultUri: vscode.Uri.joinPath(folder, name) }),
  });
  if (uri === undefined) {
    return undefined;
  }
  await vscode.workspace.fs.writeFile(uri, typeof data === 'string' ? new TextEncoder().encode(data) : data);
  return uri;
}

type Wish<Type extends FromPicture['kind']> = Extract<FromPicture, { kind: Type }>;

interface WishServices {
  readonly engine: EnginePort;
  readonly log: Log;
  readonly agreed: AgreedPlans;
  /** The menus of the picture. */
  readonly actions: () => readonly PictureAction[];
}

export class PictureWishes {
  readonly #ref: VmRef;
  readonly #services: WishServices;
  #number = 0;
  /** The plan that is shown, and the action that it is of. */
  #shown: { readonly number: number; readonly plan: Plan; readonly wish: Wish<'whatIf'> } | undefined;

  constructor(ref: VmRef, services: WishServices) {
    this.#ref = ref;
    this.#services = services;
  }

  /** As a menu of the tree would call it: the command asks what it asks, and says itself what went wrong. */
  async run({ action, snapshot }: Wish<'run'>): Promise<void> {
    const command = this.#find(action);
    if (command === undefined) {
      this.#services.log.warn('A picture asked for a command that it does not offer; nothing was done.');
      return;
    }
    await vscode.commands.executeCommand(command.id, this.#node(snapshot));
  }

  #find(action: string): PictureAction | undefined {
    return actionsIn(this.#services.actions()).find(({ id }) => id === action);
  }

  /** @param map of the disk that is shown */
  whatIf(wish: Wish<'whatIf'>, map: BlockMap | undefined): Promise<PictureWhatIf | undefined> {
    const { action, snapshot } = wish;
    const { revertPowerState, checkpointFirst, trashDays } = readSettings();
    const view = this.#services.engine.findVm(this.#ref);
    const found = view?.tree && findSnapshot(view.tree, revertedTo(wish, view) ?? '');
    const after =
      view === undefined || found === undefined
        ? revertPowerState
        : preferredAfter(revertPowerState, found, view.vm.power);
    return pictureWhatIf(this.#services.engine, {
      ref: this.#ref,
      action,
      title: this.#find(action)?.title ?? '',
      snapshot,
      reading: reading(),
      trashDays,
      revert: { after, checkpointFirst, ...(checkpointFirst && seamlessWish()) },
      ...(map === undefined ? {} : { map }),
      keep: (plan) => {
        this.#number += 1;
        this.#shown = { number: this.#number, plan, wish };
        return this.#number;
      },
    });
  }

  /** What is being asked elsewhere; undefined where the VM is gone. */
  preview(plan: Plan, map: BlockMap | undefined): PictureWhatIf | undefined {
    const view = this.#services.engine.findVm(this.#ref);
    return view && whatIfOfQuestion(plan, view, { reading: reading(), ...(map === undefined ? {} : { map }) });
  }

  /** Does what is shown, which was read and agreed to: nothing of it is asked again. */
  async agree({ number }: Wish<'agree'>): Promise<void> {
    const shown = this.#shown;
    this.#shown = undefined;
    if (shown?.number === number) {
      await this.#services.agreed.during(shown.plan, () => this.run({ ...shown.wish, kind: 'run' }));
    }
  }

  /** What would be deleted by what is shown goes into the trash instead. */
  async throwAway({ number }: Wish<'throwAway'>): Promise<void> {
    const shown = this.#shown;
    this.#shown = undefined;
    if (shown?.number === number) {
      const { uuid: vm, connection } = this.#ref;
      const given = { vm, connection, snapshots: shown.plan.deletes ?? [], confirm: false };
      await vscode.commands.executeCommand('virtRewind.moveToTrash' satisfies CommandId, given);
    }
  }

  async save(picture: Wish<'export'>): Promise<void> {
    const uri = await savePicture(displayLine(this.#services.engine.findVm(this.#ref)?.vm.name ?? ''), picture);
    if (uri !== undefined) {
      const open = t('Open');
      void notify('info', t('The picture was saved to {0}.', displayLine(uri.fsPath)), open).then((pressed) =>
        pressed === open ? vscode.commands.executeCommand('vscode.open', uri) : undefined,
      );
    }
  }

  #node(snapshot: string): Node {
    const key = vmKey(this.#ref);
    const uuid = uuidOfFork(snapshot);
    if (uuid !== undefined) {
      return { kind: 'vm', id: uuid, ref: { ...this.#ref, uuid } };
    }
    return snapshot === ''
      ? { kind: 'vm', id: key, ref: this.#ref }
      : { kind: 'snapshot', id: `${key}/snapshot/${snapshot}`, ref: this.#ref, snapshot };
  }
}

/** How things are put into words now. */
export function reading(): RowContext {
  return { now: Date.now(), isProtected: protectionMatcher(readSettings().protectedVms) };
}
