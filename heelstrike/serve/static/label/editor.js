/** What a person does with the points of a frame: every key and button calls a function here. */

import { request } from "../clinic/api.js";
import { FrameStore } from "../clinic/frames.js";
import { clock } from "../clinic/words.js";
import { chooseVersion } from "./conflict.js";
import { Loupe } from "./loupe.js";
import { PointList, stateWords } from "./panel.js";
import { ABSENT, ofLabel, ofModel, Points, swapped, VISIBLE } from "./points.js";

export const page = document.getElementById("label");
export const part = (name) => page.querySelector(`[data-part="${name}"]`);

export class Editor {
  index = -1;
  frames = new Map(); // Points of the frames that were looked at, by number: what was not saved stays
  saves = new Map(); // saves that are under way, by frame
  queue = [];

  constructor(columns, labels, stage) {
    const { result, frames } = columns.header;
    Object.assign(this, { columns, labels, stage, result, count: frames });
    this.names = labels.target.keypoints;
    this.size = { width: labels.target.width, height: labels.target.height };
    this.store = new FrameStore(page.dataset.frames, frames);
    this.reading = page.dataset.reading === "yes";
    this.loupe = new Loupe(part("loupe"));
    this.list = new PointList(part("points"), this.names, { select: (i) => this.select(i), state: (i, v) => this.setVisibility(v, i) });
    stage.addEventListener("select", (event) => this.select(event.detail));
    stage.addEventListener("placed", () => this.selectAbsent());
    stage.addEventListener("aim", (event) => this.aim(event.detail));
  }

  /** The points of this frame; null while they are loaded. */
  get points() {
    return this.frames.get(this.index) ?? null;
  }

  /** Show a frame with its points. */
  async show(index, picture) {
    this.index = index;
    this.loupe.hide();
    this.stage.show(picture, this.points);
    this.refresh();
    if (!this.points) await this.load(index);
    if (index !== this.index) return; // another frame was asked for meanwhile
    this.stage.setPoints(this.points);
    this.refresh();
    page.dataset.frame = String(index);
  }

  /** Make the points of a frame: of its label if it has one, else the model's. */
  async load(index) {
    const frame = await this.modelFrame(index);
    const start = ofModel(frame, this.names, this.size);
    const label = this.labelOf(index);
    const points = new Points(label ? ofLabel(label.points, start) : start, Boolean(label));
    points.addEventListener("change", () => {
      if (points !== this.points) return;
      this.stage.draw();
      this.refresh();
    });
    if (!this.frames.has(index)) this.frames.set(index, points);
  }

  async modelFrame(index) {
    const frame = this.store.get(index) ?? (await this.store.load(index));
    if (!frame) throw new Error("the model's points cannot be loaded; the service does not answer");
    return frame;
  }

  labelOf(index) {
    const state = this.labels.frames[index];
    return (this.reading ? state?.reading : state?.label) ?? null;
  }

  labelled() {
    return Object.keys(this.labels.frames).map(Number).filter((index) => this.labelOf(index)).sort((a, b) => a - b);
  }

  select(index) {
    if (index < 0 || index >= this.names.length) return;
    this.stage.selected = index;
    const point = this.points?.list[index];
    if (point && point.v !== ABSENT) this.stage.reveal(point);
    this.stage.draw();
    this.refresh();
  }

  selectBy(step) {
    this.select((this.stage.selected + step + this.names.length) % this.names.length);
  }

  /** Choose the next absent point, so that clicks place one after the other. */
  selectAbsent() {
    const { selected } = this.stage;
    const absent = this.points.list.map((_, i) => i).filter((i) => this.points.list[i].v === ABSENT);
    const next = absent.find((i) => i > selected) ?? absent[0];
    if (next !== undefined) this.select(next);
  }

  nudge(dx, dy) {
    const { selected } = this.stage;
    const point = this.points?.list[selected];
    if (!point) return;
    const x = Math.min(Math.max(point.x + dx, 0), this.size.width - 1);
    const y = Math.min(Math.max(point.y + dy, 0), this.size.height - 1);
    this.points.change(selected, { x, y, v: point.v || VISIBLE }, `nudge ${selected}`);
    this.stage.reveal({ x, y });
    this.aim({ x, y });
  }

  setVisibility(v, index = this.stage.selected) {
    this.points?.change(index, { v });
    this.select(index);
  }

  swap() {
    this.points?.replace(swapped(this.points.list, this.names, this.labels.target.flip_pairs));
  }

  /** Copy the points of the nearest labelled frame before (-1) or after (1) this one. */
  copy(direction) {
    const from = this.neighbour(direction);
    if (from === undefined) return this.say(`No frame ${direction < 0 ? "before" : "after"} this one is labelled.`);
    this.points?.replace(ofLabel(this.labelOf(from).points, this.points.list));
    this.say(`Copied from frame ${from}.`);
  }

  neighbour(direction) {
    const found = this.labelled().filter((index) => (direction < 0 ? index < this.index : index > this.index));
    return direction < 0 ? found.at(-1) : found[0];
  }

  async takeModel() {
    const frame = await this.modelFrame(this.index);
    this.points?.replace(ofModel(frame, this.names, this.size));
  }

  undo() {
    this.points?.undo();
  }

  redo() {
    this.points?.redo();
  }

  /**
   * Save the frame's points as its label, after a save of this frame that is under way, which may be all that is needed.
   * Return true if they are the label then.
   */
  async save(index = this.index) {
    const points = this.frames.get(index);
    if (!points || page.dataset.may !== "yes") return false;
    const before = this.saves.get(index)?.catch(() => false);
    const save = before ? before.then((saved) => (saved && !points.dirty) || this.send(index, points)) : this.send(index, points);
    this.saves.set(index, save);
    try {
      return await save;
    } finally {
      if (this.saves.get(index) === save) this.saves.delete(index);
    }
  }

