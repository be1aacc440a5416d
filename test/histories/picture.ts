// What the extension shows of a VM, and where that is not what the model says.
import type { Model, ModelSnapshot } from '../oracle/model.js';
import type { Made } from './outcome.js';

/** What the sidebar would show. */
export interface Picture {
  readonly power: string;
  readonly current: string | undefined;
  readonly snapshots: readonly (Made & Pick<ModelSnapshot, 'parent'>)[];
}

export function pictureDifferences(model: Model, picture: Picture): readonly string[] {
  const text = ({ name, title, parent, kind, style }: Picture['snapshots'][number]): string =>
    `${name} "${title}" below ${parent ?? 'nothing'}, ${style}, ${kind}`;
  const must = [...model.snapshots.values()].map(text).toSorted();
  const is = picture.snapshots.map(text).toSorted();
  return [
    ...must.filter((line) => !is.includes(line)).map((line) => `the extension does not show ${line}`),
    ...is.filter((line) => !must.includes(line)).map((line) => `the extension shows ${line}`),
    ...(model.current === picture.current
      ? []
      : [`the extension shows ${picture.current ?? 'none'} as current, not ${model.current ?? 'none'}`]),
    ...(model.power === picture.power ? [] : [`the extension shows the VM ${picture.power}, not ${model.power}`]),
  ];
}
