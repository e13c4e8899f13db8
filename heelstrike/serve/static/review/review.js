/** The page of a comparison: its evidence, which can be filtered and annotated, and the decision. */

import { decision } from "./decision.js";
import { evidence } from "./evidence.js";
import { filter } from "./filter.js";
import { notes } from "./notes.js";

const place = document.getElementById("evidence");

try {
  const content = await evidence(place);
  const chosen = filter(document.querySelector("[data-part=filter]"), content);
  await notes(place.dataset, content, document.querySelector("[data-part=whole]"), chosen);
  place.dataset.state = "ready";
} catch (error) {
  place.dataset.state = "failed";
  place.replaceChildren(Object.assign(document.createElement("p"), { className: "warning", textContent: error.message }));
}
decision(document.querySelector("[data-part=decision]"), place.dataset);