  async send(index, points, basedOn = this.labelOf(index)?.number ?? 0) {
    const who = part("who")?.value.trim();
    if (part("who") && !who) {
      part("who").focus();
      return this.say("Say who you are first.", true);
    }
    const sent = points.list; // it may be changed before the answer comes
    const body = { points: points.toJson(), based_on: basedOn, reading: this.reading, who: who || null };
    try {
      const made = await request("PUT", `${page.dataset.labels}/${index}`, body);
      this.accept(index, points, made, sent);
      this.say(`Frame ${index} is saved.`);
      return true;
    } catch (error) {
      if (error.status === 409 && error.answer?.current) return this.resolve(index, points, error.answer.current);
      return this.say(`Not saved: ${error.message}`, true);
    }
  }

  accept(index, points, label, saved) {
    this.labels.frames[index] = { ...this.labels.frames[index], [this.reading ? "reading" : "label"]: label };
    points.markSaved(saved);
    this.queue = this.queue.filter((item) => !this.isHere(item) || item.frame !== index);
    this.refresh();
  }

  /** Another label of the frame was saved meanwhile: let the person choose. */
  async resolve(index, points, theirs) {
    if (index !== this.index) return this.say(`Frame ${index} is not saved: ${theirs.who} has saved it. Save it again to compare.`, true);
    const mine = { points: points.toJson(), title: "Yours" };
    const other = { points: theirs.points, title: `${theirs.who}, ${theirs.when.slice(11, 19)} UTC` };
    const look = { names: this.names, skeleton: this.result.skeleton, size: this.size };
    const choice = await chooseVersion(part("conflict"), this.stage.picture, mine, other, look);
    if (choice === "mine") return this.send(index, points, theirs.number);
    if (choice === null) return this.say("Not saved: another label of this frame was saved meanwhile. Save again to compare.", true);
    points.replace(ofLabel(theirs.points, points.list));
    this.accept(index, points, theirs);
    this.say(`The label of ${theirs.who} is taken.`);
    return true;
  }

  async saveAndNext() {
    if (await this.save()) this.next();
  }

  isHere(item) {
    return item.evaluation === page.dataset.evaluation && item.file === page.dataset.file;
  }

  /** Go to the next frame of the queue, which may be in another file. */
  next() {
    const item = this.queue.find((each) => !this.isHere(each) || each.frame !== this.index);
    if (!item) return this.say("The queue is empty.");
    this.queue.push(...this.queue.splice(0, this.queue.indexOf(item))); // what is passed over comes again at the end
    if (this.isHere(item)) return this.seek(item.frame);
    const frame = `${item.frame}${page.dataset.queue ? `&${page.dataset.queue}` : ""}`;
    location.assign(`/label/${item.evaluation}/${item.job}/${encodeURIComponent(item.file)}?frame=${frame}`);
  }

  seek(index) {
    if (this.player) this.player.seek(Math.min(Math.max(index, 0), this.count - 1));
  }

  step(frames) {
    this.player?.step(frames);
  }

  stepLabelled(direction) {
    const index = this.neighbour(direction);
    if (index !== undefined) this.seek(index);
  }

  zoom(factor) {
    if (factor === null) this.stage.fit();
    else this.stage.zoom(factor);
  }

  toggleMarks() {
    this.stage.marks = !this.stage.marks;
    part("marks").setAttribute("aria-pressed", String(this.stage.marks));
    this.stage.draw();
  }

  help() {
    part("help-sheet").showModal();
  }

  /** Show the magnifying glass at a place of the picture. */
  aim(at) {
    this.loupe.show(this.stage, at);
  }

  say(text, wrong = false) {
    part("said").textContent = text;
    part("said").className = wrong ? "warning" : "quiet";
    return false;
  }

  drafts() {
    return [...this.frames].filter(([, points]) => points.dirty).map(([index]) => index).sort((a, b) => a - b);
  }

  /** Bring everything beside the picture up to date. */
  refresh() {
    const { points, index } = this;
    this.list.show(points?.list, this.stage.selected);
    const found = points?.list.some((point) => point.v !== ABSENT);
    part("state").textContent = points ? stateWords({ label: this.labelOf(index), draft: points.dirty, reading: this.reading, found }) : "Loading …";
    part("undo").disabled = !points?.canUndo;
    part("redo").disabled = !points?.canRedo;
    const others = this.drafts().filter((each) => each !== index);
    part("drafts").textContent = others.length ? `Not saved yet: frame ${others.join(", ")}.` : "";
    const item = this.queue.find((each) => this.isHere(each) && each.frame === index);
    part("why").textContent = item ? `In the queue: ${item.reasons.join("; ")}.` : "";
    part("left").textContent = this.queue.length ? `${this.queue.length} in the queue` : "";
    page.dataset.dirty = points?.dirty ? "yes" : "";
    page.dataset.points = points ? JSON.stringify(points.toJson()) : "";
  }

  place(index) {
    const seconds = this.columns.column.time_s[index];
    if (this.player && !this.player.seeking) part("slider").value = String(index);
    part("place").textContent = this.player ? `frame ${index} of ${this.count - 1}, ${clock(seconds)}` : "";
    history.replaceState(null, "", address(index));
  }
}

function address(index) {
  const url = new URL(location.href);
  url.searchParams.set("frame", String(index));
  return url;
}
