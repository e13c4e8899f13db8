/** Another label of the frame was saved meanwhile: both versions side by side, to choose from. */

import { element, number, title } from "../clinic/words.js";
import { drawPoints } from "./drawing.js";
import { ABSENT } from "./points.js";

const MARGIN = 0.25; // of the picture that is shown around the points

/**
 * Show both versions, and return `mine`, `theirs` or null (go on editing).
 * @param {HTMLDialogElement} dialog
 * @param {CanvasImageSource} picture
 * @param {object} mine `{points, title}`; points as the service has them.
 * @param {object} theirs The same.
 * @param {object} look `names`, `skeleton`, `size` (of the picture).
 */
export function chooseVersion(dialog, picture, mine, theirs, look) {
  const box = around([...mine.points, ...theirs.points], look.size);
  const sides = [mine, theirs].map((version, i) => side(version, i ? "theirs" : "mine", picture, box, look));
  const later = element("button", { value: "" }, "Go on editing");
  dialog.replaceChildren(
    element("form", { method: "dialog" },
      element("h2", {}, "Another label of this frame was saved meanwhile"),
      element("p", { class: "quiet" }, "Nothing is lost: every version stays in the history. Which one counts?"),
      element("div", { class: "versions" }, ...sides),
      differences(mine.points, theirs.points, look.names),
      element("p", { class: "actions" }, later),
    ),
  );
  dialog.returnValue = "";
  dialog.showModal();
  dialog.querySelectorAll("canvas").forEach((canvas, i) => draw(canvas, picture, [mine, theirs][i].points, box, look));
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue || null), { once: true });
  });
}

function side(version, name, picture, box, look) {
  const canvas = element("canvas", { role: "img", "aria-label": version.title });
  const button = element("button", { value: name, class: "primary" }, name === "mine" ? "Keep mine" : "Take theirs");
  return element("section", { "data-version": name }, element("h3", {}, version.title), canvas, button);
}

function draw(canvas, picture, points, box, look) {
  const width = (canvas.width = Math.round(canvas.clientWidth * devicePixelRatio));
  canvas.height = Math.round((width * box.height) / box.width);
  const scale = width / box.width;
  const pen = canvas.getContext("2d", { alpha: false });
  pen.setTransform(scale, 0, 0, scale, -box.x * scale, -box.y * scale);
  pen.imageSmoothingEnabled = scale < 4;
  pen.drawImage(picture, 0, 0);
  const list = points.map((point) => (point.v === ABSENT ? { x: 0, y: 0, v: ABSENT } : point));
  drawPoints(pen, list, { ...look, unit: devicePixelRatio / scale, numbers: true });
}

/** Return the part of the picture around points, with its own aspect ratio. */
function around(points, size) {
  const there = points.filter((point) => point.v !== ABSENT);
  if (!there.length) return { x: 0, y: 0, ...size };
  const [xs, ys] = [there.map((point) => point.x), there.map((point) => point.y)];
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const share = Math.max((Math.max(...xs) - left) / size.width, (Math.max(...ys) - top) / size.height, 0.1) * (1 + 2 * MARGIN);
  const [width, height] = [Math.min(share, 1) * size.width, Math.min(share, 1) * size.height];
  const within = (low, high, side, most) => Math.min(Math.max((low + high - side) / 2, 0), most - side);
  return { x: within(left, Math.max(...xs), width, size.width), y: within(top, Math.max(...ys), height, size.height), width, height };
}

const WORDS = ["absent", "hidden", "visible"];

function differences(mine, theirs, names) {
  const rows = names.flatMap((name, i) => {
    const [a, b] = [mine[i], theirs[i]];
    const far = a.v && b.v ? Math.hypot(a.x - b.x, a.y - b.y) : null;
    if (a.v === b.v && !(far > 0.005)) return [];
    const states = a.v === b.v ? WORDS[a.v] : `${WORDS[a.v]}, theirs ${WORDS[b.v]}`;
    return [element("tr", {}, element("td", {}, title(name)), element("td", {}, number(far, "px", 2)), element("td", {}, states))];
  });
  if (!rows.length) return element("p", {}, "Both say the same.");
  const head = ["Point", "Apart", "State"].map((text) => element("th", { scope: "col" }, text));
  return element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows));
}
