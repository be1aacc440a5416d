// How ssh reaches a guest now: looked up each time, because a revert, a fork or a clone changes it.
import { networkInterfaces } from 'node:os';
import { systemClock } from '../../../base/clock.js';
import { mapLimited } from '../../../base/mapLimited.js';
import { Failure } from '../../../domain/failure.js';
import type { GuestAddress } from '../../../domain/guestAddress.js';
import { isSameHost } from '../../../driver/sharedHost.js';
import { guestAddress, portAtHost } from '../../../engine/guestAddress.js';
import { sharingOf } from '../../../hosts/sharedLogin.js';
import { sshCommand, type SshCommand, type SshHost, type SshWish } from '../../../hosts/sshCommand.js';
import type { VmView } from '../../../live/views.js';
import { requireGuestOn } from '../../../session/guestInSession.js';
import type { Session } from '../../../session/session.js';
import { wantedConnections } from '../../../session/wantedConnections.js';
import { guestFailure } from '../guestFailure.js';
import { type KeptIdentity, type KnownGuest, knownGuest, sshPort } from '../make/sshKeys.js';
import { calledBySsh } from './sshNames.js';

export interface GuestWay {
  /** ssh keeps its host key under that. */
  readonly uuid: string;
  readonly address: string;
  /** The port of the host that leads to the guest. Absent: the guest has an address of its own. */
  readonly port?: number;
  /** Absent: nobody has made its host key and its user for us. */
  readonly known?: KnownGuest;
  /** What leads there through the host of the VM. */
  readonly proxy?: SshCommand;
}

interface WayWish {
  readonly session: Session;
  readonly environment: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** A guest that starts tells its address a while later. */
  readonly atMostMs?: number;
}

const usualMs = 10_000;
const atOnce = 8;

/** By its name for ssh. Those on other hosts are looked at where no VM here is called so. @throws as `guestWay` */
export async function wayByName(stem: string, wish: WayWish): Promise<GuestWay> {
  const { session, environment } = wish;
  const here = await session.reachAll().then(
    ({ views }) => views,
    (error: unknown) => {
      if (session.settings.connections.length === 0) {
        throw error;
      }
      return [];
    },
  );
  let found = calledBySsh(here, stem);
  if (found.length === 0 && session.settings.connections.length > 0) {
    session.engine.setConnections(wantedConnections(session.settings.connections, { environment }));
    found = calledBySsh((await session.reachAll()).views, stem);
  }
  const [view, ...others] = found;
  if (view === undefined) {
    throw new Failure('notFound', { vm: stem });
  }
  if (others.length > 0) {
    const candidates = found.map(({ vm, ref }) => `${vm.name} (${vm.uuid}, ${ref.connection})`);
    throw new Failure('ambiguous', { vm: stem, candidates });
  }
  return guestWay(view, wish);
}

/** @throws Failure `refused` where it is not on, `cancelled`, `noAddress`, and as `requireAlone` */
export async function guestWay(
  view: VmView,
  { session, environment, signal, atMostMs = usualMs }: WayWish,
): Promise<GuestWay> {
  const { engine, folder } = session;
  const { ref, vm } = view;
  requireGuestOn(vm);
  const login = await engine.openHost(ref.connection, 'toRead');
  const host = await login?.sshHost?.();
  const at = (await portAtHost(engine.guests, ref, sshPort)) ?? { address: await addressOf() };
  const known = await knownGuest(folder, identityOf(view), originsOf(view, session));
  return {
    ...{ uuid: vm.uuid, ...at },
    ...(known !== undefined && { known }),
    ...(host !== undefined && { proxy: await through(host, at, environment) }),
  };

  async function addressOf(): Promise<string> {
    const own = login === undefined ? ownAddresses() : new Set<string>();
    const addressesOf = async (): Promise<readonly GuestAddress[]> =>
      (await engine.guests.addressesOf(ref)).filter(({ address }) => !own.has(address));
    const found = await guestAddress(atMostMs, { clock: systemClock, signal, addressesOf });
    if (found === 'stopped') {
      throw new Failure('cancelled', {});
    }
    if (found === 'late') {
      throw guestFailure('noAddress', { vm: vm.name });
    }
    const { address, leftMs } = found;
    await requireAlone(view, address, { session, signal, atMostMs: leftMs });
    return address;
  }
}

