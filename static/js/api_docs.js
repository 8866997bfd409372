// The page of the API: Swagger UI draws the server's own description, in the colours of the other pages.
"use strict";

(() => {
  const place = document.getElementById("api-docs");
  if (!place || !window.SwaggerUIBundle) return;
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");

  // Swagger UI knows one switch, a class; ours is an attribute, or else the system's choice.
  const follow = () => {
    const chosen = root.dataset.theme;
    root.classList.toggle("dark-mode", chosen ? chosen === "dark" : system.matches);
  };
  follow();
  system.addEventListener("change", follow);
  document.addEventListener("ledger:theme", follow);

  window.SwaggerUIBundle({
    url: place.dataset.description,
    domNode: place,
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    // A token stays in the memory of the page: it is gone when the page is.
    persistAuthorization: false,
    validatorUrl: null,
  });
})();
