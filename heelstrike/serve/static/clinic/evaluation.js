/** The page of an evaluation: how far its jobs are, their results, more files, other models, sharing. */

import { request } from "./api.js";
import "./deletion.js";
import { modelChoice } from "./models.js";
import { fileChooser, UploadLine } from "./upload.js";
import { element } from "./words.js";

const SOON = 500; // milliseconds
const EXAM = ".volume.json"; // end of the name of a result of all images of an evaluation
const page = document.getElementById("evaluation");
const id = page.dataset.id;
const base = `/api/evaluations/${id}`;
const own = page.dataset.own === "yes";
const part = (name) => page.querySelector(`[data-part="${name}"]`);

function time(seconds) {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  return `${Math.round(seconds / 60)} min`;
}

const STEPS = { measure: "measuring", prepare: "preparing the pages" };

function progressOf({ job, progress, ahead }) {
  if (job.state === "queued") return [element("p", { class: "quiet" }, ahead ? `waits for ${ahead} other jobs` : "waits to begin")];
  if (job.state !== "running") return [];
  const { step, frames, total, frames_per_s: speed, left_s: left } = progress ?? { step: "measure", frames: 0, total: 0 };
  const bar = element("progress", { "aria-label": "Progress", ...(total ? { max: String(total), value: String(frames) } : {}) });
  const words = [`${STEPS[step]}: ${frames} of ${total} frames`];
  if (speed) words.push(`${speed.toFixed(1)} frames/s`);
  if (left !== null && left !== undefined) words.push(`${time(left)} left`);
  return [bar, element("p", { class: "quiet" }, words.join(", "))];
}

function resultsOf({ job, results }, files) {
  const names = files.filter((name) => results.includes(`${name}.json`));
  const links = names.map((name) => {
    const address = `/evaluations/${id}/results/${job.id}/${encodeURIComponent(name)}`;
    return element("li", {}, element("a", { href: address }, name));
  });
  const exams = results.filter((name) => name.endsWith(EXAM));
  links.push(...exams.map((name) => element("li", {}, element("a", { href: `${base}/jobs/${job.id}/results/${encodeURIComponent(name)}` }, "All images together (JSON)"))));
  const failed = job.failed.map(({ file, reason }) => element("p", { class: "warning" }, `${file}: ${reason}`));
  if (job.error && !job.failed.length) failed.push(element("p", { class: "warning" }, job.error));
  return [...(links.length ? [element("ul", {}, ...links)] : []), ...failed];
}

function action(words, method, address) {
  const button = element("button", { type: "button" }, words);
  button.addEventListener("click", () => attempt(() => request(method, address).then(refresh)));
  return button;
}

function jobNode(state, files) {
  const { job } = state;
  const ended = !["queued", "running"].includes(job.state);
  const address = `${base}/jobs/${job.id}`;
  const button = ended ? action("Delete result", "DELETE", address) : action("Cancel", "POST", `${address}/cancel`);
  const head = element(
    "div",
    { class: "heading" },
    element("h3", {}, job.reference ?? job.model, " ", element("span", { class: `state ${job.state}` }, job.state)),
    own ? button : null,
  );
  return element("div", { class: "job" }, head, ...progressOf(state), ...resultsOf(state, files));
}

let last = "";

/** Show all jobs as they are now, and again soon while one of them is not at its end. */
async function refresh() {
  const [jobs, evaluation] = await Promise.all([request("GET", `${base}/jobs`), request("GET", base)]);
  const files = Object.keys(evaluation.files);
  const text = JSON.stringify([jobs, files]);
  if (text !== last) {
    last = text;
    const nodes = [...jobs].reverse().map((state) => jobNode(state, files));
    part("jobs").replaceChildren(...(nodes.length ? nodes : [element("p", { class: "quiet" }, "Nothing was measured yet.")]));
  }
  return jobs.some(({ job }) => ["queued", "running"].includes(job.state));
}

async function follow() {
  for (let away = false; ; ) {
    const busy = await refresh().catch((error) => {
      fail(error.message);
      return null;
    });
    if (away && busy !== null) fail("");
    away = busy === null;
    await new Promise((resolve) => setTimeout(resolve, busy === false ? 10 * SOON : SOON));
  }
}

function fail(message) {
  part("failure").textContent = message;
  part("failure").hidden = !message;
}

async function attempt(work) {
  try {
    fail("");
    await work();
  } catch (error) {
    fail(error.message);
  }
}

function shownFile(file) {
  return element("li", {}, element("span", {}, file.name), element("span", { class: "quiet" }, "uploaded"));
}

async function addFiles(files) {
  for (const line of files.map((file) => new UploadLine(part("uploads"), file))) {
    if (await line.send(id)) {
      line.node.remove();
      part("files-list").append(shownFile(line.file));
    }
  }
}

/** List uploads that an earlier visit left unfinished. */
async function showUnfinished() {
  for (const { upload, offset } of await request("GET", `${base}/uploads`)) {
    const share = Math.floor((100 * offset) / upload.size);
    const words = element("span", { class: "quiet" }, `${share} % is here; choose the file again to go on`);
    part("uploads").append(element("li", {}, element("span", {}, upload.name), words));
  }
}

function manage() {
  fileChooser(page, (files) => attempt(() => addFiles(files)));
  const measure = part("measure");
  if (measure.querySelector("option")) modelChoice(measure);
  measure.addEventListener("submit", (event) => {
    event.preventDefault();
    const { model, overlay } = measure.elements;
    const wish = { model: model.value, overlay: overlay.checked };
    attempt(() => request("POST", `${base}/jobs`, wish).then(refresh));
  });
  part("share")?.addEventListener("submit", (event) => {
    event.preventDefault();
    const users = new FormData(event.target).getAll("user");
    attempt(async () => {
      await request("PATCH", base, { shared_with: users });
      event.target.querySelector("output").value = "saved";
    });
  });
  attempt(showUnfinished);
}

if (own) manage();
follow();
