// The picture's page as a whole: puts the figures together, hands them what the editor sends, and sends what is wanted.
import { rowFates } from './blockScene.js';
import { legendLines, unknownLine } from './blockFrame.js';
import { BlockView } from './blockView.js';
import { element, setText, button } from './element.js';
import { openMenu } from './menu.js';
import { findByKey, keyOf, shownFor } from './nodeMenu.js';
import { pressedKey } from './treeWalk.js';
import type { FromPicture, PictureAction, PictureNode, PictureState, PictureWhatIf, ToPicture } from '../messages.js';
import { isFilled, paletteOf, type SlideGround, slideGrounds } from './palette.js';
import { type Slide, drawSlide, slideSize, slideWidth, slideWords } from './slide.js';
import { Theme } from './theme.js';
import type { NodeFates } from './treeScene.js';
import { TreeView } from './treeView.js';
import { WhatIfView } from './whatIfView.js';
import { CanvasSurface } from './canvasSurface.js';
import { SvgSurface } from './svgSurface.js';
import { t } from '@vscode/l10n';

/** What was chosen last, over the times that the tab is hidden. */
interface GroundStore {
  readonly get: () => unknown;
  readonly set: (ground: SlideGround) => void;
}

class SlideTools {
  readonly element: HTMLElement;
  #ground: SlideGround;

  constructor(kept: GroundStore, save: (format: 'svg' | 'png') => void) {
    const before = kept.get();
    this.#ground = slideGrounds.find((ground) => ground === before) ?? 'light';
    const words: Readonly<Record<SlideGround, string>> = {
      light: t('Light'),
      dark: t('Dark'),
      onLight: t('None, for light slides'),
      onDark: t('None, for dark slides'),
    };
    const chooser = element(
      'select',
      {},
      ...slideGrounds.map((ground) => element('option', { text: words[ground], attributes: { value: ground } })),
    );
    chooser.value = this.#ground;
    chooser.addEventListener('change', () => {
      this.#ground = slideGrounds.find((ground) => ground === chooser.value) ?? this.#ground;
      kept.set(this.#ground);
    });
    this.element = element(
      'div',
      { class: 'tools' },
      element('label', { class: 'labelled' }, element('span', { text: t('Image background:') }), chooser),
      button(t('Save as SVG…'), () => save('svg')),
      button(t('Save as PNG…'), () => save('png')),
    );
  }

  get ground(): SlideGround {
    return this.#ground;
  }
}

const font = 'Segoe UI, Helvetica, Arial, sans-serif';
/** Sharp on a projector; less where the browser would refuse the canvas. */
const sharpness = 2;
const longestSide = 16_000;
const mostPixels = 100_000_000;

function slideSvg(slide: Slide): string {
  const surface = new SvgSurface(font);
  drawSlide(surface, slide);
  const { width, height } = slideSize(slide);
  return surface.finish(width, height, slide.title, slideWords(slide));
}

/** @throws Error when the browser makes no image of it */
async function slidePng(slide: Slide): Promise<Uint8Array<ArrayBuffer>> {
  const { width, height } = slideSize(slide);
  const scale = Math.min(
    sharpness,
    longestSide / width,
    longestSide / height,
    Math.sqrt(mostPixels / (width * height)),
  );
  const canvas = document.createElement('canvas');
  canvas.width = Math.floor(width * scale);
  canvas.height = Math.floor(height * scale);
  const context = canvas.getContext('2d');
  if (context === null) {
    throw new Error('no canvas');
  }
  context.scale(scale, scale);
  drawSlide(new CanvasSurface(context, font), slide);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
  if (blob === null) {
    throw new Error('no image');
  }
  return new Uint8Array(await blob.arrayBuffer());
}

export class Page {
  readonly #send: (message: FromPicture) => void;
  readonly #theme: Theme;
  readonly #head = element('h1');
  readonly #words = element('span', { class: 'words' });
  readonly #notice = element('p', { class: 'notice', attributes: { role: 'status' } });
  readonly #tree: TreeView;
  readonly #blocks: BlockView;
  readonly #whatIf: WhatIfView;
  readonly #slideTools: SlideTools;
  #state: PictureState | undefined;
  #shownWhatIf: PictureWhatIf | undefined;
  #lesson: HTMLElement | undefined;

