/** The page on which the points of a frame are put right: loads what it needs, and ties keys and buttons to the editor. */

import { request } from "../clinic/api.js";
import { loadColumns } from "../clinic/columns.js";
import { Player } from "../clinic/player.js";
import { Editor, page, part } from "./editor.js";
import { helpTable, keyTable, listen } from "./keys.js";
import { Stage } from "./stage.js";

const NAME = "heelstrike-labeller"; // where the browser remembers who labels, without accounts

/** Return what is left to label: the service's queue, or in second readings the frames that others have labelled. */
async function loadQueue(editor) {
  const { evaluation, file, job, problem, queue } = page.dataset;
  if (!editor.reading) return (await request("GET", `/api/labels/queue?problem=${encodeURIComponent(problem)}&${queue}`)).items;
  const open = Object.entries(editor.labels.frames).filter(([, state]) => !state.reading);
  const reasons = ["somebody has labelled it, and this is to be a second, independent opinion"];
  return open.map(([frame]) => ({ evaluation, file, job, frame: Number(frame), reasons }));
}

function buttons(editor) {
  const runs = { swap: "swap", "copy-before": ["copy", -1], "copy-after": ["copy", 1], model: "takeModel", undo: "undo", redo: "redo" };
  Object.assign(runs, { save: ["save"], next: "next", "save-next": "saveAndNext", help: "help", marks: "toggleMarks" });
  Object.assign(runs, { "zoom-in": ["zoom", 1.5], "zoom-out": ["zoom", 1 / 1.5], "zoom-all": ["zoom", null], back: ["step", -1], on: ["step", 1] });
  for (const [name, run] of Object.entries(runs)) {
    const [method, ...given] = [run].flat();
    part(name)?.addEventListener("click", () => editor[method](...given));
  }
}

function showVideo(editor) {
  if (!Player.supported) {
    throw new Error("This browser cannot tell which frame of a video it shows; use a current Chrome, Edge, Firefox or Safari.");
  }
  const player = (editor.player = new Player(part("video"), editor.columns.column.media_s));
  const slider = part("slider");
  slider.max = String(editor.count - 1);
  slider.addEventListener("input", () => player.seek(Number(slider.value)));
  player.addEventListener("wanted", ({ detail }) => editor.store.load(detail)); // while the video seeks
  player.addEventListener("frame", ({ detail }) => {
    editor.place(detail.index);
    editor.show(detail.index, detail.picture).catch(fail);
  });
  player.video.addEventListener("error", () => fail(new Error("The video cannot be played by this browser.")));
  player.video.src = page.dataset.view;
  player.seek(Number(page.dataset.start));
}

async function showImage(editor) {
  const image = new Image();
  image.src = page.dataset.view;
  await image.decode();
  await editor.show(0, image);
}

function fail(error) {
  part("failure").textContent = String(error.message ?? error);
  part("failure").hidden = false;
}

function rememberWho() {
  const who = part("who");
  if (!who) return;
  who.value ||= localStorage.getItem(NAME) ?? "";
  who.addEventListener("change", () => localStorage.setItem(NAME, who.value.trim()));
}

async function main() {
  rememberWho();
  const me = encodeURIComponent(part("who")?.value.trim() ?? "");
  const reading = page.dataset.reading === "yes" ? `?reading=true&who=${me}` : "";
  const [columns, labels] = await Promise.all([loadColumns(page.dataset.columns), request("GET", `${page.dataset.labels}${reading}`)]);
  const { result } = columns.header;
  const video = result.source.kind === "video";
  for (const node of page.querySelectorAll("[data-video]")) node.hidden = !video;
  const size = { width: labels.target.width, height: labels.target.height };
  const stage = new Stage(part("canvas"), size, { names: labels.target.keypoints, skeleton: result.skeleton });
  const editor = new Editor(columns, labels, stage);
  const table = keyTable(editor);
  part("help-keys").replaceChildren(helpTable(table));
  buttons(editor);
  listen(table);
  window.addEventListener("beforeunload", (event) => editor.drafts().length && event.preventDefault());
  page.editor = editor; // for whoever looks at the page from the console
  loadQueue(editor).then((items) => {
    editor.queue = items;
    editor.refresh();
    page.dataset.queued = String(items.length);
  }, fail);
  await (video ? showVideo : showImage)(editor);
}

main().then(() => (page.dataset.state = "ready"), fail);
