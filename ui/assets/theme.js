// Light, dark, or as the system is. This runs before anything is painted; the choice stays in this browser.
(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  let chosen = "";

  const apply = () => {
    const isDark = chosen ? chosen === "dark" : system.matches;
    root.style.colorScheme = isDark ? "dark" : "light"; // scroll bars too
    for (const name of ["--bg", "--col"]) { // what Gradio paints with before it has started, by the system's theme
      root.style.setProperty(name, isDark ? `var(${name}-dark)` : "");
      root.style.setProperty(`${name}-dark`, isDark ? "" : `var(${name})`);
    }
    document.body?.classList.toggle("dark", isDark);
  };

  const read = () => {
    try {
      chosen = localStorage.getItem("theme") ?? "";
    } catch {
      // a browser that keeps nothing: the choice holds until the page is left
    }
    apply();
  };
  read();

  // Gradio sets the class by the system's theme when it starts, and whenever that changes.
  new MutationObserver((_, begun) => {
    if (!document.body) return;
    begun.disconnect();
    new MutationObserver(apply).observe(document.body, { attributes: true, attributeFilter: ["class"] });
    apply();
  }).observe(root, { childList: true });
  system.addEventListener("change", apply);
  addEventListener("storage", read); // another window chose

  const check = (menu) => {
    for (const each of menu.querySelectorAll("input")) each.checked = each.value === chosen;
  };
  document.addEventListener("toggle", (event) => event.target.matches(".theme[open]") && check(event.target), true);
  document.addEventListener("change", (event) => {
    if (!event.target.matches(".theme input")) return;
    chosen = event.target.value;
    apply();
    try {
      localStorage.setItem("theme", chosen);
    } catch {
      // as above
    }
  });
})();
