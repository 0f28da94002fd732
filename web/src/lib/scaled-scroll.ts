// Which rows of a very long list are shown.
//
// Problem. Browsers cap an element's height: Chromium at 33.5 million pixels, at half of that on dense
// screens, Firefox at 17.9 million. A million rows of 32 pixels are 32 million.
//
// Idea. The element that scrolls is never higher than `height_max`. While all rows fit, a pixel is a
// pixel. Beyond that, the scrollbar tells a share of the list: dragging it goes to that share. But
// small steps (a wheel, a key, a finger) move the rows by the pixels that they are, lest a notch of the
// wheel jump over rows. After those, the scrollbar is set to the share that is shown.
//
// All positions are computed, nothing is looped over: a list of any length costs the same.

export const heightMax = 12_000_000; // pixels

export class ScaledScroll {
  private previous = 0; // scrollTop when it was last looked at
  top = 0; // pixels of the unscaled list above the view

  constructor(public rows: number, public rowHeight: number, public viewHeight: number) {}

  get fullHeight(): number { return this.rows * this.rowHeight; }
  get height(): number { return Math.min(this.fullHeight, heightMax); }
  get isScaled(): boolean { return this.fullHeight > heightMax; }
  private get topMax(): number { return Math.max(0, this.fullHeight - this.viewHeight); }
  private get scrollMax(): number { return Math.max(0, this.height - this.viewHeight); }

  // The element has been scrolled, by whatever.
  scrolled(scrollTop: number): void {
    const step = scrollTop - this.previous;
    this.previous = scrollTop;
    if (!this.isScaled) this.top = scrollTop;
    else if (scrollTop <= 0) this.top = 0;
    else if (scrollTop >= this.scrollMax - 1) this.top = this.topMax;
    else if (Math.abs(step) <= 2 * this.viewHeight) this.top += step;
    else this.top = (scrollTop / this.scrollMax) * this.topMax;
    this.top = Math.min(Math.max(this.top, 0), this.topMax);
  }

  // What scrollTop should be for the rows that are shown.
  get scrollTop(): number {
    return this.isScaled ? (this.top / this.topMax) * this.scrollMax : this.top;
  }
  // The caller has set scrollTop to the value above.
  settled(scrollTop: number): void {
    this.previous = scrollTop;
  }

  goTo(row: number, align: "nearest" | "center"): void {
    const rowTop = row * this.rowHeight;
    if (align === "center") this.top = rowTop - (this.viewHeight - this.rowHeight) / 2;
    else if (rowTop < this.top) this.top = rowTop;
    else if (rowTop + this.rowHeight > this.top + this.viewHeight) this.top = rowTop + this.rowHeight - this.viewHeight;
    this.top = Math.min(Math.max(this.top, 0), this.topMax);
  }

  get first(): number { return Math.floor(this.top / this.rowHeight); }
  get last(): number { return Math.min(this.rows, Math.ceil((this.top + this.viewHeight) / this.rowHeight)); } // past the last
}
