// Forms: the filters of the Evaluate tab, saving test prompts.
const filters = () => [...document.querySelectorAll("#prompts select")];

const filter = () => {
  const wanted = Object.fromEntries(filters().map((each) => [each.dataset.filter, each.value]));
  const rows = [...document.querySelectorAll("#prompts .prompt")];
  for (const row of rows) {
    const tagged = !wanted.tag || JSON.parse(row.dataset.tags).includes(wanted.tag);
    row.hidden = !tagged || (!!wanted.outcome && row.dataset.outcome !== wanted.outcome);
  }
  const left = rows.filter((row) => !row.hidden).length;
  document.querySelector("#prompts output").textContent = `${left} question${left === 1 ? "" : "s"}`;
};

const showAll = () => {
  for (const each of filters()) each.value = "";
  filter();
};

const save = async (form) => {
  const status = form.querySelector("[role=status]");
  const report = (text) => {
    status.textContent = text;
    status.scrollIntoView({ block: "nearest" });
  };
  const ticked = [...form.querySelectorAll("input:checked")];
  const of = (kind) => ticked.filter((each) => each.dataset.kind === kind).map((each) => each.value);
  const sources = [...new Set(ticked.map((each) => each.dataset.source).filter(Boolean))];
  const abstain = ticked.some((each) => each.dataset.kind === "abstain");
  if (!ticked.length) {
    report("Tick what answers the question, or that the assistant should not answer.");
    return;
  }
  const prompt = { question: form.dataset.question, answers: of("quote"), passages: of("passage"), sources, unanswerable: abstain };
  try {
    const answer = await fetch(new URL("prompts", document.baseURI), {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(prompt),
    });
    report(await saidBy(answer));
  } catch {
    report(`Not saved. ${SILENT}`);
  }
};

document.addEventListener("change", (event) => {
  if (event.target.matches("#prompts select")) filter();
  const form = event.target.closest("form.saving");
  if (!form) return;
  form.querySelector("[role=status]").textContent = "";
  if (!event.target.checked) return;
  const abstain = event.target.dataset.kind === "abstain";
  for (const box of form.querySelectorAll("input")) {
    if ((box.dataset.kind === "abstain") !== abstain) box.checked = false;
  }
});

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form.saving");
  if (!form) return;
  event.preventDefault();
  save(form);
});
