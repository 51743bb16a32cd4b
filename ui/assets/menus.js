// Small menus: they close on Escape, on a click elsewhere, when the focus leaves, and once something in them is chosen.
const openMenus = () => [...document.querySelectorAll("details.popup[open]")];

const closeMenu = (menu) => {
  menu.open = false;
  menu.querySelector("summary").focus({ preventScroll: true });
};

document.addEventListener("click", (event) => {
  const own = event.target.closest("details.popup");
  for (const menu of openMenus()) if (menu !== own) menu.open = false;
  if (event.target.closest("details.popup > :not(summary) :is(a, button):not([data-stays])")) closeMenu(own);
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of openMenus()) {
    event.preventDefault(); // else it would also close a dialog that the menu is in
    closeMenu(menu);
  }
});

document.addEventListener("focusout", (event) => {
  const menu = event.target.closest?.("details.popup[open]");
  if (menu && event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
});

// What a menu holds is fixed on the screen, because lists and conversations that scroll would cut it off.
const putMenu = (menu) => {
  const [at, held] = [menu.querySelector("summary").getBoundingClientRect(), menu.lastElementChild];
  const isBelow = at.bottom + held.offsetHeight + 12 < innerHeight;
  held.style.top = `${isBelow ? at.bottom + 6 : Math.max(6, at.top - held.offsetHeight - 6)}px`;
  held.style.left = `${Math.max(12, at.right - held.offsetWidth)}px`;
};
document.addEventListener("toggle", (event) => event.target.matches("details.popup[open]") && putMenu(event.target), true);
document.addEventListener("scroll", () => openMenus().forEach(putMenu), { capture: true, passive: true });
addEventListener("resize", () => openMenus().forEach(putMenu));
