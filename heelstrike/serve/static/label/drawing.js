/** Draws points of a label: rings that leave their middle free, in the colours of the sides. */

import { colourOf } from "../clinic/words.js";
import { ABSENT, HIDDEN } from "./points.js";

const SHADE = "rgb(0 0 0 / 70%)";

/**
 * Draw points. The pen is in pixels of the picture.
 * @param {CanvasRenderingContext2D} pen
 * @param {{x: number, y: number, v: number}[]} list
 * @param {object} style `names`, `skeleton` (pairs of indices), `unit` (pixels of the picture for one of the screen),
 *   `selected` (index, or -1), `numbers` (true to write them), `fine` (true while the selected point is dragged).
 */
export function drawPoints(pen, list, { names, skeleton, unit, selected = -1, numbers = false, fine = false }) {
  pen.save();
  pen.translate(0.5, 0.5); // (0, 0) is the centre of the top-left pixel
  pen.lineCap = "round";
  for (const [a, b] of skeleton) {
    if (list[a].v === ABSENT || list[b].v === ABSENT) continue;
    pen.beginPath();
    pen.moveTo(list[a].x, list[a].y);
    pen.lineTo(list[b].x, list[b].y);
    stroke(pen, colourOf(names[a]), 1, unit, 0.55);
  }
  list.forEach((point, i) => {
    if (point.v === ABSENT && i !== selected) return;
    const colour = colourOf(names[i], names);
    if (i === selected) cross(pen, point, unit, point.v === ABSENT ? "#ffb000" : "#fff");
    if (point.v !== ABSENT && !(fine && i === selected)) ring(pen, point, colour, unit, i === selected);
    if (numbers && point.v !== ABSENT) number(pen, point, String(i + 1), colour, unit);
  });
  pen.restore();
}

function ring(pen, { x, y, v }, colour, unit, selected) {
  pen.beginPath();
  pen.arc(x, y, (selected ? 9 : 6) * unit, 0, 2 * Math.PI);
  if (v === HIDDEN) pen.setLineDash([3 * unit, 3 * unit]);
  stroke(pen, colour, selected ? 2.5 : 2, unit);
  pen.setLineDash([]);
  pen.beginPath();
  pen.arc(x, y, 0.9 * unit, 0, 2 * Math.PI);
  pen.fillStyle = colour;
  pen.fill();
}

function cross(pen, { x, y }, unit, colour) {
  pen.beginPath();
  for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
    pen.moveTo(x + 5 * dx * unit, y + 5 * dy * unit);
    pen.lineTo(x + 22 * dx * unit, y + 22 * dy * unit);
  }
  stroke(pen, colour, 1, unit);
}

function number(pen, { x, y }, text, colour, unit) {
  const size = 12 * unit;
  pen.font = `600 ${size}px system-ui, sans-serif`;
  pen.lineWidth = 3 * unit;
  pen.strokeStyle = SHADE;
  pen.strokeText(text, x + 9 * unit, y - 7 * unit);
  pen.fillStyle = colour;
  pen.fillText(text, x + 9 * unit, y - 7 * unit);
}

function stroke(pen, colour, width, unit, opacity = 1) {
  pen.globalAlpha = opacity;
  pen.strokeStyle = SHADE;
  pen.lineWidth = (width + 1.5) * unit;
  pen.stroke();
  pen.strokeStyle = colour;
  pen.lineWidth = width * unit;
  pen.stroke();
  pen.globalAlpha = 1;
}
