// `vmfs:` for the editor: the restore points of a VM as folders, with the files of the guest in them, read only. A URI
// is vmfs://UUID/VM/RESTORE POINT/VOLUME/PATH; the VM's name is for people alone. With the restore point in its query,
// two states of a file have one path.
import * as vscode from 'vscode';
import { systemClock } from '../../../base/clock.js';
import type { EnginePort } from '../../../engine/enginePort.js';
import { onlyVm } from '../../../engine/findTargets.js';
import { type Attention, vmKey, type VmView } from '../../../live/views.js';
import { asFailure, nameIn } from '../../../domain/asFailure.js';
import { isOfWing } from '../../../domain/failure.js';
import { failureText } from '../../../text/failures/failureText.js';
import { volumeText } from '../filesText.js';
import { type GuestDisks, openGuestDisks } from '../guestFiles.js';
import { FileSystemError, findNode, type GuestFileSystem, listedOnce, type NodeKind } from '../read/guestFileSystem.js';
import { asReadFailure } from '../readFailure.js';
import { OpenPoints } from './openPoints.js';
import { folderName, type NamedPoint, namedPoints } from './restorePointNames.js';
import { t } from '@vscode/l10n';
import { bytesText } from '../../../text/bytesText.js';
import type { Snapshot, SnapshotTree } from '../../../domain/snapshot.js';
import { isActive, sameVm, type Vm, type VmRef } from '../../../domain/vm.js';
import type { Disposable } from '../../../base/disposable.js';
import { Emitter } from '../../../base/emitter.js';

const scheme = 'vmfs';

/** The editor holds a whole file in memory. */
const mostBytes = 256 * 1024 * 1024;
const pieceBytes = 4 * 1024 * 1024;

export function restorePointsUri({ ref, vm }: VmView): vscode.Uri {
  return vscode.Uri.from({ scheme, authority: ref.uuid, path: `/${folderName(vm.name)}` });
}

/** @param point as its folder is called */
export function guestFileUri(view: VmView, point: string, volume: string, path: string): vscode.Uri {
  return vscode.Uri.joinPath(restorePointsUri(view), volume, path).with({ query: point });
}

const types: Readonly<Record<NodeKind, vscode.FileType>> = {
  file: vscode.FileType.File,
  folder: vscode.FileType.Directory,
  link: vscode.FileType.SymbolicLink,
  other: vscode.FileType.Unknown,
};

/** A folder of ours, or a node of a guest. */
type Place =
  | { readonly kind: 'own'; readonly names: () => Promise<readonly string[]> }
  | { readonly kind: 'guest'; readonly system: GuestFileSystem; readonly path: string };

export class GuestFileProvider {
  readonly #open = new OpenPoints(systemClock);
  readonly #followed: FollowedPoints;
  readonly #changed = new Emitter<undefined>();
  /** Fires when the snapshots of the shown VM change. */
  readonly onDidChangePoints = this.#changed.event;

