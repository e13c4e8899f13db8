/** The button that ends the session. */

import { request } from "./clinic/api.js";

document.querySelector("[data-part=log-out]").addEventListener("click", async () => {
  try {
    await request("POST", "/api/logout");
    location.assign("/login");
  } catch (error) {
    alert(`You are still logged in: ${error.message}`);
  }
});
