/** The words and numbers beside the picture and below it: the headline, the frame that is shown, the steps. */

import { clock, colourOf, element, number, title } from "./words.js";

/** Return `4.2° ± 0.5°`, or the value alone if it has no half-width. */
function written(value, width, unit) {
  const margin = Number.isFinite(width ?? NaN) ? ` ± ${number(width, unit, undefined, false)}` : "";
  return `${number(value, unit)}${margin}`;
}

function card(name, colour, big, ...lines) {
  const box = element("div", { class: "card" }, element("h3", {}, name), element("p", { class: "big" }, big));
  if (colour) box.style.borderTopColor = colour;
  box.append(...lines.map((line) => element("p", { class: "quiet" }, line)));
  return box;
}

/** Return the cards with what is read off: of steps if there are any, else of the measured frames. */
export function headline(result) {
  const { steps, summary } = result;
  const cards = steps && !steps.reason ? ofSteps(steps) : [];
  if (!cards.length) cards.push(...ofFrames(result));
  if (summary.measured !== undefined && summary.frames > 1) {
    const reasons = Object.entries(summary.not_measured).map(([reason, n]) => `${title(reason).toLowerCase()}: ${n}`);
    cards.push(card("Frames measured", null, `${summary.measured} of ${summary.frames}`, ...reasons));
  }
  return cards;
}

function ofSteps(steps) {
  const cards = Object.entries(steps.legs).map(([side, leg]) => {
    const angle = leg.values.mid_stance;
    if (!angle) return card(`${title(side)}, mid-stance`, colourOf(side), "–", `${leg.steps} steps without an angle`);
    const sd = angle.sd === null ? "one step has no standard deviation" : `SD ${number(angle.sd, "deg", 1, false)}`;
    const off = angle.half_width === null ? null : `mean may be off by ${number(angle.half_width, "deg", 1, false)}`;
    const lines = [`${angle.steps} ${angle.steps === 1 ? "step" : "steps"}, ${sd}`, off].filter(Boolean);
    return card(`${title(side)}, mid-stance`, colourOf(side), number(angle.mean, "deg"), ...lines);
  });
  const { mid_stance: difference } = steps.difference;
  if (difference) {
    const lines = difference.half_width === null ? [] : [`may be off by ${number(difference.half_width, "deg", 1, false)}`];
    cards.push(card("Left minus right", null, number(difference.mean, "deg"), ...lines));
  }
  return cards;
}

function ofFrames({ summary, source }) {
  const values = Object.entries(summary.values ?? {});
  return values.map(([name, { median, min, max }]) => {
    const unit = summary.units[name];
    const range = `median of frames; ${number(min, unit)} to ${number(max, unit)}`;
    return card(title(name), source.kind === "video" ? colourOf(name) : null, number(median, unit), ...(summary.frames > 1 ? [range] : []));
  });
}

/** Return what is known about one frame, or null before it is loaded. */
export function frameWords(frame, result, index, time) {
  const place = result.source.kind === "video" ? `Frame ${index}, ${clock(time)}` : result.source.file;
  const parts = [element("h3", {}, place)];
  if (!frame) return parts;
  const { measure } = frame;
  if (measure?.measured) parts.push(values(measure));
  if (measure && !measure.measured) parts.push(element("p", { class: "warning" }, `Not measured: ${measure.message}.`));
  const notes = [...(measure?.warnings ?? []), ...(frame.doubts ?? []).filter((doubt) => doubt !== measure?.message)];
  parts.push(...notes.map((note) => element("p", { class: "warning" }, note)));
  if (frame.class) parts.push(classes(frame.class, result));
  if (frame.instances) parts.push(instances(frame.instances, result));
  if (frame.keypoints) parts.push(landmarks(frame, result));
  return parts;
}

function values(measure) {
  const list = element("dl", { class: "values" });
  for (const [name, value] of Object.entries(measure.values)) {
    const direction = measure.legs?.[name]?.direction;
    const text = written(value, measure.half_widths[name], measure.units[name] ?? measure.unit);
    list.append(element("dt", {}, title(name)), element("dd", {}, direction ? `${text} ${direction}` : text));
  }
  if (measure.arch) list.append(element("dt", {}, "Arch"), element("dd", {}, measure.arch));
  return list;
}

