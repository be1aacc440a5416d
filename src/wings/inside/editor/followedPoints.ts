// The restore points of the VMs whose folder the explorer has listed, followed as long as the window has that folder:
// it is told which came and which went.
import * as vscode from 'vscode';
import type { EnginePort } from '../../../engine/enginePort.js';
import type { Snapshot, SnapshotTree } from '../../../domain/snapshot.js';
import { isActive, sameVm, type Vm, type VmRef } from '../../../domain/vm.js';
import type { Disposable } from '../../../base/disposable.js';
import { type Attention, vmKey } from '../../../live/views.js';
import { namedPoints, type NamedPoint } from './restorePointNames.js';

interface AttentionShare extends Disposable {
  set(attention: Attention): void;
}

/** What this and the views look at together is followed. */
export interface SharedAttention {
  share(): AttentionShare;
}

interface FollowedVm {
  readonly root: vscode.Uri;
  readonly ref: VmRef;
  readonly points: readonly NamedPoint[];
}

type Tell = (changes: vscode.FileChangeEvent[], gone: readonly string[]) => void;

export class FollowedPoints {
  readonly #vms = new Map<string, FollowedVm>();
  readonly #attention: AttentionShare;
  readonly #listening: readonly Disposable[];

  /** @param tell with the keys of the points that are gone */
  constructor(
    private readonly engine: Pick<EnginePort, 'findVm' | 'onDidChange'>,
    attentions: SharedAttention,
    private readonly tell: Tell,
  ) {
    this.#attention = attentions.share();
    this.#listening = [
      engine.onDidChange(({ vm }) => this.#look(vm)),
      vscode.workspace.onDidChangeWorkspaceFolders(() => this.#attend()),
    ];
  }

  /** Resolves with their folders. */
  follow(root: vscode.Uri, ref: VmRef, points: readonly NamedPoint[]): readonly string[] {
    this.#vms.set(root.toString(), { root, ref, points });
    this.#attend();
    return points.map(({ folder }) => folder);
  }

  dispose(): void {
    this.#attention.dispose();
    this.#listening.forEach((one) => one.dispose());
  }

  #attend(): void {
    const open = new Set(vscode.workspace.workspaceFolders?.map(({ uri }) => uri.toString()));
    [...this.#vms.keys()].filter((root) => !open.has(root)).forEach((root) => this.#vms.delete(root));
    const refs = [...this.#vms.values()].map(({ ref }) => ref);
    this.#attention.set({
      visible: refs.length > 0,
      connections: new Set(refs.map(({ connection }) => connection)),
      vms: new Set(refs.map(vmKey)),
    });
  }

  /** @param changed absent: any of them may have */
  #look(changed: VmRef | undefined): void {
    for (const [key, { root, ref, points }] of this.#vms) {
      const { vm, tree } = this.engine.findVm(ref) ?? {};
      if (vm === undefined || tree === undefined || (changed !== undefined && !sameVm(changed, ref))) {
        continue;
      }
      const now = pointsOf({ vm, tree });
      const came = without(now, points);
      const went = without(points, now);
      if (came.length + went.length > 0) {
        this.#vms.set(key, { root, ref, points: now });
        const events = (type: vscode.FileChangeType, some: readonly NamedPoint[]): vscode.FileChangeEvent[] =>
          some.map(({ folder }) => ({ type, uri: vscode.Uri.joinPath(root, folder) }));
        this.tell(
          [...events(vscode.FileChangeType.Deleted, went), ...events(vscode.FileChangeType.Created, came)],
          went.map(({ snapshot }) => pointKey(ref, snapshot)),
        );
      }
    }
  }
}

function without(points: readonly NamedPoint[], others: readonly NamedPoint[]): readonly NamedPoint[] {
  return points.filter(({ folder }) => !others.some((other) => other.folder === folder));
}

export function pointsOf({ vm, tree }: { readonly vm: Vm; readonly tree: SnapshotTree }): readonly NamedPoint[] {
  return namedPoints(tree, isActive(vm.power) ? 'changes' : 'readable');
}

/** @param snapshot absent: the current state */
export function pointKey(ref: VmRef, snapshot: Snapshot | undefined): string {
  return JSON.stringify([ref, snapshot?.name, snapshot?.createdAt]);
}