  constructor(
    private readonly engine: EnginePort,
    attentions: SharedAttention,
    changed: vscode.EventEmitter<vscode.FileChangeEvent[]>,
    private readonly environment: NodeJS.ProcessEnv,
  ) {
    this.#followed = new FollowedPoints(engine, attentions, (changes, gone) => {
      changed.fire(changes);
      gone.forEach((key) => this.#open.close(key));
      this.#changed.fire(undefined);
    });
  }

  dispose(): void {
    this.#followed.dispose();
    this.#changed.dispose();
    this.#open.dispose();
  }

  /** Its restore points are followed, beside those that are folders of the window. */
  show(root: vscode.Uri | undefined): void {
    this.#followed.show(root);
  }

  /** The snapshots of the VM with this address. */
  async pointsAt(root: vscode.Uri): Promise<readonly NamedPoint[]> {
    const view = await this.#vm(root, root.path.slice(1));
    const points = await this.#points(view);
    this.#followed.follow(root, view.ref, points);
    return points;
  }

  stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    return this.#at(uri, async (place) => {
      const permissions = vscode.FilePermission.Readonly;
      if (place.kind === 'own') {
        return { type: vscode.FileType.Directory, ctime: 0, mtime: 0, size: 0, permissions };
      }
      const { system, path } = place;
      const { kind, modifiedAt, bytes } = await system.facts(await findNode(system, path, 'itself'));
      const type = kind === 'link' ? await linkType(system, path) : types[kind];
      return { type, ctime: modifiedAt, mtime: modifiedAt, size: bytes, permissions };
    });
  }

  readDirectory(uri: vscode.Uri): Promise<[string, vscode.FileType][]> {
    return this.#at(uri, async (place) => {
      if (place.kind === 'own') {
        return (await place.names()).map((name): [string, vscode.FileType] => [name, vscode.FileType.Directory]);
      }
      const { system, path } = place;
      const entries: [string, vscode.FileType][] = [];
      const known = listedOnce(system);
      for (const { name, node, kind } of await system.list(await findNode(system, path))) {
        const own = kind ?? (await system.facts(node)).kind;
        entries.push([name, own === 'link' ? await linkType(known, `${path}/${name}`) : types[own]]);
      }
      return entries;
    });
  }

  readFile(uri: vscode.Uri): Promise<Uint8Array> {
    return this.#at(uri, async (place, disks) => {
      if (place.kind === 'own' || disks === undefined) {
        throw vscode.FileSystemError.FileIsADirectory(uri);
      }
      const { system, path } = place;
      const node = await findNode(system, path);
      const { bytes } = await system.facts(node);
      if (bytes > mostBytes) {
        throw vscode.FileSystemError.Unavailable(
          t('The file has {0}. Copy it with virt-rewind files instead.', bytesText(bytes)),
        );
      }
      const pieces: Buffer[] = [];
      for (let at = 0; at < bytes; at += pieceBytes) {
        pieces.push(await system.read(node, at, pieceBytes));
      }
      await disks.requireUnchanged();
      return Buffer.concat(pieces);
    });
  }

  async #at<T>(uri: vscode.Uri, use: (place: Place, disks?: GuestDisks) => Promise<T>): Promise<T> {
    const [, name = '', ...parts] = uri.path.split('/');
    const [folder, volumeName, ...rest] = uri.query === '' ? parts : [uri.query, ...parts];
    try {
      const view = await this.#vm(uri, name);
      const points = (): Promise<readonly NamedPoint[]> => this.#points(view);
      if (folder === undefined || folder === '') {
        const names = async (): Promise<readonly string[]> => this.#followed.follow(uri, view.ref, await points());
        return await use({ kind: 'own', names });
      }
      const point = (await points()).find((one) => one.folder === folder);
      if (point === undefined) {
        throw vscode.FileSystemError.FileNotFound(uri);
      }
      const { snapshot } = point;
      const open = (signal: AbortSignal): Promise<GuestDisks> =>
        openGuestDisks(this.engine, view, {
          environment: this.environment,
          signal,
          ...(snapshot !== undefined && { snapshot }),
        });
      const key = pointKey(view.ref, snapshot);
      return await this.#open.with(key, open, (disks) => {
        if (volumeName === undefined || volumeName === '') {
          const readable = disks.volumes.filter(({ system }) => system !== undefined);
          return use({ kind: 'own', names: () => Promise.resolve(readable.map((volume) => volume.name)) }, disks);
        }
        const volume = disks.volumes.find((one) => one.name === volumeName);
        if (volume === undefined) {
          throw vscode.FileSystemError.FileNotFound(uri);
        }
        if (volume.system === undefined) {
          throw vscode.FileSystemError.Unavailable(`${volume.name}: ${volumeText(volume)}`);
        }
        return use({ kind: 'guest', system: volume.system, path: `/${rest.join('/')}` }, disks);
      });
    } catch (error) {
      throw errorFor(error, uri, name);
    }
  }

  /** A window that opens with such a folder asks before any connection is open. */
  async #vm({ authority }: vscode.Uri, name: string): Promise<VmView> {
    const known = onlyVm(this.engine, authority);
    if (known !== undefined) {
      return known;
    }
    await Promise.allSettled(this.engine.connections.map(({ uri }) => this.engine.connect(uri)));
    const found = onlyVm(this.engine, authority);
    if (found === undefined) {
      throw vscode.FileSystemError.Unavailable(t('The VM {0} is not there, or its libvirt cannot be reached.', name));
    }
    return found;
  }

  async #points({ ref, vm }: VmView): Promise<readonly NamedPoint[]> {
    const tree = await this.engine.readTree(ref);
    return pointsOf({ vm: this.engine.findVm(ref)?.vm ?? vm, tree });
  }
}

/** A link that leads nowhere is a link alone. */
async function linkType(system: Parameters<typeof findNode>[0], path: string): Promise<vscode.FileType> {
  try {
    const { kind } = await system.facts(await findNode(system, path));
    return vscode.FileType.SymbolicLink | types[kind];
  } catch (error) {
    if (error instanceof FileSystemError) {
      return vscode.FileType.SymbolicLink;
    }
    throw error;
  }
}

function errorFor(error: unknown, uri: vscode.Uri, vm: string): Error {
  if (error instanceof vscode.FileSystemError) {
    return error;
  }
  const failure = asFailure(nameIn(asReadFailure(error, uri.path), { vm }));
  return isOfWing(failure, 'inside', 'notFound', 'notAFolder')
    ? vscode.FileSystemError.FileNotFound(uri)
    : vscode.FileSystemError.Unavailable(failureText(failure).sentence);
}

// The restore points of the VMs that are shown, or whose folder the window has: it is told which came and which went.

interface AttentionShare extends Disposable {
  set(attention: Attention): void;
}

/** What this and the views look at together is followed. */
interface SharedAttention {
  share(): AttentionShare;
}

interface FollowedVm {
  readonly root: vscode.Uri;
  readonly ref: VmRef;
  readonly points: readonly NamedPoint[];
}

type Tell = (changes: vscode.FileChangeEvent[], gone: readonly string[]) => void;

class FollowedPoints {
  readonly #vms = new Map<string, FollowedVm>();
  #shown: string | undefined;
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

  show(root: vscode.Uri | undefined): void {
    this.#shown = root?.toString();
    this.#attend();
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
    const isOver = (root: string): boolean => root !== this.#shown && !open.has(root);
    [...this.#vms.keys()].filter(isOver).forEach((root) => this.#vms.delete(root));
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
          // One that is only called differently now, because another one has its title, is still read.
          without(points, now, ({ snapshot }) => pointKey(ref, snapshot)).map(({ snapshot }) =>
            pointKey(ref, snapshot),
          ),
        );
      }
    }
  }
}

function without(
  points: readonly NamedPoint[],
  others: readonly NamedPoint[],
  keyOf: (point: NamedPoint) => string = ({ folder }) => folder,
): readonly NamedPoint[] {
  const there = new Set(others.map(keyOf));
  return points.filter((point) => !there.has(keyOf(point)));
}

function pointsOf({ vm, tree }: { readonly vm: Vm; readonly tree: SnapshotTree }): readonly NamedPoint[] {
  return namedPoints(tree, isActive(vm.power) ? 'changes' : 'readable');
}

/** @param snapshot absent: the current state */
function pointKey(ref: VmRef, snapshot: Snapshot | undefined): string {
  return JSON.stringify([ref, snapshot?.name, snapshot?.createdAt]);
}
