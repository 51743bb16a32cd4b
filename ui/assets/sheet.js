// On a narrow screen the sources of an answer are a sheet: a dialog that comes from below.
const small = matchMedia("(max-width: 959.9px), (max-height: 519.9px)");
const sheet = document.createElement("dialog");
sheet.id = "sheet";
sheet.setAttribute("aria-label", "Sources");
sheet.innerHTML = '<div class="bar"><button type="button" class="close" aria-label="Close the sources">×</button></div>';
let opener = null;

// Gradio renders the sources into their column, wherever that stands.
const placeSources = () => {
  const [bench, sources] = ["#workbench", "#evidence"].map((each) => document.querySelector(each));
  if (!bench || !sources || sheet.contains(sources) === small.matches) return;
  if (sheet.open) sheet.close();
  if (small.matches) {
    bench.append(sheet);
    sheet.append(sources);
  } else {
    sheet.before(sources);
    sheet.remove();
  }
};
small.addEventListener("change", placeSources);

const openSheet = (from) => {
  if (!small.matches || sheet.open) return;
  opener = from;
  sheet.showModal();
  sheet.scrollTop = 0;
};

// Leaving it for the answer takes the focus there; otherwise it goes back to where it was.
const leaveSheet = () => {
  opener = null;
  sheet.close();
};

document.addEventListener("click", (event) => {
  if (sheet.open && event.target.closest("#journeys [role=tab]")) leaveSheet();
});
sheet.addEventListener("close", () => {
  opener?.focus({ preventScroll: true });
  opener = null;
});
sheet.addEventListener("click", (event) => {
  if (isBeside(event, sheet) || event.target.closest("#sheet .close")) sheet.close();
});
