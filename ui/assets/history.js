// Kept conversations and feedback: the list is fetched, what a window shows is asked of Gradio.
const kept = (selector) => document.querySelector(`#history .kept ${selector}`);
const marked = () => document.querySelector("#marker [data-conversation]")?.dataset ?? {};

const told = (text) => {
  const into = kept(".told");
  if (into) into.textContent = text;
};

const posted = async (path, method, body) => {
  const answer = await fetch(new URL(path, document.baseURI), {
    method,
    headers: { "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  });
  const words = await answer.json();
  if (!answer.ok) throw new Error(typeof words === "string" ? words : "The program refused this.");
  return words;
};

const spoken = (error) => (error instanceof TypeError ? SILENT : error.message);

// Only the last question for the list counts, and a list that is the same stays, with the focus in it.
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
const openKept = (name) => {
  const field = document.querySelector("#open-name :is(input, textarea)");
  field.value = name;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  requestAnimationFrame(() => document.querySelector("#open-go").click()); // Gradio has the value by then
};

// The address names the conversation, so that a refresh, a bookmark and another window find it again.
let namedAt = "";
const named = () => {
  const now = marked();
  if (!now.at || now.at === namedAt) return;
  namedAt = now.at;
  const address = new URL(location.href);
  if (now.kept === "true") address.searchParams.set("conversation", now.conversation);
  else address.searchParams.delete("conversation");
  if (address.href !== location.href) history.replaceState(history.state, "", address);
  if (looking) told(now.told);
  looking = false;
  list();
};
new MutationObserver(() => requestAnimationFrame(named)).observe(document.body, {
  subtree: true,
  childList: true,
  attributes: true,
  attributeFilter: ["data-at"],
});

const narrow = matchMedia("(max-width: 1279.9px), (max-height: 519.9px)");
const fold = () => {
  const panel = document.querySelector("#history .kept");
  if (panel) panel.open = !narrow.matches;
};
narrow.addEventListener("change", fold);
fold();

const naming = (button) => {
  const form = kept(".naming");
  form.hidden = !form.hidden;
  button.setAttribute("aria-expanded", !form.hidden);
  if (!form.hidden) form.querySelector("input").select();
};

const rename = async (form) => {
  let words;
  try {
    words = await posted(`kept/${marked().conversation}`, "POST", { name: form.querySelector("input").value });
  } catch (error) {
    words = spoken(error);
  }
  const at = document.activeElement;
  const away = at !== document.body && !form.contains(at); // the person went on meanwhile: the focus is theirs
  told(words);
  form.hidden = true;
  kept(".rename")?.setAttribute("aria-expanded", false);
  if (!away) kept(".rename")?.focus();
  await list();
  if (!away && document.activeElement === document.body) kept(".rename")?.focus(); // the list was drawn anew around it
};

// Deleting takes two presses of the same button; leaving it takes the first one back.
const forget = async (button) => {
  if (!button.dataset.sure) {
    button.dataset.sure = "yes";
    button.textContent = "Delete for good";
    told("Press again to delete this conversation for good.");
    return;
  }
  delete button.dataset.sure;
  try {
    told(await posted(`kept/${marked().conversation}`, "DELETE"));
    openKept("");
  } catch (error) {
    told(spoken(error));
    list();
  }
  kept(".new").focus();
};

document.addEventListener("focusout", (event) => {
  const button = event.target.closest?.("#history .delete[data-sure]");
  if (!button) return;
  delete button.dataset.sure;
  button.textContent = "Delete";
  told("");
});

const rate = async (form, useful) => {
  const status = form.querySelector("[role=status]");
  const reason = form.querySelector(".why input").value.trim();
  const given = { ...JSON.parse(form.dataset.answer), conversation: marked().conversation, useful, reason };
  try {
    status.textContent = await posted("feedback", "POST", given);
  } catch (error) {
    status.textContent = spoken(error);
    return;
  }
  for (const each of form.querySelectorAll(".rate")) each.setAttribute("aria-pressed", each.dataset.useful === `${useful}`);
  form.querySelector(".why").hidden = false;
};

// A useful answer is the right one: its prompt is saved at once. Of another one a person ticks what would be right.
const toPrompt = (form) => {
  const saving = form.closest(".turn").querySelector(".saving");
  saving.open = true;
  const useful = form.querySelector(".rate[data-useful=true]").getAttribute("aria-pressed") === "true";
  const boxes = [...saving.querySelectorAll("input")];
  const abstained = JSON.parse(form.dataset.answer).abstained;
  for (const each of boxes) each.checked = useful && (each.dataset.kind === "abstain") === abstained;
  if (useful) saving.querySelector("form").requestSubmit();
  else boxes[0]?.focus();
};

document.addEventListener("click", (event) => {
  const link = event.target.closest("#history a[data-open]");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    told("");
    openKept(link.dataset.open);
    if (narrow.matches) fold();
    return;
  }
  const button = event.target.closest("button");
  if (button?.matches("#history .new")) {
    told("");
    openKept("");
    if (narrow.matches) fold();
    box().focus({ preventScroll: true });
  }
  if (button?.matches("#history .look")) {
    looking = true;
    openKept(marked().conversation);
  }
  if (button?.matches("#history .rename")) naming(button);
  if (button?.matches("#history .delete")) forget(button);
  if (button?.matches(".rate")) rate(button.closest("form"), button.dataset.useful === "true");
  if (button?.matches(".to-prompt")) toPrompt(button.closest("form"));
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
