/** Numbers, names and colours as they are shown everywhere on the page. */

const SYMBOLS = { deg: "°", ratio: "", "": "" };
const DIGITS = { deg: 1, mm: 1, s: 2, ratio: 3, "": 0 };
const COLOURS = ["#3d8bfd", "#f28e2b", "#2aa198", "#b07aa1", "#e15759", "#76b7b2", "#edc948", "#9c755f"];

const HUGE = 1e7; // from here on a number is written with a power of ten

/** Return a number with its unit, `+4.2°`; a dash if there is none. */
export function number(value, unit = "", digits = DIGITS[unit] ?? 1, signed = unit === "deg") {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  const text = size < HUGE ? size.toFixed(digits) : size.toExponential(1);
  const sign = value < 0 && Number(text) !== 0 ? "−" : signed ? "+" : "";
  return `${sign}${text}${SYMBOLS[unit] ?? ` ${unit}`}`;
}

/** Return a name of the result as words: `left_heel` becomes `Left heel`. */
export function title(name) {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Return the colour of a leg, a keypoint of it, or a class among others. */
export function colourOf(name, names = []) {
  const side = /^(left|right)\b|^(left|right)_/.exec(name);
  if (side) return COLOURS[name.startsWith("left") ? 0 : 1];
  return COLOURS[(Math.max(names.indexOf(name), 0) + 2) % COLOURS.length];
}

/** Return seconds as `1.23 s`, or `2:05.30` from a minute on. */
export function clock(seconds) {
  const hundredths = Math.round(100 * seconds);
  if (hundredths < 6000 || seconds >= HUGE) return number(seconds, "s");
  return `${Math.floor(hundredths / 6000)}:${((hundredths % 6000) / 100).toFixed(2).padStart(5, "0")}`;
}

/** Return a new element with attributes and children; a text is a child too. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key in made && typeof value !== "string") made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}
