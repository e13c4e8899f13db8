/** Values over time: lines with their half-widths as bands, gaps, steps and their stable windows, and the frame shown. */

import uPlot from "../vendor/uPlot.esm.js";
import { nearest } from "./columns.js";
import { marks } from "./marks.js";
import { clock, colourOf, element, number, title } from "./words.js";

const HEIGHT = 340;
const VISIBLE = 2; // pixels
const CLICK = 4; // pixels; a longer way of the pointer is a zoom
const AXIS = { deg: "degrees (eversion +, inversion −)", mm: "millimetres", ratio: "share" };

/** Return numbers as a list in which a value that is not there, or has no place on a chart, is null, as uPlot wants it. */
function listed(values) {
  return Array.from(values, (value) => (Number.isFinite(value) ? value : null));
}

/** Return the gaps of a line that can be seen: drawing around thousands of others would take seconds. */
function wide(plot, series, first, last, gaps) {
  return gaps.filter(([from, to]) => to - from >= VISIBLE);
}

/** Emits `seek` with the frame that was clicked on. */
export class TimeChart extends EventTarget {
  #shown = new Set();

  /**
   * @param {HTMLElement} parent
   * @param {object} columns The columns of the result.
   * @param {string} unit The unit whose quantities are drawn.
   * @param {object|null} other The columns of a second model on the same video, drawn dashed.
   */
  constructor(parent, columns, unit, other) {
    super();
    this.parent = parent;
    this.columns = columns;
    const { header, column } = columns;
    const start = column.time_s[0] ?? 0;
    this.seconds = Float64Array.from(column.media_s, (time) => start + time);
    this.names = Object.keys(header.quantities).filter((name) => header.quantities[name] === unit);
    this.names.forEach((name) => this.#shown.add(name));
    this.unit = unit;
    this.other = other;
    this.legend = parent.appendChild(element("div", { class: "legend", role: "group", "aria-label": "Lines" }));
    this.plotted = parent.appendChild(element("div", { class: "plot" }));
    this.tip = element("div", { class: "tip", hidden: true });
    this.head = element("div", { class: "playhead" });
    this.#writeLegend();
    this.#plot();
    new ResizeObserver(() => this.#resize()).observe(parent);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#plot());
  }

  /** Mark the frame that is shown. */
  mark(index) {
    this.index = index;
    const left = this.plot.valToPos(this.seconds[index], "x");
    this.head.hidden = left < 0 || left > this.plot.over.clientWidth;
    this.head.style.transform = `translateX(${left}px)`;
  }

  /** Zoom by a factor around the frame that is shown; null shows everything. */
  zoom(factor) {
    const [first, last] = [this.seconds[0], this.seconds.at(-1)];
    if (factor === null) return this.plot.setScale("x", { min: first, max: last });
    const { min, max } = this.plot.scales.x;
    const at = Math.min(Math.max(this.seconds[this.index ?? 0], min), max);
    const bounds = { min: Math.max(first, at - (at - min) / factor), max: Math.min(last, at + (max - at) / factor) };
    return this.plot.setScale("x", bounds);
  }

  #writeLegend() {
    for (const name of this.names) {
      const swatch = element("span", { class: "swatch" });
      swatch.style.background = colourOf(name, this.names);
      const button = element("button", { type: "button", "aria-pressed": "true" }, swatch, title(name));
      button.addEventListener("click", () => this.#toggle(name, button));
      this.legend.append(button);
    }
    if (this.other) this.legend.append(element("span", { class: "quiet" }, `dashed: ${this.other.name}`));
  }

  #toggle(name, button) {
    const show = !this.#shown.has(name);
    if (show) this.#shown.add(name);
    else this.#shown.delete(name);
    button.setAttribute("aria-pressed", String(show));
    this.plot.batch(() => {
      this.plot.series.forEach((line, i) => line.quantity === name && this.plot.setSeries(i, { show }));
    });
  }

  #resize() {
    const width = this.plotted.clientWidth;
    if (!width || width === this.plot.width) return;
    this.plot.setSize({ width, height: HEIGHT });
    if (this.index !== undefined) this.mark(this.index);
  }

  #plot() {
    this.plot?.destroy();
    const { series, bands, data } = this.#lines();
    this.plot = new uPlot(this.#options(series, bands), data, this.plotted);
    this.plot.over.append(this.head, this.tip);
    this.#listen(this.plot.over);
    if (this.index !== undefined) this.mark(this.index);
  }

