/** The choice of a model: versions of the chosen problem, and what has to be known about its images. */

/** Tie the fields of a form together; `needs` is called with what the chosen model needs to know, else an empty text. */
export function modelChoice(form, needs = () => {}) {
  const problem = form.querySelector("[data-part=problem]");
  const model = form.elements.model;
  const all = [...model.options];
  const choose = () => {
    const fitting = all.filter((option) => option.dataset.problem === problem.value);
    model.replaceChildren(...fitting);
    (fitting.find((option) => option.defaultSelected) ?? fitting[0]).selected = true;
    changed();
  };
  const changed = () => needs(model.selectedOptions[0].dataset.needs);
  problem.addEventListener("change", choose);
  model.addEventListener("change", changed);
  choose();
}
