/** The start page: makes an evaluation, uploads its files and has them measured. */

import { request } from "./api.js";
import "./deletion.js";
import { modelChoice } from "./models.js";
import { fileChooser, UploadLine } from "./upload.js";
import { element } from "./words.js";

const form = document.getElementById("new-evaluation");
const lines = [];

function change() {
  form.querySelector("button.primary").disabled = !lines.length;
}

function add(files) {
  for (const file of files) {
    const line = new UploadLine(form.querySelector("[data-part=uploads]"), file);
    const remove = element("button", { type: "button", "aria-label": `Leave out ${file.name}` }, "×");
    remove.addEventListener("click", () => {
      lines.splice(lines.indexOf(line), 1);
      line.node.remove();
      change();
    });
    line.remove = remove;
    line.node.append(remove);
    lines.push(line);
  }
  if (files.length && !form.elements.name.value) form.elements.name.value = files[0].name.replace(/\.[^.]*$/, "");
  change();
}

let needed = "";

function showNeeds(name) {
  needed = name;
  const label = form.querySelector("[data-part=needs]");
  label.hidden = !name;
  form.elements.about.required = Boolean(name); // a side that was not chosen would be half of the time the wrong one
  label.querySelector("span").textContent = name.charAt(0).toUpperCase() + name.slice(1);
}

async function send() {
  const { name, mm_per_px: scale, model, overlay, about } = form.elements;
  const known = needed ? { [needed]: about.value } : {};
  const made = await request("POST", "/api/evaluations", {
    name: name.value,
    mm_per_px: scale.value ? Number(scale.value) : null,
    about: known,
  });
  let refused = 0;
  for (const line of lines) refused += (await line.send(made.id)) ? 0 : 1;
  if (refused === lines.length) {
    await request("DELETE", `/api/evaluations/${made.id}`);
    lines.length = 0; // others can be chosen
    throw new Error("no file was taken; see the reasons above");
  }
  await request("POST", `/api/evaluations/${made.id}/jobs`, { model: model.value, overlay: overlay.checked });
  const page = `/evaluations/${made.id}`;
  if (!refused) return location.assign(page);
  const link = element("a", { href: page }, "the others are measured");
  form.querySelector("output").replaceChildren(`${refused} of ${lines.length} files were not taken, see the reasons above; `, link);
}

if (form) {
  modelChoice(form, showNeeds);
  fileChooser(form, add);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button.primary");
    const words = form.querySelector("output");
    button.disabled = true;
    words.value = "";
    lines.forEach((line) => line.remove.remove());
    try {
      await send();
    } catch (error) {
      words.value = error.message;
      change();
    }
  });
}