  constructor(send: (message: FromPicture) => void, kept: GroundStore) {
    this.#send = send;
    this.#theme = new Theme(() => this.#repaint());
    const theme = (): Theme => this.#theme;
    this.#tree = new TreeView({
      theme,
      menu: (node, x, y) => this.#openNodeMenu(node, x, y),
      key: (node, event) => this.#pressOn(node, event),
      attend: (snapshot) => this.#blocks.light(snapshot),
    });
    this.#blocks = new BlockView({
      theme,
      chooseDisk: (disk) => send({ kind: 'disk', disk }),
      refresh: () => send({ kind: 'refresh' }),
      attend: (snapshot) => this.#tree.light(snapshot),
    });
    this.#whatIf = new WhatIfView({
      agree: (number) => send({ kind: 'agree', number }),
      throwAway: (number) => send({ kind: 'throwAway', number }),
      run: (action, snapshot) => send({ kind: 'run', action, snapshot }),
      leave: () => this.#leaveWhatIf(),
    });
    this.#slideTools = new SlideTools(kept, (format) => void this.#export(format));
    this.#notice.hidden = true;
    document.body.append(this.#frame());
  }

  take(message: ToPicture): void {
    switch (message.kind) {
      case 'start':
        return;
      case 'state':
        this.#showState(message);
        return;
      case 'blocks':
        this.#blocks.show(message);
        this.#blocks.showDisks(this.#state?.disks ?? [], message.disk);
        return;
      case 'noBlocks':
        this.#blocks.showNone(message.why);
        this.#blocks.showDisks(this.#state?.disks ?? [], message.disk);
        return;
      case 'whatIf':
        this.#showWhatIf(message);
        return;
      case 'noWhatIf':
        this.#hideWhatIf();
        return;
      case 'focus':
        this.#pointAt(message.part, message.snapshot);
        return;
      case 'settle':
        this.#settle(message.number);
        return;
    }
  }

  #frame(): HTMLElement {
    return element(
      'main',
      { class: 'picture' },
      element(
        'div',
        { class: 'top' },
        element(
          'header',
          { class: 'head' },
          this.#head,
          this.#words,
          element('span', { class: 'spring' }),
          this.#slideTools.element,
        ),
        this.#notice,
        this.#whatIf.element,
      ),
      this.#tree.element,
      element('div', { class: 'side' }, this.#blocks.element),
    );
  }

  #showState(state: PictureState): void {
    this.#state = state;
    setText(this.#head, state.vm);
    setText(this.#words, state.words);
    this.#notice.hidden = state.notice === undefined;
    setText(this.#notice, state.notice ?? '');
    this.#tree.show(state.nodes);
    this.#blocks.showDisks(state.disks, undefined);
    this.#blocks.showMarks(state.marks);
    this.#blocks.element.hidden = state.disks.length === 0;
  }

  #openNodeMenu(node: PictureNode, x: number, y: number): void {
    const tokens = new Set(node.tokens.split(';'));
    const open = (title: string, actions: readonly PictureAction[]): void =>
      openMenu(
        title,
        actions.map((action) => ({
          title: action.title,
          group: action.group,
          ...keyOf(action),
          ...(action.items !== undefined && { isMenu: true }),
          choose: () => (action.items === undefined ? this.#wish(action, node) : open(action.title, action.items)),
        })),
        x,
        y,
      );
    const actions = shownFor(tokens, this.#state?.actions ?? []);
    if (actions.length > 0) {
      open(node.title, actions);
    }
  }

  #pressOn(node: PictureNode, event: KeyboardEvent): boolean {
    const tokens = new Set(node.tokens.split(';'));
    const action = findByKey(shownFor(tokens, this.#state?.actions ?? []), pressedKey(event));
    if (action !== undefined) {
      event.preventDefault();
      this.#wish(action, node);
    }
    return action !== undefined;
  }

  #wish({ id, shows }: PictureAction, { name, kind }: PictureNode): void {
    // Which snapshot to revert to is asked first.
    const asks = kind === 'fork' || (kind === 'here' && id === 'virtRewind.revert');
    const isShown = shows === 'whatIf' && !asks;
    this.#send({ kind: isShown ? 'whatIf' : 'run', action: id, snapshot: name });
  }

  #showWhatIf(whatIf: PictureWhatIf): void {
    this.#shownWhatIf = whatIf;
    this.#whatIf.show(whatIf);
    this.#tree.showFates(nodeFates(whatIf));
    this.#blocks.showFates(rowFates(whatIf));
  }

  #leaveWhatIf(): void {
    this.#hideWhatIf();
    this.#tree.takeKeyboard();
    this.#send({ kind: 'leaveWhatIf' });
  }

  #hideWhatIf(): void {
    this.#shownWhatIf = undefined;
    this.#whatIf.leave();
    this.#tree.showFates(undefined);
    this.#blocks.showFates(undefined);
  }

  #pointAt(part: 'tree' | 'blocks' | 'whatIf', snapshot: string | undefined): void {
    this.#lesson?.classList.remove('lesson');
    const pointed = { tree: this.#tree.scroller, blocks: this.#blocks.scroller, whatIf: this.#whatIf.element }[part];
    this.#lesson = pointed;
    pointed.classList.add('lesson');
    pointed.scrollIntoView({ block: 'nearest' });
    if (snapshot !== undefined) {
      this.#tree.focusNode(snapshot);
    }
  }

  /** A frame after the one that paints. */
  #settle(number: number): void {
    this.#repaint();
    requestAnimationFrame(() => requestAnimationFrame(() => this.#send({ kind: 'settled', number })));
  }

  #repaint(): void {
    this.#tree.repaint();
    this.#blocks.repaint();
  }

  async #export(format: 'svg' | 'png'): Promise<void> {
    try {
      const slide = this.#slide(this.#slideTools.ground);
      this.#send(
        format === 'svg'
          ? { kind: 'export', format, data: slideSvg(slide) }
          : { kind: 'export', format, data: await slidePng(slide) },
      );
    } catch (error) {
      this.#send({ kind: 'failed', message: String(error).slice(0, 500) });
    }
  }

  #slide(ground: SlideGround): Slide {
    const { blocks } = this.#blocks;
    const whatIf = this.#shownWhatIf;
    return {
      title: this.#state?.vm ?? '',
      words: this.#state?.words ?? '',
      figure: this.#tree.figure(slideWidth),
      legend: [...legendLines(), ...(blocks?.isPartlyUnknown === true ? [unknownLine()] : [])],
      palette: paletteOf(ground),
      filled: isFilled(ground),
      ...(blocks === undefined ? {} : { blocks }),
      ...(whatIf === undefined
        ? {}
        : { whatIf: { title: whatIf.title, nodes: nodeFates(whatIf), rows: rowFates(whatIf) } }),
    };
  }
}

function nodeFates({ nodes }: PictureWhatIf): NodeFates {
  return new Map(nodes.map(({ name, fate, words }) => [name, { fate, words }]));
}
