/** The keys of the page: one table, from which the help is made too, so that it is complete. */

import { element } from "../clinic/words.js";

const NUDGE = 1; // pixels of the picture
const NAMES = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", PageUp: "Page up", PageDown: "Page down", Escape: "Esc", " ": "Space" };

/** Return the table of keys: `keys` as `event.key` has them, with `Ctrl+`, `Shift+` or `Alt+` before; `words`; `run`. */
export function keyTable(editor) {
  const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const nudges = (prefix, pixels) =>
    Object.fromEntries(Object.entries(arrows).map(([key, [dx, dy]]) => [prefix + key, () => editor.nudge(dx * pixels, dy * pixels)]));
  const digits = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [String(i + 1), () => editor.select(i)]));
  return [
    { group: "Points", words: "choose a point by its number", show: "1 … 9", runs: digits },
    { group: "Points", words: "choose the one before, the next one", runs: { "[": () => editor.selectBy(-1), "]": () => editor.selectBy(1) } },
    { group: "Points", words: "move it by a pixel", runs: nudges("", NUDGE) },
    { group: "Points", words: "by a tenth of a pixel", show: "Shift + arrows", runs: nudges("Shift+", NUDGE / 10) },
    { group: "Points", words: "by ten pixels", show: "Alt + arrows", runs: nudges("Alt+", NUDGE * 10) },
    { group: "Points", words: "visible", runs: { v: () => editor.setVisibility(2) } },
    { group: "Points", words: "hidden: covered, but its place is known", runs: { h: () => editor.setVisibility(1) } },
    { group: "Points", words: "absent: out of the picture, or nobody can tell where", runs: { x: () => editor.setVisibility(0), Delete: () => editor.setVisibility(0) } },
    { group: "All points", words: "swap left and right", runs: { s: () => editor.swap() } },
    { group: "All points", words: "copy from the labelled frame before, after", runs: { c: () => editor.copy(-1), "Shift+C": () => editor.copy(1) } },
    { group: "All points", words: "take the model's points", runs: { m: () => editor.takeModel() } },
    { group: "All points", words: "undo", runs: { z: () => editor.undo(), "Ctrl+z": () => editor.undo() } },
    { group: "All points", words: "redo", runs: { y: () => editor.redo(), "Ctrl+y": () => editor.redo(), "Ctrl+Shift+Z": () => editor.redo() } },
    { group: "Frames", words: "save", runs: { Enter: () => editor.save(), "Ctrl+s": () => editor.save() } },
    { group: "Frames", words: "next frame of the queue", runs: { n: () => editor.next() } },
    { group: "Frames", words: "save, and go to the next frame of the queue", runs: { w: () => editor.saveAndNext() } },
    { group: "Frames", words: "one frame back, on", runs: { ",": () => editor.step(-1), ".": () => editor.step(1) } },
    { group: "Frames", words: "ten frames back, on", runs: { PageUp: () => editor.step(-10), PageDown: () => editor.step(10) } },
    { group: "Frames", words: "the labelled frame before, after", runs: { b: () => editor.stepLabelled(-1), f: () => editor.stepLabelled(1) } },
    { group: "View", words: "zoom in, out, all", show: "+ − 0", runs: { "+": () => editor.zoom(1.5), "-": () => editor.zoom(1 / 1.5), 0: () => editor.zoom(null) } },
    { group: "View", words: "show or hide the points", runs: { o: () => editor.toggleMarks() } },
    { group: "View", words: "this help", runs: { "?": () => editor.help() } },
  ];
}

/** Run the functions of a table when their keys are pressed. */
export function listen(table) {
  const runs = Object.assign({}, ...table.map((row) => row.runs));
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
    if (event.target.closest("select, textarea, input:not([type=range])")) return;
    // a button of a dialog that was just closed may still have the focus
    if (event.key === "Enter" && event.target.closest("button, a, summary") && !event.target.closest("dialog")) return;
    const run = runs[nameOf(event)];
    if (!run) return;
    event.preventDefault();
    run();
  });
}

/** Return the help as a table. */
export function helpTable(table) {
  const groups = [...new Set(table.map((row) => row.group))];
  const bodies = groups.map((group) => {
    const rows = table.filter((row) => row.group === group).map(({ words, show, runs }) => {
      const keys = show ? show.split(/ (?=[−0])/) : Object.keys(runs).map(shown);
      const cells = keys.flatMap((key, i) => [i ? " " : "", element("kbd", {}, key)]);
      return element("tr", {}, element("td", {}, ...cells), element("td", {}, words));
    });
    return element("tbody", {}, element("tr", {}, element("th", { colSpan: 2, scope: "rowgroup" }, group)), ...rows);
  });
  return element("table", { class: "keys-table" }, ...bodies);
}

function nameOf(event) {
  const { key } = event;
  const letter = key.length === 1;
  const control = event.ctrlKey || event.metaKey ? "Ctrl+" : "";
  const shifted = event.shiftKey && (!letter || /[A-Z]/i.test(key)) ? "Shift+" : "";
  const alt = event.altKey ? "Alt+" : "";
  return `${control}${alt}${shifted}${letter && shifted ? key.toUpperCase() : letter && /[A-Z]/.test(key) ? key.toLowerCase() : key}`;
}

function shown(name) {
  if (name === "+") return name;
  return name.split("+").map((part) => NAMES[part] ?? (/^[a-z]$/.test(part) ? part.toUpperCase() : part)).join(" + ");
}
