// The reader: a dialog with a whole source, buttons to step through its quotes, its pages if it is a PDF, an outline.
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const behaviour = () => (calm.matches ? "auto" : "smooth");
const SILENT = "The program is not responding. Is it still running?";
const UNDRAWN = "This page cannot be shown. The text view has its text.";

// What an answer that is no page says: JSON of a message or of a `detail`, or plain text.
const saidBy = async (answer) => {
  const text = await answer.text();
  try {
    const value = JSON.parse(text);
    const told = typeof value === "string" ? value : Array.isArray(value?.detail) ? value.detail[0]?.msg : value?.detail;
    return typeof told === "string" ? told : "The program rejected this.";
  } catch {
    return text.trim();
  }
};

// Errors are HTML too, but for those of signing in and of a program that has too much to do.
const fetched = async (path) => {
  const answer = await fetch(new URL(path, document.baseURI));
  if (answer.headers.get("content-type")?.startsWith("text/html")) return answer.text();
  const told = document.createElement("p");
  told.className = "state";
  told.textContent = await saidBy(answer);
  return told.outerHTML;
};

// A click that begins inside a dialog and ends on its backdrop, as selecting text does, must not close it.
let pressedOn = null;
document.addEventListener("pointerdown", (event) => (pressedOn = event.target), true);
const isBeside = (event, dialog) => event.target === dialog && pressedOn === dialog;

const reader = document.createElement("dialog");
reader.id = "reader";
reader.setAttribute("aria-labelledby", "reader-title");
reader.innerHTML =
  '<div class="bar"><p class="which" role="status"></p>' +
  '<button type="button" class="step" data-step="-1" aria-label="Previous quote">Previous</button>' +
  '<button type="button" class="step" data-step="1" aria-label="Next quote">Next</button>' +
  '<button type="button" class="to-quote">Show the quote</button>' +
  '<button type="button" class="close">Close</button></div>' +
  '<div class="tools" role="group" aria-label="Pages" hidden><span class="turning">' +
  '<button type="button" class="flip" data-flip="-1" aria-label="Previous page" aria-keyshortcuts="ArrowLeft">‹</button>' +
  '<span class="sheet-of"></span>' +
  '<button type="button" class="flip" data-flip="1" aria-label="Next page" aria-keyshortcuts="ArrowRight">›</button>' +
  '</span><span class="zooming">' +
  '<button type="button" class="zoom" data-zoom="-1" aria-label="Smaller" aria-keyshortcuts="-">−</button>' +
  '<button type="button" class="zoom" data-zoom="fit" aria-label="Fit width" aria-keyshortcuts="0">Fit</button>' +
  '<button type="button" class="zoom" data-zoom="full" aria-label="100 percent" aria-keyshortcuts="1">100 %</button>' +
  '<button type="button" class="zoom" data-zoom="1" aria-label="Larger" aria-keyshortcuts="+">+</button>' +
  '</span><button type="button" class="view"></button></div>' +
  '<div class="page" tabindex="0" role="region" aria-label="Text of the source"></div>';
document.body.append(reader);
const page = reader.querySelector(".page");
const tools = reader.querySelector(".tools");

const marks = () => new Set([...page.querySelectorAll("[data-mark]")].map((mark) => mark.dataset.mark)).size;
let at = 0;

const showQuote = (number) => {
  at = number;
  for (const mark of page.querySelectorAll("[data-mark]")) mark.classList.toggle("asked", Number(mark.dataset.mark) === at);
  const asked = page.querySelector(".asked");
  asked?.scrollIntoView({ block: "center", inline: "nearest" });
  sheets.hold(asked?.closest(".sheet"));
  reader.querySelector(".which").textContent = marks() > 1 ? `Quote ${at + 1} of ${marks()}` : "";
};

const fill = (html) => {
  page.innerHTML = html;
  page.scrollTop = page.scrollLeft = 0;
  page.classList.toggle("several", marks() > 1);
  for (const button of reader.querySelectorAll(".step")) button.hidden = marks() < 2;
  reader.querySelector(".to-quote").hidden = marks() !== 1;
  reader.querySelector(".which").textContent = "";
  const outline = page.querySelector(".outline details");
  if (outline) outline.open = !sheets.all().length && matchMedia("(min-width: 1000px)").matches;
  sheets.begin();
  const asked = page.querySelector(".asked");
  if (asked) showQuote(Number(asked.dataset.mark));
  page.querySelector("[data-asked]")?.scrollIntoView({ block: "start" });
};

