// Collections: the menu, and the forms that create, change and delete one.
const desk = document.createElement("dialog");
desk.id = "desk";
desk.setAttribute("aria-label", "Collection");
document.body.append(desk);

// Addresses of collections are relative to the main page.
const goTo = (address) => {
  const here = new URL(document.baseURI);
  const root = here.pathname.replace(/c\/[^/]+\/$/, "");
  location.assign(new URL(address, new URL(root, here)));
};

const sent = async (form, method) => {
  const status = form.querySelector("[role=status]");
  const fields = Object.fromEntries(new FormData(form));
  try {
    const answer = await fetch(new URL(form.dataset.path, document.baseURI), {
      method,
      headers: { "Content-Type": "application/json" },
      body: method === "POST" ? JSON.stringify(fields) : undefined,
    });
    if (answer.ok) goTo((await answer.json()).address);
    else status.textContent = await saidBy(answer);
  } catch {
    status.textContent = `Nothing was changed. ${SILENT}`;
  }
};

document.addEventListener("click", async (event) => {
  const opening = event.target.closest("#head [data-form]");
  if (opening) {
    try {
      desk.innerHTML = await fetched(opening.dataset.form);
      desk.showModal();
    } catch {
      live.textContent = SILENT;
    }
  }
  if (isBeside(event, desk) || event.target.closest("#desk .close")) desk.close();
  const deleting = event.target.closest("#desk .delete");
  if (deleting) sent(deleting.closest("form"), "DELETE");
});

document.addEventListener("submit", (event) => {
  const form = event.target.closest("#desk form.collection");
  if (!form) return;
  event.preventDefault();
  sent(form, "POST");
});
