// The shape of a lab file, as labFile.schema.json has it for other tools; a test holds the two together. Pure.
import { cloneNetworks } from '../domain/clone.js';
import * as v from 'valibot';

/** To JavaScript a list is an object too. */
const noList = v.custom<object>((value) => typeof value === 'object' && value !== null && !Array.isArray(value));

function map<const T extends v.ObjectEntries>(
  entries: T,
): v.SchemaWithPipe<readonly [typeof noList, v.StrictObjectSchema<T, undefined>]> {
  return v.pipe(noList, v.strictObject(entries));
}

const mostSeconds = 86_400;
export const usualSeconds = 120;

const keyPattern = /^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$/u;
const key = v.pipe(v.string(), v.regex(keyPattern));
const path = v.pipe(v.string(), v.minLength(1), v.maxLength(1000));
const text = v.pipe(v.string(), v.maxLength(65_536));
const seconds = v.pipe(v.number(), v.minValue(0), v.maxValue(mostSeconds));
const sizePattern = /^([1-9][0-9]{0,6}) ?(MiB|GiB)$/u;
/** In MiB. */
const size = v.pipe(
  v.string(),
  v.regex(sizePattern),
  v.transform((given) => {
    const [, count = '', unit] = sizePattern.exec(given) ?? [];
    return Number(count) * (unit === 'GiB' ? 1024 : 1);
  }),
);
const port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535));
const command = v.pipe(v.array(v.pipe(v.string(), v.maxLength(16_384))), v.minLength(1), v.maxLength(100));

const wait = v.pipe(
  map({
    agent: v.exactOptional(v.literal(true)),
    port: v.exactOptional(port),
    host: v.exactOptional(v.pipe(v.string(), v.regex(/^[A-Za-z0-9.:_-]{1,253}$/u))),
    command: v.exactOptional(command),
    seconds: v.exactOptional(seconds),
  }),
  v.minEntries(1),
);

const program = map({
  vm: v.string(),
  command,
  // No option, no other host, nothing that a shell would read.
  ssh: v.exactOptional(v.pipe(v.string(), v.regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}$/u))),
  port: v.exactOptional(port),
  seconds: v.exactOptional(seconds),
});

const limit = v.exactOptional(v.pipe(v.number(), v.minValue(0), v.maxValue(1_000_000)));
const thresholds = map({
  layers: limit,
  ageHours: limit,
  deltaGb: limit,
  deltaPercent: limit,
  allDeltasGb: limit,
  freePercent: limit,
  fullInDays: limit,
});

const vm = map({
  existing: v.exactOptional(v.pipe(v.string(), v.minLength(1), v.maxLength(200))),
  clone: v.exactOptional(
    map({
      of: v.pipe(v.string(), v.minLength(1), v.maxLength(200)),
      point: v.pipe(v.string(), v.minLength(1), v.maxLength(200)),
      full: v.exactOptional(v.boolean()),
      network: v.exactOptional(v.picklist(cloneNetworks)),
    }),
  ),
  image: v.exactOptional(path),
  copy: v.exactOptional(v.boolean()),
  boot: v.exactOptional(
    map({
      kernel: path,
      initrd: v.exactOptional(path),
      arguments: v.exactOptional(v.pipe(v.string(), v.maxLength(2000))),
    }),
  ),
  cpus: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(64))),
  memory: v.exactOptional(size),
  size: v.exactOptional(size),
  disks: v.exactOptional(v.pipe(v.array(size), v.maxLength(8))),
  network: v.exactOptional(v.pipe(v.string(), v.regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,49}$/u))),
  cloudInit: v.exactOptional(map({ userData: text, networkConfig: v.exactOptional(text) })),
  after: v.exactOptional(v.pipe(v.array(v.string()), v.maxLength(31))),
  wait: v.exactOptional(wait),
});

export const labShape = map({
  version: v.literal(1),
  name: key,
  connection: v.exactOptional(v.picklist(['qemu:///system', 'qemu:///session'])),
  protected: v.exactOptional(v.boolean()),
  thresholds: v.exactOptional(thresholds),
  vms: v.pipe(noList, v.record(key, vm), v.minEntries(1), v.maxEntries(32)),
  points: v.exactOptional(
    v.pipe(
      v.array(
        map({
          title: v.pipe(v.string(), v.minLength(1), v.maxLength(100)),
          run: v.exactOptional(v.pipe(v.array(program), v.maxLength(50))),
        }),
      ),
      v.maxLength(20),
    ),
  ),
});

export type WrittenLab = v.InferOutput<typeof labShape>;
export type WrittenVm = v.InferOutput<typeof vm>;
export type WrittenProgram = v.InferOutput<typeof program>;
