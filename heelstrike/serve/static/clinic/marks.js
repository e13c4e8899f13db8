/** What is drawn behind the lines of a chart: frames that were not measured, stances, and their stable windows. */

import { colourOf } from "./words.js";

const STRIP = 7; // height of a stance's bar, in pixels of the screen

/** Draw the marks of a plot, of the legs that are shown. */
export function marks(plot, columns, seconds, shown) {
  const pen = plot.ctx;
  const { left, top, width, height } = plot.bbox;
  pen.save();
  pen.beginPath();
  pen.rect(left, top, width, height);
  pen.clip();
  gaps(plot, columns.column.reason, seconds);
  for (const step of columns.header.result.steps?.steps ?? []) {
    if (shown.has(step.leg)) stance(plot, step, columns.header.stable_half);
  }
  pen.restore();
}

/** Hatch the frames without a measurement. Neighbours that share a pixel become one area. */
function gaps(plot, reason, seconds) {
  const pen = plot.ctx;
  const { left, top, width, height } = plot.bbox;
  const { min, max } = plot.scales.x;
  const perSecond = width / (max - min);
  pen.fillStyle = hatch(pen);
  let from = null;
  let to = 0;
  const fill = () => from !== null && pen.fillRect(from, top, to - from, height);
  for (let i = 0; i < reason.length; i++) {
    if (!reason[i] || seconds[i] < min || seconds[i] > max) continue;
    const x = left + (seconds[i] - min) * perSecond;
    const next = i > 0 && reason[i - 1] !== 0;
    if (from === null || (x - 1 > to && !next)) {
      fill();
      from = x - 1;
    }
    to = x + 1;
  }
  fill();
}

let pattern = null;

function hatch(pen) {
  if (pattern) return pattern;
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8;
  const brush = tile.getContext("2d");
  brush.strokeStyle = "rgb(230 150 0 / 45%)";
  brush.lineWidth = 1.5;
  brush.beginPath();
  for (const x of [-8, 0, 8]) {
    brush.moveTo(x, 8);
    brush.lineTo(x + 8, 0);
  }
  brush.stroke();
  pattern = pen.createPattern(tile, "repeat");
  return pattern;
}

/** Draw a stance as a bar, its stable window as a column, and the angle that was read in the window as a line. */
function stance(plot, step, half) {
  const pen = plot.ctx;
  const { top, height } = plot.bbox;
  const scale = devicePixelRatio;
  const x = (time) => plot.valToPos(time, "x", true);
  const duration = step.toe_off_s - step.strike_s;
  const middle = step.strike_s + duration / 2;
  const [from, to] = [middle - half * duration, middle + half * duration].map(x);
  const colour = colourOf(step.leg);
  const row = step.leg === "left" ? 0 : 1;
  pen.fillStyle = colour;
  pen.globalAlpha = 0.1;
  pen.fillRect(from, top, to - from, height);
  pen.globalAlpha = 0.9;
  pen.fillRect(x(step.strike_s), top + (row * (STRIP + 2) + 2) * scale, x(step.toe_off_s) - x(step.strike_s), STRIP * scale);
  pen.globalAlpha = 1;
  const value = step.values.mid_stance;
  if (value === null || value === undefined) return;
  const y = plot.valToPos(value, "y", true);
  pen.strokeStyle = colour;
  pen.lineWidth = 2.5 * scale;
  pen.beginPath();
  pen.moveTo(from, y);
  pen.lineTo(to, y);
  pen.stroke();
}