// The pages of a PDF: a picture is fetched when its page comes near, and dropped when it is far again.
const sheets = {
  POINT: 96 / 72, // pixels of 100 %
  ZOOMS: [0.5, 0.75, 1, 1.25, 1.5, 2, 3],
  SCALES: [1, 2, 4],
  TRIES: 4,
  zoom: "fit",
  near: new Set(),
  turned: 0,

  all: () => [...page.querySelectorAll(".sheet")],

  begin() {
    this.near.clear();
    this.turned = 0;
    this.coming?.disconnect();
    const all = this.all();
    const isText = page.querySelector(".text[data-paged]") !== null;
    tools.hidden = !all.length && !isText;
    for (const part of tools.querySelectorAll(".turning, .zooming")) part.hidden = isText;
    tools.querySelector(".view").textContent = isText ? "Page view" : "Text view";
    page.setAttribute("aria-label", all.length ? "Pages of the source" : "Text of the source");
    if (!all.length) return;
    this.set("fit");
    this.coming = new IntersectionObserver((changes) => changes.forEach((each) => this.come(each)), {
      root: page,
      rootMargin: "100% 50%",
    });
    for (const sheet of all) this.coming.observe(sheet);
    this.tell();
  },

  come({ target, isIntersecting }) {
    this.near[isIntersecting ? "add" : "delete"](target);
    if (isIntersecting) this.draw(target);
    else target.querySelector("img").removeAttribute("src");
  },

  draw(sheet, tries = 1) {
    const picture = sheet.querySelector("img");
    const needed = (picture.clientWidth * devicePixelRatio) / sheet.style.getPropertyValue("--w");
    const scale = this.SCALES.find((each) => each >= 0.9 * needed) ?? this.SCALES.at(-1);
    const number = sheet.id.slice("reader-page-".length);
    const address = `picture?${page.querySelector(".sheets").dataset.picture}&page=${number}&scale=${scale}`;
    const source = new URL(tries > 1 ? `${address}&again=${tries}` : address, document.baseURI).href;
    if (picture.src === source) return;
    picture.onerror = () => this.undrawn(sheet, picture, tries);
    picture.onload = () => sheet.querySelector(".undrawn")?.remove();
    picture.src = source;
  },

  // The program draws a few pages at a time and refuses more: a few more tries, then words.
  undrawn(sheet, picture, tries) {
    picture.removeAttribute("src");
    if (tries < this.TRIES) {
      setTimeout(() => this.near.has(sheet) && this.draw(sheet, tries + 1), 2000);
    } else if (!sheet.querySelector(".undrawn")) {
      const told = document.createElement("p");
      told.className = "state undrawn";
      told.textContent = UNDRAWN;
      sheet.prepend(told);
    }
  },

  set(zoom) {
    const middle = (page.scrollTop + page.clientHeight / 2) / page.scrollHeight;
    this.zoom = zoom;
    const shown = page.querySelector(".sheets");
    shown.classList.toggle("fit", zoom === "fit");
    shown.style.setProperty("--zoom", zoom === "fit" ? "" : zoom * this.POINT);
    for (const button of tools.querySelectorAll("[data-zoom]")) {
      const isOn = button.dataset.zoom === "fit" ? zoom === "fit" : button.dataset.zoom === "full" && zoom === 1;
      if (!["1", "-1"].includes(button.dataset.zoom)) button.setAttribute("aria-pressed", isOn);
    }
    page.scrollTop = middle * page.scrollHeight - page.clientHeight / 2;
    page.scrollLeft = (page.scrollWidth - page.clientWidth) / 2;
    for (const sheet of this.near) this.draw(sheet);
  },

  step(way) {
    if (way === "fit") return this.set("fit");
    if (way === "full") return this.set(1);
    const sheet = this.all()[this.current() - 1];
    const now = sheet.querySelector(".paper").clientWidth / this.POINT / sheet.style.getPropertyValue("--w");
    const others = this.ZOOMS.filter((each) => (way === "1" ? each > now + 0.01 : each < now - 0.01));
    if (others.length) this.set(way === "1" ? others[0] : others.at(-1));
  },

  // The page that was turned to, until the person scrolls; then the one in the middle, at either end the outermost.
  current() {
    if (this.turned) return this.turned;
    const [above, half] = [page.scrollTop, page.clientHeight / 2];
    const below = page.scrollHeight - page.clientHeight - above;
    const line = page.getBoundingClientRect().top + Math.max(Math.min(above, half), 2 * half - below);
    const all = this.all();
    let [first, last] = [0, all.length - 1];
    while (first < last) {
      const middle = (first + last) >> 1;
      if (all[middle].getBoundingClientRect().bottom < line) first = middle + 1;
      else last = middle;
    }
    return first + 1;
  },

  turn(by) {
    const sheet = this.all()[this.current() - 1 + by];
    if (!sheet) return;
    sheet.scrollIntoView({ block: "start" });
    this.hold(sheet);
  },

  hold(sheet) {
    this.turned = sheet ? this.all().indexOf(sheet) + 1 : 0;
    this.tell();
  },

  tell() {
    const all = this.all();
    if (!all.length) return;
    const now = this.current();
    tools.querySelector(".sheet-of").textContent = `Page ${now} of ${all.length}`;
    tools.querySelector("[data-flip='-1']").disabled = now === 1;
    tools.querySelector("[data-flip='1']").disabled = now === all.length;
  },
};
page.addEventListener("scroll", () => sheets.tell(), { passive: true });
for (const moved of ["wheel", "touchmove", "pointerdown", "keydown"]) {
  page.addEventListener(moved, () => (sheets.turned = 0), { passive: true });
}
addEventListener("resize", () => sheets.near.forEach((sheet) => sheets.draw(sheet)));

