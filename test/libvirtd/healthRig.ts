// What the tests of the health checks share: an inventory on a private daemon, another client that makes and changes
// snapshots, and what the checks find of a VM.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { healthOf } from '../../src/diagnosis/health.js';
import { forecast } from '../../src/diagnosis/growth.js';
import type { CheckId, Problem } from '../../src/diagnosis/problem.js';
import { checkOf } from '../../src/diagnosis/problemTable.js';
import { type Thresholds, usualThresholds } from '../../src/diagnosis/thresholds.js';
import { type LiveRig, startLiveRig } from './engineRig.js';

export interface Look {
  /** Looks into the files too. */
  readonly examine?: boolean;
  readonly thresholds?: Partial<Thresholds>;
  readonly full?: boolean;
}

export interface Judged {
  readonly found: readonly CheckId[];
  readonly unjudged: readonly CheckId[];
}

export class HealthRig {
  constructor(readonly live: LiveRig) {}

  /** With one disk, off. */
  async vm(name: string): Promise<string> {
    const { disks } = await this.live.guest({ name, disks: ['emptyQcow2'], agent: false });
    return disks[0]!;
  }

  external(name: string, snapshot: string): Promise<string> {
    return this.live.virsh('snapshot-create-as', name, snapshot, '--disk-only');
  }

  /** The snapshot's XML changed by another client. */
  async redefine(
    name: string,
    snapshot: string,
    change: (xml: string) => string,
    ...flags: readonly string[]
  ): Promise<void> {
    const { live } = this;
    const file = join(live.daemon.dir, `${name}-${snapshot}.xml`);
    await writeFile(file, change(await live.virsh('snapshot-dumpxml', name, snapshot, '--security-info')));
    await live.virsh('snapshot-create', name, file, '--redefine', ...flags);
  }

  async judged(name: string, { examine, thresholds, full }: Look = {}): Promise<Judged> {
    const { engine, uri } = this.live;
    await engine.refresh({ connection: uri });
    const [known] = engine.findVms(name, uri);
    await engine.readTree(known!.ref);
    await engine.sweep(uri);
    const examined: readonly Problem[] | undefined =
      examine === true ? (await engine.examine(known!.ref)).diagnoses.map(({ problem }) => problem) : undefined;
    if (examine === true) {
      await engine.readLayers(known!.ref);
    }
    const view = engine.findVm(known!.ref)!;
    const now = Date.now();
    const samples = [0, 4, 8].map((hours) => [hours * 3_600_000, 1_000 - (full === true ? 100 * hours : 0)] as const);
    const seen = forecast(samples);
    const { found, unjudged } = healthOf({
      ...view,
      capabilities: this.live.hypervisor().capabilities,
      examined,
      forecasts: new Map(
        seen === undefined ? [] : (view.layers?.rooms ?? []).map(({ folder }) => [folder, seen] as const),
      ),
      thresholds: { ...usualThresholds, freePercent: 0, ...thresholds },
      now,
    });
    return { found: found.flatMap((problem) => checkOf(problem) ?? []), unjudged };
  }

  /** What is wrong with the VM; of a libvirt that is known to be bad all of them would tell. */
  async found(name: string, look?: Look): Promise<readonly CheckId[]> {
    const { found } = await this.judged(name, look);
    return found.filter((check) => check !== 'knownBadLibvirt');
  }
}

export async function startHealthRig(): Promise<HealthRig> {
  const live = await startLiveRig();
  await live.engine.connect(live.uri);
  return new HealthRig(live);
}
