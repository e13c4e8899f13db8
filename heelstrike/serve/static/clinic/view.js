/** The page of one result: picture, values over time, steps. It is driven by what the result has, not by its problem. */

import { TimeChart } from "./chart.js";
import { loadColumns } from "./columns.js";
import { drawFrame } from "./drawing.js";
import { FrameStore } from "./frames.js";
import { frameWords, headline, stepWords } from "./panels.js";
import { Player } from "./player.js";
import { stanceChart } from "./stance.js";
import { clock } from "./words.js";

const page = document.getElementById("result");
const part = (name) => page.querySelector(`[data-part="${name}"]`);

/** The picture with its overlay: both are drawn at once, so that they are always of the same frame. */
class Stage {
  #picture = null;
  #index = -1;

  constructor(canvas, results) {
    this.canvas = canvas;
    this.results = results;
    this.pen = canvas.getContext("2d", { alpha: false });
    this.overlay = true;
    const { width, height } = results[0].header.result.source;
    this.size = { width, height };
    canvas.style.setProperty("--width", `${width}px`);
    canvas.style.setProperty("--ratio", String(width / height));
    new ResizeObserver(() => this.#fit()).observe(canvas);
    this.#fit();
  }

  /** Give the canvas the pixels that the screen has for it, but no more than the picture has. */
  #fit() {
    const { width, height } = this.size;
    const share = Math.min(1, (this.canvas.clientWidth * devicePixelRatio) / width) || 1;
    if (Math.round(share * width) === this.canvas.width) return;
    this.canvas.width = Math.round(share * width);
    this.canvas.height = Math.round(share * height);
    this.draw();
  }