let opened = 0;
let shownPlace = "";
const open = async (place, view = "") => {
  const mine = ++opened;
  shownPlace = place;
  fill('<header><h2 id="reader-title">Opening the source…</h2></header>');
  if (!reader.open) reader.showModal();
  reader.dispatchEvent(new Event("opened"));
  let html;
  try {
    html = await fetched(`reader?${place}${view && `&view=${view}`}`);
  } catch {
    html = `<header><h2 id="reader-title">This source cannot be shown</h2><p>${SILENT}</p></header>`;
  }
  if (mine !== opened || !reader.open) return;
  fill(html);
  page.focus({ preventScroll: true });
};

document.addEventListener("click", (event) => {
  const opener = event.target.closest("button.open[data-place]");
  if (opener) open(opener.dataset.place);
  if (event.target.closest("#reader .close") || isBeside(event, reader)) reader.close();
  if (event.target.closest("#reader .to-quote")) showQuote(at);
  const step = event.target.closest("#reader .step");
  if (step) showQuote((at + Number(step.dataset.step) + marks()) % marks());
  const flip = event.target.closest("#reader .flip");
  if (flip) sheets.turn(Number(flip.dataset.flip));
  const zoom = event.target.closest("#reader .zoom");
  if (zoom) sheets.step(zoom.dataset.zoom);
  if (event.target.closest("#reader .view")) open(shownPlace, sheets.all().length ? "text" : "");
  const unfold = event.target.closest("button.unfold");
  if (unfold) {
    const quote = unfold.closest("blockquote");
    quote.classList.add("unfolded");
    quote.tabIndex = -1;
    quote.focus({ preventScroll: true });
  }
  const entry = event.target.closest("#reader .outline a");
  if (!entry) return;
  event.preventDefault();
  const heading = document.getElementById(entry.getAttribute("href").slice(1));
  if (sheets.all().length || !matchMedia("(min-width: 1000px)").matches) entry.closest("details").open = false;
  heading.scrollIntoView({ block: "start" });
  heading.focus({ preventScroll: true });
  sheets.hold(heading.closest(".sheet"));
});

reader.addEventListener("keydown", (event) => {
  if (!sheets.all().length || event.ctrlKey || event.metaKey || event.altKey) return;
  const wide = page.scrollWidth > page.clientWidth; // then the arrows move the page
  const turn = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const zoom = { "+": "1", "=": "1", "-": "-1", 0: "fit", 1: "full" }[event.key];
  if (zoom) sheets.step(zoom);
  else if (turn && !wide) sheets.turn(turn);
  else return;
  event.preventDefault();
});
