/** Buttons that delete an evaluation, after asking. */

import { request } from "./api.js";

for (const button of document.querySelectorAll("[data-delete]")) {
  button.addEventListener("click", async () => {
    const { delete: evaluation, name } = button.dataset;
    if (!confirm(`Delete “${name}” with all its files and results? This cannot be undone.`)) return;
    button.disabled = true;
    try {
      await request("DELETE", `/api/evaluations/${evaluation}`);
      location.assign("/");
    } catch (error) {
      alert(`It was not deleted: ${error.message}`);
      button.disabled = false;
    }
  });
}
