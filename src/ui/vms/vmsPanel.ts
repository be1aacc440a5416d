// The tab with all VMs: one. It is told of changes as long as it is seen, and reads what is not known yet, a few VMs at
// a time.
import * as vscode from 'vscode';
import * as v from 'valibot';
import { t } from '@vscode/l10n';
import type { Disposable } from '../../base/disposable.js';
import type { Event } from '../../base/emitter.js';
import type { Log } from '../../base/log.js';
import { mapLimited } from '../../base/mapLimited.js';
import { asFailure } from '../../domain/asFailure.js';
import type { StoredSystem } from '../../domain/system.js';
import type { EnginePort } from '../../engine/enginePort.js';
import type { HealthWatch } from '../../health/healthWatch.js';
import { vmsOnce } from '../../live/sameDaemon.js';
import { unreachableFailure, type VmView, vmKey } from '../../live/views.js';
import { vmsPanelType } from '../../manifest/viewIds.js';
import { connectionLabel } from '../../text/connectionLabel.js';
import { failureMessage } from '../../text/failures/failureMessage.js';
import { roomLines } from '../../text/problems/roomText.js';
import { vmLine } from '../../text/rows/vmList.js';
import type { Attentions, AttentionShare } from '../attentions.js';
import { PagePanel } from '../pagePanel.js';
import type { VmNode } from '../tree/nodes.js';
import type { VmNotes } from '../tree/vmsInTree.js';
import { shownVms, type VmsCommand, vmsCommands, vmsPage } from './vmsPage.js';

/** From a change to the rows: several come together. */
const gatherMs = 200;
/** Ages are written anew. */
const againMs = 60_000;
const readsAtOnce = 3;
/** More are in the tooltips of the VMs. */
const mostRooms = 5;

/** What the page says; anything else is no message. */
const messageShape = v.object({
  command: v.picklist(['ready', 'shown', ...vmsCommands]),
  vms: v.pipe(v.array(v.pipe(v.string(), v.maxLength(2_000))), v.maxLength(20_000)),
});

export interface VmsPanelOptions {
  readonly engine: EnginePort;
  readonly health: Pick<HealthWatch, 'healthOf' | 'onDidChange' | 'sweepIfStale'>;
  readonly attentions: Attentions;
  readonly systems: SystemsShown;
  /** Loaded when the page is opened. */
  readonly notes: () => Promise<VmNotes>;
  readonly log: Log;
}

/** As they were read last. */
interface SystemsShown {
  readonly all: readonly StoredSystem[];
  readonly onDidChange: Event<void>;
  /** Never rejects. */
  read(): Promise<void>;
}

export class VmsPanel implements Disposable {
  readonly #options: VmsPanelOptions;
  readonly #panel: PagePanel;
  readonly #attention: AttentionShare;
  /** How many snapshots each VM had when it was read, or could not be: it is read again when it has others. */
  readonly #asked = new Map<string, number | undefined>();
  /** When each VM was backed up last. */
  #backups: ReadonlyMap<string, number> = new Map();
  /** How many VMs that was asked for. */
  #askedBackups = 0;
  #notes: Promise<VmNotes> | undefined;
  #gathering: NodeJS.Timeout | undefined;
  #reading = Promise.resolve();
  #isReady = false;
  /** The keys of those that pass the filter of the page. */
  #filtered: ReadonlySet<string> | undefined;

