// Which paths name a device of the host. Knows the name alone: nobody looks at the host for it.

/** Only these can be overlays on devices: what lies elsewhere is a file, or is made as one. */
export function isDevicePath(path: string): boolean {
  return path.startsWith('/dev/') && !path.startsWith('/dev/shm/');
}
