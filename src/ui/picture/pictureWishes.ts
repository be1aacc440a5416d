// What somebody wishes in a picture: a command of its menus, what it would do, a file of the picture. Knows no page, only
// what came from it and was checked.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import type { InventoryPort } from '../../engine/inventory.js';
import { vmKey } from '../../inventory/views.js';
import type { Log } from '../../base/log.js';
import { readSettings } from '../readSettings.js';
import type { BlockMap } from '../../domain/blockMap.js';
import { displayLine } from '../../domain/plainText.js';
import { protectedBy } from '../../domain/protection.js';
import type { VmRef } from '../../domain/vm.js';
import type { Reading } from '../../text/rows.js';
import type { FromPicture, PictureWhatIf } from './messages.js';
import type { Node } from '../tree/nodes.js';
import { noteInStatusBar } from '../prompts/notify.js';
import { savePicture } from './pictureFile.js';
import { pictureActions } from './pictureState.js';
import { pictureWhatIf } from './pictureWhatIf.js';

type Wish<Type extends FromPicture['kind']> = Extract<FromPicture, { kind: Type }>;

export class PictureWishes {
  readonly #ref: VmRef;
  readonly #services: { readonly inventory: InventoryPort; readonly log: Log };

  constructor(ref: VmRef, services: { readonly inventory: InventoryPort; readonly log: Log }) {
    this.#ref = ref;
    this.#services = services;
  }

  /** As a menu of the tree would call it: the command asks what it asks, and says itself what went wrong. */
  async run({ action, snapshot }: Wish<'run'>): Promise<void> {
    const command = pictureActions().find(({ id }) => id === action);
    if (command === undefined) {
      this.#services.log.warn('A picture asked for a command that it does not offer; nothing was done.');
      return;
    }
    await vscode.commands.executeCommand(command.id, this.#node(snapshot));
  }

  /** @param map of the disk that is shown */
  whatIf({ action, snapshot }: Wish<'whatIf'>, map: BlockMap | undefined): Promise<PictureWhatIf | undefined> {
    const { revertPowerState: after, checkpointFirst } = readSettings();
    return pictureWhatIf(this.#services.inventory, {
      ref: this.#ref,
      action,
      snapshot,
      reading: reading(),
      revert: { after, checkpointFirst },
      ...(map === undefined ? {} : { map }),
    });
  }

  async save(picture: Wish<'export'>): Promise<void> {
    const uri = await savePicture(displayLine(this.#services.inventory.findVm(this.#ref)?.vm.name ?? ''), picture);
    if (uri !== undefined) {
      noteInStatusBar(t('The picture is in {0}.', displayLine(uri.fsPath)));
    }
  }

  #node(snapshot: string): Node {
    const key = vmKey(this.#ref);
    return snapshot === ''
      ? { kind: 'here', id: `${key}/here`, ref: this.#ref }
      : { kind: 'snapshot', id: `${key}/snapshot/${snapshot}`, ref: this.#ref, snapshot };
  }
}

/** How things are put into words now. */
export function reading(): Reading {
  return { now: Date.now(), isProtected: protectedBy(readSettings().protectedVms) };
}
