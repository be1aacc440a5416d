// What QEMU needs to start the VM of a snapshot, beside its disks: values only.

/** A file that its configuration names. */
export interface NeededFile {
  /** `template`: of UEFI variables, which QEMU needs only where the VM has none. */
  readonly what: 'loader' | 'kernel' | 'initrd' | 'dtb' | 'template';
  readonly file: string;
}

export interface StartNeeds {
  readonly files: readonly NeededFile[];
  /** What libvirt says against its QEMU or its machine type; absent: nothing, or it was not to be asked. */
  readonly unfit?: { readonly emulator: string; readonly said: string };
}
