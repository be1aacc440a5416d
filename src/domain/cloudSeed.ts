// What cloud-init reads on the seed of a VM that we made, and what a clone of it reads instead, so that it is another
// computer from its first start on. Pure.
import bootHook from './cloneIdentity.sh';
import guestProxy from './guestProxy.sh';
import type { NewVm } from './clone.js';
import type { NewSeed } from './hostFiles.js';
import type { Vm, VmDisk } from './vm.js';

/** By the names of its files. */
export type SeedTexts = ReadonlyMap<string, string>;

interface SeedKeys {
  readonly privateKey: string;
  readonly publicKey: string;
}

/** What a clone has of its own. */
interface SeedOfClone extends Pick<NewSeed, 'clone' | 'cards'> {
  readonly hostKey: SeedKeys;
}

const seedName = /\/virt-rewind-lab-[\da-f]{12}\/seed\.iso$|\/[^/]+\.seed\.iso$/u;
const macPattern = /(?<![\da-f:])(?:[\da-f]{2}:){5}[\da-f]{2}(?![\da-f:])/giu;
const configHead = '#cloud-config\n';
const mostHostName = 63;

/** Whether we call seeds so; what it is, its content tells. */
export function isSeedName(path: string): boolean {
  return seedName.test(path);
}

/** Whether it has a seed that we made in one of its drives. */
export function hasSeed({ disks }: Pick<Vm, 'disks'>): boolean {
  return disks.some(isSeedDrive);
}

export function isSeedDrive({ device, source = '' }: Pick<VmDisk, 'device' | 'source'>): boolean {
  return device === 'cdrom' && isSeedName(source);
}

export function seedOfClone(folder: string, name: string): string {
  return `${folder}/${name}.seed.iso`;
}

export function metaData({ uuid, name }: NewVm): string {
  return `instance-id: ${uuid}\nlocal-hostname: ${name}\n`;
}

/** Vendor data that tells the programs of the guest of a proxy. @param url of our own making */
export function proxyData(url: string): string {
  return `#cloud-boothook\n#!/bin/sh\nproxy=${url}\n${guestProxy}`;
}

/**
 * The DHCP client ID is made of the MAC address too: by default systemd-networkd takes the machine ID, which a copy has
 * when it asks first.
 */
export function networkByMac(mac: string): string {
  const net0 = { match: { macaddress: mac }, dhcp4: true, 'dhcp-identifier': 'mac' };
  return `${JSON.stringify({ version: 2, ethernets: { net0 } })}\n`;
}

/**
 * | of the seed    | in the clone's                                                                           |
 * |----------------|------------------------------------------------------------------------------------------|
 * | instance ID    | the UUID of the clone: cloud-init configures it anew, with host keys of its own           |
 * | host name      | the name of the clone                                                                    |
 * | network-config | with the MAC addresses of the clone; one by DHCP, where there was none                    |
 * | user-data      | where it is ours: with a host key of the clone's                                         |
 * | vendor-data    | ours, for a new machine ID                                                               |
 */
export function writeCloneSeed(seed: SeedTexts, { clone, cards, hostKey }: SeedOfClone): SeedTexts {
  const [first] = cards.values();
  const network = seed.get('network-config');
  const written = network === undefined ? first && networkByMac(first) : withOwnCards(network, cards);
  return new Map([
    ...seed,
    ['meta-data', metaData({ ...clone, name: hostNameOf(clone) })],
    ...(written === undefined ? [] : ([['network-config', written]] as const)),
    ['user-data', withHostKey(seed.get('user-data') ?? '', hostKey)],
    ['vendor-data', `#cloud-boothook\n#!/bin/sh\n${bootHook}`],
  ]);
}

/** Type and key, without a comment; absent: the guest makes it itself. */
export function hostKeyIn(seed: SeedTexts): string | undefined {
  const shown = ownUserData(seed.get('user-data') ?? '')?.ssh_keys.ed25519_public;
  return /^ssh-ed25519 [\w+/]{68}(?= |$)/u.exec(shown ?? '')?.[0];
}

function hostNameOf({ name, uuid }: NewVm): string {
  const kept = name.replaceAll(/[^A-Za-z0-9.-]+/gu, '-').slice(0, mostHostName);
  return kept.replaceAll(/^[.-]+|[.-]+$/gu, '') || `vm-${uuid.slice(0, 8)}`;
}

/**
 * A card that was replaced has an address that the seed does not name: it takes the place of one that is gone. What
 * names no card by its address fits the clone too.
 */
function withOwnCards(text: string, cards: ReadonlyMap<string, string>): string {
  const named = [...new Set((text.match(macPattern) ?? []).map((mac) => mac.toLowerCase()))];
  const free = [...cards].flatMap(([mac, own]) => (named.includes(mac) ? [] : [own]));
  const owns = new Map(named.map((mac) => [mac, cards.get(mac) ?? free.shift() ?? mac]));
  return byMac(text.replaceAll(macPattern, (mac) => owns.get(mac.toLowerCase()) ?? mac));
}

/** A seed of an earlier version left the DHCP client ID to the guest. */
function byMac(text: string): string {
  const [, mac] =
    /^\{"version":2,"ethernets":\{"net0":\{"match":\{"macaddress":"([\da-f:]+)"\},"dhcp4":true\}\}\}\n$/u.exec(text) ??
    [];
  return mac === undefined ? text : networkByMac(mac);
}

interface OwnUserData {
  readonly ssh_keys: { readonly ed25519_private: string; readonly ed25519_public: string };
}

/** Undefined: somebody else wrote it, in YAML. */
function ownUserData(text: string): OwnUserData | undefined {
  if (!text.startsWith(`${configHead}{`)) {
    return undefined;
  }
  try {
    const read = JSON.parse(text.slice(configHead.length)) as { readonly ssh_keys?: Partial<OwnUserData['ssh_keys']> };
    const keys = read.ssh_keys;
    return typeof keys?.ed25519_private === 'string' && typeof keys.ed25519_public === 'string'
      ? (read as OwnUserData)
      : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) {
      return undefined;
    }
    throw error;
  }
}

function withHostKey(text: string, { privateKey, publicKey }: SeedKeys): string {
  const own = ownUserData(text);
  if (own === undefined) {
    return text;
  }
  const changed = { ...own, ssh_keys: { ...own.ssh_keys, ed25519_private: privateKey, ed25519_public: publicKey } };
  return `${configHead}${JSON.stringify(changed, undefined, 1)}\n`;
}
