// The Corpus tab: acting on sources and folders, and files that are dropped anywhere on the page.
const PATIENCE = 30_000; // milliseconds in which Gradio has to render the tab

const when = (selector, go, until = performance.now() + PATIENCE) => {
  const found = document.querySelector(selector);
  if (found && (found.offsetParent || found.type === "file")) go(found);
  else if (performance.now() < until) requestAnimationFrame(() => when(selector, go, until));
};

const openCorpus = () => document.querySelector("#journeys [role=tab][data-tab-id=corpus]").click();

const narrow = matchMedia("(max-width: 1099.9px)"); // there the plan is below what was clicked
const toPlan = () => document.querySelector("#holdings").scrollIntoView({ behavior: behaviour(), block: "start" });

const act = (button, name) => {
  const field = document.querySelector("#act-name :is(input, textarea)");
  field.value = name;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  requestAnimationFrame(() => document.querySelector(button).click()); // by then Gradio has the new value
};

// The list is rendered again after a switch was used, which must not take the focus away.
let switched = "";
const refocus = () => {
  if (!switched || document.activeElement !== document.body) return;
  document.querySelector(`#folders [data-act=watch][data-folder="${CSS.escape(switched)}"]`)?.focus({ preventScroll: true });
};
new MutationObserver(refocus).observe(document.body, { subtree: true, childList: true });
document.addEventListener("focusin", (event) => {
  switched = event.target.closest?.("#folders [data-act=watch]")?.dataset.folder ?? "";
});
document.addEventListener("pointerdown", () => (switched = ""), true); // a click elsewhere loses the focus on purpose

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.matches("#texts .remove")) act("#act-remove", button.dataset.name);
  if (button?.matches("#folders [data-act]")) act(`#act-${button.dataset.act}`, button.dataset.folder);
  if (button?.matches("#texts .remove, #folders [data-act]:not([data-act=watch])")) toPlan();
  if (button?.matches("#check, #add-folder, #shipped") && narrow.matches) toPlan();
  if (button?.matches("button.check")) {
    openCorpus();
    when("#check", (found) => found.click());
  }
  if (button?.matches("button.shipped")) {
    openCorpus();
    when("#shipped", (found) => found.click());
  }
});

// A plan is announced, for it may be below what was clicked.
let saidPlan = null;
new MutationObserver(() => {
  const plan = document.querySelector("#outcome .plan");
  if (plan && plan !== saidPlan) live.textContent = `${plan.querySelector("h2").innerText}. ${plan.querySelector(".hint").innerText}`;
  saidPlan = plan;
}).observe(document.body, { subtree: true, childList: true });

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.closest?.("#folder-path") && narrow.matches) toPlan();
});

// What a watched folder brought is seen when the person comes back to the page.
document.addEventListener("visibilitychange", () => {
  const refresh = document.querySelector("#act-refresh");
  if (!document.hidden && document.querySelector("#texts")?.offsetParent) refresh?.click();
});

// Dropping files. Gradio sends all files in one request, so what would make it fail is left out, and named.
const MEGABYTE = 1_000_000;
const taken = (files, most) => {
  const unsent = [];
  const sent = [];
  let size = 0;
  for (const { file, folder } of files) {
    if (folder) unsent.push(`${file.name} is a folder. Drop the files in it.`);
    else if (file.size > most * MEGABYTE) unsent.push(`${file.name} is larger than ${most} MB, the most that can be uploaded.`);
    else if (size + file.size > most * MEGABYTE) unsent.push(`With ${file.name}, the upload would exceed ${most} MB. Add it afterwards.`);
    else {
      sent.push(file);
      size += file.size;
    }
  }
  return { sent, unsent };
};

let sending = false;
const upload = (files) => {
  openCorpus();
  when("#drop input[type=file]", (input) => {
    const place = document.querySelector("#unsent .unsent");
    const { sent, unsent } = taken(files, Number(place.dataset.most));
    place.innerText = unsent.join("\n");
    if (unsent.length && narrow.matches) place.scrollIntoView({ behavior: behaviour(), block: "center" });
    else toPlan();
    if (!sent.length) return;
    const transfer = new DataTransfer();
    for (const file of sent) transfer.items.add(file);
    input.files = transfer.files;
    sending = true;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    sending = false;
  });
};

// Files that are chosen in the dialog go the same way: only what `upload` lets through reaches Gradio.
document.addEventListener(
  "change",
  (event) => {
    if (sending || !event.target.matches?.("#drop input[type=file]")) return;
    event.stopImmediatePropagation();
    upload([...event.target.files].map((file) => ({ file, folder: false })));
  },
  true,
);

const overlay = document.createElement("div");
overlay.id = "dropping";
overlay.hidden = true;
overlay.innerHTML = "<p>Drop to add to this collection</p>";
document.body.append(overlay);

const fromOutside = (event) => {
  const writes = !document.querySelector("#journeys.read-only");
  return writes && !reader.open && [...(event.dataTransfer?.types ?? [])].includes("Files");
};

let inside = 0; // how deep the pointer is in the elements of the page; 0 is outside
const over = (depth) => {
  inside = depth;
  overlay.hidden = depth <= 0;
};

document.addEventListener("dragenter", (event) => fromOutside(event) && over(inside + 1), true);
document.addEventListener("dragleave", (event) => fromOutside(event) && over(inside - 1), true);
document.addEventListener(
  "dragover",
  (event) => {
    if (!fromOutside(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
  },
  true,
);
document.addEventListener(
  "drop",
  (event) => {
    over(0);
    if (!fromOutside(event)) return;
    event.preventDefault();
    event.stopImmediatePropagation(); // Gradio's own box would send them a second time
    const items = [...event.dataTransfer.items].filter((item) => item.kind === "file");
    upload(items.map((item) => ({ file: item.getAsFile(), folder: !!item.webkitGetAsEntry()?.isDirectory })));
  },
  true,
);
