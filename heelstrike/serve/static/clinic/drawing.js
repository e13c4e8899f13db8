/** Draws a frame's results over its picture: what each head found, and what was measured, in pixels of the picture. */

import { colourOf, number } from "./words.js";

const SHADE = "rgb(0 0 0 / 65%)";
const WHITE = "#fff";
const AMBER = "#ffb000";
const NARROW = 600; // pixels of the screen; a narrower picture has room for the values only
const PLAUSIBLE = 0.5; // a keypoint that misses the threshold is drawn as a cross down to this share of it

/**
 * Draw the results of a frame.
 * @param {CanvasRenderingContext2D} pen
 * @param {object} frame A frame of the result.
 * @param {object} result The result without its frames.
 * @param {object} style `unit`: the picture's pixels for one of the screen; `size`: of the picture; `dashed`: true for a
 *   second model.
 */
export function drawFrame(pen, frame, result, style) {
  pen.save();
  pen.translate(0.5, 0.5); // (0, 0) is the centre of the top-left pixel
  pen.lineCap = pen.lineJoin = "round";
  for (const part of [box, instances, outline, skeleton, radii, markers, angles]) part(pen, frame, result, style);
  pen.restore();
}

function stroke(pen, style, colour, width) {
  pen.setLineDash(style.dashed ? [5 * style.unit, 5 * style.unit] : []);
  pen.strokeStyle = SHADE;
  pen.lineWidth = (width + 2) * style.unit;
  pen.stroke();
  pen.strokeStyle = colour;
  pen.lineWidth = width * style.unit;
  pen.stroke();
  pen.setLineDash([]);
}

function box(pen, frame, result, style) {
  if (frame.box?.every(Number.isFinite)) corners(pen, frame.box, style, WHITE);
}

function corners(pen, [x, y, width, height], style, colour) {
  const arm = Math.min(width, height) / 6;
  pen.beginPath();
  for (const [cx, cy, dx, dy] of [
    [x, y, 1, 1],
    [x + width, y, -1, 1],
    [x, y + height, 1, -1],
    [x + width, y + height, -1, -1],
  ]) {
    pen.moveTo(cx + dx * arm, cy);
    pen.lineTo(cx, cy);
    pen.lineTo(cx, cy + dy * arm);
  }
  stroke(pen, style, colour, 1.5);
}

function instances(pen, frame, result, style) {
  for (const instance of frame.instances ?? []) {
    const colour = colourOf(instance.class, result.classes);
    corners(pen, instance.box, style, colour);
    const [x, y] = instance.box;
    label(pen, `${instance.class} ${number(instance.score, "", 2)}`, x, y - 12 * style.unit, style, colour, "left");
  }
}

function outline(pen, frame, result, style) {
  const points = frame.measure?.outline_mm;
  const scale = result.source.mm_per_px;
  if (!points || !scale) return;
  pen.beginPath();
  points.forEach(([x, y]) => pen.lineTo(x / scale, y / scale));
  pen.closePath();
  stroke(pen, style, "#7fd6c2", 2);
}

function present(frame, result) {
  const missing = new Set(frame.missing ?? []);
  return result.keypoints.map((name, i) => !missing.has(name) && frame.keypoints[i].every(Number.isFinite));
}

function skeleton(pen, frame, result, style) {
  if (!frame.keypoints) return;
  const there = present(frame, result);
  for (const [a, b] of result.skeleton) {
    if (!there[a] || !there[b]) continue;
    pen.beginPath();
    pen.moveTo(...frame.keypoints[a]);
    pen.lineTo(...frame.keypoints[b]);
    stroke(pen, style, colourOf(result.keypoints[a]), 2);
  }
}

function radii(pen, frame, result, style) {
  if (!frame.radius || style.dashed) return;
  const there = present(frame, result);
  frame.radius.forEach((radius, i) => {
    if (radius === null || !there[i]) return;
    pen.beginPath();
    pen.arc(...frame.keypoints[i], radius, 0, 2 * Math.PI);
    pen.fillStyle = "rgb(255 255 255 / 25%)";
    pen.fill();
  });
}

function markers(pen, frame, result, style) {
  if (!frame.keypoints) return;
  const there = present(frame, result);
  const size = 4.5 * style.unit;
  frame.keypoints.forEach(([x, y], i) => {
    if (!Number.isFinite(x) || !Number.isFinite(y)) return;
    if (frame.confidence[i] < result.confidence_threshold * PLAUSIBLE) return;
    pen.beginPath();
    if (there[i]) {
      pen.arc(x, y, size, 0, 2 * Math.PI);
      stroke(pen, style, colourOf(result.keypoints[i]), 2);
    } else {
      pen.moveTo(x - size, y - size);
      pen.lineTo(x + size, y + size);
      pen.moveTo(x + size, y - size);
      pen.lineTo(x - size, y + size);
      stroke(pen, style, AMBER, 1.5);
    }
  });
}

/** The angle between the two lines of each leg: an arc from the upper line, continued, to the lower one. */
function angles(pen, frame, result, style) {
  for (const [side, leg] of Object.entries(frame.measure?.legs ?? {})) {
    const [top, middle, bottom] = leg.points;
    const upper = Math.atan2(middle[1] - top[1], middle[0] - top[0]);
    const lower = Math.atan2(bottom[1] - middle[1], bottom[0] - middle[0]);
    const reach = 0.8 * Math.hypot(bottom[0] - middle[0], bottom[1] - middle[1]);
    const turn = Math.atan2(Math.sin(lower - upper), Math.cos(lower - upper));
    const colour = colourOf(side);
    pen.beginPath();
    pen.moveTo(...middle);
    pen.lineTo(middle[0] + reach * Math.cos(upper), middle[1] + reach * Math.sin(upper));
    stroke(pen, { ...style, dashed: true }, WHITE, 1);
    pen.beginPath();
    pen.arc(...middle, reach, upper, upper + turn, turn < 0);
    stroke(pen, style, colour, 2);
    if (style.dashed) continue;
    const margin = frame.measure.half_widths[side];
    const parts = [number(leg.signed_deg, "deg")];
    if (style.size.width / style.unit > NARROW) {
      if (Number.isFinite(margin)) parts.push(`± ${number(margin, "deg", 1, false)}`);
      parts.push(leg.direction);
    }
    const outward = side === "left" ? -1 : 1;
    const x = middle[0] + outward * 18 * style.unit;
    label(pen, parts.join(" "), x, middle[1], style, colour, outward < 0 ? "right" : "left");
  }
}

/** Write a text on a dark plate beside (x, y), within the picture. */
function label(pen, text, x, y, style, colour, align) {
  const size = 14 * style.unit;
  pen.font = `600 ${size}px system-ui, sans-serif`;
  const width = pen.measureText(text).width + 0.9 * size;
  const wanted = align === "right" ? x - width : x;
  const left = Math.min(Math.max(wanted, 4), style.size.width - width - 4);
  const top = Math.min(Math.max(y - 0.8 * size, 4), style.size.height - 1.6 * size - 4);
  pen.fillStyle = SHADE;
  pen.beginPath();
  pen.roundRect(left, top, width, 1.6 * size, 0.3 * size);
  pen.fill();
  pen.fillStyle = colour;
  pen.fillRect(left, top, 0.2 * size, 1.6 * size);
  pen.fillStyle = WHITE;
  pen.fillText(text, left + 0.5 * size, top + 1.15 * size);
}
