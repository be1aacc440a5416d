// Which layer holds which bytes of a virtual disk: what the picture is painted from. Values only.

export const extentKinds = ['data', 'zero', 'compressed'] as const;

/** Sorted, without overlap; what lies between two extents is not in this row. */
export interface Extent {
  /** Bytes from the start of the virtual disk. */
  readonly start: number;
  readonly length: number;
  readonly kind: (typeof extentKinds)[number];
}

/** One layer: a file of the chain, or an internal snapshot inside one. */
export interface BlockRow {
  /** Stable within a map. */
  readonly id: string;
  readonly kind: 'base' | 'overlay' | 'internalSnapshot' | 'present';
  readonly file: string;
  /** The snapshot whose state this row and all below it are. */
  readonly snapshot?: string;
  /** Id of the row of an earlier state in the same image, which it shares all with that it has not of its own. */
  readonly after?: string;
  /** `unreadable`: there is no map of it; then `allocatedBytes` is all that is known. */
  readonly extents: readonly Extent[] | 'unreadable';
  readonly allocatedBytes?: number;
}

export interface BlockMap {
  readonly target: string;
  readonly virtualBytes: number;
  /** The smallest piece that can belong to another layer than its neighbour. */
  readonly clusterBytes: number;
  /** The base first, the VM's present state last; rows of internal snapshots in the order of the tree. */
  readonly rows: readonly BlockRow[];
  /** By extent of the whole disk: which row's content the VM reads there now, as an index into `rows`. */
  readonly reads: readonly { readonly start: number; readonly length: number; readonly row: number }[];
  /** `estimate`: a VM wrote while it was read. */
  readonly exact: 'exact' | 'estimate';
  /** Why there is no map of blocks; rows are sized by what libvirt tells then. */
  readonly unreadable?: 'otherHost' | 'denied' | 'noQemuImg' | 'notQcow2' | 'dataFile' | 'failed';
  /** Why some layers have no map, where others have one: what the VM reads there is not known. */
  readonly partly?: NonNullable<BlockMap['unreadable']>;
  /** The format of the image that is `notQcow2`. */
  readonly format?: string;
  /** Milliseconds since 1970. */
  readonly readAt: number;
}
