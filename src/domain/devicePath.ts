// Which paths name a device of the host. Knows the name alone: nobody looks at the host for it.

/** Only these can be overlays on devices: what lies elsewhere is a file, or is made as one. */
export function isDevicePath(path: string): boolean {
  return path.startsWith('/dev/') && !path.startsWith('/dev/shm/');
}

const ofSystem = /^\/(?:usr|boot|nix\/store|run\/current-system)\/./u;

/** On every host, and nothing of a user. @param path resolved */
export function isOfSystem(path: string): boolean {
  return ofSystem.test(path) && !/\/\.{0,2}(?:\/|$)/u.test(path.slice(1));
}
