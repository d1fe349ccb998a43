import { PAGE } from "@/wire/live-browser";

/** Draws pictures on a canvas as they come; one that is outdated before it is drawn is left out. */
export class Painter {
  #canvas: HTMLCanvasElement | null = null;
  #latest: Blob | null = null;
  #isDrawing = false;
  /** Something changed since the drawing began. */
  #isStale = false;
  readonly #sizes = new ResizeObserver(() => void this.#draw());

  /** For `ref`: a new canvas gets the latest picture at once. */
  readonly attach = (canvas: HTMLCanvasElement | null): void => {
    this.#sizes.disconnect();
    this.#canvas = canvas;
    if (canvas !== null) this.#sizes.observe(canvas);
  };

  readonly paint = (picture: Blob): void => {
    this.#latest = picture;
    void this.#draw();
  };

  async #draw(): Promise<void> {
    this.#isStale = true;
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    while (this.#isStale) {
      this.#isStale = false;
      const [canvas, picture] = [this.#canvas, this.#latest];
      if (canvas === null || picture === null) break;
      const { width, height } = sizeOn(canvas);
      // What cannot be read is not shown; the next one may be.
      const bitmap = await createImageBitmap(picture, { resizeWidth: width, resizeHeight: height, resizeQuality: "high" }).catch(() => null);
      if (bitmap === null) continue;
      // A canvas loses what is on it with its size: the new picture follows before anybody sees that.
      if (canvas.width !== width) canvas.width = width;
      if (canvas.height !== height) canvas.height = height;
      canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
      bitmap.close();
    }
    this.#isDrawing = false;
  }
}

/** As large as the screen can show it: letters that a browser shrinks by itself are harder to read. */
function sizeOn(canvas: HTMLCanvasElement): { width: number; height: number } {
  const pixels = Math.round(canvas.clientWidth * window.devicePixelRatio);
  if (pixels === 0 || pixels >= PAGE.width) return PAGE;
  return { width: pixels, height: Math.round((pixels * PAGE.height) / PAGE.width) };
}
