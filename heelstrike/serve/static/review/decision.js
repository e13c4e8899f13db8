/** The buttons by which a reviewer approves or rejects a candidate. */

import { request } from "../clinic/api.js";

/** Send the decision of a form, with the digest of the page that was shown, and show what became of it. */
export function decision(form, { base, digest }) {
  form?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const output = form.querySelector("output");
    const [verdict, why] = [event.submitter.value, form.elements.why.value.trim()];
    if (verdict === "reject" && !why) {
      output.value = "A rejection needs a reason.";
      return;
    }
    const buttons = [...form.querySelectorAll("button")];
    const before = buttons.map((button) => button.disabled);
    for (const button of buttons) button.disabled = true;
    output.value = "…";
    try {
      const answer = await request("POST", `${base}/decision`, { verdict, why, page: digest });
      form.replaceChildren(Object.assign(document.createElement("p"), { className: "notice", textContent: answer.message }));
      form.dataset.state = "decided";
    } catch (error) {
      output.value = error.message;
      buttons.forEach((button, number) => (button.disabled = before[number]));
    }
  });
}
