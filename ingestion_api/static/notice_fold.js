// Folds the cards of live notices into one line while they would cover what somebody fills in.
(() => {
  "use strict";
  const region = document.getElementById("notices");
  const list = document.getElementById("notice-cards");
  const more = document.getElementById("notices-more");
  const bar = document.getElementById("notices-fold");
  if (!region || !list || !bar) return;
  const FIELDS = "main :is(input, select, textarea)";
  const MARGIN = 12; // pixels between a field and the bar
  let unfolded = false; // somebody wants to see the cards all the same
  let waiting = false;

  const overlap = (one, other) =>
    one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;

  // The form that has the focus, and the one that the page is about.
  const controls = () => {
    const forms = [...document.querySelectorAll("main form[data-keep-clear]")];
    const active = document.activeElement;
    if (active && active.matches(FIELDS) && active.form) forms.push(active.form);
    return forms.flatMap((form) => [...form.elements]);
  };

  const covers = () => {
    const stack = list.getBoundingClientRect();
    return controls().some((it) => overlap(it.getBoundingClientRect(), stack));
  };

  const gravest = () => ["critical", "warning", "info"].find((it) => list.querySelector(`.notice-${it}`)) || "over";

  const words = () => {
    const count = list.children.length;
    const head = (list.querySelector(`.notice-${gravest()} .notice-head`) || list).textContent.trim();
    return count > 1 || !more.hidden ? `${count}${more.hidden ? "" : " and more"} notices: ${head}` : head;
  };

  const update = () => {
    waiting = false;
    const folded = list.children.length > 0 && !unfolded && covers();
    region.classList.toggle("notices-folded", folded);
    bar.hidden = !folded;
    if (!folded) return;
    bar.className = `notices-fold fold-${gravest()}`;
    if (bar.textContent !== words()) bar.textContent = words();
  };

  const later = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(update);
  };

  // A field that gets the focus must not be below the bar either.
  const uncover = (field) => {
    if (bar.hidden) return;
    const [box, line] = [field.getBoundingClientRect(), bar.getBoundingClientRect()];
    if (overlap(box, line)) window.scrollBy(0, box.bottom - line.top + MARGIN);
  };

  document.addEventListener("focusin", ({ target }) => {
    if (target.matches(FIELDS)) unfolded = false;
    update();
    if (target.matches(FIELDS)) uncover(target);
  });
  document.addEventListener("focusout", later);
  bar.addEventListener("click", () => {
    unfolded = true;
    update();
    list.querySelector("a").focus();
  });
  new MutationObserver(() => {
    if (!list.children.length) unfolded = false;
    later();
  }).observe(list, { childList: true });
  window.addEventListener("scroll", later, { passive: true });
  window.addEventListener("resize", later);
  document.addEventListener("htmx:afterSettle", later);
})();