  constructor(options: VmsPanelOptions, ended: () => void) {
    const { engine, health, attentions } = options;
    this.#options = options;
    this.#panel = new PagePanel({
      type: vmsPanelType,
      title: t('All VMs'),
      onLook: () => this.#look(),
      onEnd: () => {
        clearTimeout(this.#gathering);
        ended();
      },
    });
    const { store } = this.#panel;
    this.#attention = store.add(attentions.share());
    this.#panel.onMessage((message) => this.#take(message));
    store.add(engine.onDidChange(() => this.#note()));
    store.add(health.onDidChange(() => this.#gather()));
    store.add(options.systems.onDidChange(() => this.#gather()));
    const timer = setInterval(() => this.#gather(), againMs);
    store.add({ dispose: () => clearInterval(timer) });
    this.#panel.draw(vmsPage);
    this.#look();
  }

  reveal(): void {
    this.#panel.reveal();
  }

  dispose(): void {
    this.#panel.dispose();
  }

  get #vms(): readonly VmView[] {
    return vmsOnce(this.#options.engine.connections);
  }

  #look(): void {
    const { engine, health } = this.#options;
    const { visible } = this.#panel;
    const connections = new Set(engine.connections.map(({ uri }) => uri));
    // Snapshots are counted with their VMs: no tree is followed for the page.
    this.#attention.set({ visible, connections, vms: new Set() });
    this.#isReady &&= visible;
    if (visible) {
      health.sweepIfStale();
      void this.#options.systems.read().then(() => this.#gather());
      void this.#readBackups();
    }
    this.#gather();
  }

  /** An operation changes files: what was read before it is no longer true, also while the page is hidden. */
  #note(): void {
    for (const { ref, operation } of this.#vms) {
      if (operation !== undefined) {
        this.#asked.delete(vmKey(ref));
      }
    }
    this.#gather();
  }

  /** Never rejects. */
  async #readBackups(): Promise<void> {
    const isFirst = this.#notes === undefined;
    const notes = await (this.#notes ??= this.#options.notes());
    if (isFirst && !this.#panel.store.isDisposed) {
      this.#panel.store.add(notes.onDidChange(() => void this.#readBackups()));
    }
    this.#askedBackups = this.#vms.length;
    this.#backups = await notes.readBackedUpAt(this.#vms);
    this.#gather();
  }

  #gather(): void {
    if (this.#panel.visible && this.#isReady) {
      this.#gathering ??= setTimeout(() => {
        this.#gathering = undefined;
        this.#show();
      }, gatherMs);
    }
  }

  #show(): void {
    if (!this.#panel.visible) {
      return;
    }
    const { engine, health, log } = this.#options;
    if (this.#vms.length !== this.#askedBackups) {
      void this.#readBackups();
    }
    const now = Date.now();
    const lines = this.#vms.map((view) => vmLine(view, health.healthOf(view.ref)?.found, now));
    const notes = engine.connections.flatMap((connection) => {
      const failure = unreachableFailure(connection);
      return failure === undefined ? [] : [`${connectionLabel(connection)}: ${failureMessage(failure)}`];
    });
    const systems = new Map(
      this.#options.systems.all.flatMap(({ system }) => system.members.map((ref) => [vmKey(ref), system.name])),
    );
    const beside = {
      connections: engine.connections,
      systems,
      backups: this.#backups,
      ...(this.#filtered && { filtered: this.#filtered }),
    };
    void this.#panel.send(shownVms(lines, [...notes, ...roomNotes(this.#vms)], now, beside));
    this.#reading = this.#reading
      .then(() => this.#readUnknown())
      .catch((error: unknown) => log.error(`The VMs cannot be shown: ${String(error)}`));
  }

  /** What changes by it is heard of as any other change. */
  async #readUnknown(): Promise<void> {
    const { engine, log } = this.#options;
    const count = ({ tree, snapshotCount }: VmView): number | undefined => snapshotCount ?? tree?.snapshots.length;
    const unread = this.#vms.filter((view) => {
      const key = vmKey(view.ref);
      return view.operation === undefined && (!this.#asked.has(key) || this.#asked.get(key) !== count(view));
    });
    await mapLimited(unread, readsAtOnce, async ({ ref }) => {
      if (!this.#panel.visible) {
        return;
      }
      try {
        await engine.readTree(ref);
        await engine.readLayers(ref);
      } catch (error) {
        log.debug(`all VMs: ${asFailure(error).message}`);
      }
      const view = engine.findVm(ref);
      if (view !== undefined && view.operation === undefined) {
        this.#asked.set(vmKey(ref), count(view));
      }
    });
  }

  #take(message: unknown): void {
    const parsed = v.safeParse(messageShape, message);
    if (!parsed.success) {
      return;
    }
    const { command, vms } = parsed.output;
    if (command === 'ready') {
      this.#isReady = true;
      this.#gather();
      return;
    }
    if (command === 'shown') {
      this.#filtered = new Set(vms);
      this.#gather();
      return;
    }
    this.#call(command, new Set(vms)).catch((error: unknown) => this.#options.log.error(String(error)));
  }

  /** As the menu of selected rows does. */
  async #call(command: VmsCommand, keys: ReadonlySet<string>): Promise<void> {
    const rows = this.#vms
      .filter(({ ref }) => keys.has(vmKey(ref)))
      .map(({ ref }): VmNode => ({ kind: 'vm', id: vmKey(ref), ref }));
    const [first] = rows;
    if (first !== undefined) {
      await vscode.commands.executeCommand(command, first, rows);
    }
  }
}

function roomNotes(views: readonly VmView[]): readonly string[] {
  const known = views
    .flatMap(({ ref, layers }) => (layers?.rooms ?? []).map((room) => ({ ...room, on: ref.connection })))
    .filter(({ freeBytes, totalBytes }) => freeBytes !== 'unknown' && totalBytes !== 'unknown');
  return roomLines(known)
    .slice(0, mostRooms)
    .map(({ name, value }) => `${name}: ${value}`);
}
