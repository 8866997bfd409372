// Shortcuts. The list is what the page offers: any link with data-shortcut="g d" is a shortcut, `/` goes to the
// element with data-search, `?` opens the list. They can be switched off (WCAG 2.1.4): dictation software types letters.
"use strict";

(() => {
  const KEY = "ledger-shortcuts";
  const SEQUENCE_MS = 1200;
  let first = "";
  let timer = 0;

  const read = () => {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null;
    }
  };
  const enabled = () => read() !== "off";
  const remember = (on) => {
    try {
      localStorage.setItem(KEY, on ? "on" : "off");
    } catch {
      /* without storage, shortcuts stay on */
    }
  };

  const isTyping = (target) =>
    target.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName) || target.closest("dialog[open]");

  const focusSearch = () => {
    // The page's own field goes before the one in its head.
    const field = document.querySelector("main [data-search]") ?? document.querySelector("[data-search]");
    field?.focus();
    field?.select?.();
    return Boolean(field);
  };

  const showHelp = () => {
    const dialog = document.getElementById("keyboard-help");
    dialog?.showModal();
    return Boolean(dialog);
  };

  const follow = (keys) => {
    const link = document.querySelector(`a[data-shortcut="${CSS.escape(keys)}"]`);
    link?.click();
    return Boolean(link);
  };

  const run = (key) => {
    if (first) {
      const keys = `${first} ${key}`;
      first = "";
      return follow(keys);
    }
    if (key === "/") return focusSearch();
    if (key === "?") return showHelp();
    if (!document.querySelector(`a[data-shortcut^="${CSS.escape(key)} "]`)) return follow(key);
    first = key;
    clearTimeout(timer);
    timer = setTimeout(() => (first = ""), SEQUENCE_MS);
    return true;
  };

  document.addEventListener("keydown", (event) => {
    const modified = event.ctrlKey || event.metaKey || event.altKey || event.isComposing;
    if (modified || event.key.length !== 1 || !enabled() || isTyping(event.target)) return;
    if (run(event.key)) event.preventDefault();
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-open-keyboard-help]")) showHelp();
  });

  document.addEventListener("DOMContentLoaded", () => {
    const box = document.getElementById("shortcuts-enabled");
    if (!box) return;
    box.checked = enabled();
    box.addEventListener("change", () => remember(box.checked));
  });
})();