  #lines() {
    const series = [{}];
    const bands = [];
    const data = [this.seconds];
    for (const name of this.names) {
      const value = this.columns.column[`value ${name}`];
      const width = this.columns.column[`half_width ${name}`];
      const colour = colourOf(name, this.names);
      const line = { quantity: name, show: this.#shown.has(name), gaps: wide };
      const dot = { show: false };
      data.push(listed(value.map((v, i) => v + width[i])), listed(value.map((v, i) => v - width[i])), listed(value));
      series.push({ ...line, points: dot }, { ...line, points: dot }, { ...line, stroke: colour, width: 1.75 });
      bands.push({ series: [series.length - 3, series.length - 2], fill: `${colour}38` });
      const second = this.other?.column[`value ${name}`];
      if (second?.length === value.length) {
        data.push(listed(second));
        series.push({ ...line, stroke: colour, width: 1.25, dash: [6, 4], points: dot });
      }
    }
    return { series, bands, data };
  }

  #options(series, bands) {
    const style = getComputedStyle(document.documentElement);
    const [ink, rule] = ["--quiet", "--rule"].map((name) => style.getPropertyValue(name).trim());
    const axis = { stroke: ink, grid: { stroke: rule, width: 1 }, ticks: { stroke: rule, width: 1 }, font: "12px system-ui" };
    const frames = (plot, splits) => splits.map((time) => String(nearest(this.seconds, time)));
    return {
      width: this.plotted.clientWidth || 600,
      height: HEIGHT,
      series,
      bands,
      scales: { x: { time: false }, y: { range: (plot, low, high) => this.#range(low, high) } },
      axes: [
        { ...axis, label: "seconds", labelSize: 18 },
        { ...axis, label: AXIS[this.unit] ?? this.unit, labelSize: 18, size: 52 },
        { ...axis, scale: "x", side: 0, label: "frame", labelSize: 18, grid: { show: false }, values: frames },
      ],
      cursor: { drag: { x: true, y: false }, points: { show: (plot, i) => plot.series[i].stroke !== undefined } },
      legend: { show: false },
      hooks: {
        drawClear: [(plot) => marks(plot, this.columns, this.seconds, this.#shown)],
        setCursor: [(plot) => this.#hover(plot)],
        setScale: [() => this.index !== undefined && this.plot && requestAnimationFrame(() => this.mark(this.index))],
      },
    };
  }

  #range(low, high) {
    if (low === null) return [-1, 1];
    const margin = Math.max((high - low) * 0.08, 0.5 * (this.unit !== "ratio"));
    return this.unit === "ratio" ? [0, 1] : [low - margin, high + margin];
  }

  #listen(over) {
    let from = 0;
    over.addEventListener("pointerdown", (event) => (from = event.clientX));
    over.addEventListener("click", (event) => {
      if (Math.abs(event.clientX - from) > CLICK) return;
      const time = this.plot.posToVal(event.clientX - over.getBoundingClientRect().left, "x");
      this.dispatchEvent(new CustomEvent("seek", { detail: nearest(this.seconds, time) }));
    });
    over.addEventListener("pointerleave", () => (this.tip.hidden = true));
  }

  #hover(plot) {
    const { idx, left } = plot.cursor;
    if (idx === null || idx === undefined || left < 0) {
      this.tip.hidden = true;
      return;
    }
    const { header, column } = this.columns;
    const lines = [`frame ${idx}, ${clock(column.time_s[idx])}`];
    for (const name of this.names.filter((each) => this.#shown.has(each))) {
      const [value, width] = [column[`value ${name}`][idx], column[`half_width ${name}`][idx]];
      if (Number.isNaN(value)) continue;
      lines.push(`${title(name)} ${number(value, this.unit)}${Number.isNaN(width) ? "" : ` ± ${number(width, this.unit, 1, false)}`}`);
    }
    if (column.reason[idx]) lines.push(`not measured: ${title(header.reasons[column.reason[idx] - 1]).toLowerCase()}`);
    else if (column.reliable[idx] === 0) lines.push("not reliable");
    this.tip.replaceChildren(...lines.map((line) => element("div", {}, line)));
    this.tip.hidden = false;
    const right = left > plot.over.clientWidth / 2;
    this.tip.style.transform = `translateX(${left + (right ? -12 : 12)}px) translateX(${right ? "-100%" : "0"})`;
  }
}
