/** The points of one frame while they are edited, with undo and redo. A point is `{x, y, v}`; an absent one keeps its place. */

export const ABSENT = 0;
export const HIDDEN = 1;
export const VISIBLE = 2;

/** Emits `change` after every change. */
export class Points extends EventTarget {
  #list;
  #saved;
  #undone = [];
  #done = [];
  #tag = null; // of the last step, so that small steps of one kind become one
  #before = null; // the points when a drag began

  /**
   * @param {{x: number, y: number, v: number}[]} list Where to start.
   * @param {boolean} saved True if these points are a label already.
   */
  constructor(list, saved) {
    super();
    this.#list = list.map((point) => ({ ...point }));
    this.#saved = saved ? text(this.#list) : null;
  }

  get list() {
    return this.#list;
  }

  /** True if there is something that was not saved. Untouched points of a model are nothing. */
  get dirty() {
    return this.#saved === null ? this.#done.length > 0 : text(this.#list) !== this.#saved;
  }

  get canUndo() {
    return this.#done.length > 0;
  }

  get canRedo() {
    return this.#undone.length > 0;
  }

  /** Replace all points, as one step. Steps with the same tag, one after the other, are one. */
  replace(list, tag = null) {
    if (text(list) === text(this.#list)) return;
    if (tag === null || tag !== this.#tag) this.#done.push(this.#list);
    this.#tag = tag;
    this.#undone = [];
    this.#set(list);
  }

  /** Change one point, as `replace` does. */
  change(index, changes, tag = null) {
    this.replace(this.#list.map((point, i) => (i === index ? { ...point, ...changes } : point)), tag);
  }

  /** Move a point while it is dragged; `drop` makes one step of the whole drag. */
  drag(index, x, y) {
    this.#before ??= this.#list;
    const { v } = this.#list[index];
    this.#set(this.#list.map((point, i) => (i === index ? { x, y, v: v || VISIBLE } : point)));
  }

  drop() {
    const before = this.#before;
    this.#before = null;
    if (before === null || text(before) === text(this.#list)) return;
    this.#done.push(before);
    this.#undone = [];
    this.#tag = null;
    this.#tell();
  }

  undo() {
    this.#step(this.#done, this.#undone);
  }

  redo() {
    this.#step(this.#undone, this.#done);
  }

  /** Note that points are the label now: these, or those that were sent before the last changes. */
  markSaved(list = this.#list) {
    this.#saved = text(list);
    this.#tag = null;
    this.#tell();
  }

  /** Return the points as the service takes them. */
  toJson() {
    return this.#list.map(({ x, y, v }) => (v === ABSENT ? { v } : { x: round(x), y: round(y), v }));
  }

  #step(from, to) {
    this.drop();
    if (!from.length) return;
    to.push(this.#list);
    this.#tag = null;
    this.#set(from.pop());
  }

  #set(list) {
    this.#list = list;
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}

/** Return the points with the two of each pair exchanged. */
export function swapped(list, names, pairs) {
  const result = [...list];
  for (const [one, other] of pairs) {
    const [i, j] = [names.indexOf(one), names.indexOf(other)];
    [result[i], result[j]] = [list[j], list[i]];
  }
  return result;
}

/** Return the model's points of a frame; those that it does not find are absent, at the place where it suspects them. */
export function ofModel(frame, names, size) {
  const missing = new Set(frame.missing ?? []);
  return names.map((name, i) => {
    const [x, y] = frame.keypoints?.[i] ?? [NaN, NaN];
    const known = Number.isFinite(x) && Number.isFinite(y) && x >= 0 && y >= 0 && x <= size.width - 1 && y <= size.height - 1;
    return { x: known ? x : size.width / 2, y: known ? y : size.height / 2, v: known && !missing.has(name) ? VISIBLE : ABSENT };
  });
}

/** Return the points of a label; absent ones are where `places` has them. */
export function ofLabel(points, places) {
  return points.map(({ x, y, v }, i) => (v === ABSENT ? { ...places[i], v } : { x, y, v }));
}

function round(value) {
  return Math.round(value * 100) / 100;
}

function text(list) {
  return JSON.stringify(list.map(({ x, y, v }) => (v === ABSENT ? [v] : [round(x), round(y), v])));
}
