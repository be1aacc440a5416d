// The colours of layers on pages, by what is behind them. picture.css has the same; a test holds them together.

export interface LayerColors {
  /** Used in turn, the base first. */
  readonly layers: readonly string[];
  /** The colours of letters and patterns on a layer's colour. */
  readonly inks: readonly string[];
}

export const layerColors: Readonly<Record<'light' | 'dark', LayerColors>> = {
  light: {
    layers: ['#6b7885', '#2f7dc4', '#c26a00', '#23885a', '#b8529a', '#8a6d1d', '#6554c0', '#c0453a'],
    inks: ['#fff', '#fff', '#1b1b1b', '#fff', '#fff', '#fff', '#fff', '#fff'],
  },
  dark: {
    layers: ['#98a4b0', '#5aa9ee', '#f0a23c', '#4cc38a', '#dd88c4', '#d3b95a', '#a596f2', '#f08377'],
    inks: ['#101418', '#101418', '#101418', '#101418', '#101418', '#101418', '#101418', '#101418'],
  },
};
