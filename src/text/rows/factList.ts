// The shape of a tooltip: a heading, the user's own text, named values.
export interface FactList {
  readonly heading: string;
  /** Free text of the user's own. */
  readonly text?: string;
  readonly lines: readonly { readonly name: string; readonly value: string }[];
}
