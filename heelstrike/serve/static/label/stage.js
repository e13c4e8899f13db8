/** The picture with the points, which can be zoomed and moved, and whose points can be dragged. */

import { drawPoints } from "./drawing.js";
import { ABSENT, VISIBLE } from "./points.js";

const REACH = 14; // pixels of the screen within which a point is taken hold of
const NEAREST = 40; // largest magnification

/**
 * Emits `select` (detail: index) when a point is taken hold of, `placed` when an absent one was put somewhere, `aim` (detail:
 * `{x, y}` in the picture, null when there is nothing to look at) while the pointer or a point moves.
 */
export class Stage extends EventTarget {
  #points = null;
  #picture = null;
  #view = { scale: 1, x: 0, y: 0 }; // pixels of the canvas for one of the picture, and where its corner is
  #fitted = true;
  #hold = null; // what the pointer drags: `{index, dx, dy}` or `{pan, x, y}`
  selected = 0;
  marks = true;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {{width: number, height: number}} size Of the picture.
   * @param {{names: string[], skeleton: number[][]}} look
   */
  constructor(canvas, size, look) {
    super();
    this.canvas = canvas;
    this.size = size;
    this.look = look;
    this.pen = canvas.getContext("2d", { alpha: false });
    new ResizeObserver(() => this.#resize()).observe(canvas);
    this.#resize();
    this.#listen();
  }

  get picture() {
    return this.#picture;
  }

  get scale() {
    return this.#view.scale / devicePixelRatio;
  }

  /** Show a picture; `points` may come later. */
  show(picture, points) {
    if (this.#picture !== picture) this.#picture?.close?.();
    this.#picture = picture;
    this.setPoints(points);
  }

  setPoints(points) {
    this.#points = points;
    this.#hold = null;
    this.draw();
  }

  /** Show the whole picture. */
  fit() {
    const { canvas, size } = this;
    const scale = Math.min(canvas.width / size.width, canvas.height / size.height);
    this.#view = { scale, x: (canvas.width - scale * size.width) / 2, y: (canvas.height - scale * size.height) / 2 };
    this.#fitted = true;
    this.draw();
  }

  /** Zoom by a factor, around a place of the picture: by default the selected point, else the middle. */
  zoom(factor, at = this.#middle()) {
    const whole = Math.min(this.canvas.width / this.size.width, this.canvas.height / this.size.height);
    const scale = Math.min(Math.max(this.#view.scale * factor, whole), NEAREST * devicePixelRatio);
    if (scale <= whole) return this.fit();
    const [cx, cy] = this.#toCanvas(at);
    this.#view = { scale, x: cx - (at.x + 0.5) * scale, y: cy - (at.y + 0.5) * scale };
    this.#fitted = false;
    this.#keepInside();
    this.draw();
  }

  /** Move the picture so that a place can be seen. */
  reveal(at) {
    const [x, y] = this.#toCanvas(at);
    const { width, height } = this.canvas;
    const edge = 0.08 * Math.min(width, height);
    if (x > edge && y > edge && x < width - edge && y < height - edge) return;
    this.#view.x += width / 2 - x;
    this.#view.y += height / 2 - y;
    if (this.#fitted) return this.fit();
    this.#keepInside();
    this.draw();
  }

  draw() {
    const { pen, canvas } = this;
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.fillStyle = "#101010";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    if (!this.#picture) return;
    const { scale, x, y } = this.#view;
    pen.setTransform(scale, 0, 0, scale, x, y);
    pen.imageSmoothingEnabled = scale < 4;
    pen.drawImage(this.#picture, 0, 0);
    if (this.#points && this.marks) {
      const unit = devicePixelRatio / scale;
      const fine = this.#hold?.index !== undefined;
      drawPoints(pen, this.#points.list, { ...this.look, unit, selected: this.selected, numbers: true, fine });
    }
  }

  /** Return where a place of the picture is, in pixels of the page from the canvas's corner. */
  place(at) {
    return this.#toCanvas(at).map((value) => value / devicePixelRatio);
  }

  #resize() {
    const { canvas } = this;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((side) => Math.max(1, Math.round(side * devicePixelRatio)));
    if (width === canvas.width && height === canvas.height) return;
    canvas.width = width;
    canvas.height = height;
    if (this.#fitted) this.fit();
    else this.draw();
  }

  #keepInside() {
    const { width, height } = this.canvas;
    const view = this.#view;
    view.x = Math.min(Math.max(view.x, width / 2 - view.scale * this.size.width), width / 2);
    view.y = Math.min(Math.max(view.y, height / 2 - view.scale * this.size.height), height / 2);
  }

  #toCanvas({ x, y }) {
    return [(x + 0.5) * this.#view.scale + this.#view.x, (y + 0.5) * this.#view.scale + this.#view.y];
  }

  #toPicture(event) {
    const box = this.canvas.getBoundingClientRect();
    const x = ((event.clientX - box.left) * devicePixelRatio - this.#view.x) / this.#view.scale - 0.5;
    const y = ((event.clientY - box.top) * devicePixelRatio - this.#view.y) / this.#view.scale - 0.5;
    return { x, y };
  }

  #middle() {
    const point = this.#points?.list[this.selected];
    return point ?? { x: this.size.width / 2, y: this.size.height / 2 };
  }

  #inside({ x, y }) {
    const { width, height } = this.size;
    return { x: Math.min(Math.max(x, 0), width - 1), y: Math.min(Math.max(y, 0), height - 1) };
  }

  /** Return the index of the point at a place, -1 if there is none; the selected one goes first. */
  #at({ x, y }) {
    const reach = (REACH * devicePixelRatio) / this.#view.scale;
    const far = (i) => Math.hypot(this.#points.list[i].x - x, this.#points.list[i].y - y);
    const near = this.#points.list.map((_, i) => i).filter((i) => this.#points.list[i].v !== ABSENT && far(i) <= reach);
    if (near.includes(this.selected)) return this.selected;
    return near.sort((a, b) => far(a) - far(b))[0] ?? -1;
  }

  #listen() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => this.#up());
    canvas.addEventListener("pointerleave", () => this.#hold || this.#aim(null));
    canvas.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        this.zoom(Math.exp(-event.deltaY / 300), this.#inside(this.#toPicture(event)));
      },
      { passive: false },
    );
  }

  #down(event) {
    if (event.button !== 0 || !this.#points) return;
    this.canvas.setPointerCapture(event.pointerId);
    const at = this.#toPicture(event);
    let index = this.#at(at);
    const placed = index < 0 && this.#points.list[this.selected].v === ABSENT;
    if (placed) {
      index = this.selected;
      this.#points.change(index, { ...this.#inside(at), v: VISIBLE });
    }
    if (index < 0) {
      this.#hold = { pan: true, x: event.clientX, y: event.clientY };
      return;
    }
    const point = this.#points.list[index];
    this.#hold = { index, placed, dx: point.x - at.x, dy: point.y - at.y };
    this.dispatchEvent(new CustomEvent("select", { detail: index }));
    this.#aim(point);
  }

  #move(event) {
    const at = this.#toPicture(event);
    if (!this.#hold) return this.#aim(at);
    if (this.#hold.pan) {
      this.#view.x += (event.clientX - this.#hold.x) * devicePixelRatio;
      this.#view.y += (event.clientY - this.#hold.y) * devicePixelRatio;
      Object.assign(this.#hold, { x: event.clientX, y: event.clientY });
      if (this.#fitted) return this.fit();
      this.#keepInside();
      return this.draw();
    }
    const { index, dx, dy } = this.#hold;
    const { x, y } = this.#inside({ x: at.x + dx, y: at.y + dy });
    this.#points.drag(index, x, y);
    this.#aim({ x, y });
  }

  #up() {
    const hold = this.#hold;
    this.#hold = null;
    if (hold?.index !== undefined) this.#points?.drop();
    if (hold?.placed) this.dispatchEvent(new Event("placed"));
    this.draw();
  }

  #aim(at) {
    this.dispatchEvent(new CustomEvent("aim", { detail: at }));
  }
}
