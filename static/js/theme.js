// Light, dark or as the system says. Loaded in <head> without `defer`, so that the choice holds before the first paint.
"use strict";

(() => {
  const KEY = "ledger-theme";
  const root = document.documentElement;
  root.dataset.scripts = "on";

  // Storage can be forbidden by the browser; then the choice lasts as long as the page.
  const stored = () => {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null;
    }
  };
  const store = (theme) => {
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      /* see above */
    }
  };
  const known = (theme) => (theme === "light" || theme === "dark" ? theme : "system");

  const announce = () => document.dispatchEvent(new CustomEvent("ledger:theme"));

  const apply = (theme) => {
    if (theme === "system") delete root.dataset.theme;
    else root.dataset.theme = theme;
    for (const button of document.querySelectorAll("[data-theme-choice]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === theme));
    }
    announce();
  };

  apply(known(stored()));
  document.addEventListener("DOMContentLoaded", () => apply(known(stored())));
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-choice]");
    if (!button) return;
    store(button.dataset.themeChoice);
    apply(button.dataset.themeChoice);
  });
  // Another tab changed it, or the system turned dark at dusk.
  window.addEventListener("storage", (event) => {
    if (event.key === KEY) apply(known(event.newValue));
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", announce);
})();
