// A connection as a person keeps it: where it leads, and what it is to be.

export interface WantedConnection {
  /** A libvirt URI. */
  readonly uri: string;
  /** What the person calls it. */
  readonly name?: string;
  /** Nothing can be changed over it. */
  readonly readOnly?: true;
  /** Opened when somebody asks for it by name or by a click, and not before. */
  readonly onDemand?: true;
}

/** By its URI, or by what a person calls it. */
export function isCalled({ uri, name }: Pick<WantedConnection, 'uri' | 'name'>, called: string): boolean {
  return uri === called || name === called;
}
