// The structures of remote_protocol.x that several procedures share, as codecs.
// Knows how they travel, not what they mean.
import {
  type Codec,
  exactI64,
  exactU64,
  f64,
  i32,
  opaque,
  optional,
  string,
  struct,
  u32,
  union,
  type ValueOf,
} from './xdr/codec.js';
import { REMOTE_STRING_MAX } from './protocol.js';

/** remote_nonnull_string. */
export const text = string(REMOTE_STRING_MAX);
/** remote_string: may be absent. */
export const optionalText = optional(text);
/**
 * A string whose UTF-8 stays undecoded: for documents of which mostly the head is read. A view of what came from the
 * socket, some 64 KB: to keep the bytes, copy them.
 */
export const utf8Bytes = opaque(REMOTE_STRING_MAX);

const uuidForm = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/;

/** remote_uuid: 16 bytes on the wire, 36 lower-case characters here. */
export const uuid: Codec<string> = {
  minSize: 16,
  read: (r) => {
    const hex = r.fixedView(16).toString('hex');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  },
  write: (w, value) => {
    const lower = value.toLowerCase();
    if (!uuidForm.test(lower)) {
      throw new RangeError('not a UUID of 36 characters');
    }
    w.writeFixed(Buffer.from(lower.replaceAll('-', ''), 'hex'));
  },
};

/** remote_nonnull_domain. `id` is -1 for a VM that is off; the daemon looks at the UUID only. */
export const domain = struct({ name: text, uuid, id: i32 });
export type Domain = ValueOf<typeof domain>;

/** remote_nonnull_domain_snapshot. */
export const domainCheckpoint = struct({ name: text, dom: domain });
export const domainSnapshot = struct({ name: text, dom: domain });

/** remote_nonnull_network. */
export const network = struct({ name: text, uuid });

/** remote_nonnull_nwfilter. */
export const nwfilter = struct({ name: text, uuid });

/** remote_nonnull_storage_pool. */
export const storagePool = struct({ name: text, uuid });
export type StoragePool = ValueOf<typeof storagePool>;

/** remote_nonnull_storage_vol: `pool` is the pool's name, `key` the path of a file. */
export const storageVol = struct({ pool: text, name: text, key: text });
export type StorageVol = ValueOf<typeof storageVol>;

const zeroOrOne: Codec<boolean> = {
  minSize: 4,
  read: (r) => r.i32() !== 0,
  write: (w, value) => w.i32(value ? 1 : 0),
};

/**
 * remote_typed_param: the type's names are those of virTypedParameterType. 64-bit values are bigints only above 2^53.
 */
export const typedParameter = struct({
  field: text,
  value: union({
    int: { tag: 1, codec: i32 },
    uint: { tag: 2, codec: u32 },
    llong: { tag: 3, codec: exactI64 },
    ullong: { tag: 4, codec: exactU64 },
    double: { tag: 5, codec: f64 },
    boolean: { tag: 6, codec: zeroOrOne },
    string: { tag: 7, codec: text },
  }),
});
export type TypedParameter = ValueOf<typeof typedParameter>;

/** The last one wins if a field comes twice. */
export function typedParameterMap(
  parameters: readonly TypedParameter[],
): ReadonlyMap<string, number | bigint | boolean | string> {
  return new Map(parameters.map(({ field, value }) => [field, value.value]));
}
