// Saved conversations and feedback. The list is fetched; Gradio renders the open conversation.
const kept = (selector) => document.querySelector(`#history .kept ${selector}`);
const marked = () => document.querySelector("#marker [data-conversation]")?.dataset ?? {};

const showStatus = (text) => {
  const status = kept(".told");
  if (status) status.textContent = text;
};

const posted = async (path, method, body) => {
  const answer = await fetch(new URL(path, document.baseURI), {
    method,
    headers: { "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(await saidBy(answer));
  return answer.json();
};

const errorMessage = (error) => (error instanceof TypeError ? SILENT : error.message);

// Only the latest request counts. An unchanged list is left alone, so that it keeps the focus.
let listing = 0;
let listedHtml = "";
const list = async () => {
  const into = kept(".listed");
  if (!into) return;
  const mine = ++listing;
  const query = new URLSearchParams({ find: kept("#find-kept").value, opened: marked().conversation ?? "" });
  let html;
  try {
    html = await fetched("kept?" + query);
  } catch {
    html = `<p class="hint">${SILENT}</p>`;
  }
  if (mine !== listing || html === listedHtml) return;
  listedHtml = html;
  into.innerHTML = html;
};

let looking = false;
let switching = false; // to another conversation, which is a step for Back
const openKept = (name) => {
  const field = document.querySelector("#open-name :is(input, textarea)");
  field.value = name;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  requestAnimationFrame(() => document.querySelector("#open-go").click()); // by then Gradio has the new value
};

// The address names the conversation, so that a reload, a bookmark or another window opens it again.
let namedAt = "";
const named = () => {
  const now = marked();
  if (!now.at || now.at === namedAt) return;
  namedAt = now.at;
  locate({ conversation: now.kept === "true" ? now.conversation : "" }, switching);
  switching = false;
  if (looking) showStatus(now.checked);
  looking = false;
  list();
};
new MutationObserver(() => requestAnimationFrame(named)).observe(document.body, {
  subtree: true,
  childList: true,
  attributes: true,
  attributeFilter: ["data-at"],
});

const panelFolds = matchMedia("(max-width: 1279.9px), (max-height: 519.9px)");
const fold = () => {
  const panel = document.querySelector("#history .kept");
  if (panel) panel.open = !panelFolds.matches;
};
panelFolds.addEventListener("change", fold);
fold();

// While a conversation is renamed, the field stands in the place of its name.
const naming = () => {
  const form = kept(".naming");
  form.hidden = false;
  form.querySelector("input").select();
};

const unname = () => {
  const form = kept(".naming");
  form.reset();
  form.hidden = true;
  kept(".keeping summary").focus();
};

const rename = async (form) => {
  let message;
  try {
    message = await posted(`kept/${marked().conversation}`, "POST", { name: form.querySelector("input").value });
  } catch (error) {
    message = errorMessage(error);
  }
  const at = document.activeElement;
  const away = at !== document.body && !form.contains(at); // do not take the focus back from where the user went
  showStatus(message);
  form.hidden = true;
  if (!away) kept(".keeping summary")?.focus();
  await list();
  if (!away && document.activeElement === document.body) kept(".keeping summary")?.focus(); // it was rendered again
};

// Deleting takes two presses of the same button; leaving the button cancels the first press.
const forget = async (button) => {
  if (!button.dataset.sure) {
    button.dataset.sure = "yes";
    button.textContent = "Delete permanently";
    showStatus("Press again to delete this conversation permanently.");
    return;
  }
  delete button.dataset.sure;
  try {
    showStatus(await posted(`kept/${marked().conversation}`, "DELETE"));
    openKept("");
  } catch (error) {
    showStatus(errorMessage(error));
    list();
  }
  kept(".new").focus();
};

document.addEventListener("focusout", (event) => {
  const button = event.target.closest?.("#history .delete[data-sure]");
  if (!button) return;
  delete button.dataset.sure;
  button.textContent = "Delete";
  showStatus("");
});

const rate = async (form, useful) => {
  const status = form.querySelector("[role=status]");
  const reason = form.querySelector(".why input").value.trim();
  const given = { ...JSON.parse(form.dataset.answer), conversation: marked().conversation, useful, reason };
  try {
    status.textContent = await posted("feedback", "POST", given);
  } catch (error) {
    status.textContent = errorMessage(error);
    return;
  }
  for (const each of form.querySelectorAll(".rate")) each.setAttribute("aria-pressed", each.dataset.useful === `${useful}`);
  if (!useful && !reason) askWhy(form);
};

const askWhy = (form) => {
  form.querySelector(".why").hidden = false;
  form.querySelector(".why input").focus();
};

// Close a form below an answer; the focus goes back to the menu that it came from.
const dropForm = (form) => {
  (form.matches(".saving") ? form : form.querySelector(".why")).hidden = true;
  form.closest(".turn").querySelector(".actions summary").focus();
};

// If the answer was useful, it is the right one and is saved at once. Otherwise the person ticks what would be right.
const toPrompt = (form) => {
  const saving = form.closest(".turn").querySelector(".saving");
  saving.hidden = false;
  const rated = form.querySelector(".rate[aria-pressed=true]");
  const useful = rated?.dataset.useful === "true";
  const boxes = [...saving.querySelectorAll("input")];
  const abstained = JSON.parse(form.dataset.answer).abstained;
  if (rated) for (const each of boxes) each.checked = useful && (each.dataset.kind === "abstain") === abstained;
  if (useful) saving.requestSubmit();
  else boxes[0].focus({ preventScroll: true });
  saving.scrollIntoView({ block: "nearest" });
};

document.addEventListener("click", (event) => {
  const link = event.target.closest("#history a[data-open]");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    showStatus("");
    switching = true;
    openKept(link.dataset.open);
    if (panelFolds.matches) fold();
    return;
  }
  const button = event.target.closest("button");
  if (button?.matches("#history .new")) {
    showStatus("");
    switching = true;
    openKept("");
    if (panelFolds.matches) fold();
    box().focus({ preventScroll: true });
  }
  if (button?.matches("#history .look")) {
    looking = true;
    openKept(marked().conversation);
  }
  if (button?.matches("#history .rename")) naming();
  if (button?.matches("#history .cancel")) unname();
  if (button?.matches("#history .delete")) forget(button);
  if (button?.matches(".rate")) rate(button.closest("form"), button.dataset.useful === "true");
  if (button?.matches(".say-why")) askWhy(button.closest("form"));
  if (button?.matches(".to-prompt")) toPrompt(button.closest("form"));
  if (button?.matches(".turn .drop")) dropForm(button.closest("form"));
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented) return;
  if (event.target.closest?.("#history .naming")) unname();
  const form = event.target.closest?.(".turn :is(.why, .saving)")?.closest("form");
  if (form) dropForm(form);
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches("#history .naming")) {
    event.preventDefault();
    rename(form);
  }
  if (form.matches(".rating")) {
    event.preventDefault();
    rate(form, form.querySelector(".rate[data-useful=true]").getAttribute("aria-pressed") === "true");
  }
});

document.addEventListener("input", (event) => event.target.matches("#find-kept") && list());
