// The conversation and its sources: links between quotes and cards, copying, the keyboard, announcements.
// All events are handled on the document, because Gradio replaces what it renders.
const box = () => document.querySelector("#question textarea");

const live = document.createElement("div");
live.id = "announced";
live.className = "unseen";
live.setAttribute("role", "status");
live.setAttribute("aria-live", "polite");
document.body.append(live);

const show = (turn) => {
  for (const set of document.querySelectorAll("#sources .sources")) set.hidden = set.dataset.turn !== turn;
  for (const button of document.querySelectorAll("#conversation .sourced")) {
    if (small.matches) button.removeAttribute("aria-pressed"); // there it opens the sheet
    else button.setAttribute("aria-pressed", button.dataset.turn === turn);
  }
};

const light = (target) => {
  target.classList.remove("lit");
  void target.offsetWidth; // restarts the animation
  target.classList.add("lit");
  setTimeout(() => target.classList.remove("lit"), 2000);
};

const follow = (id, from) => {
  const target = document.getElementById(id);
  if (!target) return;
  const set = target.closest(".sources");
  if (set) {
    show(set.dataset.turn);
    openSheet(from);
  } else if (sheet.open) {
    leaveSheet();
  }
  if (target.matches("details.prompt")) {
    if (target.hidden) showAll();
    target.open = true;
  }
  target.scrollIntoView({ behavior: behaviour(), block: "start" });
  target.focus({ preventScroll: true });
  light(target);
};

// A quote and its card are a pair: hovering over or focusing one highlights both.
const pair = (target) => {
  const one = target.closest?.("#conversation .quotes li, #sources .card[id]");
  const ends = one ? [one.id.replace(/^card-/, "quote-"), one.id.replace(/^quote-/, "card-")] : [];
  for (const paired of document.querySelectorAll(".paired")) paired.classList.toggle("paired", ends.includes(paired.id));
  for (const id of ends) document.getElementById(id)?.classList.add("paired");
};

// On an insecure origin (a page served to other machines over plain HTTP) there is only the old clipboard API.
const copied = async (text) => {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("copying was refused");
};

const copy = async (button) => {
  const name = button.dataset.name ?? button.textContent;
  button.dataset.name = name;
  try {
    await copied(button.dataset.copy);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Could not copy";
  }
  live.textContent = button.textContent;
  button.focus({ preventScroll: true });
  setTimeout(() => (button.textContent = name), 2000);
};

const more = async (button) => {
  const around = button.closest(".around");
  const { at, side } = button.dataset;
  button.disabled = true;
  let html;
  try {
    html = await fetched(`neighbour?${around.dataset.place}&edge=${at}&side=${side}`);
  } catch {
    html = `<p class="state">${SILENT}</p>`;
  }
  const found = document.createElement("div");
  found.className = "neighbour";
  found.innerHTML = html;
  const next = found.querySelector("[data-at]")?.dataset.at;
  button[side === "before" ? "after" : "before"](found);
  button.disabled = false;
  if (next === undefined) {
    button.remove();
    found.tabIndex = -1;
    found.focus({ preventScroll: true });
  } else {
    button.dataset.at = next;
    button.focus({ preventScroll: true });
  }
  live.textContent = found.innerText;
};

const further = async (fold) => {
  const into = fold.querySelector("div");
  if (!fold.open || into.childElementCount) return;
  try {
    into.innerHTML = await fetched("further?" + fold.dataset.query);
  } catch {
    into.innerHTML = `<p class="state">${SILENT}</p>`;
  }
};

const unroll = (button) => {
  const isFolded = button.parentElement.querySelector("h2").classList.toggle("folded");
  button.textContent = isFolded ? "Show all" : "Show less";
};

// Further questions come after the answer, once the program has nothing else to do; it says 204 while it has.
const FIRST_MS = 500;
const AGAIN_MS = 2000;
const TRIES = 4;
const offerNext = async () => {
  const below = document.querySelector("#conversation .next[data-onward]:not([data-begun])");
  if (!below) return;
  below.dataset.begun = "yes";
  for (let tried = 0; tried < TRIES; tried++) {
    await new Promise((resume) => setTimeout(resume, tried ? AGAIN_MS : FIRST_MS));
    if (!below.isConnected) return; // the next question is already asked
    try {
      const answer = await fetch(new URL("onward?" + below.dataset.onward, document.baseURI));
      if (answer.status === 204) continue;
      if (answer.ok) below.innerHTML = await answer.text();
    } catch {
      // nobody asked for it, so nobody is told
    }
    return;
  }
};

const send = (question, button = "#send") => {
  const area = box();
  area.value = question;
  area.dispatchEvent(new Event("input", { bubbles: true }));
  requestAnimationFrame(() => document.querySelector(button).click()); // by then Gradio has the new value
  if (matchMedia("(pointer: fine)").matches) area.focus({ preventScroll: true });
};

document.addEventListener("click", (event) => {
  const cited = event.target.closest("a.cited");
  if (cited) {
    event.preventDefault();
    follow(cited.getAttribute("href").slice(1), cited);
    return;
  }
  const button = event.target.closest("button");
  if (button?.matches(".example")) send(button.dataset.question, button.matches("[data-as-typed]") ? "#alone" : "#send");
  if (button?.matches(".typed")) send(button.dataset.question, "#alone");
  if (button?.matches(".copy")) copy(button);
  if (button?.matches(".more")) more(button);
  if (button?.matches(".unroll")) unroll(button);
  if (button?.matches(".stop")) document.querySelector("#halt").click();
  if (button?.matches(".sourced")) follow(`sources-${button.dataset.turn}`, button);
  else if (!getSelection().toString()) {
    const turn = event.target.closest("#conversation .turn:not([data-state=pending])");
    if (turn) show(turn.dataset.turn);
  }
});

document.addEventListener("toggle", (event) => event.target.matches(".further") && further(event.target), true);
document.addEventListener("mouseover", (event) => pair(event.target));
document.addEventListener("focusin", (event) => pair(event.target));

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, textarea, select, [contenteditable=true]");
  if (event.key === "/" && !typing && !document.querySelector("dialog:modal") && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    document.querySelector("#journeys [role=tab][data-tab-id=ask]").click();
    box()?.focus();
  }
});

// When Gradio renders the tab again and the focus is lost, restore it, or move it to the latest turn.
let held = "";
document.addEventListener("focusin", (event) => {
  held = event.target.closest?.("#conversation [id], #sources [id]")?.id ?? "";
});
document.addEventListener("pointerdown", () => (held = ""), true); // a click elsewhere loses the focus on purpose
const restore = () => {
  if (!held || document.activeElement !== document.body) return;
  const latest = [...document.querySelectorAll("#conversation .turn")].at(-1);
  for (const target of [document.getElementById(held), latest]) {
    if (document.activeElement === document.body) target?.focus({ preventScroll: true });
  }
};

let seen = "";
const settle = () => {
  placeSources();
  restore();
  offerNext();
  const turn = [...document.querySelectorAll("#conversation .turn")].at(-1);
  const now = turn ? turn.id + turn.dataset.state : "";
  if (now === seen) return;
  seen = now;
  if (sheet.open) leaveSheet();
  if (!turn) return;
  if (turn.dataset.state !== "pending") show(turn.dataset.turn);
  turn.scrollIntoView({ behavior: behaviour(), block: "start" });
  live.textContent = turn.querySelector(".answer").innerText;
};
new MutationObserver(() => requestAnimationFrame(settle)).observe(document.body, {
  subtree: true,
  childList: true,
  attributes: true,
  attributeFilter: ["data-state"],
});
