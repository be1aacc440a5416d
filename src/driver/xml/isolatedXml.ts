// What of its host the configuration of a VM names, and a VM without it. A backup may come from a stranger, so what is
// not known here goes. Pure.
import { unplugCable, withoutChildren } from './cloneXml.js';
import { changeChildren, isElement } from './xmlChange.js';
import { attribute, element, elementsOf, find, findAll, textOf, type XmlElement, type XmlNode } from './xmlTree.js';

/**
 * What becomes of it in a VM that is restored. A disk that is no file of the backup is refused always (`copiedXml`).
 *
 * | in the configuration                                    | isolated                               | else |
 * |---------------------------------------------------------|----------------------------------------|------|
 * | media in drives                                         | the drives are empty                   | told |
 * | emulator                                                | goes, unless it is a QEMU of the system | told if not |
 * | kernel, initrd, dtb, loader, template of UEFI variables | refused if not everyone may read it    | told if not of the system |
 * | ACPI tables, files for fw_cfg, ROMs                     | go                                     | told |
 * | arguments for QEMU (`qemu:…`), security labels          | go                                     | told |
 * | `<hostdev>`, `<filesystem>`, `<shmem>`, `<lease>`, vsock, pstore, RAM on files | go              | told |
 * | network cards of networks, bridges, `user`, macvtap     | cables out; no scripts, no programs    | scripts told |
 * | other network cards                                     | go                                     | told |
 * | serial ports, consoles                                  | pseudo terminals, no logs              | files told |
 * | channels                                                | a socket of libvirt's, SPICE           | files told |
 * | displays                                                | VNC and SPICE on 127.0.0.1, no OpenGL  | files told |
 * | audio                                                   | silent                                 | files told |
 * | random numbers                                          | of the kernel                          | files told |
 * | TPM                                                     | emulated, on a state of libvirt's      | files told |
 * | input devices, smart cards, USB of the host             | go                                     | told |
 * | what is not known here                                  | goes                                   | paths told |
 */
export function isolateDomain(domain: XmlElement): XmlElement {
  const kept = domain.children.filter((node) => !isElement(node) || parts.has(node.name));
  const apart = changeChildren({ ...domain, children: kept }, 'sysinfo', (info) =>
    withoutElements(info, (entry) => attribute(entry, 'file') !== undefined),
  );
  return changeChildren(changeChildren(apart, 'os', isolateBoot), 'devices', (devices) => ({
    ...devices,
    children: devices.children.flatMap((node): readonly XmlNode[] => {
      const isolated = isElement(node) ? isolateDevice(node) : node;
      return isolated === undefined ? [] : [isolated];
    }),
  }));
}

/** Files of the host that an isolated VM starts with. They hold no secret if everyone may read them. */
export function bootFiles(domain: XmlElement): readonly string[] {
  const os = find(domain, 'os');
  const named = [...bootReads].flatMap((name) => findAll(os, name).map(textOf));
  const templates = findAll(os, 'nvram').map((nvram) => attribute(nvram, 'template'));
  return [...named, ...templates].flatMap((path) => path?.trim() ?? []).filter((path) => path !== '');
}

/**
 * What a person should know of before the VM starts: each as an element of libvirt's and a path.
 * @param own files of the VM
 */
export function hostParts(domain: XmlElement, own: ReadonlySet<string>): readonly string[] {
  const told = new Set<string>();
  const tellPaths = (part: string, node: XmlElement): void => {
    for (const text of [...Object.values(node.attributes), textOf(node) ?? '']) {
      const path = text.trim();
      if (path.startsWith('/') && !own.has(path) && !isOfSystem(path)) {
        told.add(`${part} ${path}`);
      }
    }
    elementsOf(node).forEach((child) => tellPaths(part, child));
  };
  for (const part of elementsOf(domain)) {
    if (part.name === 'devices' || part.name === 'os') {
      elementsOf(part).forEach((device) => {
        if (devicesOfHost.has(device.name) || cardsOfHost.has(attribute(device, 'type') ?? '')) {
          told.add(device.name);
        }
        tellPaths(device.name, device);
      });
    } else if (part.name.includes(':') || (part.name === 'seclabel' && attribute(part, 'type') !== 'dynamic')) {
      told.add(part.name);
    } else if (!wordsOfUser.has(part.name)) {
      tellPaths(part.name, part);
    }
  }
  return [...told];
}

