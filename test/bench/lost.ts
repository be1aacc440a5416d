// How soon a daemon that is lost is told as lost, and one that is back as back, while somebody looks.
import { setTimeout as wait } from 'node:timers/promises';
import { defineTestGuest } from '../../scripts/guest/testGuest.mjs';
import { libvirtHypervisor } from '../../src/driver/connection/openLibvirt.js';
import { Engine } from '../../src/engine/engine.js';
import { silentLog } from '../silentLog.js';
import { median, onPrivateDaemon, report, timed } from './measure.js';

const rounds = 3;
/** Longer than a back-off that doubles would stay small. */
const awayMs = 9_000;
/** One that ends sooner after it was there is taken for a crash loop, and asked less and less often. */
const steadyMs = 11_000;

void onPrivateDaemon(async (daemon) => {
  await defineTestGuest(daemon, { name: 'web', agent: false });
  const engine = new Engine({ open: libvirtHypervisor(silentLog, daemon.env), log: silentLog });
  engine.setConnections([daemon.uri]);
  engine.setAttention({ visible: true, connections: new Set([daemon.uri]), vms: new Set() });
  await engine.connect(daemon.uri);
  const isLost = (): boolean => engine.connections[0]?.lastSeenAt !== undefined;
  const isBack = (): boolean => engine.connections[0]?.state === 'connected' && !isLost();
  const until = (isTrue: () => boolean): Promise<number> =>
    timed(
      () =>
        new Promise<void>((resolve) => {
          const look = (): void => {
            if (isTrue()) {
              listening.dispose();
              resolve();
            }
          };
          const listening = engine.onDidChange(look);
          look();
        }),
    );
  const times = { gone: [] as number[], back: [] as number[], hangs: [] as number[], answers: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    await wait(steadyMs);
    const gone = until(isLost);
    await daemon.killDaemon();
    times.gone.push(await gone);
    await wait(awayMs);
    await daemon.startDaemon();
    times.back.push(await until(isBack));
    const hangs = until(isLost);
    await daemon.hangDaemon();
    times.hangs.push(await hangs);
    await daemon.unhangDaemon();
    times.answers.push(await until(isBack));
  }
  engine.dispose();
  const told = (name: string, all: readonly number[], most: number): void =>
    report({ name, ours: median(all), baseline: most, unit: 'ms', goal: 1, against: 'a limit' });
  told('a daemon that ends is told as lost', times.gone, 1_000);
  told('one that is back, as back', times.back, 3_000);
  told('one that hangs, as lost', times.hangs, 10_000);
  told('one that goes on, as back', times.answers, 3_000);
});
