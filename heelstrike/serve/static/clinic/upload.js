/** Uploads in parts, which go on where they stopped: after an error of the network, and after the page was closed. */

import { request } from "./api.js";
import { element } from "./words.js";

const PART = 8 << 20; // bytes of one request
const TRIES = 8;
const LONGEST_WAIT = 10_000; // milliseconds

/**
 * Upload a file to an evaluation. An unfinished upload of the same name and size is continued.
 * @param {string} evaluation
 * @param {File} file
 * @param {(sent: number) => void} progress Called with the bytes that have arrived.
 * @returns {Promise<object>} The file, as the service keeps it.
 */
export async function upload(evaluation, file, progress) {
  const base = `/api/evaluations/${evaluation}/uploads`;
  const unfinished = await request("GET", base);
  const same = unfinished.find((each) => each.upload.name === file.name && each.upload.size === file.size);
  let state = same ?? (await request("POST", base, { name: file.name, size: file.size }));
  const address = `${base}/${state.upload.id}`;
  for (let tries = 0; ; ) {
    progress(state.offset);
    try {
      const part = file.slice(state.offset, state.offset + PART);
      state = await request("PATCH", address, part, {
        "Content-Type": "application/offset+octet-stream",
        "Upload-Offset": String(state.offset),
      });
      tries = 0;
    } catch (error) {
      if (!passes(error) || ++tries > TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.min(500 * 2 ** tries, LONGEST_WAIT)));
      state = await request("GET", address).catch((late) => (passes(late) ? state : Promise.reject(late)));
    }
    if (state.file) {
      progress(file.size);
      return state.file;
    }
  }
}

/** True for an error that may be gone at the next try: no answer, another offset, a busy upload, a restarting server. */
function passes({ status }) {
  return [0, 409, 423, 502, 503, 504].includes(status);
}

/** Let the user choose files by a field or by dropping them; `chosen` is called with a list of them. */
export function fileChooser(page, chosen) {
  const drop = page.querySelector("[data-part=drop]");
  const field = page.querySelector("[data-part=files]");
  field.addEventListener("change", () => {
    chosen([...field.files]);
    field.value = "";
  });
  for (const name of ["dragenter", "dragover"]) {
    drop.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    chosen([...event.dataTransfer.files]);
  });
}

/** A line of the list of uploads: name, bar, state. */
export class UploadLine {
  constructor(list, file) {
    this.file = file;
    this.bar = element("progress", { max: String(file.size || 1), value: "0", "aria-label": `Upload of ${file.name}` });
    this.words = element("span", { class: "quiet" }, size(file.size));
    this.node = list.appendChild(element("li", {}, element("span", {}, file.name), this.bar, this.words));
  }

  show(sent) {
    this.bar.value = sent;
    this.words.textContent = sent >= this.file.size ? "uploaded" : `${size(sent)} of ${size(this.file.size)}`;
  }

  /** Upload the file, and return true if it arrived. */
  async send(evaluation) {
    try {
      await upload(evaluation, this.file, (sent) => this.show(sent));
      return true;
    } catch (error) {
      this.words.textContent = error.message;
      this.words.className = "warning";
      return false;
    }
  }
}

function size(bytes) {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
