/** Notes on the images of a comparison and on the whole: who wrote what when. */

import { request } from "../clinic/api.js";

/** Show all notes and a field for a new one below each image; `changed` is called when notes come or go. */
export async function notes({ base, digest }, content, whole, changed) {
  const images = [...content.querySelectorAll("[data-facts]")];
  const places = new Map(images.map((image) => [JSON.parse(image.dataset.facts).image, image]));
  const lists = new Map();
  for (const [name, place] of [...places, ["", whole]]) {
    const list = make("ul", { className: "notes" });
    lists.set(name, list);
    if (name === "") place.append(make("h2", { textContent: "Notes" }));
    place.append(list, form(name));
  }
  const show = (note) => {
    const known = note.page === digest && lists.has(note.image);
    const item = make("li", {});
    item.dataset.note = note.id;
    const about = known ? "" : `${note.image ? `${note.image}, ` : ""}an earlier page · `;
    item.append(make("span", { className: "text", textContent: note.text }));
    item.append(make("span", { className: "who", textContent: `${about}${note.by ? `${note.by}, ` : ""}${note.time.slice(0, 16).replace("T", " ")} UTC` }));
    if (note.removable) item.append(remove(note, item));
    lists.get(known ? note.image : "").append(item);
  };

  function form(image) {
    const own = make("form", { className: "note" });
    const text = make("textarea", { name: "text", rows: 1, maxLength: 2000, placeholder: "a note …", required: true });
    text.setAttribute("aria-label", image ? `Note on ${image}` : "Note on the whole comparison");
    const message = make("output", {});
    message.setAttribute("role", "alert");
    own.append(text, make("button", { textContent: "Add note" }), message);
    own.addEventListener("submit", async (event) => {
      event.preventDefault();
      try {
        show(await request("POST", `${base}/notes`, { page: digest, image, text: text.value }));
        message.value = text.value = "";
        changed();
      } catch (error) {
        message.value = error.message;
      }
    });
    return own;
  }

  function remove(note, item) {
    const button = make("button", { type: "button", textContent: "Delete", className: "small" });
    button.addEventListener("click", async () => {
      try {
        await request("DELETE", `${base}/notes/${note.id}`);
        item.remove();
        changed();
      } catch (error) {
        button.textContent = error.message;
      }
    });
    return button;
  }

  for (const note of await request("GET", `${base}/notes`)) show(note);
  changed();
}

const make = (tag, fields) => Object.assign(document.createElement(tag), fields);
