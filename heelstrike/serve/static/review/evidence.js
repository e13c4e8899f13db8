/** The stored page, shown as it is. It is parsed, so nothing in it runs, and its style stays within it. */

const STYLE = /<style>([\s\S]*?)<\/style>/g;

/** Put the page into a shadow root of `place`, and return the element that holds its content. */
export async function evidence(place) {
  const answer = await fetch(`${place.dataset.base}/page`);
  if (!answer.ok) throw new Error((await answer.json()).error ?? `the service answered ${answer.status}`);
  const bytes = await answer.arrayBuffer();
  await check(bytes, place.dataset.digest);
  const styles = []; // taken out before it is parsed: the service's policy forbids style within a document
  const text = new TextDecoder().decode(bytes).replace(STYLE, (_, style) => (styles.push(style), ""));
  const parsed = new DOMParser().parseFromString(text, "text/html");
  const root = place.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(styles.join("\n"));
  root.adoptedStyleSheets = [sheet];
  const own = Object.assign(document.createElement("link"), { rel: "stylesheet", href: place.dataset.style });
  const content = parsed.querySelector("main.comparison") ?? wrapped(parsed);
  root.append(own, document.adoptNode(content));
  return content;
}

/** Refuse a page that was stored anew since this page was opened: a decision names the page that was looked at. */
async function check(bytes, digest) {
  if (!crypto.subtle) return; // browsers offer it on HTTPS and on this machine only; the service has checked it too
  const found = [...new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))];
  if (found.map((byte) => byte.toString(16).padStart(2, "0")).join("") !== digest)
    throw new Error("another comparison was stored since this page was opened; load it again");
}

/** Pages that older versions of Heelstrike made have no element around everything. */
function wrapped(parsed) {
  const main = parsed.createElement("main");
  main.className = "comparison";
  main.append(...parsed.body.childNodes);
  return main;
}