const wordsOfUser: ReadonlySet<string> = new Set(['name', 'title', 'description', 'metadata']);
const devicesOfHost: ReadonlySet<string> = new Set(['hostdev', 'filesystem', 'shmem', 'lease']);
const cardsOfHost: ReadonlySet<string> = new Set(['hostdev', 'vdpa', 'vhostuser']);

const ofSystem =
  /^\/(?:(?:usr|nix\/store|run\/current-system)\/.|dev\/(?:u?random|hwrng|net\/tun|vhost-net|pts\/\d+)$)/u;

/** No secret, nothing of a user, and on every host. */
function isOfSystem(path: string): boolean {
  return ofSystem.test(path) && !/\/\.{0,2}(?:\/|$)/u.test(path.slice(1));
}

/** Of libvirt's schema (domaincommon.rng, 9.0 to 12): settings of the VM itself, and limits for it. */
const parts: ReadonlySet<string> = new Set([
  ...['name', 'uuid', 'hwuuid', 'genid', 'title', 'description', 'metadata', 'os', 'features', 'cpu', 'clock', 'pm'],
  ...['memory', 'currentMemory', 'maxMemory', 'memoryBacking', 'memtune', 'numatune', 'vcpu', 'vcpus', 'cputune'],
  ...['iothreads', 'iothreadids', 'defaultiothread', 'blkiotune', 'throttlegroups', 'resource', 'perf', 'sysinfo'],
  ...['on_poweroff', 'on_reboot', 'on_crash', 'on_lockfailure', 'keywrap', 'launchSecurity', 'devices'],
]);

const bootReads: ReadonlySet<string> = new Set(['loader', 'kernel', 'initrd', 'dtb']);
const bootParts: ReadonlySet<string> = new Set([
  ...bootReads,
  ...['type', 'nvram', 'firmware', 'boot', 'smbios', 'bios', 'bootmenu', 'cmdline'],
]);

function isolateBoot(os: XmlElement): XmlElement {
  const own = withoutElements(os, ({ name }) => !bootParts.has(name));
  return changeChildren(own, 'loader', (loader) =>
    attribute(loader, 'readonly') === 'no'
      ? { ...loader, attributes: { ...loader.attributes, readonly: 'yes' } }
      : loader,
  );
}

type Isolate = (device: XmlElement) => XmlElement | undefined;

function isolateDevice(device: XmlElement): XmlElement | undefined {
  const isolated = devices.get(device.name)?.(device);
  return isolated === undefined ? undefined : withoutElements(isolated, ({ name }) => name === 'rom');
}

const asItIs: Isolate = (device) => device;

function onlyTypes(...types: readonly string[]): Isolate {
  return (device) => (types.includes(attribute(device, 'type') ?? '') ? device : undefined);
}

const devices: ReadonlyMap<string, Isolate> = new Map<string, Isolate>([
  ['emulator', (emulator) => (isSystemQemu(textOf(emulator)?.trim() ?? '') ? emulator : undefined)],
  ['disk', isolateDisk],
  ...['controller', 'hub', 'memballoon', 'watchdog', 'panic', 'iommu', 'nvram', 'sound'].map(
    (name) => [name, asItIs] as const,
  ),
  ['interface', isolateCard],
  ['input', onlyTypes('mouse', 'keyboard', 'tablet')],
  ['audio', (audio) => element('audio', { id: attribute(audio, 'id') ?? '1', type: 'none' })],
  ['video', isolateVideo],
  ['graphics', isolateDisplay],
  ['redirdev', onlyTypes('spicevmc')],
  ['smartcard', onlyTypes('spicevmc')],
  ['rng', isolateRandom],
  ['tpm', isolateTpm],
  ['memory', (memory) => (['dimm', 'virtio-mem'].includes(attribute(memory, 'model') ?? '') ? memory : undefined)],
  ['serial', isolatePort],
  ['parallel', isolatePort],
  ['console', isolatePort],
  ['channel', isolateChannel],
]);

