// Which sources to ask: a dialog of folders, sources, kinds and days. The server filters the names and shows the first ones.
const choosing = () => document.querySelector("#choosing");
const picked = { source: new Set(), kind: new Set() };
const dayOf = (name) => choosing().querySelector(`[name=${name}]`);

const tellPicked = () => {
  const names = [...picked.source];
  const more = names.length > 3 ? ` and ${names.length - 3} more` : "";
  choosing().querySelector("[role=status]").textContent = names.length ? `Chosen: ${names.slice(0, 3).join(", ")}${more}` : "";
};

// Only the latest request counts.
let offering = 0;
const offer = async () => {
  const mine = ++offering;
  const into = choosing().querySelector(".choices");
  let html;
  try {
    html = await fetched("choices?" + new URLSearchParams({ find: choosing().querySelector("#find-choices").value }));
  } catch {
    html = `<p class="state">${SILENT}</p>`;
  }
  if (mine !== offering) return;
  into.innerHTML = html;
  for (const box of into.querySelectorAll("input")) box.checked = picked[box.name].has(box.value);
};

const choose = (button) => {
  const within = JSON.parse(button.dataset.within || "{}");
  picked.source = new Set(within.sources);
  picked.kind = new Set(within.kinds);
  for (const name of ["after", "before"]) dayOf(name).value = within[name] ?? "";
  choosing().querySelector("#find-choices").value = "";
  tellPicked();
  choosing().showModal();
  offer();
};

const limit = (within) => {
  const field = document.querySelector("#within :is(input, textarea)");
  field.value = within;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  requestAnimationFrame(() => document.querySelector("#within-go").click()); // by then Gradio has the new value
  choosing().close();
  if (matchMedia("(pointer: fine)").matches) box()?.focus({ preventScroll: true });
};

const apply = () => {
  const days = ["after", "before"].map((name) => [name, dayOf(name).value || null]);
  const within = { sources: [...picked.source], kinds: [...picked.kind], ...Object.fromEntries(days) };
  const any = within.sources.length || within.kinds.length || within.after || within.before;
  limit(any ? JSON.stringify(within) : "");
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.matches("#chosen .choose")) choose(button);
  if (button?.matches("#choosing .apply")) apply();
  if (button?.matches("#chosen .everything, #choosing .none")) limit("");
});

document.addEventListener("change", (event) => {
  if (!event.target.matches("#choosing .choices input")) return;
  const { name, value, checked } = event.target;
  picked[name][checked ? "add" : "delete"](value);
  tellPicked();
});

document.addEventListener("input", (event) => event.target.matches("#find-choices") && offer());
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches?.("#choosing input")) return;
  event.preventDefault(); // else it would press Close
  if (!event.target.matches("#find-choices")) apply();
});
