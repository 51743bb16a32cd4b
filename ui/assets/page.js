// The page's behaviour: links between quotes and sources, the reader, the keyboard.
// Everything is delegated from the document, as Gradio replaces what it renders.
() => {
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const behaviour = () => (calm.matches ? "auto" : "smooth");
  const box = () => document.querySelector("#question textarea");

  const live = document.createElement("div");
  live.id = "announced";
  live.className = "unseen";
  live.setAttribute("role", "status");
  live.setAttribute("aria-live", "polite");
  document.body.append(live);

  const reader = document.createElement("dialog");
  reader.id = "reader";
  reader.setAttribute("role", "dialog");
  reader.setAttribute("aria-modal", "true");
  reader.setAttribute("aria-labelledby", "reader-title");
  reader.innerHTML =
    '<div class="bar"><button type="button" class="to-quote">Show the quote</button>' +
    '<button type="button" class="close">Close</button></div>' +
    '<div class="page" tabindex="0" aria-label="Text of the source"></div>';
  document.body.append(reader);
  const page = reader.querySelector(".page");
  const toQuote = reader.querySelector(".to-quote");

  const follow = (id) => {
    const target = document.getElementById(id);
    if (!target) return;
    const set = target.closest(".sources");
    if (set) show(set.dataset.turn);
    if (target.matches("details.prompt")) {
      if (target.hidden) showAll();
      target.open = true;
    }
    target.scrollIntoView({ behavior: behaviour(), block: "start" });
    target.focus({ preventScroll: true });
    target.classList.remove("lit");
    void target.offsetWidth; // restarts the animation
    target.classList.add("lit");
    setTimeout(() => target.classList.remove("lit"), 2000);
  };

  const show = (turn) => {
    for (const set of document.querySelectorAll("#sources .sources")) set.hidden = set.dataset.turn !== turn;
  };

  const showQuote = () => page.querySelector("mark")?.scrollIntoView({ block: "center" });

  const filters = () => [...document.querySelectorAll("#prompts select")];

  const filter = () => {
    const wanted = Object.fromEntries(filters().map((each) => [each.dataset.filter, each.value]));
    const rows = [...document.querySelectorAll("#prompts .prompt")];
    for (const row of rows) {
      const tagged = !wanted.tag || JSON.parse(row.dataset.tags).includes(wanted.tag);
      row.hidden = !tagged || (!!wanted.outcome && row.dataset.outcome !== wanted.outcome);
    }
    const left = rows.filter((row) => !row.hidden).length;
    document.querySelector("#prompts output").textContent = `${left} prompt${left === 1 ? "" : "s"}`;
  };

  const showAll = () => {
    for (const each of filters()) each.value = "";
    filter();
  };

  const save = async (form) => {
    const status = form.querySelector("[role=status]");
    const tell = (text) => {
      status.textContent = text;
      status.scrollIntoView({ block: "nearest" });
    };
    const ticked = [...form.querySelectorAll("input:checked")];
    const of = (kind) => ticked.filter((each) => each.dataset.kind === kind).map((each) => each.value);
    const sources = [...new Set(ticked.map((each) => each.dataset.source).filter(Boolean))];
    const abstain = ticked.some((each) => each.dataset.kind === "abstain");
    if (!ticked.length) {
      tell("Tick what answers the question, or that it should abstain.");
      return;
    }
    const prompt = { question: form.dataset.question, answers: of("quote"), passages: of("passage"), sources, unanswerable: abstain };
    try {
      const answer = await fetch(new URL("prompts", document.baseURI), {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(prompt),
      });
      tell(await answer.json());
    } catch {
      tell("Not saved: the program does not answer. Is it still running?");
    }
  };

  let asked = 0;
  const open = async (button) => {
    const mine = ++asked;
    page.innerHTML = '<header><h2 id="reader-title">Opening the source</h2></header>';
    toQuote.hidden = true;
    if (!reader.open) reader.showModal();
    let text;
    try {
      const answer = await fetch(new URL("reader?" + button.dataset.place, document.baseURI));
      text = await answer.text(); // a failure comes as HTML too, and says what to do
    } catch {
      text = '<header><h2 id="reader-title">This source cannot be shown</h2><p>The program does not answer. Is it still running?</p></header>';
    }
    if (mine !== asked || !reader.open) return;
    page.innerHTML = text;
    page.scrollTop = 0;
    toQuote.hidden = !page.querySelector("mark");
    showQuote();
    page.focus({ preventScroll: true });
  };

  const send = (question) => {
    const area = box();
    area.value = question;
    area.dispatchEvent(new Event("input", { bubbles: true }));
    requestAnimationFrame(() => document.querySelector("#send").click()); // Gradio has the value by then
    if (matchMedia("(pointer: fine)").matches) area.focus({ preventScroll: true });
  };

  const remove = (name) => {
    const field = document.querySelector("#remove-name :is(input, textarea)");
    field.value = name;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    requestAnimationFrame(() => document.querySelector("#remove-go").click()); // Gradio has the value by then
    document.querySelector("#holdings").scrollIntoView({ behavior: behaviour(), block: "start" });
  };

  const check = (patience) => {
    const button = document.querySelector("#check");
    if (button?.offsetParent) button.click();
    else if (patience) requestAnimationFrame(() => check(patience - 1)); // the tab opens first
  };

  document.addEventListener("click", (event) => {
    const cited = event.target.closest("a.cited");
    if (cited) {
      event.preventDefault();
      follow(cited.getAttribute("href").slice(1));
      return;
    }
    const example = event.target.closest("button.example");
    if (example) send(example.textContent);
    const opener = event.target.closest("button.open");
    if (opener) open(opener);
    const removing = event.target.closest("#texts button.remove");
    if (removing) remove(removing.dataset.name);
    if (event.target.closest("button.check")) {
      document.querySelector("#journeys [role=tab][data-tab-id=corpus]").click();
      check(120);
    }
    if (event.target.closest("#reader .close") || event.target === reader) reader.close();
    if (event.target.closest("#reader .to-quote")) showQuote();
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

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable=true]");
    if (event.key === "/" && !typing && !reader.open && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      box()?.focus();
    }
  });

  let seen = "";
  const settle = () => {
    const turn = [...document.querySelectorAll("#conversation .turn")].at(-1);
    const now = turn ? turn.id + turn.dataset.state : "";
    if (now === seen) return;
    seen = now;
    if (!turn) return;
    turn.scrollIntoView({ behavior: behaviour(), block: "start" });
    live.textContent = turn.querySelector(".answer").innerText;
  };
  new MutationObserver(() => requestAnimationFrame(settle)).observe(document.body, {
    subtree: true,
    childList: true,
    attributes: true,
    attributeFilter: ["data-state"],
  });
}
