/** What is beside the picture: the list of points, and what is known about the frame. */

import { colourOf, element, title } from "../clinic/words.js";
import { ABSENT } from "./points.js";

const STATES = [
  [2, "visible", "V"],
  [1, "hidden", "H"],
  [0, "absent", "X"],
];

/** The list of points: choose one, and say if it can be seen. */
export class PointList {
  /**
   * @param {HTMLElement} node
   * @param {string[]} names
   * @param {{select: (index: number) => void, state: (index: number, v: number) => void}} act
   */
  constructor(node, names, act) {
    this.rows = names.map((name, i) => {
      const swatch = element("span", { class: "swatch" });
      swatch.style.background = colourOf(name, names);
      const place = element("span", { class: "quiet" });
      const choose = element("button", { type: "button", class: "point" }, element("kbd", {}, String(i + 1)), swatch, element("span", {}, title(name)), place);
      choose.addEventListener("click", () => act.select(i));
      const states = STATES.map(([v, word, key]) => {
        const button = element("button", { type: "button", title: `${word} (${key})`, "aria-label": `${title(name)}: ${word}` }, word);
        button.addEventListener("click", () => act.state(i, v));
        return button;
      });
      node.append(element("li", { "data-point": name }, choose, element("span", { class: "states" }, ...states)));
      return { choose, place, states };
    });
  }

  show(list, selected) {
    this.rows.forEach(({ choose, place, states }, i) => {
      const point = list?.[i];
      choose.setAttribute("aria-current", String(i === selected));
      place.textContent = point && point.v !== ABSENT ? `${point.x.toFixed(2)}, ${point.y.toFixed(2)}` : "";
      states.forEach((button, s) => {
        button.setAttribute("aria-pressed", String(point?.v === STATES[s][0]));
        button.disabled = !point;
      });
    });
  }
}

/** Return what is known about a frame's label, as a sentence. */
export function stateWords({ label, draft, reading, found }) {
  const said = label && `${reading ? "Your second reading" : `Labelled by ${label.who}`}, ${label.when.slice(0, 16).replace("T", " ")} UTC${label.number > 1 ? `, revision ${label.number}` : ""}.`;
  if (draft) return `Changed, not saved yet. ${said ?? ""}`;
  if (said) return said;
  return found ? "Not labelled. These are the model's points." : "Not labelled, and the model finds nothing. Click where the points are, one after the other.";
}
