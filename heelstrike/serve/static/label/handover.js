/** Forms that hand labels over, and that download the label file. */

import { request } from "../clinic/api.js";

const NAME = "heelstrike-labeller"; // where the browser remembers who labels, without accounts
const who = document.querySelector("[data-part=who]");

if (who) {
  who.value ||= localStorage.getItem(NAME) ?? "";
  who.addEventListener("change", () => localStorage.setItem(NAME, who.value.trim()));
}

for (const form of document.querySelectorAll("form.handover")) {
  const { evaluation, problem } = form.dataset;
  const base = `/api/evaluations/${evaluation}/labels`;
  const words = form.querySelector("output");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const subject = form.elements.subject.value.trim();
    try {
      const done = await request("POST", `${base}/hand-over`, { problem, subject, who: who?.value.trim() || null });
      words.value = `${done.labels} labels are in ${done.folder}; heelstrike ingest takes them.`;
      words.className = "";
    } catch (error) {
      words.value = `Not handed over: ${error.message}`;
      words.className = "warning";
    }
  });
  form.querySelector("[data-part=download]").addEventListener("click", () => {
    if (!form.reportValidity()) return;
    const query = new URLSearchParams({ problem, subject: form.elements.subject.value.trim() });
    location.assign(`${base}/sheet?${query}`);
  });
}
