// The table of files of NTFS ($MFT): what a record has, with the records that it goes on in.
import { type Disk } from '../bytes/disk.js';
import { type Attribute, attributeTypes, damagedRecord, type FileRecord, type NtfsLayout } from './ntfsLayout.js';
import { parseRecord, recordOf } from './ntfsLayout.js';
import { NtfsStream } from './ntfsStream.js';

/** As Windows has it. */
const longestList = 256 * 1024;

export class NtfsTable {
  private constructor(
    readonly disk: Disk,
    readonly layout: NtfsLayout,
    private readonly content: NtfsStream,
  ) {}

  static async open(disk: Disk, layout: NtfsLayout): Promise<NtfsTable> {
    const { tableAt, recordBytes } = layout;
    const own = parseRecord(0, await disk.read(tableAt, recordBytes));
    const content = new NtfsStream(disk, layout, 0, own.attributes.filter(isContent));
    const table = new NtfsTable(disk, layout, content);
    // The records that the first runs lead to list the further runs of a fragmented table.
    for (const number of await table.#further(own)) {
      content.extend((await table.#record(number)).attributes.filter(isContent));
    }
    return table;
  }

  /** The record with all its attributes. */
  async record(number: number): Promise<FileRecord> {
    const own = await this.#record(number);
    if (own.base !== 0) {
      throw damagedRecord(number);
    }
    const attributes = [...own.attributes];
    for (const further of await this.#further(own)) {
      const { base, attributes: more } = await this.#record(further);
      if (base !== number) {
        throw damagedRecord(further);
      }
      attributes.push(...more);
    }
    return { ...own, attributes };
  }

  /** Undefined where the record has no such attribute. */
  stream({ number, attributes }: FileRecord, type: number, name = ''): NtfsStream | undefined {
    const parts = attributes.filter((one) => one.type === type && one.name === name);
    return parts.length === 0 ? undefined : new NtfsStream(this.disk, this.layout, number, inOrder(parts));
  }

  /** The bytes of one that stands in the record. */
  value({ attributes }: FileRecord, type: number): Buffer | undefined {
    return attributes.find((one) => one.type === type)?.value;
  }

  async #record(number: number): Promise<FileRecord> {
    const { recordBytes } = this.layout;
    const raw = await this.content.read(number * recordBytes, recordBytes);
    if (raw.length < recordBytes) {
      throw damagedRecord(number);
    }
    return parseRecord(number, raw);
  }

  /** Each record once, whatever the list says. */
  async #further(record: FileRecord): Promise<ReadonlySet<number>> {
    const list = await this.stream(record, attributeTypes.list)?.read(0, longestList);
    const numbers = new Set<number>();
    for (let at = 0; list !== undefined && at + 26 <= list.length;) {
      const length = list.readUInt16LE(at + 4);
      if (length < 26) {
        throw damagedRecord(record.number);
      }
      numbers.add(recordOf(list, at + 16));
      at += length;
    }
    numbers.delete(record.number);
    return numbers;
  }
}

function isContent({ type, name }: Attribute): boolean {
  return type === attributeTypes.data && name === '';
}

function inOrder(parts: readonly Attribute[]): readonly Attribute[] {
  return [...parts].sort((one, other) => (one.away?.first ?? 0) - (other.away?.first ?? 0));
}
