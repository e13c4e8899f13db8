/** Shows the images and rows of a comparison that fit what is chosen. */

const facts = (element) => JSON.parse(element.dataset.facts);

/** Fill the form with what the images say of themselves, and return a function that applies it again. */
export function filter(form, content) {
  const images = [...content.querySelectorAll("[data-facts]")];
  if (!images.length) return () => {}; // no image differs, or an older version of Heelstrike made the page
  const order = new Map(images.map((image, number) => [image, number]));
  const all = images.map(facts);
  fill(form, "keypoint", all.flatMap((one) => Object.keys(one.keypoints)));
  fill(form, "slice", all.flatMap((one) => one.slices));
  fill(form, "subject", all.map((one) => one.subject));
  const fields = Object.fromEntries(["kind", "keypoint", "slice", "subject", "noted"].map((n) => [n, form.querySelector(`[name=${n}]`)]));
  const apply = () => {
    const wanted = { ...Object.fromEntries(Object.entries(fields).map(([n, f]) => [n, f.value])), noted: fields.noted.checked };
    let shown = 0;
    for (const image of images) {
      image.hidden = !fits(facts(image), wanted) || (wanted.noted && !image.querySelector("[data-note]"));
      shown += image.hidden ? 0 : 1;
    }
    for (const grid of new Set(images.map((image) => image.parentElement)))
      grid.append(...[...grid.children].sort((a, b) => rank(b, wanted) - rank(a, wanted) || order.get(a) - order.get(b)));
    for (const row of content.querySelectorAll("[data-keypoint], [data-slice]"))
      row.hidden = ["keypoint", "slice"].some((n) => n in row.dataset && wanted[n] && row.dataset[n] !== wanted[n]);
    form.querySelector("[data-part=count]").textContent = `${shown} of ${images.length} images`;
  };
  form.addEventListener("change", apply);
  form.querySelector("[data-part=all]").addEventListener("click", () => {
    for (const field of Object.values(fields)) field.type === "checkbox" ? (field.checked = false) : (field.value = "");
    apply();
  });
  form.hidden = false;
  apply();
  return apply;
}

function fill(form, name, values) {
  const options = [...new Set(values)].sort().map((value) => new Option(value, value));
  form.querySelector(`[name=${name}]`).append(...options);
}

function fits(one, wanted) {
  return (
    (!wanted.kind || one.kind === wanted.kind) &&
    (!wanted.keypoint || same(one, wanted.keypoint)) &&
    (!wanted.slice || one.slices.includes(wanted.slice)) &&
    (!wanted.subject || one.subject === wanted.subject)
  );
}

/** Return true if a keypoint of an image changed as the image did: worse in a loss, better in a gain. */
function same(one, keypoint) {
  const change = one.keypoints[keypoint];
  return change !== undefined && (one.kind === "loss" ? change > 0 : change < 0);
}

/** With a keypoint chosen, images on which it changed most come first. */
function rank(image, wanted) {
  return wanted.keypoint ? Math.abs(facts(image).keypoints[wanted.keypoint] ?? 0) : 0;
}
