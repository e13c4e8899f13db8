// Logs in, and goes on to the page that was asked for.

const form = document.getElementById("login");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const answer = await fetch("/api/login", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(Object.fromEntries(new FormData(form))),
  });
  if (answer.ok) {
    location.assign(nextPath());
  } else {
    form.querySelector("output").value = (await answer.json()).error;
  }
});

// Returns the path to go on to: only one of this service.
function nextPath() {
  const next = new URLSearchParams(location.search).get("next") ?? "/";
  const address = new URL(next, location.origin);
  return address.origin === location.origin ? address.pathname : "/";
}
