// What a host has for VMs, and what its VMs take of it: values only.

export interface HostLoad {
  readonly processors: number;
  readonly memoryBytes: number;
  /** That it could give to more VMs; absent: not known. */
  readonly availableBytes?: number;
  /** How many of its processors were busy in a second; absent: not known. */
  readonly busy?: number;
  /** How libvirt could put it to sleep: `suspend_mem`, `suspend_disk`, `suspend_hybrid`. */
  readonly sleeps: readonly string[];
  /** Those that are started. */
  readonly pools: readonly { readonly name: string; readonly type: string; readonly freeBytes: number }[];
  /** The load of the VMs that run, by UUID. */
  readonly vms: ReadonlyMap<string, VmLoad>;
}

/** What is not known is absent. */
export interface VmLoad {
  readonly processors?: number;
  /** How many of its host's processors it kept busy in a second. */
  readonly used?: number;
  /** How much of the host's RAM it has. */
  readonly residentBytes?: number;
  /** That it wrote to its RAM in a second, when somebody measured that. */
  readonly dirtyBytes?: number;
}