  /** Show a picture with the overlay of a frame. */
  show(index, picture) {
    if (this.#picture !== picture) this.#picture?.close?.();
    this.#picture = picture;
    this.#index = index;
    this.draw();
    this.load(index);
  }

  /** Load the results of a frame, which is shown or soon will be. */
  load(index) {
    for (const { store } of this.results) {
      const there = store.get(index);
      store.load(index).then(() => !there && this.#index === index && this.draw());
    }
  }

  /** Draw the picture, and the overlay of its frame if that is loaded already. */
  draw() {
    if (!this.#picture) return;
    const { canvas, pen, size } = this;
    const scale = canvas.width / size.width;
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.drawImage(this.#picture, 0, 0);
    const unit = size.width / (canvas.clientWidth || size.width);
    this.results.forEach((result, i) => {
      const frame = result.store.get(this.#index);
      if (frame && this.overlay) drawFrame(pen, frame, result.header.result, { unit, size, dashed: i > 0 });
    });
    canvas.dataset.frame = this.results[0].store.get(this.#index) ? String(this.#index) : "";
    this.changed?.(this.#index);
  }
}

async function load(data) {
  const columns = await loadColumns(data.columns);
  return { ...columns, name: data.name, store: new FrameStore(data.frames, columns.header.frames) };
}

function showWords(results, index) {
  const { header, column, store } = results[0];
  const words = frameWords(store.get(index), header.result, index, column.time_s[index]);
  part("frame").replaceChildren(...words);
}

function addCharts(results, player) {
  const [first, second] = results;
  const units = new Set(Object.values(first.header.quantities));
  const charts = [...units].map((unit) => new TimeChart(part("charts"), first, unit, second ?? null));
  part("over-time").hidden = !charts.length;
  for (const chart of charts) chart.addEventListener("seek", (event) => player.seek(event.detail));
  for (const [name, factor] of [["in", 2], ["out", 0.5], ["all", null]]) {
    part(`zoom-${name}`).addEventListener("click", () => charts.forEach((chart) => chart.zoom(factor)));
  }
  return charts;
}

function controls(player, stage, seconds) {
  const slider = part("slider");
  slider.max = String(player.mediaTimes.length - 1);
  slider.addEventListener("input", () => {
    player.video.pause();
    player.seek(Number(slider.value));
  });
  part("back").addEventListener("click", () => player.step(-1));
  part("next").addEventListener("click", () => player.step(1));
  part("play").addEventListener("click", () => player.toggle());
  part("speed").addEventListener("change", (event) => (player.video.playbackRate = Number(event.target.value)));
  const state = () => {
    part("play").textContent = player.playing ? "Pause" : "Play";
    part("play").setAttribute("aria-pressed", String(player.playing));
  };
  for (const name of ["play", "pause", "ended"]) player.video.addEventListener(name, state);
  document.addEventListener("keydown", (event) => onKey(event, player));
  return (index) => {
    if (!player.seeking) slider.value = String(index);
    slider.setAttribute("aria-valuetext", `frame ${index}, ${clock(seconds[index])}`);
    part("place").textContent = `frame ${index} of ${player.mediaTimes.length - 1}, ${clock(seconds[index])}`;
  };
}

const STEPS = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -Infinity, End: Infinity };

function onKey(event, player) {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.target.closest("select, textarea, input:not([type=range])")) return;
  if (event.key in STEPS) player.step(STEPS[event.key]);
  else if (event.key === " " && !event.target.closest("button, summary, a")) player.toggle();
  else return;
  event.preventDefault();
}

function viewTools(stage) {
  const toggle = part("overlay");
  toggle.addEventListener("click", () => {
    stage.overlay = !stage.overlay;
    toggle.setAttribute("aria-pressed", String(stage.overlay));
    stage.draw();
  });
  const size = part("size");
  size.addEventListener("click", () => {
    const full = part("picture").classList.toggle("actual");
    size.setAttribute("aria-pressed", String(full));
  });
  part("full").addEventListener("click", () => part("viewer").requestFullscreen());
}

function showVideo(results, stage) {
  if (!Player.supported) {
    throw new Error("This browser cannot tell which frame of a video it shows; use a current Chrome, Edge, Firefox or Safari.");
  }
  const [{ column }] = results;
  const player = new Player(part("video"), column.media_s);
  const charts = addCharts(results, player);
  const place = controls(player, stage, column.time_s);
  stage.changed = (index) => {
    place(index);
    charts.forEach((chart) => chart.mark(index));
    showWords(results, index);
  };
  player.addEventListener("wanted", ({ detail }) => stage.load(detail)); // while the video seeks
  player.addEventListener("frame", ({ detail }) => stage.show(detail.index, detail.picture));
  player.video.addEventListener("error", () => fail("The video cannot be played by this browser."));
  player.video.src = page.dataset.view;
  Object.assign(page, { player, charts }); // for whoever looks at the page from the console
}

async function showImage(results, stage) {
  const image = new Image();
  image.src = page.dataset.view;
  stage.changed = () => showWords(results, 0);
  await image.decode();
  stage.show(0, image);
}

function showSteps(steps) {
  part("steps-room").hidden = !steps;
  if (!steps) return;
  part("steps").replaceChildren(...stepWords(steps));
  if (!steps.reason) stanceChart(part("stance"), steps);
}

function fail(message) {
  part("failure").textContent = message;
  part("failure").hidden = false;
}

/** Go to another file, model or comparison as soon as it is chosen. */
function choices() {
  const form = part("choices");
  form.addEventListener("change", () => {
    const { file, job, second } = form.elements;
    const other = second?.value && second.value !== job.value ? `?second=${second.value}` : "";
    const name = file?.value ?? page.dataset.file;
    location.assign(`${form.dataset.base}/${job.value}/${encodeURIComponent(name)}${other}`);
  });
}

/** Lead to the page that puts the points of the frame right that is shown when it is clicked. */
function labelLink(result) {
  const link = part("label");
  if (!link || !result.keypoints.length) return;
  link.hidden = false;
  link.addEventListener("click", () => (link.search = `frame=${Math.max(page.player?.index ?? 0, 0)}`));
}

async function main() {
  choices();
  const results = await Promise.all(JSON.parse(page.dataset.results).map(load));
  const { result } = results[0].header;
  const video = result.source.kind === "video";
  for (const name of page.querySelectorAll("[data-video]")) name.hidden = !video;
  part("headline").replaceChildren(...(video ? headline(result) : []));
  const stage = new Stage(part("canvas"), results);
  labelLink(result);
  viewTools(stage);
  await (video ? showVideo : showImage)(results, stage);
  showSteps(video ? result.steps : null);
}

main().then(() => (page.dataset.state = "ready"), (error) => fail(String(error.message ?? error)));