function isSystemQemu(path: string): boolean {
  return isOfSystem(path) && /\/qemu[^/]*$/u.test(path);
}

function isolateDisk(disk: XmlElement): XmlElement {
  return isDrive(disk)
    ? { ...withoutChildren(disk, 'source', 'backingStore', 'mirror'), attributes: { ...disk.attributes, type: 'file' } }
    : disk;
}

/** For media, which are no part of a backup. */
export function isDrive(disk: XmlElement): boolean {
  return ['cdrom', 'floppy'].includes(attribute(disk, 'device') ?? 'disk');
}

function isolateCard(card: XmlElement): XmlElement | undefined {
  const type = attribute(card, 'type') ?? '';
  const takesOver = attribute(find(card, 'source'), 'mode') === 'passthrough';
  return ['network', 'bridge', 'user', 'direct'].includes(type) && !takesOver
    ? unplugCable(
        withoutChildren(card, 'script', 'downscript', 'backend', 'portForward', ...(type === 'user' ? ['source'] : [])),
      )
    : undefined;
}

function isolateVideo(video: XmlElement): XmlElement {
  const own = withoutElements(video, (child) => child.name === 'driver' && attribute(child, 'name') === 'vhostuser');
  return changeChildren(own, 'model', (model) => withoutChildren(model, 'acceleration'));
}

function isolateDisplay(display: XmlElement): XmlElement | undefined {
  const { type = '', keymap, passwd, passwdValidTo } = display.attributes;
  if (type !== 'vnc' && type !== 'spice') {
    return undefined;
  }
  const isShown = attribute(find(display, 'listen'), 'type') !== 'none';
  const listen = isShown ? { type: 'address', address: '127.0.0.1' } : { type: 'none' };
  const own = Object.entries({ keymap, passwd, passwdValidTo }).filter((entry) => entry[1] !== undefined);
  return {
    ...display,
    attributes: {
      type,
      ...(isShown && { port: '-1', autoport: 'yes' }),
      ...(Object.fromEntries(own) as XmlElement['attributes']),
    },
    children: [element('listen', listen), ...withoutChildren(display, 'listen', 'gl').children],
  };
}

function isolateRandom(rng: XmlElement): XmlElement {
  return changeChildren(rng, 'backend', (backend) =>
    attribute(backend, 'model') === 'builtin'
      ? element('backend', { model: 'builtin' })
      : element('backend', { model: 'random' }, ['/dev/urandom']),
  );
}

function isolateTpm(tpm: XmlElement): XmlElement | undefined {
  const { type, version } = find(tpm, 'backend')?.attributes ?? {};
  return type === 'emulator'
    ? changeChildren(tpm, 'backend', () => element('backend', { type, ...(version !== undefined && { version }) }))
    : undefined;
}

function isolatePort(port: XmlElement): XmlElement {
  const { tty: _, type, ...attributes } = port.attributes;
  const own = withoutChildren(port, 'source', 'protocol', 'log');
  return { ...own, attributes: { ...attributes, type: type === 'null' ? 'null' : 'pty' } };
}

function isolateChannel(channel: XmlElement): XmlElement | undefined {
  return ['unix', 'pty', 'spicevmc', 'qemu-vdagent'].includes(attribute(channel, 'type') ?? '')
    ? withoutChildren(channel, ...(attribute(channel, 'type') === 'qemu-vdagent' ? [] : ['source']), 'log')
    : undefined;
}

function withoutElements(parent: XmlElement, goes: (child: XmlElement) => boolean): XmlElement {
  return { ...parent, children: parent.children.filter((node) => !isElement(node) || !goes(node)) };
}
