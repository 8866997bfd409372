// Going somewhere by name: Ctrl-K or Cmd-K, or any link with data-open-palette. The server ranks; this keeps the choice.
// The focus stays in the field, and aria-activedescendant tells a screen reader which option is chosen.
"use strict";

(() => {
  const dialog = () => document.getElementById("palette");
  const field = () => document.getElementById("palette-q");
  const options = () => [...document.querySelectorAll("#palette-list [role=option]")];
  const chosen = () => document.querySelector("#palette-list [aria-selected=true]");

  const choose = (option) => {
    chosen()?.setAttribute("aria-selected", "false");
    if (!option) return field().removeAttribute("aria-activedescendant");
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    field().setAttribute("aria-activedescendant", option.id);
  };

  const open = () => {
    if (dialog().open) return;
    dialog().showModal();
    field().select();
    htmx.trigger(field(), "palette-opened");
  };

  const move = (key) => {
    const all = options();
    const at = all.indexOf(chosen());
    const last = all.length - 1;
    const next = { ArrowDown: at >= last ? 0 : at + 1, ArrowUp: at <= 0 ? last : at - 1 }[key];
    choose(all[next]);
  };

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      dialog().open ? dialog().close() : open();
    } else if (event.target === field() && ["ArrowDown", "ArrowUp"].includes(event.key)) {
      event.preventDefault();
      move(event.key);
    } else if (event.target === field() && event.key === "Enter" && chosen() && !event.isComposing) {
      event.preventDefault();
      chosen().click();
    } else if (event.target === field() && event.key === "Escape") {
      // A search field empties itself first; one press is to close.
      event.preventDefault();
      dialog().close();
    }
  });

  document.addEventListener("click", (event) => {
    if (event.target === dialog()) dialog().close();
    const link = event.target.closest("[data-open-palette]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open();
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target?.id === "palette-results") choose(options()[0]);
  });
})();
