// Tells when the service stops answering the live regions, and when it answers again.
(() => {
  const away = () => document.getElementById("away");
  const show = (gone) => {
    const banner = away();
    if (banner && banner.hidden === gone) banner.hidden = !gone;
  };
  document.addEventListener("htmx:sendError", () => show(true));
  document.addEventListener("htmx:timeout", () => show(true));
  document.addEventListener("htmx:responseError", () => show(true));
  document.addEventListener("htmx:afterOnLoad", () => show(false));
})();