/**
 * A fork in the network of its original VM has the same address, and the same key: nothing tells who would answer. So
 * has a clone whose guest names itself to the DHCP server as the original does: libvirt then knows that address of the
 * last one that asked for it, and none of the other.
 *
 * @throws Failure `sameAddress`, `maybeSameAddress`, where another one of the family runs in that network
 */
async function requireAlone(
  view: VmView,
  address: string,
  { session, signal, atMostMs }: Required<Omit<WayWish, 'environment'>>,
): Promise<void> {
  const { engine } = session;
  const others = familyOf(view, session).filter(({ vm }) => vm.power === 'running');
  const own = others.length === 0 ? [] : await engine.guests.networksOf(view.ref);
  await mapLimited(others, atOnce, async ({ ref, vm }) => {
    const networks = await engine.guests.networksOf(ref).catch(() => own);
    if (!networks.some((one) => own.includes(one))) {
      return;
    }
    let theirs: readonly GuestAddress[] = [];
    const addressesOf = async (): Promise<readonly GuestAddress[]> =>
      (theirs = await engine.guests.addressesOf(ref).catch(() => []));
    const found = await guestAddress(atMostMs, { clock: systemClock, signal, addressesOf });
    if (found === 'stopped') {
      throw new Failure('cancelled', {});
    }
    const kind = theirs.some((one) => one.address === address) ? 'sameAddress' : 'maybeSameAddress';
    if (kind === 'sameAddress' || typeof found === 'string') {
      throw guestFailure(kind, { vm: view.vm.name, other: vm.name });
    }
  });
}

/** On the same host, over whichever connection: all that were made of one VM, be it gone, and that VM. */
function familyOf({ ref, vm }: VmView, { engine }: Session): readonly VmView[] {
  const host = engine.connections.find(({ uri }) => uri === ref.connection)?.capabilities;
  const all = engine.connections
    .filter(({ uri, capabilities }) => uri === ref.connection || isSameHost(capabilities, host))
    .flatMap(({ vms }) => vms);
  const family = new Set([vm.uuid]);
  for (let size = 0; size < family.size;) {
    size = family.size;
    for (const { vm: one } of all) {
      const both = [one.uuid, ...(one.clone === undefined ? [] : [one.clone.of])];
      if (both.some((uuid) => family.has(uuid))) {
        both.forEach((uuid) => family.add(uuid));
      }
    }
  }
  return all.filter((one) => one.vm.uuid !== vm.uuid && family.has(one.vm.uuid));
}

function identityOf({ vm: { uuid, clone } }: VmView): KeptIdentity {
  return { uuid, ...(clone?.hostKey !== undefined && { hostKey: clone.hostKey }) };
}

/** The VMs that it was cloned from, the nearest first, as far as they or their marks exist. */
function originsOf(view: VmView, { engine }: Session): readonly KeptIdentity[] {
  const origins: KeptIdentity[] = [];
  for (let of = view.vm.clone?.of; of !== undefined && origins.every(({ uuid }) => uuid !== of);) {
    const origin = engine.findVm({ connection: view.ref.connection, uuid: of });
    origins.push(origin === undefined ? { uuid: of } : identityOf(origin));
    of = origin?.vm.clone?.of;
  }
  return origins;
}

/** A guest that claims one would be this computer. */
function ownAddresses(): ReadonlySet<string> {
  return new Set(
    Object.values(networkInterfaces())
      .flatMap((all) => all ?? [])
      .map(({ address }) => address),
  );
}

/** In the login of the connection where that is open. */
async function through(
  host: SshHost,
  { address, port = sshPort }: Pick<GuestWay, 'address' | 'port'>,
  environment: NodeJS.ProcessEnv,
): Promise<SshCommand> {
  const commandFor = (more: Pick<SshWish, 'sharedLogin'>): SshCommand =>
    sshCommand(host, { isBatch: false, ...more }, '');
  const { wish } = await sharingOf(commandFor, environment);
  const { program, args } = commandFor(wish);
  return { program, args: ['-W', `[${address}]:${port}`, ...args.slice(0, -1)] };
}
