// The address: it names the tab, the conversation and the open source, so that Back, reload and a sent link work.
const located = (name) => new URL(location.href).searchParams.get(name) ?? "";

const locate = (values, step = true) => {
  const address = new URL(location.href);
  for (const [name, value] of Object.entries(values)) {
    if (value) address.searchParams.set(name, value);
    else address.searchParams.delete(name);
  }
  if (address.href === location.href) return;
  history[step ? "pushState" : "replaceState"](null, "", address);
};

const tabs = () => [...document.querySelectorAll("#journeys > .tab-wrapper [role=tab]")];
const tabNamed = (name) => tabs().find((each) => each.dataset.tabId === (name || "ask"));

// Show the tab that the address names.
let going = false;
const showTab = () => {
  going = true;
  const tab = tabNamed(located("tab"));
  if (tab && tab.getAttribute("aria-selected") !== "true") tab.click();
  going = false;
};

const followAddress = () => {
  showTab();
  const wanted = located("conversation");
  if (wanted !== (marked().kept === "true" ? marked().conversation : "")) openKept(wanted);
  const source = located("source");
  if (source && (source !== shownPlace || !reader.open)) open(source);
  if (!source && reader.open) reader.close();
};
addEventListener("popstate", followAddress);

document.addEventListener("click", (event) => {
  const tab = event.target.closest("#journeys > .tab-wrapper [role=tab]");
  if (event.target.closest("button.to-corpus")) tabNamed("corpus").click();
  if (tab && !going) locate({ tab: tab.dataset.tabId === "ask" ? "" : tab.dataset.tabId });
});

// A press of Back closes the source; closing it otherwise goes back too, if opening it was a step.
let stepped = false;
reader.addEventListener("opened", () => {
  if (located("source") === shownPlace) return;
  locate({ source: shownPlace }, !located("source"));
  stepped = true;
});
reader.addEventListener("close", () => {
  if (!located("source")) return;
  if (stepped) history.back();
  else locate({ source: "" }, false);
  stepped = false;
});

const begin = (frames) => {
  if (!tabs().length || !document.querySelector("#question textarea")) {
    if (frames) requestAnimationFrame(() => begin(frames - 1)); // until Gradio has rendered the page
    return;
  }
  showTab();
  if (located("source")) open(located("source"));
  else if (!located("tab") && matchMedia("(hover: hover)").matches) box().focus({ preventScroll: true });
};
begin(600);
