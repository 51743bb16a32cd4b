// Forms: the filters of the Evaluate tab, saving test prompts, removing and checking in the Corpus tab.
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
    report(await answer.json());
  } catch {
    report(`Not saved. ${SILENT}`);
  }
};

const remove = (name) => {
  const field = document.querySelector("#remove-name :is(input, textarea)");
  field.value = name;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  requestAnimationFrame(() => document.querySelector("#remove-go").click()); // by then Gradio has the new value
  document.querySelector("#holdings").scrollIntoView({ behavior: behaviour(), block: "start" });
};

const check = (frames) => {
  const button = document.querySelector("#check");
  if (button?.offsetParent) button.click();
  else if (frames) requestAnimationFrame(() => check(frames - 1)); // wait until the tab is open
};

document.addEventListener("click", (event) => {
  const removing = event.target.closest("#texts button.remove");
  if (removing) remove(removing.dataset.name);
  if (event.target.closest("button.check")) {
    document.querySelector("#journeys [role=tab][data-tab-id=corpus]").click();
    check(120);
  }
});

document.addEventListener("change", (event) => {
  if (event.target.matches("#prompts select")) filter();
  const form = event.target.closest(".saving form");
  if (!form) return;
  form.querySelector("[role=status]").textContent = "";
  if (!event.target.checked) return;
  const abstain = event.target.dataset.kind === "abstain";
  for (const box of form.querySelectorAll("input")) {
    if ((box.dataset.kind === "abstain") !== abstain) box.checked = false;
  }
});

document.addEventListener("submit", (event) => {
  const form = event.target.closest(".saving form");
  if (!form) return;
  event.preventDefault();
  save(form);
});