function classes(answer, result) {
  const list = element("div", { class: "classes" });
  list.append(element("p", { class: "big" }, answer.sure ? title(answer.name) : `${title(answer.name)}?`));
  if (!answer.sure) {
    const least = number(result.confidence_threshold * 100, "%", 0);
    list.append(element("p", { class: "warning" }, `Not sure: the model is asked for at least ${least}.`));
  }
  const sorted = Object.entries(answer.probabilities).sort((a, b) => b[1] - a[1]);
  for (const [name, share] of sorted) {
    const meter = element("meter", { min: "0", max: "1", value: String(share), "aria-label": title(name) });
    list.append(element("div", { class: "share" }, element("span", {}, title(name)), meter, element("span", {}, number(share * 100, "%", 1))));
  }
  return list;
}

function table(caption, head, rows) {
  const cells = (tag, row) => row.map((text) => element(tag, tag === "th" ? { scope: "col" } : {}, text));
  return element(
    "table",
    {},
    element("caption", {}, caption),
    element("thead", {}, element("tr", {}, ...cells("th", head))),
    element("tbody", {}, ...rows.map((row) => element("tr", {}, ...cells("td", row)))),
  );
}

function instances(list, result) {
  const counts = result.classes.map((name) => `${list.filter((each) => each.class === name).length} ${name}`);
  const caption = `${list.length} found${counts.length > 1 ? `: ${counts.join(", ")}` : ""}`;
  const rows = list.map((each) => [each.class, number(each.score, "", 2), each.box.map((value) => Math.round(value)).join(", ")]);
  return element("div", { class: "scroll" }, table(caption, ["Class", "Score", "x, y, width, height (px)"], rows));
}

let landmarksOpen = false; // kept from frame to frame

/** Return the list of landmarks, whose table is made when it is opened. */
function landmarks(frame, result) {
  const present = result.keypoints.length - frame.missing.length;
  const summary = element("summary", {}, `Landmarks: ${present} of ${result.keypoints.length}`);
  const list = element("details", { open: landmarksOpen }, summary);
  const fill = () => list.children.length > 1 || list.append(landmarkTable(frame, result));
  if (landmarksOpen) fill();
  list.addEventListener("toggle", () => {
    landmarksOpen = list.open;
    if (list.open) fill();
  });
  return list;
}

function landmarkTable(frame, result) {
  const missing = new Set(frame.missing);
  const rows = result.keypoints.map((name, i) => [
    title(name),
    missing.has(name) ? "missing" : frame.keypoints[i].map((value) => number(value, "", 1)).join(", "),
    number(frame.confidence[i], "", 2),
    frame.radius ? number(frame.radius[i], "", 1) : "–",
  ]);
  const head = ["Landmark", "x, y (px)", "Confidence", "May be off (px)"];
  return element("div", { class: "scroll" }, table("", head, rows));
}

const ANGLES = ["strike", "mid_stance", "toe_off"];
const HEADS = { strike: "Angle, strike", mid_stance: "Angle, mid-stance", toe_off: "Angle, toe off" };

/** Return the table of steps with their mean and standard deviation, and what a person should know about them. */
export function stepWords(steps) {
  if (steps.reason) return [element("p", { class: "warning" }, `No steps: ${steps.message}.`)];
  const names = Object.keys(steps.units);
  const cell = (name, value, signed) => number(value, steps.units[name], undefined, signed && ANGLES.includes(name));
  const row = (first, values, signed = true) => [...first, ...names.map((name) => cell(name, values[name], signed))];
  const counts = { left: 0, right: 0 };
  const rows = steps.steps.map((step) => row([title(step.leg), String(++counts[step.leg]), clock(step.strike_s), clock(step.toe_off_s)], step.values));
  for (const [side, leg] of Object.entries(steps.legs)) {
    for (const [key, words] of [["mean", "mean"], ["sd", "SD"]]) {
      const values = Object.fromEntries(Object.entries(leg.values).map(([name, estimate]) => [name, estimate[key]]));
      rows.push(row([title(side), words, "", ""], values, key === "mean"));
    }
  }
  const head = ["Leg", "Step", "Strike at", "Toe off at", ...names.map((name) => HEADS[name] ?? title(name))];
  const walk = { away: "walks away", towards: "walks towards the camera", in_place: "walks in place" }[steps.direction];
  const caption = [walk, steps.cadence_per_min && `${Math.round(steps.cadence_per_min)} steps a minute`].filter(Boolean).join(", ");
  const notes = steps.notes.map((note) => element("li", {}, note));
  return [element("div", { class: "scroll" }, table(title(caption), head, rows)), element("ul", { class: "quiet" }, ...notes)];
}
