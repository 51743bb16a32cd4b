// The reader: a dialog with a whole source, buttons to step through its quotes, and an outline.
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const behaviour = () => (calm.matches ? "auto" : "smooth");
const SILENT = "The program is not responding. Is it still running?";

const fetched = async (path) => (await fetch(new URL(path, document.baseURI))).text(); // errors are HTML too

const reader = document.createElement("dialog");
reader.id = "reader";
reader.setAttribute("aria-labelledby", "reader-title");
reader.innerHTML =
  '<div class="bar"><p class="which" role="status"></p>' +
  '<button type="button" class="step" data-step="-1" aria-label="Previous quote">Previous</button>' +
  '<button type="button" class="step" data-step="1" aria-label="Next quote">Next</button>' +
  '<button type="button" class="to-quote">Show the quote</button>' +
  '<button type="button" class="close">Close</button></div>' +
  '<div class="page" tabindex="0" role="region" aria-label="Text of the source"></div>';
document.body.append(reader);
const page = reader.querySelector(".page");

const marks = () => new Set([...page.querySelectorAll("mark")].map((mark) => Number(mark.dataset.mark))).size;
let at = 0;

const showQuote = (number) => {
  at = number;
  for (const mark of page.querySelectorAll("mark")) mark.classList.toggle("asked", Number(mark.dataset.mark) === at);
  page.querySelector("mark.asked")?.scrollIntoView({ block: "center" });
  reader.querySelector(".which").textContent = marks() > 1 ? `Quote ${at + 1} of ${marks()}` : "";
};

const fill = (html) => {
  page.innerHTML = html;
  page.scrollTop = 0;
  page.classList.toggle("several", marks() > 1);
  for (const button of reader.querySelectorAll(".step")) button.hidden = marks() < 2;
  reader.querySelector(".to-quote").hidden = marks() !== 1;
  reader.querySelector(".which").textContent = "";
  const outline = page.querySelector(".outline details");
  if (outline) outline.open = matchMedia("(min-width: 1000px)").matches;
  const asked = page.querySelector("mark.asked");
  if (asked) showQuote(Number(asked.dataset.mark));
  page.querySelector("[data-asked]")?.scrollIntoView({ block: "start" });
};

let opened = 0;
const open = async (place) => {
  const mine = ++opened;
  fill('<header><h2 id="reader-title">Opening the source…</h2></header>');
  if (!reader.open) reader.showModal();
  let html;
  try {
    html = await fetched("reader?" + place);
  } catch {
    html = `<header><h2 id="reader-title">This source cannot be shown</h2><p>${SILENT}</p></header>`;
  }
  if (mine !== opened || !reader.open) return;
  fill(html);
  page.focus({ preventScroll: true });
};

document.addEventListener("click", (event) => {
  const opener = event.target.closest("button.open");
  if (opener) open(opener.dataset.place);
  if (event.target.closest("#reader .close") || event.target === reader) reader.close();
  if (event.target.closest("#reader .to-quote")) showQuote(at);
  const step = event.target.closest("#reader .step");
  if (step) showQuote((at + Number(step.dataset.step) + marks()) % marks());
  const entry = event.target.closest("#reader .outline a");
  if (!entry) return;
  event.preventDefault();
  const heading = document.getElementById(entry.getAttribute("href").slice(1));
  if (!matchMedia("(min-width: 1000px)").matches) entry.closest("details").open = false;
  heading.scrollIntoView({ block: "start" });
  heading.focus({ preventScroll: true });
});
