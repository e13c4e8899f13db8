/** Logs in, and goes on to the page that was asked for. */

import { request } from "./clinic/api.js";

const form = document.getElementById("login");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await request("POST", "/api/login", Object.fromEntries(new FormData(form)));
    location.assign(nextPath());
  } catch (error) {
    form.querySelector("output").value = error.message;
  }
});

/** Return the path to go on to: only one of this service. */
function nextPath() {
  const next = new URLSearchParams(location.search).get("next") ?? "/";
  const address = URL.canParse(next, location.origin) ? new URL(next, location.origin) : null;
  return address?.origin === location.origin ? address.pathname : "/";
}
